import type { Nanoseconds, Share } from '../common/units';
import type { ProcessReader } from '../runs/processReader';
import { callFlags } from '../trace/formats/calls';
import { distribution, type Bucket } from './distribution';
import { mergeIntervals, overlapLength, weightedPercentile } from './statistics';

/** Figures of one call site over all processes of a run. Times in ns of wall time. */
export interface SiteFigures {
  /** Finished calls, those that raised included. */
  calls: number;
  /** Of these, the calls that raised. */
  errors: number;
  /** Begun and not ended: still running, or the process died in them. */
  unfinished: number;
  /** Calls that a trace window saw whole. */
  traced: number;
  /** Calls of a trace window or the warm-up that returned before the device had their result. */
  enqueued: number;
  /** The largest first call of a process; NaN without calls. */
  firstNs: Nanoseconds;
  /**
   * Percentiles over finished calls without each process's first and those under the function profiler; over the first
   * calls when there are no others.
   */
  p50Ns: Nanoseconds;
  p95Ns: Nanoseconds;
  maxNs: Nanoseconds;
  totalNs: Nanoseconds;
  /** Union over the threads of a process by its lifetime, summed over processes. */
  shareOfRun: Share;
  /** Input shapes by number of calls, the most frequent first; at most 8. */
  batchShapes: { dims: (number | null)[]; calls: number }[];
  /** How the durations of all finished calls are spread. */
  distribution: Bucket[];
}

/** Lifetime of a process on its own clock, ns since its start; our own work is not part of it. */
export function lifetimeNs(process: ProcessReader, nowUnixNs: bigint): Nanoseconds {
  let end = process.exitUnixNs === undefined ? 0 : Number(process.exitUnixNs - process.originUnixNs);
  if (process.exitUnixNs === undefined) {
    end = Number(nowUnixNs - process.originUnixNs);
  }
  const { begin, end: ends, length } = process.calls;
  for (let row = 0; row < length; row++) {
    const last = ends[row]!;
    if (Number.isNaN(last) ? begin[row]! > end : last > end) end = Number.isNaN(last) ? begin[row]! : last;
  }
  const own = overlapLength(mergeIntervals(process.ownWork), 0, end);
  return Math.max(0, end - own);
}

interface Collected {
  calls: number;
  errors: number;
  unfinished: number;
  traced: number;
  enqueued: number;
  firsts: number[];
  others: Float64Array;
  /** Calls under the function profiler, which take longer than calls do. */
  slowed: number[];
  count: number;
  total: Nanoseconds;
  covered: Nanoseconds;
  shapes: Map<string, { dims: (number | null)[]; calls: number }>;
  /** Calls that were only counted, with the middle of their bucket for a duration. */
  folded: { ns: Nanoseconds; calls: number }[];
  foldedMax: Nanoseconds;
}

/**
 * Figures by site index. `nowUnixNs` ends the lifetime of processes that left no exit record: the
 * run's end when it is known, else the present.
 */
export function siteFigures(
  processes: readonly ProcessReader[],
  nowUnixNs: bigint,
): Map<number, SiteFigures> {
  const bySite = new Map<number, Collected>();
  let lifetime = 0;
  for (const process of processes) {
    lifetime += lifetimeNs(process, nowUnixNs);
    collect(process, bySite, nowUnixNs);
    addFolded(process, bySite);
  }
  const figures = new Map<number, SiteFigures>();
  for (const [site, found] of bySite) {
    const sorted =
      found.count > 0 ? found.others.slice(0, found.count).sort() : Float64Array.from(found.firsts).sort();
    const all = Math.max(
      ...found.firsts,
      ...found.slowed,
      found.foldedMax,
      sorted[sorted.length - 1] ?? -Infinity,
    );
    figures.set(site, {
      calls: found.calls,
      errors: found.errors,
      unfinished: found.unfinished,
      traced: found.traced,
      enqueued: found.enqueued,
      firstNs: found.firsts.length > 0 ? Math.max(...found.firsts) : NaN,
      p50Ns: weightedPercentile(sorted, found.folded, 0.5),
      p95Ns: weightedPercentile(sorted, found.folded, 0.95),
      maxNs: Number.isFinite(all) ? all : NaN,
      totalNs: found.total,
      shareOfRun: lifetime > 0 ? Math.min(1, found.covered / lifetime) : 0,
      distribution: distribution(allDurations(found), found.folded),
      batchShapes: [...found.shapes.values()].sort((a, b) => b.calls - a.calls).slice(0, 8),
    });
  }
  return figures;
}

