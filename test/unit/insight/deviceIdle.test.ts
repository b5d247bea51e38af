import { describe, expect, it } from 'vitest';
import { splitCalls } from '../../../src/insight/callParts';
import { deviceIdle, mergeIdle, type DeviceIdle } from '../../../src/insight/deviceIdle';
import { judgeTrace } from '../../../src/insight/evidence';
import { sampledRun } from '../../../src/insight/sampledProcess';
import { openTrace, type TraceModel } from '../../../src/trace/engine';
import { scratch } from '../trace/helpers';
import { handRun } from './handProcess';
import { sampled, type Doing } from './handSamples';

const { write } = scratch();
let files = 0;
const main = 'MainThread';
const f = (line: number): string => `/w/scorer.py:f:${line}`;
const us = 1000;

/** Calls at [begin, end] µs of the process and kernels likewise; the trace's clock is another one. */
async function trace(
  calls: [number, number][],
  kernels: [number, number][],
  more: object[] = [],
): Promise<TraceModel> {
  const shift = 5_000_000;
  const events: object[] = calls.map(([begin, end], i) => ({ ph: 'X', pid: 1, tid: 1, cat: 'cpu_op', name: 'predict', ts: begin + shift, dur: end - begin, args: { ps_site: 0, ps_slot: i, step_num: i } })); // prettier-ignore
  for (const [begin, end] of kernels) events.push({ ph: 'X', pid: 0, tid: 7, cat: 'kernel', name: 'gemm', ts: begin + shift, dur: end - begin, args: { device: 0, stream: 7 } }); // prettier-ignore
  events.push({ ph: 'M', name: 'process_labels', pid: 0, tid: 0, args: { labels: 'GPU 0' } });
  events.push({ ph: 'M', name: 'thread_name', pid: 0, tid: 7, args: { name: 'stream 7' } });
  const text = JSON.stringify({ schemaVersion: 1, deviceProperties: [], traceEvents: [...events, ...more] });
  return openTrace([write(`idle-${files++}.trace.json`, text)]);
}

async function idle(
  calls: [number, number][],
  kernels: [number, number][],
  doing: Doing[],
  perCall = false,
): Promise<DeviceIdle | undefined> {
  const model = await trace(calls, kernels);
  const process = sampled(doing, 10_000, calls.map(([begin, end]) => ({ begin: begin * us, end: end * us }))); // prettier-ignore
  const [one] = sampledRun(handRun([process], { cwd: '/w' })).sampled;
  const placed = splitCalls(model, () => undefined).map((call) => ({
    ...call,
    beginNs: calls[call.slot]![0] * us,
    endNs: calls[call.slot]![1] * us,
    thread: 1,
  }));
  return deviceIdle(model, placed, one!, perCall);
}
const told = (found: DeviceIdle | undefined): string[] =>
  found?.lines.map(({ line, ns }) => `${line} ${ns / us}`) ?? [];

describe('the device’s idle time', () => {
  const calls: [number, number][] = [
    [100, 200],
    [500, 600],
    [900, 1000],
  ];

  it('is charged to the lines that ran meanwhile; what hides behind the device gets none', async () => {
    const found = await idle(
      calls,
      [
        [150, 450], // goes on after the first call: line 20 runs behind it
        [550, 600],
        [950, 1000],
      ],
      [
        [0, main, f(10)],
        [200, main, f(20)],
        [450, main, f(21)],
        [500, main, f(10)],
        [600, main, f(22)],
        [900, main, f(10)],
      ],
    );
    expect(found).toMatchObject({ device: 'GPU', windowNs: 900 * us, busyNs: 400 * us, idleNs: 500 * us });
    expect(found).toMatchObject({ withinCallsNs: 150 * us, betweenCallsNs: 350 * us, sampledNs: 500 * us });
    expect(told(found)).toEqual(['22 300', '10 150', '21 50']);
  });

  it('is only known within calls where each was watched by itself', async () => {
    const found = await idle(calls, [[100, 150]], [[0, main, f(10)]], true);
    expect(found).toMatchObject({ windowNs: 300 * us, busyNs: 50 * us, betweenCallsNs: 0 });
  });

  it('is not told without a device', async () => {
    expect(await idle(calls, [], [[0, main, f(10)]])).toBeUndefined();
  });

  it('adds up over processes', async () => {
    const one = (await idle(calls, [[100, 150]], [[0, main, f(10)]]))!;
    expect(mergeIdle([one, one])).toMatchObject({ windowNs: 2 * one.windowNs, idleNs: 2 * one.idleNs });
    expect(mergeIdle([])).toBeNull();
  });
});

describe('what a trace is worth', () => {
  const launch = (ts: number): object => ({ ph: 'X', pid: 1, tid: 1, cat: 'cuda_runtime', name: 'cudaLaunchKernel', ts, dur: 1, args: {} }); // prettier-ignore
  const about = { path: 'f', window: 'steady', calls: 1 };

  it('is whole when each launch has its kernel', async () => {
    const model = await trace([[0, 100]], [[10, 20]], [launch(5_000_005)]);
    expect(judgeTrace(model, about, 1)).toMatchObject({ device: 'kernels', complete: true, notes: [] });
  });

  it('says that kernels are missing: all of them, or many', async () => {
    const none = judgeTrace(await trace([[0, 100]], [], [launch(5_000_005)]), about, 1);
    expect(none.device).toBe('missing');
    expect(none.notes[0]!.message).toMatch(/^1 kernels were launched and none was recorded/);
    const launches = Array.from({ length: 100 }, (_, i) => launch(5_000_001 + i));
    const few = judgeTrace(await trace([[0, 200]], [[10, 20]], launches), about, 1);
    expect(few.device).toBe('missing');
    expect(few.notes[0]!.message).toMatch(/100 kernels were launched and only 1 recorded/);
  });

  it('says that a registered GPU is not in it, and needs none on a CPU', async () => {
    const model = await trace([[0, 100]], []);
    expect(judgeTrace(model, about, 1).device).toBe('missing');
    expect(judgeTrace(model, about, 0)).toMatchObject({ device: 'none', notes: [] });
  });

  it('is not complete when part of the file could not be read', async () => {
    const text =
      '{"schemaVersion":1,"traceEvents":[{"ph":"X","pid":1,"tid":1,"name":"a","ts":1,"dur":2},{"ph":"X","pid"';
    const model = await openTrace([write('cut.trace.json', text)]);
    const evidence = judgeTrace(model, about, 0);
    expect(evidence.complete).toBe(false);
    expect(evidence.notes[0]!.message).toMatch(/could not be read/);
  });
});
