import { describe, expect, it } from 'vitest';
import { splitCalls, type SplitCall } from '../../../src/insight/callParts';
import { partMeaning, partOrder, partTitle } from '../../../src/insight/partNames';
import { openTrace } from '../../../src/trace/engine';
import { random, scratch, xplaneFixture } from '../trace/helpers';

const { write } = scratch();
let files = 0;

/** [name, start µs, end µs, args]; on the thread of the call unless `stream` is set. */
type HandEvent = [name: string, start: number, end: number, args?: Record<string, unknown>, stream?: boolean];

const predict = (start: number, end: number, site = 0, slot = 0): HandEvent => [
  'predict',
  start,
  end,
  { ps_site: site, ps_slot: slot, step_num: slot },
];
const model = (start: number, end: number, how = 'notTraced-nonXla'): HandEvent => [
  'predict_function',
  start,
  end,
  { tf_function_call: how },
];

/** A synthetic trace in Chrome's form, with a CUDA stream where an event asks for one; splits in µs. */
async function split(
  events: HandEvent[],
  wall: (slot: number) => number | undefined = () => undefined,
): Promise<SplitCall[]> {
  const traceEvents: object[] = events.map(([name, ts, end, args = {}, stream]) => ({
    ...{ ph: 'X', name, ts, dur: end - ts, cat: stream ? 'kernel' : 'cpu_op' },
    ...(stream ? { pid: 0, tid: 7, args: { device: 0, stream: 7, ...args } } : { pid: 1, tid: 1, args }),
  }));
  traceEvents.push({ ph: 'M', name: 'process_labels', pid: 0, tid: 0, args: { labels: 'GPU 0' } });
  traceEvents.push({ ph: 'M', name: 'thread_name', pid: 0, tid: 7, args: { name: 'stream 7' } });
  const trace = await openTrace([write(`synthetic-${files++}.trace.json`, JSON.stringify({ schemaVersion: 1, deviceProperties: [], traceEvents }))]); // prettier-ignore
  const perUs = 1e6 / trace.tickPs;
  if (events.some(([, , , , stream]) => stream))
    expect(trace.tracks.some(({ kind }) => kind === 'stream')).toBe(true);
  return splitCalls(trace, (slot) => {
    const us = wall(slot);
    return us === undefined ? undefined : us * perUs;
  }).map((call) => ({
    ...call,
    startTicks: call.startTicks / perUs,
    endTicks: call.endTicks / perUs,
    parts: Object.fromEntries(
      Object.entries(call.parts).map(([name, ticks]) => [name, ticks / perUs]),
    ) as SplitCall['parts'],
  }));
}

/** The parts that are there. */
const shown = (call: SplitCall | undefined): Record<string, number> =>
  Object.fromEntries(Object.entries(call?.parts ?? {}).filter(([, us]) => us !== 0));
const sum = (call: SplitCall): number => Object.values(call.parts).reduce((a, b) => a + b, 0);