/** Adds one process. Slots are nearly in order of begin, so the union is swept without sorting them. */
function collect(process: ProcessReader, bySite: Map<number, Collected>, nowUnixNs: bigint): void {
  const { calls } = process;
  const ownWork = mergeIntervals(process.ownWork);
  const order = rowsByBegin(calls.begin, calls.length);
  const first = new Set<number>();
  const until = new Map<number, number>();
  const processEnd = Number((process.exitUnixNs ?? nowUnixNs) - process.originUnixNs);
  for (const row of order) {
    const site = calls.site[row]!;
    let found = bySite.get(site);
    if (!found) bySite.set(site, (found = nothingYet()));
    const begin = calls.begin[row]!;
    const end = calls.end[row]!;
    const open = Number.isNaN(end);
    const last = open ? Math.max(begin, processEnd) : end;
    const covered = until.get(site) ?? -Infinity;
    if (last > covered) {
      const from = Math.max(begin, covered);
      found.covered += last - from - overlapLength(ownWork, from, last);
      until.set(site, last);
    }
    const shape = process.shapes.get(calls.shape[row]!);
    if (shape) {
      const key = shape.join();
      const known = found.shapes.get(key);
      if (known) known.calls++;
      else found.shapes.set(key, { dims: shape, calls: 1 });
    }
    if (open) {
      found.unfinished++;
      continue;
    }
    const flags = calls.flags[row]!;
    const duration = end - begin;
    found.calls++;
    found.total += duration;
    if (flags & callFlags.raised) found.errors++;
    if (flags & callFlags.traced) found.traced++;
    if (flags & callFlags.enqueued) found.enqueued++;
    if (flags & callFlags.functions) {
      found.slowed.push(duration);
    } else if (first.has(site)) {
      if (found.count === found.others.length) {
        const wider = new Float64Array(found.others.length * 2);
        wider.set(found.others);
        found.others = wider;
      }
      found.others[found.count++] = duration;
    } else {
      first.add(site);
      found.firsts.push(duration);
    }
  }
}

function allDurations({ firsts, others, count, slowed }: Collected): Float64Array {
  return Float64Array.from([...firsts, ...others.subarray(0, count), ...slowed]);
}

/** What the process counted after its records had reached their limit. */
function addFolded(process: ProcessReader, bySite: Map<number, Collected>): void {
  for (const [site, folded] of process.folded.calls) {
    let found = bySite.get(site);
    if (!found) bySite.set(site, (found = nothingYet()));
    found.calls += folded.calls;
    found.errors += folded.errors;
    found.total += folded.totalNs;
    found.covered += folded.totalNs; // threads that overlap are counted twice; the share stays below 1
    found.foldedMax = Math.max(found.foldedMax, folded.maxNs);
    found.folded.push(...folded.durations);
  }
}

/** Row numbers by begin. Threads make rows differ from that order by a few places only. */
export function rowsByBegin(begin: Float64Array, length: number): Uint32Array {
  const rows = new Uint32Array(length);
  let sorted = true;
  for (let i = 0; i < length; i++) {
    rows[i] = i;
    if (i > 0 && begin[i]! < begin[i - 1]!) sorted = false;
  }
  return sorted ? rows : rows.sort((a, b) => begin[a]! - begin[b]!);
}

function nothingYet(): Collected {
  return {
    calls: 0,
    errors: 0,
    unfinished: 0,
    traced: 0,
    enqueued: 0,
    firsts: [],
    others: new Float64Array(64),
    slowed: [],
    count: 0,
    total: 0,
    covered: 0,
    shapes: new Map(),
    folded: [],
    foldedMax: -Infinity,
  };
}
