/** Runs as they are compared: which durations of their calls count. */
import type { ProcessReader } from '../runs/processReader';
import type { RunReader } from '../runs/runReader';
import { callFlags } from '../trace/formats/calls';
import type { ComparedRun } from './comparison';
import type { RunSummary } from './runSummary';
import { rowsByBegin } from './siteFigures';

/** Calls of each site in order: finished, not raised, not a process's first, warm-up, or slowed by a profiler. */
export function comparableDurations(
  processes: readonly ProcessReader[],
  idOf: (site: number) => string | undefined,
): Map<string, Float64Array> {
  const slowed = callFlags.raised | callFlags.warmUp | callFlags.functions | callFlags.traced;
  const plain = collect(processes, idOf, slowed);
  // A program that made no more calls than were traced is compared by those.
  const traced = collect(processes, idOf, slowed & ~callFlags.traced);
  return new Map(
    [...traced].map(([id, all]) => {
      const those = plain.get(id) ?? [];
      return [id, Float64Array.from(those.length >= all.length / 2 ? those : all)];
    }),
  );
}

function collect(
  processes: readonly ProcessReader[],
  idOf: (site: number) => string | undefined,
  left: number,
): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const { calls } of processes) {
    const seen = new Set<number>();
    for (const row of rowsByBegin(calls.begin, calls.length)) {
      const site = calls.site[row]!;
      const id = idOf(site);
      const first = !seen.has(site);
      seen.add(site);
      const duration = calls.end[row]! - calls.begin[row]!;
      if (id === undefined || first || calls.flags[row]! & left || Number.isNaN(duration)) continue;
      const list = found.get(id);
      if (list) list.push(duration);
      else found.set(id, [duration]);
    }
  }
  return found;
}

/** A run that was read, with its summary. */
export function comparedRun(reader: RunReader, summary: RunSummary): ComparedRun {
  const ids = new Map(summary.sites.map(({ index, id }) => [index, id]));
  return { summary, durations: comparableDurations(reader.processes, (site) => ids.get(site)) };
}
