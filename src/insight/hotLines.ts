/**
 * Which of the user's lines the time goes to, from the line samples. Time in a library is charged to
 * the user's line that called it: that line can be changed.
 */
import type { Nanoseconds, Share } from '../common/units';
import type { ProcessReader } from '../runs/processReader';
import type { RunReader } from '../runs/runReader';
import type { ConfigSite } from '../runs/runRecord';
import { rowsByBegin } from './siteFigures';
import { mergeIntervals } from './statistics';
import { StackLines, UserFiles, type UserLine } from './userLines';

export interface HotLine {
  file: string;
  line: number;
  function: string;
  /** Time that threads spent in this line and in the libraries that it called, summed over threads. */
  selfNs: Nanoseconds;
  /** The same with the user's functions that it called; recursion counts once. */
  totalNs: Nanoseconds;
  /** Time in which some thread was there (as in selfNs) by the lifetime, summed over processes. */
  shareOfRun: Share;
  /** How often the line was executed and how long that took; where lines are counted exactly. */
  exactCount?: number;
  exactNs?: Nanoseconds;
}

/** A line within the calls of one site. */
export interface SiteLine {
  file: string;
  line: number;
  selfNs: Nanoseconds;
  totalNs: Nanoseconds;
}

/** What was sampled, so that a share can be judged. */
export interface Sampling {
  /** Looks at all threads; null while processes live. */
  samples: number | null;
  longestGapNs: Nanoseconds | null;
  ownCpuNs: Nanoseconds | null;
  threads: {
    process: string;
    thread: number;
    name: string;
    sampledNs: Nanoseconds;
    /** Of these, waiting for something to do. */
    idleNs: Nanoseconds;
  }[];
}

export interface LineFigures {
  hotLines: HotLine[];
  /** By site index, the most expensive first. */
  siteLines: Map<number, SiteLine[]>;
  sampling: Sampling | null;
}

const mostLines = 30;
const mostSiteLines = 10;
const mostThreads = 50;

/** Sites and where they are; a stack within a call is followed outwards up to this line. */
export type SitePlace = Pick<ConfigSite, 'index' | 'line' | 'endLine'> & { file: string };

interface Spent {
  selfNs: Nanoseconds;
  totalNs: Nanoseconds;
  coveredNs: Nanoseconds;
}

/** `lifetimes`: of each process, in the order of `reader.processes`. */
export function lineFigures(
  reader: RunReader,
  sites: readonly SitePlace[],
  lifetimes: readonly Nanoseconds[],
): LineFigures {
  const { config, record, processes } = reader;
  const files = new UserFiles(
    config,
    record && reader.paths.toHost(record.cwd),
    processes.flatMap((p) => p.files),
    (file) => reader.paths.toHost(file),
  );
  const lines = new Map<string, HotLine & Spent>();
  const siteLines = new Map<number, Map<string, SiteLine>>();
  const places = new Map(sites.map((site) => [site.index, site]));
  const threads: Sampling['threads'] = [];
  for (const process of processes) {
    const sampled = new Sampled(process, files);
    sampled.addTo(lines);
    for (const [site, found] of sampled.withinCalls(places)) {
      let known = siteLines.get(site);
      if (!known) siteLines.set(site, (known = new Map<string, SiteLine>()));
      for (const line of found) {
        const key = `${line.line}:${line.file}`;
        const same = known.get(key);
        if (same) {
          same.selfNs += line.selfNs;
          same.totalNs += line.totalNs;
        } else known.set(key, line);
      }
    }
    threads.push(...sampled.threads());
  }
  addExact(processes, files, lines);
  const lifetime = lifetimes.reduce((sum, ns) => sum + ns, 0);
  return {
    hotLines: [...lines.values()]
      .sort(byTime)
      .slice(0, mostLines)
      .map(({ coveredNs, ...line }) => ({
        ...line,
        shareOfRun: lifetime > 0 ? Math.min(1, coveredNs / lifetime) : 0,
      })),
    siteLines: new Map(
      [...siteLines].map(([site, found]) => [site, [...found.values()].sort(byTime).slice(0, mostSiteLines)]),
    ),
    sampling: threads.length > 0 ? samplingOf(processes, threads) : null,
  };
}

function byTime(a: SiteLine, b: SiteLine): number {
  return b.selfNs - a.selfNs || b.totalNs - a.totalNs || a.line - b.line;
}

