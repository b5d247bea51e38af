import { describe, expect, it } from 'vitest';
import { weightedPercentile } from '../../../src/insight/statistics';
import { decodeFolded } from '../../../src/trace/formats/folded';

const subBits = 5;

/** What media/python/predictscope/folded.py does, from the description of the format. */
function written(durationsNs: readonly number[], errors = 0): Uint8Array {
  const values = new BigUint64Array(4 + 1920);
  for (const ns of durationsNs) {
    const shift = Math.max(0, Math.floor(Math.log2(ns)) + 1 - subBits - 1);
    values[4 + shift * 2 ** subBits + Math.floor(ns / 2 ** shift)]!++;
    values[0]!++;
    values[2]! += BigInt(ns);
    if (BigInt(ns) > values[3]!) values[3] = BigInt(ns);
  }
  values[1] = BigInt(errors);
  const bytes = new Uint8Array(64 + values.byteLength);
  bytes.set(new TextEncoder().encode('PSFOLD1\n'));
  const view = new DataView(bytes.buffer);
  view.setUint32(8, 64, true);
  view.setUint32(12, subBits, true);
  bytes.set(new Uint8Array(values.buffer), 64);
  return bytes;
}

describe('calls that were only counted', () => {
  it('are read with exact counts and durations within a bucket', () => {
    const durations = [1, 31, 32, 63, 64, 1000, 12_345, 1_000_000, 3_600_000_000_000];
    const folded = decodeFolded(written(durations, 2))!;
    expect(folded).toMatchObject({ calls: 9, errors: 2, totalNs: 3_600_001_013_536, maxNs: 3.6e12 });
    expect(folded.durations).toHaveLength(9);
    folded.durations.forEach(({ ns }, i) =>
      expect(Math.abs(ns / durations[i]! - 1)).toBeLessThanOrEqual(1 / 62),
    );
  });

  it('are nothing while the file is being made, and when it is another file', () => {
    const bytes = written([5]);
    expect(decodeFolded(bytes.subarray(0, 60))).toBeUndefined();
    expect(decodeFolded(new Uint8Array(2000))).toBeUndefined();
    bytes.fill(0xff, 8, 16);
    expect(decodeFolded(bytes)).toBeUndefined();
  });

  it('count in percentiles beside exact ones', () => {
    const exact = Float64Array.from({ length: 500 }, (_, i) => 2 * i);
    const counted = Array.from({ length: 500 }, (_, i) => ({ ns: 2 * i + 1, calls: 1 }));
    expect(weightedPercentile(exact, counted, 0.5)).toBeCloseTo(500, -1);
    expect(weightedPercentile(exact, counted, 0.95)).toBeCloseTo(949, -1);
    expect(weightedPercentile(exact, counted, 1)).toBe(999);
    expect(weightedPercentile(exact, counted, 0)).toBe(0);
    expect(weightedPercentile(Float64Array.of(7), [], 0.5)).toBe(7);
    expect(weightedPercentile(Float64Array.of(), [{ ns: 3, calls: 9 }], 0.5)).toBe(3);
  });
});
