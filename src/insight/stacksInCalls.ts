/** Which stacks the threads had while they were in the calls of each site. */
import type { Nanoseconds } from '../common/units';
import type { SampledProcess } from './sampledProcess';
import { rowsByBegin } from './siteFigures';

/** By site index: ns in each stack. Empty where nothing was sampled. */
export function stacksInCalls(sampled: SampledProcess): Map<number, Map<number, Nanoseconds>> {
  const bySite = new Map<number, Map<number, Nanoseconds>>();
  if (!sampled.placed) return bySite;
  const cursors = cursorsByThread(sampled);
  const byThread = sampled.process.samples.table.threads.map((thread) => cursors.get(thread.nativeId));
  sampled.eachRun((thread, stack, begin, end) => {
    for (const cursor of byThread[thread] ?? []) cursor.add(stack, begin, end);
  });
  for (const { site, stacks } of [...cursors.values()].flat()) {
    const known = bySite.get(site);
    if (!known) bySite.set(site, stacks);
    else for (const [stack, ns] of stacks) known.set(stack, (known.get(stack) ?? 0) + ns);
  }
  return bySite;
}

/** Where calls lay, by native thread; one cursor a site. */
function cursorsByThread(sampled: SampledProcess): Map<number, CallCursor[]> {
  const { calls } = sampled.process;
  const until = sampled.untilNs;
  const found = new Map<number, CallCursor[]>();
  for (const row of rowsByBegin(calls.begin, calls.length)) {
    const thread = calls.thread[row]!;
    const site = calls.site[row]!;
    let cursors = found.get(thread);
    if (!cursors) found.set(thread, (cursors = []));
    let cursor = cursors.find((one) => one.site === site);
    if (!cursor) cursors.push((cursor = new CallCursor(site)));
    const end = calls.end[row]!;
    cursor.cover(calls.begin[row]!, Number.isNaN(end) ? until : end);
  }
  return found;
}

/** The time that one thread spent in the calls of one site, and which stacks it had then. */
class CallCursor {
  readonly stacks = new Map<number, Nanoseconds>();
  /** begin, end, begin, end …: in order, without overlaps. */
  readonly #covered: Nanoseconds[] = [];
  #at = 0;

  constructor(readonly site: number) {}

  /** Adds a call; calls come in order of their begin. */
  cover(begin: Nanoseconds, end: Nanoseconds): void {
    const covered = this.#covered;
    const last = covered.length - 1;
    if (last >= 0 && begin <= covered[last]!) covered[last] = Math.max(covered[last]!, end);
    else if (end > begin) covered.push(begin, end);
  }

  /** Adds what a run has in common with the calls; runs come in order. */
  add(stack: number, begin: Nanoseconds, end: Nanoseconds): void {
    const covered = this.#covered;
    while (this.#at < covered.length && covered[this.#at + 1]! <= begin) this.#at += 2;
    let shared = 0;
    for (let i = this.#at; i < covered.length && covered[i]! < end; i += 2) {
      shared += Math.min(end, covered[i + 1]!) - Math.max(begin, covered[i]!);
    }
    if (shared > 0) this.stacks.set(stack, (this.stacks.get(stack) ?? 0) + shared);
  }
}
