import { describe, expect, it } from 'vitest';
import { distribution } from '../../../src/insight/distribution';
import { chartColors, distributionChart, distributionText } from '../../../src/insight/distributionChart';
import { random } from '../trace/helpers';

describe('the distribution', () => {
  it('has every call in one bucket, from the shortest to the longest', () => {
    const draw = random(4);
    for (let round = 0; round < 50; round++) {
      const durations = Float64Array.from({ length: 1 + Math.floor(draw() * 300) }, () => 1 + draw() ** 4 * 1e9); // prettier-ignore
      const counted = [{ ns: draw() * 1e8 + 1, calls: 7 }];
      const buckets = distribution(durations, counted);
      expect(buckets.reduce((sum, { calls }) => sum + calls, 0)).toBe(durations.length + 7);
      expect(buckets[0]!.fromNs).toBeCloseTo(Math.min(...durations, counted[0]!.ns), 3);
      expect(buckets.at(-1)!.toNs).toBeCloseTo(Math.max(...durations, counted[0]!.ns), 3);
      for (const [i, bucket] of buckets.entries()) {
        if (i > 0) expect(bucket.fromNs).toBeCloseTo(buckets[i - 1]!.toNs, 3);
      }
    }
  });

  it('is one bucket for equal calls, none without', () => {
    expect(distribution(Float64Array.of(5, 5, 5))).toEqual([{ fromNs: 5, toNs: 5, calls: 3 }]);
    expect(distribution(new Float64Array())).toEqual([]);
  });
});

describe('its picture', () => {
  it('is an SVG with a bar for each bucket that has calls, and words for those who do not see it', () => {
    const buckets = distribution(Float64Array.of(1e6, 1.1e6, 1.2e6, 5e6));
    const svg = distributionChart(buckets, { p50Ns: 1.15e6, p95Ns: 4e6 }, chartColors.dark);
    const bars = buckets.filter(({ calls }) => calls > 0).length;
    expect(svg.match(/<rect /g)).toHaveLength(bars);
    expect(svg).toMatch(/^<svg xmlns=/);
    expect(distributionText(buckets)).toBe('4 calls from 1 ms to 5 ms');
  });

  it('is left out for fewer than three calls', () => {
    expect(distributionChart(distribution(Float64Array.of(1, 9)), { p50Ns: 1, p95Ns: 9 }, chartColors.light)).toBe(''); // prettier-ignore
  });
});
