import type { Nanoseconds } from '../common/units';

/**
 * Percentile by linear interpolation between the two closest ranks, as numpy.percentile does by
 * default (method 7 of Hyndman and Fan, 1996). `sorted` ascends; NaN when it is empty. q is 0 to 1.
 */
export function percentile(sorted: Float64Array, q: number): Nanoseconds {
  if (sorted.length === 0) return NaN;
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  const a = sorted[low]!;
  const b = sorted[Math.min(low + 1, sorted.length - 1)]!;
  return a + (b - a) * (at - low);
}

/**
 * `percentile` over exact values and, beside them, over values of which only how often each occurs is
 * known (`counted`, in any order): the value at the nearest rank once there are any of those.
 */
export function weightedPercentile(
  sorted: Float64Array,
  counted: readonly { ns: Nanoseconds; calls: number }[],
  q: number,
): Nanoseconds {
  if (counted.length === 0) return percentile(sorted, q);
  const buckets = [...counted].sort((a, b) => a.ns - b.ns);
  const all = sorted.length + buckets.reduce((sum, { calls }) => sum + calls, 0);
  const rank = Math.round((all - 1) * q);
  let below = 0;
  let at = 0;
  for (const { ns, calls } of buckets) {
    while (at < sorted.length && sorted[at]! <= ns) {
      if (below++ === rank) return sorted[at]!;
      at++;
    }
    if (below + calls > rank) return ns;
    below += calls;
  }
  return sorted[Math.min(sorted.length - 1, at + rank - below)]!;
}

/** The same time as disjoint intervals in ascending order: two threads can be at our own work at once. */
export function mergeIntervals(
  intervals: readonly { begin: Nanoseconds; end: Nanoseconds }[],
): { begin: Nanoseconds; end: Nanoseconds }[] {
  const merged: { begin: Nanoseconds; end: Nanoseconds }[] = [];
  for (const { begin, end } of [...intervals].sort((a, b) => a.begin - b.begin)) {
    const last = merged[merged.length - 1];
    if (last && begin <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ begin, end });
  }
  return merged;
}

/** Time within [begin, end] of intervals that do not overlap each other. */
export function overlapLength(
  intervals: readonly { begin: Nanoseconds; end: Nanoseconds }[],
  begin: Nanoseconds,
  end: Nanoseconds,
): Nanoseconds {
  let total = 0;
  for (const interval of intervals) {
    total += Math.max(0, Math.min(interval.end, end) - Math.max(interval.begin, begin));
  }
  return total;
}

/** `overlapLength` of intervals in ascending order, of which there may be many: `mergeIntervals` makes such. */
export function overlapOfSorted(
  intervals: readonly { begin: Nanoseconds; end: Nanoseconds }[],
  begin: Nanoseconds,
  end: Nanoseconds,
): Nanoseconds {
  let low = 0;
  let high = intervals.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (intervals[middle]!.end <= begin) low = middle + 1;
    else high = middle;
  }
  let total = 0;
  for (let i = low; i < intervals.length && intervals[i]!.begin < end; i++)
    total += Math.min(intervals[i]!.end, end) - Math.max(intervals[i]!.begin, begin);
  return total;
}

/** Index of the first value above `value` in an ascending array; its length when there is none. */
export function firstAbove(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
