/** What a program does between its calls: which of the user's lines keep the next call from beginning. */
import type { Nanoseconds, Share } from '../common/units';
import type { SampledProcess } from './sampledProcess';
import { rowsByBegin } from './siteFigures';
import { mergeIntervals, overlapOfSorted } from './statistics';

export interface GapLine {
  file: string;
  line: number;
  /** Time between calls that the line took, with the libraries that it called. */
  ns: Nanoseconds;
  /** Share of all time between calls. */
  shareOfGaps: Share;
  shareOfRun: Share;
}

/** The time between the first call and the last in which no call was running, summed over processes. */
export interface Gaps {
  count: number;
  totalNs: Nanoseconds;
  shareOfRun: Share;
  /** Time in calls over the same stretch; with `totalNs` it is all of it. */
  callsNs: Nanoseconds;
  /** Time of the gaps in which the thread that calls next was sampled; null where nothing was sampled. */
  sampledNs: Nanoseconds | null;
  /** The most expensive first. */
  lines: GapLine[];
}

const mostLines = 50;

export interface Gap {
  begin: Nanoseconds;
  end: Nanoseconds;
  /** Native id of the thread that makes the next call. */
  thread: number;
}

/** Gaps of one process in order, and the time in calls between the first begin and the last end. */
export function gapsOf({ process }: SampledProcess): { gaps: Gap[]; callsNs: Nanoseconds } {
  const { calls } = process;
  const gaps: Gap[] = [];
  let until = NaN;
  let callsNs = 0;
  for (const row of rowsByBegin(calls.begin, calls.length)) {
    const begin = calls.begin[row]!;
    const end = calls.end[row]!;
    if (begin > until) gaps.push({ begin: until, end: begin, thread: calls.thread[row]! });
    // A call that never ended: nothing is known of what comes after it began.
    if (Number.isNaN(end)) break;
    const from = Number.isNaN(until) ? begin : Math.max(begin, until);
    callsNs += Math.max(0, end - from);
    until = Number.isNaN(until) ? end : Math.max(until, end);
  }
  return { gaps, callsNs };
}

/** undefined for a run that made fewer than two calls in a row. `lifetimeNs` is that of all processes together. */
export function summarizeGaps(sampled: readonly SampledProcess[], lifetimeNs: Nanoseconds): Gaps | undefined {
  const lines = new Map<string, { file: string; line: number; ns: Nanoseconds }>();
  let count = 0;
  let totalNs = 0;
  let callsNs = 0;
  let sampledNs = 0;
  let any = false;
  for (const one of sampled) {
    const found = gapsOf(one);
    if (found.gaps.length === 0) continue;
    const own = mergeIntervals(one.process.ownWork);
    count += found.gaps.length;
    callsNs += found.callsNs;
    for (const { begin, end } of found.gaps) totalNs += end - begin - overlapOfSorted(own, begin, end);
    any ||= one.placed;
    sampledNs += chargeGaps(one, found.gaps, (file, line, ns) => {
      const key = `${line}:${file}`;
      const known = lines.get(key);
      if (known) known.ns += ns;
      else lines.set(key, { file, line, ns });
    });
  }
  if (count === 0) return undefined;
  return {
    count,
    totalNs,
    shareOfRun: lifetimeNs > 0 ? Math.min(1, totalNs / lifetimeNs) : 0,
    callsNs,
    sampledNs: any ? sampledNs : null,
    lines: [...lines.values()]
      .sort((a, b) => b.ns - a.ns)
      .slice(0, mostLines)
      .map((line) => ({
        ...line,
        shareOfGaps: totalNs > 0 ? line.ns / totalNs : 0,
        shareOfRun: lifetimeNs > 0 ? Math.min(1, line.ns / lifetimeNs) : 0,
      })),
  };
}

/**
 * Charges the time of disjoint intervals in order, each of one thread, to the user's innermost line of that
 * thread. Our own work counts for nobody. `between`: no call of a model runs in them, so what a sample of one before or
 * after them says is left to its neighbour. Returns the time that was sampled.
 */
export function chargeGaps(
  sampled: SampledProcess,
  gaps: readonly Gap[],
  charge: (file: string, line: number, ns: Nanoseconds) => void,
  between = true,
): Nanoseconds {
  const byThread = new Map<number, Gap[]>();
  for (const gap of gaps) {
    const list = byThread.get(gap.thread);
    if (list) list.push(gap);
    else byThread.set(gap.thread, [gap]);
  }
  const own = mergeIntervals(sampled.process.ownWork);
  const cursors = new Map<number, Cursor>();
  for (const [native, list] of byThread) {
    for (const thread of sampled.threadsOf(native))
      cursors.set(thread, { gaps: list, at: 0, waiting: new Map() });
  }
  let total = 0;
  sampled.eachRun((thread, stack, begin, end) => {
    const cursor = cursors.get(thread);
    if (!cursor) return;
    while (cursor.at < cursor.gaps.length && cursor.gaps[cursor.at]!.end <= begin) cursor.at++;
    const atCall = between && sampled.inCall(stack);
    const self = sampled.stacks.self(stack);
    for (let i = cursor.at; i < cursor.gaps.length && cursor.gaps[i]!.begin < end; i++) {
      const from = Math.max(begin, cursor.gaps[i]!.begin);
      const to = Math.min(end, cursor.gaps[i]!.end);
      let ns = to - from - overlapOfSorted(own, from, to);
      total += ns;
      // Seen in the call before the gap, or in the one after it, and not where its argument is made: no more than half
      // of the time to the next look reaches into the gap.
      if (atCall && to - from < end - begin - (to - from)) {
        if (cursor.last?.gap === i) {
          const likely = sampled.stacks.self(sampled.shortlyBefore(stack, cursor.last.stack));
          const { file, line } = sampled.stacks.lines[likely ?? cursor.last.self]!;
          charge(file, line, ns);
        } else cursor.waiting.set(i, (cursor.waiting.get(i) ?? 0) + ns);
        continue;
      }
      ns += cursor.waiting.get(i) ?? 0;
      cursor.waiting.delete(i);
      if (self === undefined || ns <= 0) continue;
      const { file, line } = sampled.stacks.lines[self]!;
      charge(file, line, ns);
      cursor.last = { gap: i, stack, self };
    }
  });
  return total;
}

interface Cursor {
  gaps: readonly Gap[];
  at: number;
  /** Time at the beginning of a gap, by its index, that waits for what is seen next in it. */
  waiting: Map<number, Nanoseconds>;
  /** What was charged last, and in which gap. */
  last?: { gap: number; stack: number; self: number };
}
