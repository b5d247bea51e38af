import { describe, expect, it } from 'vitest';
import { lifetimeNs, siteFigures } from '../../../src/insight/siteFigures';
import { mergeIntervals, overlapLength, percentile } from '../../../src/insight/statistics';
import { callFlags } from '../../../src/trace/formats/calls';
import { random } from '../trace/helpers';
import { handProcess, origin, type HandCall } from './handProcess';

const now = origin + 1_000_000n;
const figuresOf = (process: ReturnType<typeof handProcess>) => siteFigures([process], now).get(0)!;

describe('percentile', () => {
  it.each([
    // numpy.percentile(values, 100 * q)
    [[15, 20, 35, 40, 50], 0.4, 29],
    [[1, 2, 3, 4], 0.5, 2.5],
    [[1, 2, 3, 4], 0.95, 3.85],
    [[7], 0.95, 7],
    [[1, 1000], 0, 1],
    [[1, 1000], 1, 1000],
  ])('%j at %d is %d', (values, q, expected) => {
    expect(percentile(Float64Array.from(values), q)).toBeCloseTo(expected, 12);
  });

  it('is NaN of nothing', () => {
    expect(percentile(new Float64Array(0), 0.5)).toBeNaN();
  });
});

describe('intervals', () => {
  it('are merged where they touch or overlap, and measured within a window', () => {
    const intervals = [
      { begin: 30, end: 40 },
      { begin: 0, end: 10 },
      { begin: 5, end: 12 },
      { begin: 6, end: 7 },
      { begin: 12, end: 15 },
    ];
    expect(mergeIntervals(intervals)).toEqual([
      { begin: 0, end: 15 },
      { begin: 30, end: 40 },
    ]);
    expect(intervals[1]).toEqual({ begin: 0, end: 10 }); // what was given is left as it is
    expect(overlapLength(mergeIntervals(intervals), 10, 33)).toBe(5 + 3);
    expect(overlapLength([], 0, 9)).toBe(0);
  });
});

