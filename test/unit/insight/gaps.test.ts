import { describe, expect, it } from 'vitest';
import { summarizeGaps, type Gaps } from '../../../src/insight/gaps';
import { sampledRun } from '../../../src/insight/sampledProcess';
import type { ProcessReader } from '../../../src/runs/processReader';
import { handProcess, handRun } from './handProcess';
import { sampled } from './handSamples';

const main = 'MainThread';
const f = (line: number): string => `/w/scorer.py:f:${line}`;
const json = '/usr/lib/python3.11/json/encoder.py:iterencode:200';
const us = 1000;

function gaps(processes: readonly ProcessReader[], lifetimeNs: number): Gaps | undefined {
  return summarizeGaps(sampledRun(handRun(processes, { cwd: '/w' })).sampled, lifetimeNs);
}
const told = (found: Gaps | undefined): string[] =>
  found?.lines.map((line) => `${line.line} ${line.ns / us} ${line.shareOfGaps.toFixed(2)}`) ?? [];

describe('between the calls', () => {
  it('each line has its share, with the libraries that it calls', () => {
    const process = sampled(
      [
        [0, main, f(10)],
        [100, main, f(11)],
        [250, main, f(12), json],
        [300, main, f(10)],
        [400, main, f(11)],
        [450, main, f(10)],
      ],
      600,
      [
        { begin: 0, end: 100 * us },
        { begin: 300 * us, end: 400 * us },
        { begin: 450 * us, end: 550 * us },
      ],
    );
    const found = gaps([process], 1000 * us);
    expect(found).toMatchObject({ count: 2, totalNs: 250 * us, callsNs: 300 * us, sampledNs: 250 * us });
    expect(found!.shareOfRun).toBeCloseTo(0.25);
    expect(told(found)).toEqual(['11 200 0.80', '12 50 0.20']);
  });

  it('there is nothing before the first call and after the last, nor while another thread is in one', () => {
    const process = sampled([[0, main, f(11)]], 1000, [
      { begin: 100 * us, end: 300 * us },
      { begin: 200 * us, end: 500 * us, thread: 2 },
      { begin: 400 * us, end: 600 * us },
    ]);
    expect(gaps([process], 1000 * us)).toBeUndefined();
  });

  it('the thread that calls next is charged', () => {
    const process = sampled(
      [
        [0, main, f(11)],
        [0, 'other', f(20)],
      ],
      1000,
      [
        { begin: 0, end: 100 * us },
        { begin: 300 * us, end: 400 * us, thread: 2 },
      ],
    );
    expect(told(gaps([process], 1000 * us))).toEqual(['20 200 1.00']);
  });

  it('our own work is nobody’s', () => {
    const process = sampled([[0, main, f(11)]], 1000, [
      { begin: 0, end: 100 * us },
      { begin: 300 * us, end: 400 * us },
    ]);
    process.ownWork.push({ begin: 150 * us, end: 250 * us });
    const found = gaps([process], 1000 * us);
    expect(found).toMatchObject({ totalNs: 100 * us, sampledNs: 100 * us });
    expect(told(found)).toEqual(['11 100 1.00']);
  });

  it('without samples there are times and no lines', () => {
    const process = handProcess([
      { begin: 0, end: 100 },
      { begin: 300, end: 400 },
    ]);
    expect(gaps([process], 1000)).toMatchObject({ count: 1, totalNs: 200, sampledNs: null, lines: [] });
  });

  it('nothing is known beyond a call that never ended', () => {
    const process = handProcess([
      { begin: 0, end: 100 },
      { begin: 200 },
      { begin: 500, end: 600, thread: 2 },
    ]);
    expect(gaps([process], 1000)).toMatchObject({ count: 1, totalNs: 100, callsNs: 100 });
  });
});
