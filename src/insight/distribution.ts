/** How the durations of a site's calls are spread. */
import type { Nanoseconds } from '../common/units';

export interface Bucket {
  fromNs: Nanoseconds;
  toNs: Nanoseconds;
  calls: number;
}

const mostBuckets = 24;
/** Narrower than this a bucket would show the clock, not the calls. */
const leastRatio = 1.002;

/**
 * Buckets of equal width on a logarithmic scale from the shortest to the longest call; empty without calls. `counted`
 * are durations of which only the number is known. Every call is in exactly one bucket.
 */
export function distribution(
  durations: Float64Array,
  counted: readonly { ns: Nanoseconds; calls: number }[] = [],
): Bucket[] {
  let low = Infinity;
  let high = 0;
  const see = (ns: number): void => {
    low = Math.min(low, ns);
    high = Math.max(high, ns);
  };
  for (const ns of durations) see(ns);
  for (const { ns } of counted) see(ns);
  if (high === 0) return [];
  low = Math.max(1, low);
  high = Math.max(high, low);
  const count = Math.max(1, Math.min(mostBuckets, Math.floor(Math.log(high / low) / Math.log(leastRatio))));
  const step = Math.log(high / low) / count;
  const edge = (i: number): number => (i === count ? high : low * Math.exp(step * i));
  const buckets = Array.from({ length: count }, (_, i) => ({ fromNs: edge(i), toNs: edge(i + 1), calls: 0 }));
  const add = (ns: number, calls: number): void => {
    const at = step > 0 ? Math.floor(Math.log(Math.max(ns, low) / low) / step) : 0;
    buckets[Math.min(count - 1, Math.max(0, at))]!.calls += calls;
  };
  for (const ns of durations) add(ns, 1);
  for (const { ns, calls } of counted) add(ns, calls);
  return buckets;
}
