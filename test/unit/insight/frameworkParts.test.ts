import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { splitCalls, type SplitCall } from '../../../src/insight/callParts';
import { openTrace } from '../../../src/trace/engine';
import { scratch, xplaneFixture } from '../trace/helpers';

const { write } = scratch();
const sum = (call: SplitCall): number => Object.values(call.parts).reduce((a, b) => a + b, 0);
const shown = (call: SplitCall | undefined, perUs: number): Record<string, number> =>
  Object.fromEntries(
    Object.entries(call?.parts ?? {})
      .filter(([, ticks]) => ticks !== 0)
      .map(([name, ticks]) => [name, ticks / perUs]),
  );

type Row = [name: string, category: string, start: number, end: number];

/** A trace as PyTorch writes it: the thread that calls, and stream 7 of the GPU for what runs there. */
async function torch(rows: Row[]): Promise<{ calls: SplitCall[]; perUs: number }> {
  const traceEvents: object[] = rows.map(([name, cat, ts, end]) => ({
    ...{ ph: 'X', name, cat, ts, dur: end - ts },
    ...(/^(kernel|gpu_)/.test(cat) ? { pid: 0, tid: 7 } : { pid: 100, tid: 100 }),
  }));
  traceEvents.push({ ph: 'M', name: 'process_labels', pid: 0, tid: 0, args: { labels: 'GPU 0' } });
  traceEvents.push({ ph: 'M', name: 'thread_name', pid: 0, tid: 7, args: { name: 'stream 7' } });
  const text = JSON.stringify({ schemaVersion: 1, baseTimeNanoseconds: 1790857026000000000, traceEvents });
  const trace = await openTrace([write('a.pt.trace.json', text)]);
  return { calls: splitCalls(trace, () => undefined), perUs: 1e6 / trace.tickPs };
}

describe('parts of PyTorch calls', () => {
  it('gives operators to the model function, ranges and the rest to Python', async () => {
    const { calls, perUs } = await torch([
      ['predict ps_site=3 ps_slot=17', 'user_annotation', 0, 100],
      ['aten::linear', 'cpu_op', 10, 30],
      ['aten::addmm', 'cpu_op', 15, 25],
      ['my range', 'user_annotation', 40, 80],
      ['aten::relu', 'cpu_op', 50, 60],
      ['aten::relu', 'cpu_op', 120, 160],
    ]);
    expect(calls).toMatchObject([{ site: 3, slot: 17, retraced: false }]);
    expect(shown(calls[0], perUs)).toEqual({ modelFunction: 30, python: 70 });
  });

  it('tells kernels, copies and waiting on a GPU, and takes the range drawn on the stream for neither', async () => {
    const { calls, perUs } = await torch([
      ['predict ps_site=0 ps_slot=1', 'user_annotation', 0, 100],
      ['predict ps_site=0 ps_slot=1', 'gpu_user_annotation', 22, 75],
      ['aten::linear', 'cpu_op', 10, 30],
      ['cudaLaunchKernel', 'cuda_runtime', 20, 22],
      ['gemm', 'kernel', 25, 60],
      ['Memcpy DtoH (Device -> Pageable)', 'gpu_memcpy', 62, 70],
      ['aten::item', 'cpu_op', 40, 90],
      ['cudaStreamSynchronize', 'cuda_runtime', 50, 85],
    ]);
    expect(calls).toHaveLength(1);
    // Linear 10 to 25, item 40 to 50 and 85 to 90 with the kernel over 25 to 60; waiting 60 to 62 and 70 to 85.
    expect(shown(calls[0], perUs)).toEqual({ kernel: 35, copy: 8, modelFunction: 20, wait: 17, python: 20 });
  });

  it('finds a call within a call', async () => {
    const { calls, perUs } = await torch([
      ['predict ps_site=0 ps_slot=1', 'user_annotation', 0, 100],
      ['predict ps_site=1 ps_slot=2', 'user_annotation', 20, 60],
      ['aten::linear', 'cpu_op', 30, 50],
    ]);
    expect(calls.map((call) => shown(call, perUs))).toEqual([
      { modelFunction: 20, python: 80 },
      { modelFunction: 20, python: 20 },
    ]);
  });
});

describe('parts of JAX calls', () => {
  const fixture = (name: string): string => path.join(path.dirname(xplaneFixture), name);

  it('gives a compilation to tracing', async () => {
    const trace = await openTrace([fixture('jax-first.xplane.pb')]);
    const [call] = splitCalls(trace, () => undefined);
    expect(call?.retraced).toBe(true);
    expect(call!.parts.tracing).toBeGreaterThan(0.5 * sum(call!));
    expect(call!.parts.unexplained).toBeLessThan(0.05 * sum(call!));
  });

  it('gives what the workers compute while the call waits to the model function', async () => {
    const trace = await openTrace([fixture('jax-predict.xplane.pb')]);
    const calls = splitCalls(trace, () => undefined);
    expect(calls).toHaveLength(4);
    for (const call of calls) {
      // The program sleeps for 3 ms in each call, and then waits for what it computes.
      const ms = call.parts.python / (1e9 / trace.tickPs);
      expect(ms).toBeGreaterThan(3);
      expect(ms).toBeLessThan(4.5);
      expect(call.parts.modelFunction).toBeGreaterThan(0.25 * sum(call));
      expect(sum(call)).toBeCloseTo(call.endTicks - call.startTicks, -3);
      expect(call.retraced).toBe(false);
    }
  });
});
