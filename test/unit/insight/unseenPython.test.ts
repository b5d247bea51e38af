import { expect, it } from 'vitest';
import { lineFigures } from '../../../src/insight/hotLines';
import { sampledRun } from '../../../src/insight/sampledProcess';
import { handRun } from './handProcess';
import { sampled, type Doing } from './handSamples';

const main = 'MainThread';
const f = (line: number): string => `/w/scorer.py:f:${line}`;
const sleep = '/w/scorer.py:wait:3';
/** Python ran that nobody saw, until the thread was at these frames. */
const before = '<before>:before:0';

function lines(doing: Doing[], until: number): Record<string, number> {
  const run = sampledRun(handRun([sampled(doing, until)], { cwd: '/w' }));
  const { hotLines } = lineFigures(run.sampled, run.files, [], [until * 1000]);
  return Object.fromEntries(
    hotLines.filter(({ selfNs }) => selfNs > 0).map((l) => [l.line, l.selfNs / 1000]),
  );
}

/** A loop over lines 10 (sleeps), 11 (Python) and 12 (hashes): twice each, so that all have been seen. */
const loop: Doing[] = [
  [0, main, f(10), sleep],
  [100, main, f(11)],
  [200, main, f(12)],
  [300, main, f(10), sleep],
  [400, main, f(11)],
  [500, main, f(12)],
];

it('a stretch that nobody saw belongs to the line on the way that is seen there', () => {
  expect(lines(loop, 600)).toEqual({ 3: 200, 11: 200, 12: 200 });
  // From the sleep on to the hash: line 11 lies between.
  const hidden: Doing[] = [
    ...loop,
    [600, main, f(10), sleep],
    [700, main, f(12), before],
    [800, main, f(12)],
  ];
  expect(lines(hidden, 900)).toEqual({ 3: 300, 11: 300, 12: 300 });
});

it('upwards it has gone round the loop', () => {
  const hidden: Doing[] = [...loop, [600, main, f(11)], [700, main, f(10), sleep, before], [800, main, f(10), sleep]]; // prettier-ignore
  expect(lines(hidden, 900)).toEqual({ 3: 300, 11: 300, 12: 300 });
});

const inside = '/usr/lib/python3.11/json/encoder.py:encode:200';

it('within a line that calls Python code it is that line', () => {
  const seen: Doing[] = [[0, main, f(10), sleep], [100, main, f(11)], [200, main, f(12), inside]]; // prettier-ignore
  const again = seen.map(([at, ...rest]): Doing => [at + 300, ...rest]);
  const hidden: Doing[] = [...seen, ...again, [600, main, f(12), inside], [700, main, f(12), inside, before]];
  expect(lines(hidden, 800)).toEqual({ 3: 200, 11: 200, 12: 400 });
});

it('a line that calls nothing but C has been left in between', () => {
  const hidden: Doing[] = [...loop, [600, main, f(12)], [700, main, f(12), before]];
  expect(lines(hidden, 800)).toEqual({ 3: 200, 11: 300, 12: 300 });
  // Upwards past the end of the loop: line 10, in the function that it called.
  const upwards: Doing[] = [...loop, [600, main, f(12)], [700, main, f(11), before]];
  expect(lines(upwards, 800)).toEqual({ 3: 300, 11: 200, 12: 300 });
});