describe('splitCalls', () => {
  it('gives time that nothing covers to Python, and names site and slot', async () => {
    const [call] = await split([predict(100, 200, 3, 17)]);
    expect(call).toMatchObject({ site: 3, slot: 17, startTicks: 0, endTicks: 100, retraced: false });
    expect(shown(call)).toEqual({ python: 100 });
  });

  it('is a partition: model function, set-up, tracing, unexplained and Python', async () => {
    const [call] = await split([
      predict(0, 100),
      ['EagerExecute: RangeDataset', 5, 15],
      ['MemoryAllocation', 7, 9],
      model(20, 60),
      ['SomeKernel:Conv2D', 30, 40],
      ['NobodyKnowsThis', 70, 85],
      ['TFE_Py_Execute', 75, 80],
      ['tf.function-graph_building', 90, 96],
      ['EagerExecute: Fill', 91, 92],
    ]);
    expect(shown(call)).toEqual({
      modelFunction: 40,
      setUp: 10 + 5,
      unexplained: 10,
      tracing: 6,
      python: 29,
    });
    expect(sum(call!)).toBe(100);
  });

  it('counts tracing within the model function as tracing, and says that it was traced anew', async () => {
    const [call] = await split([predict(0, 100), model(10, 90, 'traced-nonXla'), ['trace_function', 20, 50]]);
    expect(shown(call)).toEqual({ python: 20, modelFunction: 50, tracing: 30 });
    expect(call!.retraced).toBe(true);
  });

  it('gives the device’s time to kernels and copies first, kernels before copies', async () => {
    const [call] = await split([
      predict(0, 100),
      model(10, 90),
      ['sgemm_kernel', 20, 40, {}, true],
      ['Memcpy HtoD', 35, 50, {}, true],
      ['Memset', 95, 120, {}, true], // runs on after the call
    ]);
    expect(shown(call)).toEqual({ kernel: 20, copy: 10 + 5, modelFunction: 50, python: 15 });
    expect(sum(call!)).toBe(100);
  });

  it('begins where the measured wall time begins when the span is longer', async () => {
    const events = [predict(0, 100), ['EagerExecute: Range', 5, 40] as HandEvent, model(50, 90)];
    const [call] = await split(events, () => 70);
    expect(call).toMatchObject({ startTicks: 30, endTicks: 100 });
    expect(shown(call)).toEqual({ setUp: 10, modelFunction: 40, python: 20 });
    // Longer than the span, or never measured because the program died in it: the span itself.
    for (const wall of [500, NaN]) expect(sum((await split(events, () => wall))[0]!)).toBe(100);
  });

  it('takes only spans of ours, each with the events of its own thread and time', async () => {
    const calls = await split([
      predict(0, 100, 0, 1),
      model(10, 20),
      ['predict', 200, 300, { step_num: 4 }],
      predict(400, 450, 1, 2),
      model(410, 440),
    ]);
    expect(calls.map((call) => [call.slot, shown(call)])).toEqual([
      [1, { modelFunction: 10, python: 90 }],
      [2, { modelFunction: 30, python: 20 }],
    ]);
  });

  it('finds none in a real trace that another program labelled', async () => {
    expect(splitCalls(await openTrace([xplaneFixture]), () => undefined)).toEqual([]);
  });

  it('always adds up to the wall time and has no negative part', async () => {
    const names = [
      'EagerExecute: A',
      'What',
      'tf.function-graph_building',
      'predict_function',
      '$frame.py:1 f',
    ];
    for (let seed = 1; seed <= 25; seed++) {
      const next = random(seed);
      const below = (n: number): number => Math.floor(next() * n);
      const events: HandEvent[] = [predict(10, 210)];
      const nest = (from: number, to: number, depth: number): void => {
        for (let at = from + below(9); at < to && depth < 5;) {
          const end = Math.min(to, at + 1 + below(60));
          const name = names[below(names.length)]!;
          events.push([name, at, end, name === 'predict_function' ? { tf_function_call: 'traced-x' } : {}]);
          nest(at, end, depth + 1);
          at = end + below(20);
        }
      };
      nest(10, 210, 0);
      for (let i = 0; i < 6; i++) {
        const at = below(230);
        events.push([next() < 0.5 ? 'kernel' : 'Memcpy DtoH', at, at + 1 + below(25), {}, true]);
      }
      const wall = 1 + below(260);
      const [call] = await split(events, () => wall);
      expect(sum(call!), `seed ${seed}`).toBe(Math.min(wall, 200));
      expect(Math.min(...Object.values(call!.parts)), `seed ${seed}`).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('parts', () => {
  it('each have a title and a meaning', () => {
    expect(new Set(partOrder.map(partTitle)).size).toBe(partOrder.length);
    for (const name of partOrder) expect(partMeaning(name).length).toBeGreaterThan(10);
  });
});
