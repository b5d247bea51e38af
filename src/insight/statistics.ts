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

/** Time covered by intervals that may overlap: their union, never their sum. Sorts the given array. */
export function unionLength(intervals: [begin: Nanoseconds, end: Nanoseconds][]): Nanoseconds {
  intervals.sort((a, b) => a[0] - b[0]);
  let total = 0;
  let until = -Infinity;
  for (const [begin, end] of intervals) {
    if (end <= until) continue;
    total += end - Math.max(begin, until);
    until = end;
  }
  return total;
}

/** Time of `intervals` that lies within `window`. */
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