function samplingOf(processes: readonly ProcessReader[], threads: Sampling['threads']): Sampling {
  const ended = processes.flatMap((p) => p.sampler ?? []);
  const of = (figure: (record: (typeof ended)[number]) => number): number[] => ended.map(figure);
  return {
    samples: ended.length > 0 ? of((r) => r.samples).reduce((a, b) => a + b, 0) : null,
    longestGapNs: ended.length > 0 ? Math.max(...of((r) => r.longestGapNs)) : null,
    ownCpuNs: ended.length > 0 ? of((r) => r.ownCpuNs).reduce((a, b) => a + b, 0) : null,
    threads: threads.sort((a, b) => b.sampledNs - b.idleNs - (a.sampledNs - a.idleNs)).slice(0, mostThreads),
  };
}

interface Interval {
  begin: Nanoseconds;
  end: Nanoseconds;
}

/** The samples of one process in ns of its clock, seen as lines. */
class Sampled {
  readonly #stacks: StackLines;
  readonly #tickNs: number;
  /** What lies between the zeros of the samples and of the calls. */
  readonly #shiftNs: number;
  readonly #sums: readonly { thread: number; stack: number; ns: Nanoseconds }[];

  constructor(
    private readonly process: ProcessReader,
    files: UserFiles,
  ) {
    const { header, table } = process.samples;
    this.#stacks = new StackLines(table, files);
    this.#stacks.grow();
    this.#tickNs = header?.tickNs ?? 1000;
    this.#shiftNs = header ? Number(header.perfNs - (process.originPerfNs ?? header.perfNs)) : 0;
    this.#sums = this.#sumUp();
  }