describe('siteFigures', () => {
  it('leaves each process’s first call out of the percentiles, not of the rest', () => {
    const durations = [900, 10, 20, 30, 40];
    const calls = durations.map((d, i) => ({ begin: i * 1000, end: i * 1000 + d }));
    const found = figuresOf(handProcess(calls, { exit: 10_000 }));
    expect(found).toMatchObject({
      calls: 5,
      errors: 0,
      unfinished: 0,
      firstNs: 900,
      maxNs: 900,
      totalNs: 1000,
    });
    expect([found.p50Ns, found.p95Ns]).toEqual([25, 38.5]);
    expect(found.shareOfRun).toBeCloseTo(0.1, 12);
  });

  it('takes percentiles over the first calls where there are no others', () => {
    const one = (d: number) => handProcess([{ begin: 0, end: d }], { exit: 1000 });
    const found = siteFigures([one(100), one(300)], now).get(0)!;
    expect(found).toMatchObject({ calls: 2, firstNs: 300, p50Ns: 200, maxNs: 300, totalNs: 400 });
    expect(found.shareOfRun).toBeCloseTo(400 / 2000, 12);
  });

  it('takes the largest first call of two processes, and both lifetimes', () => {
    const a = handProcess(
      [
        { begin: 0, end: 100 },
        { begin: 200, end: 210 },
      ],
      { exit: 1000 },
    );
    const b = handProcess(
      [
        { begin: 0, end: 500 },
        { begin: 600, end: 630 },
      ],
      { exit: 3000 },
    );
    const found = siteFigures([a, b], now).get(0)!;
    expect(found).toMatchObject({ calls: 4, firstNs: 500, p50Ns: 20, maxNs: 500 });
    expect(found.shareOfRun).toBeCloseTo(640 / 4000, 12);
  });

  it('counts what two threads cover at once one time in the share, twice in the total', () => {
    const found = figuresOf(
      handProcess(
        [
          { begin: 0, end: 100, thread: 1 },
          { begin: 50, end: 150, thread: 2 },
          { begin: 60, end: 70, thread: 3 },
        ],
        { exit: 1000 },
      ),
    );
    expect(found.totalNs).toBe(210);
    expect(found.shareOfRun).toBeCloseTo(0.15, 12);
  });

  it('takes our own work out of the share’s both sides, once where two threads were at it', () => {
    const ownWork = [
      { begin: 100, end: 300 },
      { begin: 200, end: 400 },
    ];
    const process = handProcess(
      [
        { begin: 0, end: 200 },
        { begin: 500, end: 600 },
      ],
      { exit: 1000, ownWork },
    );
    expect(lifetimeNs(process, now)).toBe(700);
    expect(figuresOf(process).shareOfRun).toBeCloseTo((100 + 100) / 700, 12);
  });

  it('counts an open call in the share up to the end, and in no duration', () => {
    const ended = figuresOf(handProcess([{ begin: 0, end: 10 }, { begin: 500 }], { exit: 1000 }));
    expect(ended).toMatchObject({ calls: 1, unfinished: 1, totalNs: 10, maxNs: 10 });
    expect(ended.shareOfRun).toBeCloseTo(510 / 1000, 12);
    // Without an exit record the run's end, or the present, ends it.
    const killed = siteFigures([handProcess([{ begin: 500 }])], origin + 2000n).get(0)!;
    expect(killed).toMatchObject({ calls: 0, unfinished: 1, totalNs: 0 });
    expect([killed.firstNs, killed.p50Ns, killed.p95Ns, killed.maxNs]).toEqual([NaN, NaN, NaN, NaN]);
    expect(killed.shareOfRun).toBeCloseTo(0.75, 12);
  });

  it('counts raised and traced calls by their flags', () => {
    const flags = [
      callFlags.traced | callFlags.warmUp,
      callFlags.raised,
      callFlags.raised | callFlags.traced,
      0,
    ];
    const calls = flags.map((flag, i) => ({ begin: i * 10, end: i * 10 + 5, flags: flag }));
    expect(figuresOf(handProcess(calls))).toMatchObject({ calls: 4, errors: 2, traced: 2 });
  });

  it('lists shapes by number of calls, the same shape of two processes as one, at most eight', () => {
    const a = handProcess(
      [1, 2, 2].map((shape, i) => ({ begin: i, end: i + 1, shape })),
      {
        shapes: [
          [1, 2],
          [4, 2],
        ],
      },
    );
    const b = handProcess(
      [1, 1].map((shape, i) => ({ begin: i, end: i + 1, shape })),
      { shapes: [[4, 2]] },
    );
    expect(siteFigures([a, b], now).get(0)!.batchShapes).toEqual([
      { dims: [4, 2], calls: 4 },
      { dims: [1, 2], calls: 1 },
    ]);
    const shapes = Array.from({ length: 12 }, (_, i) => [i, null]);
    const many = handProcess(
      shapes.map((_, i) => ({ begin: i, end: i + 1, shape: i + 1 })),
      { shapes },
    );
    expect(figuresOf(many).batchShapes.length).toBe(8);
  });

  it('knows nothing of a site without calls', () => {
    expect(siteFigures([handProcess([])], now).size).toBe(0);
  });

  it('agrees with a count instant by instant', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const next = random(seed);
      const below = (n: number): number => Math.floor(next() * n);
      const made = Array.from({ length: 1 + below(2) }, () => {
        const calls: HandCall[] = Array.from({ length: 1 + below(14) }, () => {
          const begin = below(180);
          return { begin, site: below(3), ...(next() < 0.12 ? {} : { end: begin + below(60) }) };
        });
        const ownWork = Array.from({ length: below(4) }, () => {
          const begin = below(150);
          return { begin, end: begin + below(30) };
        });
        return { calls, ownWork, exit: 250 + below(20) };
      });
      const figures = siteFigures(
        made.map(({ calls, ...rest }) => handProcess(calls, rest)),
        now,
      );
      let lifetime = 0;
      const covered = new Map<number, number>();
      for (const { calls, ownWork, exit } of made) {
        for (let t = 0; t < exit; t++) {
          if (ownWork.some((work) => work.begin <= t && t < work.end)) continue;
          lifetime++;
          const open = calls.filter((call) => call.begin <= t && t < (call.end ?? exit));
          for (const site of new Set(open.map((call) => call.site!)))
            covered.set(site, (covered.get(site) ?? 0) + 1);
        }
      }
      for (const site of new Set(made.flatMap(({ calls }) => calls.map((call) => call.site!)))) {
        const found = figures.get(site)!;
        const mine = made.map(({ calls }) => calls.filter((call) => call.site === site));
        const finished = mine.flat().filter((call) => call.end !== undefined);
        expect(found.calls, `seed ${seed}`).toBe(finished.length);
        expect(found.unfinished).toBe(mine.flat().length - finished.length);
        expect(found.totalNs).toBe(finished.reduce((sum, call) => sum + call.end! - call.begin, 0));
        expect(found.shareOfRun, `seed ${seed}`).toBeCloseTo((covered.get(site) ?? 0) / lifetime, 9);
        const durations = finished.map((call) => call.end! - call.begin);
        expect(found.maxNs).toBe(durations.length > 0 ? Math.max(...durations) : NaN);
      }
    }
  });
});
