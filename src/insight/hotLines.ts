/**
 * Which of the user's lines the time goes to, from the line samples. Time in a library is charged to
 * the user's line that called it: that line can be changed.
 */
import type { Nanoseconds, Share } from '../common/units';
import type { ProcessReader } from '../runs/processReader';
import type { ConfigSite } from '../runs/runRecord';
import { StackPhases, phaseOrder, type PhaseTimes } from './phases';
import type { SampledProcess } from './sampledProcess';
import { stacksInCalls } from './stacksInCalls';
import { mergeIntervals } from './statistics';
import type { StackLines, UserFiles, UserLine } from './userLines';

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
  /** What the calls of each site were at. */
  sitePhases: Map<number, PhaseTimes>;
  sampling: Sampling | null;
}

/** What is shown of them is decided where they are shown; a hover may ask for any. */
const mostLines = 300;
const mostSiteLines = 10;
const mostThreads = 50;

/** Sites and where they are; a stack within a call is followed outwards up to this line. */
export type SitePlace = Pick<ConfigSite, 'index' | 'line' | 'endLine'> & { file: string };

interface SiteTimes {
  site: number;
  lines: SiteLine[];
  phases: PhaseTimes;
}

interface Spent {
  selfNs: Nanoseconds;
  totalNs: Nanoseconds;
  coveredNs: Nanoseconds;
}

/** `lifetimes`: of each process, in the order of `sampled`. */
export function lineFigures(
  sampled: readonly SampledProcess[],
  files: UserFiles,
  sites: readonly SitePlace[],
  lifetimes: readonly Nanoseconds[],
): LineFigures {
  const processes = sampled.map(({ process }) => process);
  const lines = new Map<string, HotLine & Spent>();
  const siteLines = new Map<number, Map<string, SiteLine>>();
  const sitePhases = new Map<number, PhaseTimes>();
  const places = new Map(sites.map((site) => [site.index, site]));
  const threads: Sampling['threads'] = [];
  for (const one of sampled.map((each) => new Lines(each))) {
    one.addTo(lines);
    for (const { site, lines: found, phases } of one.withinCalls(places)) {
      const sum = sitePhases.get(site) ?? {};
      sitePhases.set(site, sum);
      for (const phase of phaseOrder) if (phases[phase]) sum[phase] = (sum[phase] ?? 0) + phases[phase];
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
    threads.push(...one.threads());
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
    sitePhases,
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

/** What the samples of one process say of lines. */
class Lines {
  constructor(private readonly sampled: SampledProcess) {}

  get #stacks(): StackLines {
    return this.sampled.stacks;
  }

  /** Adds self, total and covered time of each line. */
  addTo(lines: Map<string, HotLine & Spent>): void {
    const known: (HotLine & Spent)[] = [];
    const line = (index: number): HotLine & Spent => {
      const { file, line, function: name } = this.#stacks.lines[index]!;
      return (known[index] ??= hotLine(lines, file, line, name));
    };
    const threads = new Map<number, Set<number>>();
    for (const { thread, stack, ns } of this.sampled.sums) {
      const self = this.#stacks.self(stack);
      if (self === undefined || this.sampled.isIdle(thread, stack)) continue;
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
    const shared = new Map<number, { begin: Nanoseconds; end: Nanoseconds }[]>();
    for (const [self, at] of threads) if (at.size > 1) shared.set(self, []);
    if (shared.size === 0) return;
    this.sampled.eachRun((thread, stack, begin, end) => {
      const self = this.#stacks.self(stack);
      const intervals = self === undefined ? undefined : shared.get(self);
      if (intervals && !this.sampled.isIdle(thread, stack)) intervals.push({ begin, end });
    });
    for (const [self, intervals] of shared) {
      const sum = intervals.reduce((ns, { begin, end }) => ns + end - begin, 0);
      const union = mergeIntervals(intervals).reduce((ns, { begin, end }) => ns + end - begin, 0);
      line(self).coveredNs -= sum - union;
    }
  }

  /** The lines within the calls of each site, without those that only led to the call. */
  *withinCalls(places: ReadonlyMap<number, SitePlace>): Generator<SiteTimes> {
    const phases = new StackPhases(this.sampled.process.samples.table);
    for (const [site, stacks] of stacksInCalls(this.sampled))
      yield { site, ...this.#siteTimes(stacks, places.get(site), phases) };
  }

  #siteTimes(
    stacks: ReadonlyMap<number, Nanoseconds>,
    place: SitePlace | undefined,
    phases: StackPhases,
  ): Omit<SiteTimes, 'site'> {
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
    const within = [...stacks].map(([stack, ns]) => ({ stack, ns, self: this.#stacks.self(stack), ...this.#stacks.onStack(stack, isPlace) })); // prettier-ignore
    const times: PhaseTimes = {};
    const isSite = (stack: number): boolean => {
      const line = this.#stacks.frame(stack);
      return line !== undefined && (any ? isPlace(line) : true);
    };
    // The first sample after a call lies partly in it, and shows where the thread is by then. Where the lines
    // of the copy that ran are others than the site's, no stack leads through the site.
    const any = within.some(({ met }) => met);
    for (const { stack, ns, self, lines, met } of within) {
      if (self === undefined || (any && !met)) continue;
      const phase = phases.of(stack, isSite);
      times[phase] = (times[phase] ?? 0) + ns;
      line(self).selfNs += ns;
      for (const one of lines) line(one).totalNs += ns;
    }
    return { lines: [...found.values()], phases: times };
  }

  /** What each thread did, as far as it was sampled. */
  threads(): Sampling['threads'] {
    const { table } = this.sampled.process.samples;
    const found = table.threads.map((thread) => ({
      process: this.sampled.process.name,
      thread: thread.nativeId,
      name: thread.name,
      sampledNs: 0,
      idleNs: 0,
    }));
    for (const { thread, stack, ns } of this.sampled.sums) {
      found[thread]!.sampledNs += ns;
      if (this.sampled.isIdle(thread, stack)) found[thread]!.idleNs += ns;
    }
    return found.filter((thread) => thread.sampledNs > 0);
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
