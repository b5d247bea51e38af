/** Two runs, or two sets of runs, of the same sites: what changed, and how sure that is. Pure. */
import type { Nanoseconds, Share } from '../common/units';
import { compareOutputs, type OutputChange, type OutputSummary } from './outputs';
import { partOrder } from './partNames';
import type { RunSummary, SiteSummary } from './runSummary';
import { percentile } from './statistics';

/** A run with the durations of its calls by site id, in the order in which they began; see `comparableDurations`. */
export interface ComparedRun {
  summary: RunSummary;
  durations: ReadonlyMap<string, Float64Array>;
}

export type Verdict = 'slower' | 'faster' | 'same' | 'unknown';

/** How the noise was judged. */
export type Method =
  /** Pairs of runs that were made one after the other: the spread of their ratios. */
  | 'pairs'
  /** Several runs on each side: their spread. */
  | 'runs'
  /** One run on a side: blocks of its calls, widened by how much the run changed within itself. */
  | 'blocks';

export interface PartChange {
  name: string;
  /** A call, in traced calls; null where no trace tells. */
  aNs: Nanoseconds | null;
  bNs: Nanoseconds | null;
}

export interface SiteComparison {
  id: string;
  file: string;
  line: number;
  callee: string;
  /** The median of the runs' medians; null where a side has no call of it. */
  aP50Ns: Nanoseconds | null;
  bP50Ns: Nanoseconds | null;
  aCalls: number;
  bCalls: number;
  aFirstNs: Nanoseconds | null;
  bFirstNs: Nanoseconds | null;
  /** Median of B by that of A: 1.1 is 10 % slower. */
  ratio: number | null;
  /** 95 % interval of the ratio. */
  low: number | null;
  high: number | null;
  verdict: Verdict;
  method: Method | null;
  neededRuns: number | null;
  parts: PartChange[];
  /** What the calls returned, where both sides kept it. */
  outputs: OutputChange | null;
}

export interface LineComparison {
  file: string;
  line: number;
  aShare: Share | null;
  bShare: Share | null;
  /** Time of the line in a run. */
  aNs: Nanoseconds | null;
  bNs: Nanoseconds | null;
}

export interface Comparison {
  a: string[];
  b: string[];
  sites: SiteComparison[];
  /** Lines by how much their time changed. */
  lines: LineComparison[];
  /** What was not the same around the program. */
  differences: { what: string; a: string; b: string }[];
}

const mostLines = 20;
const blockDraws = 400;
/** Fewer calls than this tell no median from its noise. */
const leastCalls = 10;
const segments = 8;
const leastSpread = 0.02;

/** Compares sets of runs. Runs of the two sides that were made in turn (`paired`) are compared pair by pair. */
export function compareRuns(
  a: readonly ComparedRun[],
  b: readonly ComparedRun[],
  options: { paired?: boolean; seed?: number } = {},
): Comparison {
  const sites = new Map<string, { a: SiteSummary[]; b: SiteSummary[] }>();
  for (const [side, runs] of [
    ['a', a],
    ['b', b],
  ] as const) {
    for (const site of runs.flatMap(({ summary }) => summary.sites)) {
      if (site.calls === 0) continue;
      let found = sites.get(site.id);
      if (!found) sites.set(site.id, (found = { a: [], b: [] }));
      found[side].push(site);
    }
  }
  return {
    a: a.map(({ summary }) => summary.run.id),
    b: b.map(({ summary }) => summary.run.id),
    sites: [...sites].map(([id, found]) => compareSite(id, found, a, b, options)),
    lines: compareLines(a, b),
    differences: differences(a, b),
  };
}

function compareSite(
  id: string,
  sites: { a: SiteSummary[]; b: SiteSummary[] },
  a: readonly ComparedRun[],
  b: readonly ComparedRun[],
  options: { paired?: boolean; seed?: number },
): SiteComparison {
  const one = (sites.b[0] ?? sites.a[0])!;
  const durations = (runs: readonly ComparedRun[]): Float64Array[] =>
    runs.map(({ durations }) => durations.get(id) ?? new Float64Array()).filter(({ length }) => length > 0);
  const change = compareDurations(durations(a), durations(b), options);
  return {
    id,
    file: one.file,
    line: one.line,
    callee: one.callee,
    aP50Ns: middle(sites.a.map(({ p50Ns }) => p50Ns)),
    bP50Ns: middle(sites.b.map(({ p50Ns }) => p50Ns)),
    aCalls: sites.a.reduce((sum, { calls }) => sum + calls, 0),
    bCalls: sites.b.reduce((sum, { calls }) => sum + calls, 0),
    aFirstNs: middle(sites.a.map(({ firstNs }) => firstNs)),
    bFirstNs: middle(sites.b.map(({ firstNs }) => firstNs)),
    ...change,
    outputs: compareOutputs(outputsOf(sites.a), outputsOf(sites.b)),
    parts: partOrder.flatMap((name) => {
      const of = (side: SiteSummary[]): number | null =>
        middle(
          side.map(({ parts, partsCalls }) => (partsCalls > 0 ? (parts[name] ?? 0) / partsCalls : null)),
        );
      const [aNs, bNs] = [of(sites.a), of(sites.b)];
      return (aNs ?? 0) > 0 || (bNs ?? 0) > 0 ? [{ name, aNs, bNs }] : [];
    }),
  };
}

