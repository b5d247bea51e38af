import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { splitCalls } from '../../../src/insight/callParts';
import { Layers, layerOfOperation, type LayerTime } from '../../../src/insight/layers';
import { openTrace } from '../../../src/trace/engine';
import { summarizeTrace } from '../../../src/trace/summary';
import { fixtures, scratch } from '../trace/helpers';

const { write } = scratch();
let files = 0;

interface HandEvent {
  name: string;
  ts: number;
  dur: number;
  tid?: number;
  pid?: number;
  cat?: string;
  args?: Record<string, unknown>;
}

/** Layers of a hand-made trace, µs; with what `splitCalls` says of the model function and Python. */
async function layers(
  events: HandEvent[],
): Promise<{ times: LayerTime[] | undefined; modelFunction: number; python: number }> {
  const traceEvents: object[] = events.map((event) => ({ ph: 'X', pid: 1, tid: 1, cat: 'cpu_op', args: {}, ...event })); // prettier-ignore
  traceEvents.push({ ph: 'M', name: 'process_labels', pid: 0, tid: 0, args: { labels: 'GPU 0' } });
  traceEvents.push({ ph: 'M', name: 'thread_name', pid: 0, tid: 7, args: { name: 'stream 7' } });
  const trace = await openTrace([write(`layers-${files++}.trace.json`, JSON.stringify({ schemaVersion: 1, deviceProperties: [], traceEvents }))]); // prettier-ignore
  const found = new Layers(trace);
  const calls = splitCalls(trace, () => undefined, found.observe);
  const perUs = 1e6 / trace.tickPs;
  const sum = (part: 'modelFunction' | 'python'): number =>
    calls.reduce((us, call) => us + call.parts[part] / perUs, 0);
  const times = found.times()?.map((time) => ({
    ...time,
    host: time.host / perUs,
    python: time.python / perUs,
    device: time.device / perUs,
  }));
  return { times, modelFunction: sum('modelFunction'), python: sum('python') };
}

const told = (times: LayerTime[] | undefined): string[] =>
  times?.map((t) => `${t.layer || '-'} host ${t.host} python ${t.python} device ${t.device} ops ${t.ops}`) ??
  [];

describe('the layer of an operation of TensorFlow', () => {
  it.each([
    ['sequential/conv1d_5/convolution/ExpandDims', 'sequential/conv1d_5'],
    ['splice0_1/batch_normalization_24_1/batchnorm/mul_1', 'splice0_1/batch_normalization_24_1'],
    ['StatefulPartitionedCall/model/dense/MatMul', 'model/dense'],
    ['model/block/inner/Relu', 'model/block/inner'],
    ['GatherV2', ''],
  ])('%s: %s', (path, layer) => {
    expect(layerOfOperation(path)).toBe(layer);
  });
});