  /** Visits runs, in order within each thread, with those that have not ended. There may be millions. */
  #eachRun(visit: (thread: number, stack: number, begin: Nanoseconds, end: Nanoseconds) => void): void {
    const { table } = this.process.samples;
    const { runs, runThread, runStack, begin, end } = table;
    const tick = this.#tickNs;
    const shift = this.#shiftNs;
    for (let row = 0; row < runs; row++) {
      visit(runThread[row]!, runStack[row]!, begin[row]! * tick + shift, end[row]! * tick + shift);
    }
    for (const run of table.openRuns()) {
      visit(run.thread, run.stack, run.begin * tick + shift, run.end * tick + shift);
    }
  }

  #isMain(thread: number): boolean {
    return this.process.samples.table.threads[thread]?.name === 'MainThread';
  }

  /** Time by thread and stack: far fewer than runs. */
  #sumUp(): { thread: number; stack: number; ns: Nanoseconds }[] {
    const { table } = this.process.samples;
    const sums = new Map<number, number>();
    const add = (thread: number, stack: number, ns: Nanoseconds): void => {
      const key = thread * 2 ** 32 + stack;
      sums.set(key, (sums.get(key) ?? 0) + ns);
    };
    this.#eachRun((thread, stack, begin, end) => add(thread, stack, end - begin));
    for (const { thread, stack, ticks } of table.sums) add(thread, stack, ticks * this.#tickNs);
    return [...sums].map(([key, ns]) => ({ thread: Math.floor(key / 2 ** 32), stack: key % 2 ** 32, ns }));
  }

  /** Adds self, total and covered time of each line. */
  addTo(lines: Map<string, HotLine & Spent>): void {
    const known: (HotLine & Spent)[] = [];
    const line = (index: number): HotLine & Spent => {
      const { file, line, function: name } = this.#stacks.lines[index]!;
      return (known[index] ??= hotLine(lines, file, line, name));
    };
    const threads = new Map<number, Set<number>>();
    for (const { thread, stack, ns } of this.#sums) {
      const self = this.#stacks.self(stack);
      if (self === undefined || this.#stacks.isIdle(stack, this.#isMain(thread))) continue;
      line(self).selfNs += ns;
      line(self).coveredNs += ns;
      for (const one of this.#stacks.onStack(stack).lines) line(one).totalNs += ns;
      let at = threads.get(self);
      if (!at) threads.set(self, (at = new Set()));
      at.add(thread);
    }
    this.#takeOutOverlaps(threads, line);
  }

  /** Where several threads were in the same line, the time that they were there together counts once. */
  #takeOutOverlaps(threads: Map<number, Set<number>>, line: (index: number) => Spent): void {
    const shared = new Map<number, Interval[]>();
    for (const [self, at] of threads) if (at.size > 1) shared.set(self, []);
    if (shared.size === 0) return;
    this.#eachRun((thread, stack, begin, end) => {
      const self = this.#stacks.self(stack);
      const intervals = self === undefined ? undefined : shared.get(self);
      if (intervals && !this.#stacks.isIdle(stack, this.#isMain(thread))) intervals.push({ begin, end });
    });
    for (const [self, intervals] of shared) {
      const sum = intervals.reduce((ns, { begin, end }) => ns + end - begin, 0);
      const union = mergeIntervals(intervals).reduce((ns, { begin, end }) => ns + end - begin, 0);
      line(self).coveredNs -= sum - union;
    }
  }

  /** The lines within the calls of each site, without those that only led to the call. */
  *withinCalls(places: ReadonlyMap<number, SitePlace>): Generator<[number, SiteLine[]]> {
    const { table } = this.process.samples;
    if (table.runs === 0 && table.until === 0) return;
    const cursors = this.#cursorsByThread();
    const byThread = table.threads.map((thread) => cursors.get(thread.nativeId));
    this.#eachRun((thread, stack, begin, end) => {
      for (const cursor of byThread[thread] ?? []) cursor.add(stack, begin, end);
    });
    const bySite = new Map<number, Map<number, Nanoseconds>>();
    for (const { site, stacks } of [...cursors.values()].flat()) {
      const known = bySite.get(site);
      if (!known) bySite.set(site, stacks);
      else for (const [stack, ns] of stacks) known.set(stack, (known.get(stack) ?? 0) + ns);
    }
    for (const [site, stacks] of bySite) yield [site, this.#siteLines(stacks, places.get(site))];
  }

  #siteLines(stacks: ReadonlyMap<number, Nanoseconds>, place: SitePlace | undefined): SiteLine[] {
    const found = new Map<number, SiteLine>();
    const line = (index: number): SiteLine => {
      let known = found.get(index);
      if (!known) {
        const { file, line } = this.#stacks.lines[index]!;
        found.set(index, (known = { file, line, selfNs: 0, totalNs: 0 }));
      }
      return known;
    };
    const isPlace = (at: UserLine): boolean =>
      place?.file === at.file && at.line >= place.line && at.line <= place.endLine;
    const within = [...stacks].map(([stack, ns]) => ({ ns, self: this.#stacks.self(stack), ...this.#stacks.onStack(stack, isPlace) })); // prettier-ignore
    // The first sample after a call lies partly in it, and shows where the thread is by then. Where the lines
    // of the copy that ran are others than the site's, no stack leads through the site.
    const any = within.some(({ met }) => met);
    for (const { ns, self, lines, met } of within) {
      if (self === undefined || (any && !met)) continue;
      line(self).selfNs += ns;
      for (const one of lines) line(one).totalNs += ns;
    }
    return [...found.values()];
  }

  /** Where calls lay, by native thread; one cursor a site. */
  #cursorsByThread(): Map<number, CallCursor[]> {
    const { calls, samples } = this.process;
    const until = samples.table.until * this.#tickNs + this.#shiftNs;
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

  /** What each thread did, as far as it was sampled. */
  threads(): Sampling['threads'] {
    const { table } = this.process.samples;
    const found = table.threads.map((thread) => ({
      process: this.process.name,
      thread: thread.nativeId,
      name: thread.name,
      sampledNs: 0,
      idleNs: 0,
    }));
    for (const { thread, stack, ns } of this.#sums) {
      found[thread]!.sampledNs += ns;
      if (this.#stacks.isIdle(stack, this.#isMain(thread))) found[thread]!.idleNs += ns;
    }
    return found.filter((thread) => thread.sampledNs > 0);
  }
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

function hotLine(
  lines: Map<string, HotLine & Spent>,
  file: string,
  line: number,
  name: string,
): HotLine & Spent {
  const key = `${line}:${file}`;
  let known = lines.get(key);
  if (!known) {
    known = { file, line, function: name, selfNs: 0, totalNs: 0, shareOfRun: 0, coveredNs: 0 };
    lines.set(key, known);
  }
  return known;
}

function addExact(
  processes: readonly ProcessReader[],
  files: UserFiles,
  lines: Map<string, HotLine & Spent>,
): void {
  for (const record of processes.flatMap((p) => [...p.exactLines.values()])) {
    const file = files.shown({ path: record.file, real: record.file }) ?? record.file;
    for (const [line, count, ns] of record.lines) {
      const known = hotLine(lines, file, line, '');
      known.exactCount = (known.exactCount ?? 0) + count;
      known.exactNs = (known.exactNs ?? 0) + ns;
    }
  }
}