function outputsOf(sites: readonly SiteSummary[]): OutputSummary | null {
  return sites.find(({ outputs }) => outputs)?.outputs ?? null;
}

export interface Change {
  ratio: number | null;
  low: number | null;
  high: number | null;
  verdict: Verdict;
  method: Method | null;
  /** So many runs a side would find 10 % in 95 of 100 comparisons, as these runs differ; null where one run knows nothing. */
  neededRuns: number | null;
}

const unknown: Change = {
  ratio: null,
  low: null,
  high: null,
  verdict: 'unknown',
  method: null,
  neededRuns: null,
};

/**
 * Ratio of the medians of B to those of A with a 95 % interval, on a logarithmic scale.
 *
 * Several runs a side: Student's t over the runs' medians, by pairs where they were made in turn, else Welch's. A
 * single run knows nothing of the spread between runs: its median is drawn again from blocks of calls (moving block
 * bootstrap, Künsch 1989: calls that follow each other are alike), and the range of the medians of its eighths is
 * added, as if another run differed from it as much as it differs from itself.
 */
export function compareDurations(
  a: readonly Float64Array[],
  b: readonly Float64Array[],
  { paired = false, seed = 1 }: { paired?: boolean; seed?: number } = {},
): Change {
  const enough = (runs: readonly Float64Array[]): boolean =>
    runs.reduce((sum, { length }) => sum + length, 0) >= leastCalls;
  if (a.length === 0 || b.length === 0 || !enough(a) || !enough(b)) return unknown;
  const logs = (runs: readonly Float64Array[]): number[] => runs.map((run) => Math.log(median(run)));
  const [la, lb] = [logs(a), logs(b)];
  if (paired && la.length === lb.length && la.length >= 3) {
    const each = la.map((value, i) => lb[i]! - value);
    const df = each.length - 1;
    const half = tQuantile(df) * Math.sqrt(variance(each) / each.length);
    return decided(mean(each), half, 'pairs', neededRuns(variance(each)));
  }
  if (la.length >= 2 && lb.length >= 2) {
    const [va, vb] = [variance(la) / la.length, variance(lb) / lb.length];
    const df = (va + vb) ** 2 / (va ** 2 / (la.length - 1) + vb ** 2 / (lb.length - 1) || Infinity);
    const half = tQuantile(Math.max(1, df)) * Math.sqrt(va + vb);
    return decided(mean(lb) - mean(la), half, 'runs', neededRuns(variance(la) + variance(lb)));
  }
  const random = generator(seed);
  const noise = [...a, ...b].reduce(
    (sum, run) =>
      sum +
      (blockVariance(run, random) + segmentVariance(run)) / (a.includes(run) ? a.length : b.length) ** 2,
    0,
  );
  return decided(mean(lb) - mean(la), 1.96 * Math.sqrt(noise), 'blocks');
}

/** Differences up to this are not worth a word, however sure they are: five pairs that agree by chance are small. */
const leastDifference = 0.01;

function decided(difference: number, half: number, method: Method, needed: number | null = null): Change {
  const low = Math.exp(difference - half);
  const high = Math.exp(difference + half);
  const least = Math.log1p(leastDifference);
  return {
    ratio: Math.exp(difference),
    low,
    high,
    verdict: difference - half > least ? 'slower' : difference + half < -least ? 'faster' : 'same',
    method,
    neededRuns: needed,
  };
}

/**
 * The usual plan of an experiment: (z of 95 % two-sided + z of 95 % power)² times the variance of a difference, by the
 * square of what is to be found beyond the least difference; two more for Student's t. `spread` is the variance of the
 * logarithm of one pair's ratio.
 */
function neededRuns(spread: number): number {
  const find = Math.log(1.1) - Math.log1p(leastDifference);
  return Math.max(5, Math.ceil(((1.96 + 1.645) ** 2 * spread) / find ** 2) + 2);
}

/** So many calls tell the spread of the median; drawing from a million would take minutes. */
const mostDrawn = 2000;

/**
 * Variance of the logarithm of the median when blocks of calls are drawn anew. Draws hold only values of the run, so
 * each is counted by rank and needs no sorting.
 */
