import { describe, expect, it } from 'vitest';
import { formatBytes, formatCount, formatDuration, formatShare } from '../../../src/common/units';

describe('formatDuration', () => {
  it.each([
    [0, '0 ns'],
    [-0, '0 ns'],
    [1, '1 ns'],
    [999, '999 ns'],
    [999.4, '999 ns'],
    [1000, '1 µs'],
    [1234, '1.23 µs'],
    [12_340, '12.3 µs'],
    [999_400, '999 µs'],
    [999_600, '1 ms'],
    [34_000_000, '34 ms'],
    [999_500_000, '1 s'],
    [1_200_000_000, '1.2 s'],
    [119_400_000_000, '119 s'],
    [120_000_000_000, '2 min 0 s'],
    [179_600_000_000, '3 min 0 s'],
    [3_599_600_000_000, '1 h 0 min'],
    [5_400_000_000_000, '1 h 30 min'],
    [-1500, '−1.5 µs'],
    [-0.001, '0 ns'],
    [NaN, '–'],
    [Infinity, '–'],
  ])('%d ns is %s', (ns, text) => {
    expect(formatDuration(ns)).toBe(text);
  });

  it('never shows four digits or a number below one in a larger unit', () => {
    for (let ns = 1; ns < 110e9; ns *= 1.0137) {
      const [, number = '', unit = ''] = /^([\d.]+) (ns|µs|ms|s)$/.exec(formatDuration(ns)) ?? [];
      expect(Number(number), String(ns)).toBeGreaterThanOrEqual(1);
      expect(Number(number), String(ns)).toBeLessThan(1000);
      const size = { ns: 1, µs: 1e3, ms: 1e6, s: 1e9 }[unit]!;
      // Three digits: the text is off by at most half of the third one.
      expect(Math.abs(Number(number) * size - ns) / ns, String(ns)).toBeLessThanOrEqual(0.00501);
    }
  });
});

describe('formatShare', () => {
  it.each([
    [0, '0 %'],
    [0.00001, '< 0.1 %'],
    [0.001, '0.1 %'],
    [0.0044, '0.4 %'],
    [0.0994, '9.9 %'],
    [0.0996, '10 %'],
    [0.522, '52 %'],
    [1, '100 %'],
    [NaN, '–'],
  ])('%d is %s', (share, text) => {
    expect(formatShare(share)).toBe(text);
  });
});

describe('formatCount and formatBytes', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [3120, '3,120'],
    [1234567, '1,234,567'],
    [-1234, '-1,234'],
  ])('counts %d as %s', (count, text) => {
    expect(formatCount(count)).toBe(text);
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [999.6, '1 kB'],
    [1_400_000, '1.4 MB'],
    [999_600_000, '1 GB'],
    [25e9, '25 GB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
