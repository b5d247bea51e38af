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
    sampledNs += chargeBetween(one, found.gaps, (file, line, ns) => {
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

type Charge = (file: string, line: number, ns: Nanoseconds) => void;

/** What a run of samples has in common with intervals of its thread. */
interface Common {
  stack: number;
  begin: Nanoseconds;
  end: Nanoseconds;
  /** Time in common, without our own work, and with how many of the intervals. */
  ns: Nanoseconds;
  intervals: number;
  /** The look, in the middle of the run, fell into one of them. */
  seen: boolean;
}

/**
 * Charges the time of disjoint intervals in order, each of one thread, to the user's innermost line of that
 * thread. Our own work counts for nobody. Returns the time that was sampled.
 */
export function chargeIntervals(
  sampled: SampledProcess,
  intervals: readonly Gap[],
  charge: Charge,
): Nanoseconds {
  let total = 0;
  eachCommon(sampled, intervals, ({ stack, ns }) => {
    total += ns;
    chargeLine(sampled, stack, ns, charge);
  });
  return total;
}

/**
 * The same where no call of a model runs within the intervals. A look that fell into one stands for as long as its run
 * is, also where that reaches into a call: what a look in a call would say of the time before and after it is wrong, and
 * the two make up for each other. Then all is scaled to the time that there was.
 */
export function chargeBetween(sampled: SampledProcess, gaps: readonly Gap[], charge: Charge): Nanoseconds {
  const ofCalls = stacksOfCalls(sampled, gaps);
  const looks = new Map<number, Nanoseconds>();
  const overlaps = new Map<number, Nanoseconds>();
  const add = (to: Map<number, Nanoseconds>, stack: number, ns: Nanoseconds): void => {
    if (ns > 0 && sampled.stacks.self(stack) !== undefined) to.set(stack, (to.get(stack) ?? 0) + ns);
  };
  let total = 0;
  eachCommon(sampled, gaps, ({ stack, begin, end, ns, intervals, seen }) => {
    total += ns;
    if (ofCalls.has(stack)) return;
    add(overlaps, stack, ns);
    if (intervals > 2) add(looks, stack, ns);
    else if (seen) add(looks, stack, end - begin);
  });
  const stacks = looks.size > 0 ? looks : overlaps;
  const sum = [...stacks.values()].reduce((x, y) => x + y, 0);
  for (const [stack, ns] of stacks) chargeLine(sampled, stack, (ns * total) / sum, charge);
  return total;
}

function chargeLine({ stacks }: SampledProcess, stack: number, ns: Nanoseconds, charge: Charge): void {
  const self = stacks.self(stack);
  if (self === undefined || ns <= 0) return;
  const { file, line } = stacks.lines[self]!;
  charge(file, line, ns);
}

/** Visits the runs of the threads that the intervals name, those that have something in common with them. */
function eachCommon(
  sampled: SampledProcess,
  intervals: readonly Gap[],
  visit: (common: Common) => void,
): void {
  const own = mergeIntervals(sampled.process.ownWork);
  const cursors = cursorsOf(sampled, intervals);
  sampled.eachRun((thread, stack, begin, end) => {
    const cursor = cursors.get(thread);
    if (!cursor) return;
    const { list } = cursor;
    while (cursor.at < list.length && list[cursor.at]!.end <= begin) cursor.at++;
    const look = (begin + end) / 2;
    const common: Common = { stack, begin, end, ns: 0, intervals: 0, seen: false };
    for (let i = cursor.at; i < list.length && list[i]!.begin < end; i++) {
      const from = Math.max(begin, list[i]!.begin);
      const to = Math.min(end, list[i]!.end);
      common.ns += to - from - overlapOfSorted(own, from, to);
      common.intervals++;
      common.seen ||= from <= look && look < to;
    }
    if (common.intervals > 0) visit(common);
  });
}

/**
 * Stacks of calls of a model, as opposed to those in which its argument is made, which stand in the same line: more of
 * their looks, which are in the middle of their runs, fell into calls than between them.
 */
function stacksOfCalls(sampled: SampledProcess, gaps: readonly Gap[]): Set<number> {
  const votes = new Map<number, number>();
  const cursors = cursorsOf(sampled, gaps);
  sampled.eachRun((thread, stack, begin, end) => {
    const cursor = cursors.get(thread);
    if (!cursor || !sampled.inCall(stack)) return;
    const { list } = cursor;
    const look = (begin + end) / 2;
    while (cursor.at < list.length && list[cursor.at]!.end <= look) cursor.at++;
    const between = cursor.at < list.length && list[cursor.at]!.begin <= look;
    votes.set(stack, (votes.get(stack) ?? 0) + (between ? -1 : 1));
  });
  return new Set([...votes].filter(([, more]) => more > 0).map(([stack]) => stack));
}

/** The intervals of each thread, as the samples count threads, and how far they have been visited. */
function cursorsOf(
  sampled: SampledProcess,
  intervals: readonly Gap[],
): Map<number, { list: Gap[]; at: number }> {
  const byThread = new Map<number, Gap[]>();
  for (const interval of intervals) {
    const list = byThread.get(interval.thread);
    if (list) list.push(interval);
    else byThread.set(interval.thread, [interval]);
  }
  const cursors = new Map<number, { list: Gap[]; at: number }>();
  for (const [native, list] of byThread)
    for (const thread of sampled.threadsOf(native)) cursors.set(thread, { list, at: 0 });
  return cursors;
}