function blockVariance(all: Float64Array, random: () => number): number {
  const stride = Math.ceil(all.length / mostDrawn);
  const run = stride > 1 ? all.filter((_, i) => i % stride === 0) : all;
  const { length } = run;
  const block = Math.max(1, Math.round(Math.sqrt(length)));
  const order = Uint32Array.from(run.keys()).sort((i, j) => run[i]! - run[j]!);
  const ranks = new Uint32Array(length);
  order.forEach((call, rank) => (ranks[call] = rank));
  const counts = new Uint32Array(length);
  const medians: number[] = [];
  for (let draw = 0; draw < blockDraws; draw++) {
    counts.fill(0);
    for (let at = 0; at < length; at += block) {
      const from = Math.floor(random() * (length - block + 1));
      for (let i = from; i < from + Math.min(block, length - at); i++) counts[ranks[i]!]!++;
    }
    medians.push(Math.log(medianOfCounts(counts, order, run)));
  }
  return variance(medians);
}

/** The median of as many values as there are, where `counts` says how often each rank occurs. */
function medianOfCounts(counts: Uint32Array, order: Uint32Array, run: Float64Array): number {
  const middle = (run.length - 1) / 2;
  let rank = 0;
  let before = counts[0]!;
  const value = (at: number): number => {
    while (before <= at) before += counts[++rank]!;
    return run[order[rank]!]!;
  };
  const low = value(Math.floor(middle));
  return (low + value(Math.ceil(middle))) / 2;
}

/**
 * What another run may differ by, as far as this one tells: the range of the logarithms of the medians of its parts in
 * time, as a variance. Runs differ by more than their own parts do (another place in memory, another clock), so the
 * range is taken and not the deviation, and never less than 2 %.
 */
function segmentVariance(run: Float64Array): number {
  const count = Math.min(segments, Math.floor(run.length / 4));
  if (count < 2) return 0.1 ** 2; // nothing is known of it
  const medians = Array.from({ length: count }, (_, i) =>
    Math.log(
      median(run.slice(Math.floor((i * run.length) / count), Math.floor(((i + 1) * run.length) / count))),
    ),
  );
  return Math.max(leastSpread, Math.max(...medians) - Math.min(...medians)) ** 2;
}

function median(values: Float64Array): number {
  return percentile(values.slice().sort(), 0.5);
}

function middle(values: readonly (number | null)[]): number | null {
  const known = Float64Array.from(values.filter((value) => value !== null)).sort();
  return known.length > 0 ? percentile(known, 0.5) : null;
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function variance(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / Math.max(1, values.length - 1);
}

const tTable = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

/** 97.5 % quantile of Student's t; beyond 10 degrees by Cornish and Fisher's expansion. */
function tQuantile(df: number): number {
  if (df <= 10) return tTable[Math.max(0, Math.floor(df) - 1)]!;
  const z = 1.959964;
  return z + (z ** 3 + z) / (4 * df) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * df ** 2);
}

/** Mulberry32: the same draws for the same runs, so that an answer does not change when it is asked again. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function compareLines(a: readonly ComparedRun[], b: readonly ComparedRun[]): LineComparison[] {
  const found = new Map<string, LineComparison>();
  const collect = (runs: readonly ComparedRun[], side: 'a' | 'b'): void => {
    const sampled = runs.filter(({ summary }) => summary.sampling !== null);
    for (const { summary } of sampled) {
      for (const line of summary.hotLines) {
        const key = `${line.line}:${line.file}`;
        let known = found.get(key);
        if (!known) {
          known = { file: line.file, line: line.line, aShare: null, bShare: null, aNs: null, bNs: null };
          found.set(key, known);
        }
        known[`${side}Share`] = (known[`${side}Share`] ?? 0) + line.shareOfRun / sampled.length;
        known[`${side}Ns`] = (known[`${side}Ns`] ?? 0) + line.selfNs / sampled.length;
      }
    }
  };
  collect(a, 'a');
  collect(b, 'b');
  const change = ({ aNs, bNs }: LineComparison): number => Math.abs((bNs ?? 0) - (aNs ?? 0));
  return [...found.values()].sort((x, y) => change(y) - change(x)).slice(0, mostLines);
}

function differences(
  a: readonly ComparedRun[],
  b: readonly ComparedRun[],
): { what: string; a: string; b: string }[] {
  const rows: [what: string, tell: (summary: RunSummary) => string][] = [
    ['command', ({ run }) => run.command.join(' ')],
    ['target', ({ run }) => run.target],
    ['Python', ({ run }) => run.python],
    ['devices', ({ run }) => run.devices.join(', ')],
    ['GPU', ({ run }) => run.deviceUse.map(({ name }) => name).join(', ')],
  ];
  const names = new Set([...a, ...b].flatMap(({ summary }) => Object.keys(summary.run.frameworks)));
  for (const name of names) rows.push([name, ({ run }) => run.frameworks[name] ?? '']);
  const told = (runs: readonly ComparedRun[], tell: (summary: RunSummary) => string): string =>
    [...new Set(runs.map(({ summary }) => tell(summary)))].join(' | ');
  return rows
    .map(([what, tell]) => ({ what, a: told(a, tell), b: told(b, tell) }))
    .filter((row) => row.a !== row.b);
}