describe('Keras layers', () => {
  const predict = { name: 'predict', ts: 0, dur: 100, args: { ps_site: 0, ps_slot: 1, step_num: 1 } };
  const model = { name: 'predict_function', ts: 10, dur: 80, args: { tf_function_call: 'notTraced' } };

  it('share the model function: what runs at once is divided, what no layer names is told', async () => {
    const { times, modelFunction } = await layers([
      predict,
      model,
      { name: 'net/conv/convolution:Conv2D', ts: 20, dur: 30, tid: 2 },
      { name: 'net/dense/MatMul:MatMul', ts: 40, dur: 20, tid: 3 },
      { name: 'net/conv/convolution:Conv2D', ts: 95, dur: 20, tid: 2 }, // after the model function
    ]);
    expect(told(times)).toEqual([
      '- host 40 python 0 device 0 ops 0',
      'net/conv host 25 python 0 device 0 ops 1',
      'net/dense host 15 python 0 device 0 ops 1',
    ]);
    expect(times!.reduce((sum, { host }) => sum + host, 0)).toBeCloseTo(modelFunction, 6);
  });

  it('are not told where calls run at the same time, or no operation has a layer', async () => {
    const other = { ...predict, ts: 50, tid: 9, args: { ps_site: 0, ps_slot: 2, step_num: 2 } };
    const op = { name: 'net/conv/convolution:Conv2D', ts: 20, dur: 30, tid: 2 };
    expect((await layers([predict, model, op, other])).times).toBeUndefined();
    expect((await layers([predict, model])).times).toBeUndefined();
  });

  const real = path.join(fixtures, 'keras-calls.xplane.pb');

  it('of a real trace add up to the model function, and agree with xprof on each operation', async () => {
    const trace = await openTrace([real]);
    const found = new Layers(trace);
    const calls = splitCalls(trace, () => undefined, found.observe);
    expect(calls).toHaveLength(4);
    const times = found.times()!;
    const sum = times.reduce((ticks, { host }) => ticks + host, 0);
    const whole = calls.reduce((ticks, call) => ticks + call.parts.modelFunction, 0);
    expect(Math.abs(sum - whole)).toBeLessThan(0.001 * whole);
    // Nothing runs beside these layers, so each has the time that xprof gives to its operations.
    const xprof = JSON.parse(readFileSync(path.join(fixtures, 'keras-calls.xprof.json'), 'utf8')) as {
      operations: { type: string; name: string; count: number; totalUs: number; selfUs: number }[];
    };
    const theirs = new Map<string, { us: number; count: number }>();
    for (const { name, selfUs, count } of xprof.operations) {
      const layer = layerOfOperation(name);
      const known = theirs.get(layer) ?? { us: 0, count: 0 };
      theirs.set(layer, { us: known.us + selfUs, count: known.count + count });
    }
    const named = times.filter(({ layer }) => layer !== '');
    expect(named.map(({ layer }) => layer).sort()).toEqual(
      [...theirs.keys()].filter((layer) => layer.startsWith('sequential')).sort(),
    );
    for (const { layer, host, ops } of named) {
      const us = (host * trace.tickPs) / 1e6;
      expect(ops).toBe(theirs.get(layer)!.count);
      expect(Math.abs(us - theirs.get(layer)!.us)).toBeLessThan(0.01 * theirs.get(layer)!.us);
    }
  });

  it('and so do all operations of the trace', async () => {
    const summary = await summarizeTrace(real);
    const ours = new Map(summary.topOps.map((op) => [op.name, op]));
    const xprof = JSON.parse(readFileSync(path.join(fixtures, 'keras-calls.xprof.json'), 'utf8')) as {
      operations: { type: string; name: string; count: number; totalUs: number }[];
    };
    let compared = 0;
    for (const { type, name, count, totalUs } of xprof.operations) {
      const op = ours.get(`${name}:${type}`) ?? ours.get(name);
      if (!op) continue; // beyond the hundred that are listed
      compared++;
      expect(op.count, name).toBe(count);
      expect(Math.abs(op.totalNs / 1000 - totalUs), name).toBeLessThan(0.01 + 0.001 * totalUs);
    }
    expect(compared).toBeGreaterThan(20);
  });
});

describe('modules of PyTorch', () => {
  const span = { name: 'predict ps_site=0 ps_slot=1', ts: 0, dur: 100, cat: 'user_annotation' };
  const module = (path: string, kind: string, ts: number, dur: number): HandEvent => ({
    name: `module ${path} (${kind})`,
    ts,
    dur,
    cat: 'user_annotation',
  });

  it('have their operators, their own Python, and the kernels that they started', async () => {
    const { times, modelFunction, python } = await layers([
      span,
      module('.', 'Net', 5, 90),
      module('conv', 'Conv2d', 10, 30),
      { name: 'aten::conv2d', ts: 15, dur: 20 },
      { name: 'cudaLaunchKernel', ts: 20, dur: 2, cat: 'cuda_runtime', args: { correlation: 77 } },
      { name: 'aten::relu', ts: 50, dur: 10 },
      { name: 'conv_kernel', ts: 200, dur: 40, pid: 0, tid: 7, cat: 'kernel', args: { correlation: 77, device: 0, stream: 7 } }, // prettier-ignore
    ]);
    expect(told(times)).toEqual([
      'conv host 20 python 10 device 40 ops 1',
      '. host 10 python 50 device 0 ops 1',
      '- host 0 python 10 device 0 ops 0',
    ]);
    expect(times!.reduce((sum, { host }) => sum + host, 0)).toBeCloseTo(modelFunction, 6);
    expect(times!.reduce((sum, each) => sum + each.python, 0)).toBeCloseTo(python, 6);
    expect(times!.find(({ layer }) => layer === 'conv')!.kind).toBe('Conv2d');
  });
});
