import type { Nanoseconds } from '../common/units';
import type { ProcessReader } from '../runs/processReader';
import { percentile } from './statistics';

/** Requests of one name (method and route) over all processes of a run. Times in ns of wall time. */
export interface RequestSummary {
  name: string;
  /** Finished requests. */
  requests: number;
  p50Ns: Nanoseconds | null;
  p95Ns: Nanoseconds | null;
  maxNs: Nanoseconds | null;
  totalNs: Nanoseconds;
  /** Calls that were made for them, and the time in these; calls within calls count once. */
  calls: number;
  callNs: Nanoseconds;
}

/** What a server answered, most time first; empty for a program that serves nothing. */
export function summarizeRequests(processes: readonly ProcessReader[]): RequestSummary[] {
  const byName = new Map<string, { durations: number[]; calls: number; callNs: number }>();
  for (const process of processes) {
    if (process.requests.size === 0) continue;
    const groups = new Map<number, { durations: number[]; calls: number; callNs: number }>();
    for (const [slot, { name, beginNs, endNs }] of process.requests) {
      if (Number.isNaN(endNs)) continue;
      const text = process.requestNames.get(name) ?? 'other requests';
      let group = byName.get(text);
      if (!group) byName.set(text, (group = { durations: [], calls: 0, callNs: 0 }));
      group.durations.push(endNs - beginNs);
      groups.set(slot, group);
    }
    const { calls } = process;
    for (let row = 0; row < calls.length; row++) {
      const group = groups.get(calls.parent[row]!);
      if (!group || Number.isNaN(calls.end[row]!)) continue;
      group.calls++;
      group.callNs += calls.end[row]! - calls.begin[row]!;
    }
  }
  return [...byName]
    .map(([name, { durations, calls, callNs }]) => {
      const sorted = Float64Array.from(durations).sort();
      return {
        name,
        requests: sorted.length,
        p50Ns: Math.round(percentile(sorted, 0.5)),
        p95Ns: Math.round(percentile(sorted, 0.95)),
        maxNs: sorted[sorted.length - 1] ?? null,
        totalNs: sorted.reduce((sum, ns) => sum + ns, 0),
        calls,
        callNs,
      };
    })
    .sort((a, b) => b.totalNs - a.totalNs);
}
