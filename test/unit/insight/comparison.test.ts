import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { comparableDurations } from '../../../src/insight/comparedRuns';
import { compareDurations, compareRuns, generator, type ComparedRun } from '../../../src/insight/comparison';
import { changeText } from '../../../src/insight/previousRun';
import type { RunSummary, SiteSummary } from '../../../src/insight/runSummary';
import { compareBlocks, explain } from '../../../src/launch/reports/compareBlocks';
import { handProcess } from './handProcess';
import { rates, type RecordedRuns } from './resampling';

/** Calls around a median with a spread, as a real run has them: to the right. */
function calls(count: number, medianNs: number, seed: number, spread = 0.05): Float64Array {
  const random = generator(seed);
  return Float64Array.from({ length: count }, () => medianNs * Math.exp(spread * (random() + random() ** 3)));
}

describe('durations of two sides', () => {
  it('of several runs in turn: what meets both alike is no difference', () => {
    const drift = [1, 1.3, 0.8, 1.1, 0.95];
    const a = drift.map((by, i) => calls(60, 1e6 * by, i + 1));
    const b = drift.map((by, i) => calls(60, 1.1e6 * by, i + 100));
    const paired = compareDurations(a, b, { paired: true });
    expect(paired).toMatchObject({ verdict: 'slower', method: 'pairs' });
    expect(paired.ratio).toBeCloseTo(1.1, 1);
    // The same runs as two sets that were made apart: their spread hides it.
    expect(compareDurations(a, b)).toMatchObject({ verdict: 'same', method: 'runs' });
  });

  it('tells how many runs a side would find 10 %, and so many do', () => {
    const random = generator(7);
    // Sum of twelve: a deviation of 1, as good as normal.
    const normal = (): number => Array.from({ length: 12 }, random).reduce((x, y) => x + y) - 6;
    const runs = (count: number, by: number): Float64Array[] =>
      Array.from({ length: count }, (_, i) => calls(40, 1e6 * by * Math.exp(0.08 * normal()), i + 1, 0.01));
    const needed = compareDurations(runs(400, 1), runs(400, 1), { paired: true }).neededRuns!;
    expect(needed).toBeGreaterThan(19); // (3.605 × 0.113 / 0.0854)² + 2 = 25
    expect(needed).toBeLessThan(32);
    let found = 0;
    for (let i = 0; i < 200; i++) {
      if (compareDurations(runs(needed, 1), runs(needed, 1.1), { paired: true }).verdict === 'slower')
        found++;
    }
    expect(found).toBeGreaterThan(190 - 9); // 95 %, less twice the deviation of the count
    expect(compareDurations([calls(60, 1e6, 1)], [calls(60, 1e6, 2)]).neededRuns).toBeNull();
  });

  it('of one run each: the interval is wider where the run changed within itself', () => {
    const steady = compareDurations([calls(400, 1e6, 1)], [calls(400, 1e6, 2)]);
    expect(steady).toMatchObject({ verdict: 'same', method: 'blocks' });
    const drifting = calls(400, 1e6, 3).map((ns, i) => ns * (1 + i / 800));
    const wide = compareDurations([drifting], [calls(400, 1e6, 4)]);
    expect(wide.high! / wide.low!).toBeGreaterThan(2 * (steady.high! / steady.low!) - 1);
    expect(compareDurations([calls(400, 1e6, 1)], [calls(400, 1.5e6, 2)]).verdict).toBe('slower');
    expect(compareDurations([calls(400, 1.5e6, 1)], [calls(400, 1e6, 2)]).verdict).toBe('faster');
  });

  it('is the same answer when it is asked again', () => {
    const [a, b] = [[calls(100, 1e6, 1)], [calls(100, 1.02e6, 2)]];
    expect(compareDurations(a, b)).toEqual(compareDurations(a, b));
  });

  it('of few calls are not compared', () => {
    for (const [a, b] of [
      [[], [calls(50, 1e6, 1)]],
      [[calls(9, 1e6, 1)], [calls(50, 1e6, 1)]],
    ] as [Float64Array[], Float64Array[]][]) {
      expect(compareDurations(a, b)).toMatchObject({ verdict: 'unknown', ratio: null });
    }
  });
});

