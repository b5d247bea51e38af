import { describe, expect, it } from 'vitest';
import { insideCalls, mergeInside, type InsideCalls } from '../../../src/insight/insideCalls';
import { UserFiles } from '../../../src/insight/userLines';
import { callFlags } from '../../../src/trace/formats/calls';
import { decodeFunctions, type FunctionProfile } from '../../../src/trace/formats/functions';
import { handProcess } from './handProcess';

const keras = '/v/site-packages/keras/src/trainer.py';
const tf = '/v/site-packages/tensorflow/python/eager/execute.py';
const ours = '/x/media/python/predictscope/record.py';
const mine = '/w/layers.py';

/** Two calls of 1000 ns: Keras calls TensorFlow, which calls C++ and `isinstance`, and a layer of the user's. */
const file = {
  format: 'predictscope.functions/1',
  site: 0,
  slots: [0, 1],
  perCallNs: 10,
  files: [keras, tf, mine, ours],
  garbage: [[1, 50]],
  codes: [
    [0, 10, 'Trainer.predict'],
    [1, 5, 'quick_execute'],
    [-1, 0, '<built-in method tensorflow.python._pywrap_tfe.TFE_Py_Execute>'],
    [-1, 0, '<built-in method builtins.isinstance>'],
    [2, 3, 'Layer.call'],
    [3, 200, 'make_functions.<locals>.end'],
    [-1, 0, '<built-in method time.perf_counter_ns>'],
    [-1, 0, '<built-in method builtins.len>'],
  ],
  rows: [
    [0, 2, 300, 1900, [[1, 4, 200, 1200], [4, 2, 400, 400]]], // prettier-ignore
    [1, 4, 200, 1200, [[2, 4, 900, 900], [3, 10, 100, 100]]], // prettier-ignore
    [2, 4, 900, 900],
    [3, 10, 100, 100],
    [4, 2, 400, 400],
    [5, 2, 77, 77],
    [6, 4, 33, 33],
    [7, 2, 8, 8],
  ],
};

const files = new UserFiles(undefined, '/w', []);
const calls = handProcess([
  { begin: 0, end: 1000 },
  { begin: 2000, end: 3000 },
]).calls;
const told = (found: InsideCalls | undefined): string[] =>
  found?.owners.map((o) => `${o.owner} ${o.language} ${o.ns} ${o.profiledNs}`) ?? [];

/** One call of a Python that runs half as fast under the profiler. */
const slowedDown = (more: object): FunctionProfile =>
  decodeFunctions(
    JSON.stringify({ ...file, slots: [0], perCallNs: 0, slowdown: 2, garbage: [], ...more }),
    'f',
  );

describe('whose functions a call is spent in', () => {
  it('is a partition of the calls, without what the profiler and the collector took', () => {
    const found = insideCalls(decodeFunctions(JSON.stringify(file), 'f'), calls, files);
    expect(told(found)).toEqual([
      'tensorflow native 900 900',
      'yours python 500 500', // the layer, and 2000 - 1900 around what the profiler saw
      'keras python 240 300', // 6 calls of others at 10 ns
      'tensorflow python 110 300', // 14 calls at 10 ns, 50 ns of collection
      'garbage collection native 50 0',
    ]);
    expect(found).toMatchObject({ calls: 2, profiledNs: 2000, totalNs: 1800 });
    const sum = found!.owners.reduce((ns, { profiledNs }) => ns + profiledNs, 0);
    expect(sum).toBe(found!.profiledNs);
  });

  it('lists functions by their own time', () => {
    const found = insideCalls(decodeFunctions(JSON.stringify(file), 'f'), calls, files)!;
    expect(found.functions.map(({ name, selfNs, owner }) => `${name} ${selfNs} ${owner}`)).toEqual([
      'Layer.call 400 yours',
      'Trainer.predict 240 keras',
      'quick_execute 10 tensorflow',
    ]);
  });

  it('takes out that Python itself is slower under the profiler, and what the spread of functions costs', () => {
    // Two functions in turn have an entropy of 1 bit: 10 + 1 * 6 = 16 ns a call.
    const rows = [
      [0, 4, 464, 964, [[2, 4, 500, 500]]], // prettier-ignore
      [2, 4, 500, 500],
    ];
    const slow = slowedDown({ perCallNs: 10, perBitNs: 6, rows });
    const one = handProcess([{ begin: 0, end: 964 }]).calls;
    expect(told(insideCalls(slow, one, files))).toEqual([
      'tensorflow native 500 500',
      'keras python 200 464',
    ]);
  });

  it('leaves what Python calls in C as it is: a sleep is as long under the profiler', () => {
    const rows = [
      [0, 1, 100, 900, [[3, 1, 800, 800]]], // prettier-ignore
      [3, 1, 800, 800],
    ];
    const slow = slowedDown({ rows });
    const one = handProcess([{ begin: 0, end: 900 }]).calls;
    expect(told(insideCalls(slow, one, files))).toEqual(['keras python 850 900']);
  });

  it('takes out no more than makes the calls as long as the others: an operator in C is not slower', () => {
    const decoded = slowedDown({ rows: [[0, 4, 900, 900, []]] });
    const keras = (plain: number, flags = 0): number => {
      const plainCalls = [1, 2, 3].map((at) => ({ begin: at * 1000, end: at * 1000 + plain, flags }));
      return insideCalls(decoded, handProcess([{ begin: 0, end: 900 }, ...plainCalls]).calls, files)!.totalNs;
    };
    expect([800, 300, 990].map((plain) => keras(plain))).toEqual([800, 450, 900]);
    expect(keras(800, callFlags.traced)).toBe(450);
  });

  it('says nothing when a call that was recorded is missing', () => {
    const one = handProcess([{ begin: 0, end: 1000 }]).calls;
    expect(insideCalls(decodeFunctions(JSON.stringify(file), 'f'), one, files)).toBeUndefined();
  });

  it('adds up over processes', () => {
    const one = insideCalls(decodeFunctions(JSON.stringify(file), 'f'), calls, files)!;
    const both = mergeInside([one, one])!;
    expect(both).toMatchObject({ calls: 4, profiledNs: 4000, totalNs: 3600 });
    expect(told(both)[0]).toBe('tensorflow native 1800 1800');
    expect(both.functions[0]).toMatchObject({ calls: 4, selfNs: 800 });
  });

  it.each([
    ['cut off', JSON.stringify(file).slice(0, 100)],
    ['another format', '{"format":"x"}'],
    ['a row that points nowhere', JSON.stringify({ ...file, rows: [[99, 1, 1, 1]] })],
    ['a code without a file', JSON.stringify({ ...file, codes: [[7, 1, 'f']] })],
    ['no number', JSON.stringify({ ...file, rows: [[0, 1, null, 1]] })],
  ])('refuses a file that is damaged: %s', (_, text) => {
    expect(() => decodeFunctions(text, '/r/functions-0.json')).toThrow(/\/r\/functions-0\.json is damaged/);
  });
});