describe('500 resamples of recorded real runs', () => {
  const { programs } = JSON.parse(
    readFileSync(path.resolve(import.meta.dirname, '../../fixtures/compare/durations.json'), 'utf8'),
  ) as { programs: Record<string, RecordedRuns> };

  it.each(Object.keys(programs))('%s, 5 a side in turn: at most 5 in 100 false alarms', (name) => {
    const found = rates(programs[name]!, { each: 5, resamples: 500, slowdown: 1.1, seed: 20261129 });
    expect(found.falseAlarms).toBeLessThanOrEqual(0.05);
  });

  // Keras' runs were recorded where one run differs from the next by 12 %: 10 % cannot be found in ten of them, and
  // the interval says so (test/bench/RESULTS.md).
  it('PyTorch, LeNet-5, 5 a side in turn: a slowdown of 10 % is found in 95 of 100 at least', () => {
    const found = rates(programs['PyTorch, LeNet-5']!, {
      each: 5,
      resamples: 500,
      slowdown: 1.1,
      seed: 20261129,
    });
    expect(found.found).toBeGreaterThanOrEqual(0.95);
  });

  it('Keras, 5 a side in turn: what is too noisy to tell has a wide interval', () => {
    const found = rates(programs['Keras predict']!, {
      each: 5,
      resamples: 100,
      slowdown: 1.1,
      seed: 20261129,
    });
    expect(found.halfWidth).toBeGreaterThan(1.1);
  });

  it.each(Object.keys(programs))('%s, one run a side: at most 5 in 100 false alarms', (name) => {
    const found = rates(programs[name]!, { each: 1, resamples: 500, slowdown: 1.1, seed: 20261129 });
    expect(found.falseAlarms).toBeLessThanOrEqual(0.05);
  });
});

describe('which calls count', () => {
  it('finished ones but the first, the warm-up, and those under a profiler', () => {
    const process = handProcess([
      { begin: 0, end: 100 },
      { begin: 100, end: 111, flags: 8 },
      { begin: 200, end: 212, flags: 2 },
      { begin: 300, end: 313, flags: 16 },
      { begin: 400, end: 414, flags: 1 },
      { begin: 500, end: 515 },
      { begin: 600, end: 616 },
      { begin: 700 },
    ]);
    const id = (site: number): string => `id${site}`;
    expect([...comparableDurations([process], id).get('id0')!]).toEqual([15, 16]);
  });

  it('those that were traced where there are no others to speak of', () => {
    const process = handProcess(Array.from({ length: 20 }, (_, i) => ({ begin: i * 10, end: i * 10 + 5, flags: i > 2 && i < 18 ? 2 : 0 }))); // prettier-ignore
    expect(comparableDurations([process], () => 'id').get('id')).toHaveLength(19);
  });
});

describe('a comparison of runs', () => {
  const site = (parts: Record<string, number>, p50Ns: number): SiteSummary =>
    ({
      id: 'id0',
      file: '/w/scorer.py',
      line: 10,
      callee: 'model.predict',
      calls: 60,
      firstNs: 5e6,
      p50Ns,
      parts,
      partsCalls: 10,
      partsTotalNs: 1,
    }) as unknown as SiteSummary;
  const run = (parts: Record<string, number>, median: number, device: string, seed: number): ComparedRun => ({
    summary: {
      run: {
        id: `run${seed}`,
        command: ['python', 'main.py'],
        target: 'local',
        python: '3.11.7',
        frameworks: { tensorflow: '2.21.0' },
        devices: [device],
        deviceUse: [],
      },
      sites: [site(parts, median)],
      hotLines: [
        { file: '/w/scorer.py', line: 12, function: 'f', selfNs: median, totalNs: median, shareOfRun: 0.3 },
      ],
      sampling: {},
    } as unknown as RunSummary,
    durations: new Map([['id0', calls(60, median, seed)]]),
  });
  const slow = run({ kernel: 120e6, setUp: 180e6, python: 40e6 }, 34e6, 'GPU:0 (Old)', 1);
  const fast = run({ kernel: 50e6, setUp: 240e6, python: 40e6 }, 33e6, 'GPU:0 (New)', 2);

  it('on two devices is told part by part', () => {
    const comparison = compareRuns([slow], [fast]);
    expect(comparison.differences).toEqual([{ what: 'devices', a: 'GPU:0 (Old)', b: 'GPU:0 (New)' }]);
    const [only] = comparison.sites;
    expect(only!.parts).toEqual([
      { name: 'kernel', aNs: 12e6, bNs: 5e6 },
      { name: 'setUp', aNs: 18e6, bNs: 24e6 },
      { name: 'python', aNs: 4e6, bNs: 4e6 },
    ]);
    expect(explain(only!, '/w')).toBe(
      `model.predict (scorer.py:10): 34 ms before, 33 ms now, ${changeText(only!)}. By parts of a traced call: GPU kernels −7 ms, set-up +6 ms.`,
    );
    const blocks = compareBlocks(comparison, { a: 'old', b: 'new' }, '/w');
    expect(blocks.some((block) => block.kind === 'text' && block.text.includes('one run on a side'))).toBe(
      true,
    );
    expect(comparison.lines).toEqual([
      { file: '/w/scorer.py', line: 12, aShare: 0.3, bShare: 0.3, aNs: 34e6, bNs: 33e6 },
    ]);
  });

  it('says what is only on one side', () => {
    const other = { ...fast, summary: { ...fast.summary, sites: [] } };
    expect(explain(compareRuns([slow], [other]).sites[0]!, '/w')).toBe(
      'model.predict (scorer.py:10) is only in A.',
    );
  });
});
