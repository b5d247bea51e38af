import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Framework } from '../../../src/sites/site';
import { parses, testBench, type Bench } from './instrumenters';

let bench: Bench;
const pairs: { before: string; after: string }[] = [];
beforeAll(async () => {
  bench = await testBench();
});

// One interpreter for all: starting one takes longer than all the rest.
afterAll(() => expect(parses(pairs)).toEqual([]));

const shared = /import itertools as _predictscope_itertools[^]*?(_predictscope_turn_\d+ = [^\n\r]*[\n\r]+)+/;

function insert(text: string, framework: Framework = 'keras'): ReturnType<Bench['insert']> {
  const sites = bench.calls(text, 'predict').map((site) => ({ ...site, framework }));
  const result = bench.insert(text, sites, 'plain');
  expect(bench.unwrap(result.text)).toBe(text);
  pairs.push({ before: text, after: result.text });
  return result;
}

const wrapped = (text: string): string => insert(text).text.replace(shared, '');

describe('plain form', () => {
  test('TensorFlow: start, step marker, stop', () => {
    expect(wrapped('def f(x):\n  for v in x:\n    y = m.predict(\nv)  # t\n  return y\n')).toBe(
      [
        'def f(x):',
        '  for v in x:',
        '    import tensorflow as _predictscope_tf  # predictscope',
        '    _predictscope_step = next(_predictscope_turn_1)  # predictscope',
        '    _predictscope_on = _predictscope_step <= 10 and _predictscope_lock.acquire(False)  # predictscope',
        '    if _predictscope_on:  # predictscope',
        '      _predictscope_tf.profiler.experimental.start(_predictscope_folder("tensorflow"))  # predictscope',
        '    try:  # predictscope',
        '      with _predictscope_tf.profiler.experimental.Trace("predict", step_num=_predictscope_step, _r=1):  # predictscope',
        '        y = m.predict(',
        'v)  # t',
        '    finally:  # predictscope',
        '      if _predictscope_on:  # predictscope',
        '        _predictscope_tf.profiler.experimental.stop()  # predictscope',
        '        _predictscope_lock.release()  # predictscope',
        '  return y',
        '',
      ].join('\n'),
    );
  });

  test.each<[Framework, RegExp]>([
    ['torch', /profiler\.start\(\)[^]*record_function\("predict"\)[^]*profiler\.stop\(\)/],
    ['jax', /start_trace\([^]*StepTraceAnnotation\("predict", step_num[^]*stop_trace\(\)/],
    ['tensorflow', /experimental\.start\([^]*experimental\.stop\(\)/],
  ])('%s', (framework, expected) => {
    expect(insert('import os\nm.predict(1)\n', framework).text).toMatch(expected);
  });

  test.each([
    'y = m.predict(x)',
    'y = m.predict(x); z = 1',
    'x = 1; y = m.predict(x)\r\n\r\n',
    'if a: y = m.predict(x)\nelse: pass\n',
    'with m.predict(x) as f:\n\tpass\n# after\n',
    'for i in m.predict(x):\n    """doc\n  string"""\n\n# left\n    m.predict(i)\nelse:\n    pass\n',
    'def f():\n\treturn m.predict(x)',
    'def f():\n    if a:\n        pass\n    elif b:\n        y += m.predict(x)\n    # end\n',
    'async def f():\n    return [await m.predict(x)]\n',
    'match m.predict(x):\n    case 1:\n        pass\n',
    '\uFEFFy = [m.predict(v) for v in w] \\\n  + z\r',
    "y = '''\n  a\n''' + m.predict(x)\n",
    'try:\n    m.predict(x)\nexcept A:\n    m.predict(y)\n',
  ])('%j', (text) => {
    expect(insert(text).refused).toEqual([]);
  });

  test.each([
    ['while m.predict(x):\n    pass\n', /condition of a loop/],
    ['if a:\n    pass\nelif m.predict(x):\n    pass\n', /elif condition/],
    ['@d(m.predict(x))\ndef f(): pass\n', /decorator/],
    ['def f(a=m.predict(x)): pass\n', /header of a definition/],
    ['def f(): return m.predict(x)\n', /line of its definition/],
    ['for i in x: m.predict(i)\n', /line of its loop/],
    ['class A:\n    y = m.predict(x)\n', /body of a class/],
    ['f = lambda z: m.predict(z)\n', /lambda/],
    ['def f():\n    yield m.predict(x)\n', /yields/],
    ['match a:\n    case 1 if m.predict(x):\n        pass\n', /case of a match/],
    ['x = = 1\nm.predict(x)\n', /syntax/],
  ])('%j is refused', (text, reason) => {
    const { refused, text: after } = insert(text);
    expect(refused.map((each) => each.reason)).toEqual([expect.stringMatching(reason)]);
    expect(after).toBe(text);
  });

  test('no profiler: scikit-learn, TensorFlow 1, a session of the user', () => {
    expect(insert('m.predict(x)\n', 'sklearn').refused[0]!.reason).toMatch(/no framework whose profiler/);
    const old = 'import tensorflow as tf\nwith tf.Session() as s:\n    s.predict(x)\n';
    expect(insert(old, 'tensorflow').refused[0]!.reason).toMatch(/TensorFlow 1/);
    const compat = old.replace('import tensorflow as tf', 'import tensorflow.compat.v1 as tf');
    expect(insert(compat, 'tensorflow').refused).toEqual([]);
    const sites = bench.calls('m.predict(x)\n', 'predict').map((site) => ({ ...site, inProfiler: true }));
    expect(bench.insert('m.predict(x)\n', sites, 'plain').refused[0]!.reason).toMatch(/session of your own/);
  });

  test('Keras on another backend', () => {
    expect(insert('import os\nos.environ["KERAS_BACKEND"] = "jax"\nm.predict(x)\n').text).toMatch(
      /import jax as/,
    );
    expect(insert('import os\nos.environ.setdefault("KERAS_BACKEND", "torch")\nm.predict(x)\n').text).toMatch(
      /import torch as/,
    );
  });

  test('sites of one statement, and nested statements, are wrapped once', () => {
    const { text, inserted } = insert('for i in m.predict(x):\n    m.predict(m.predict(i))\n');
    expect(inserted).toHaveLength(3);
    expect(text.match(/\.start\(_predictscope_folder/g)).toHaveLength(1);
  });

  test('inserting again, into the same file and around', () => {
    const text = 'import os\nm.predict(1)\nfor i in m.predict(2):\n    m.predict(3)\n';
    const [first, second, third] = bench.calls(text, 'predict');
    let now = bench.insert(text, [third!], 'plain').text;
    const again = (index: number): ReturnType<Bench['insert']> =>
      bench.insert(now, [bench.calls(now, 'predict')[index]!], 'plain');
    expect(again(2).refused[0]!.reason).toBe('The profiler calls are already there.');
    now = again(0).text;
    now = again(1).text;
    expect(now.match(/def _predictscope_folder/g)).toHaveLength(1);
    expect(now.match(/_predictscope_turn_\d = /g)).toHaveLength(3);
    expect(parses([{ before: text, after: now }])).toEqual([]);
    expect(bench.unwrap(now)).toBe(text);
    const compact = bench.insert(text, [first!, second!]).text;
    const mixed = bench.insert(compact, [bench.calls(compact, 'predict')[2]!], 'plain').text;
    expect(bench.instrumenter.inserted(mixed, 'python').map(({ form }) => form)).toEqual([
      'compact',
      'compact',
      'plain',
    ]);
    expect(bench.unwrap(mixed)).toBe(text);
  });
});

describe('removal of the plain form', () => {
  const text = 'import os\ndef f():\n    m.predict(1)\n\ndef g():\n    m.predict(2)\n';

  test('by lines: what is shared goes with the last', () => {
    const all = insert(text).text;
    const [first, second] = bench.instrumenter.inserted(all, 'python');
    const one = bench.instrumenter.remove(all, 'python', new Set([first!.line]));
    expect(one).toMatchObject({ removed: 1, left: [] });
    expect(one.text).toMatch(/_predictscope_turn_2 = /);
    expect(one.text).not.toMatch(/_predictscope_turn_1\b/);
    expect(bench.unwrap(one.text)).toBe(text);
    const other = bench.instrumenter.remove(all, 'python', new Set([second!.line + 2]));
    expect(bench.instrumenter.inserted(other.text, 'python')).toHaveLength(1);
  });

  test("the user's own lines between ours stay, at their place", () => {
    const edited = insert(text)
      .text.replace(
        '            m.predict(1)\n',
        '            m.predict(1)\n            more()\n\n            # more\n',
      )
      .replace('    try:  # predictscope', '    # why\n    try:  # predictscope');
    expect(bench.unwrap(edited)).toBe(
      text.replace('    m.predict(1)\n', '    # why\n    m.predict(1)\n    more()\n\n    # more\n'),
    );
  });

  test('after black: wrapped headers, other blank lines', () => {
    const edited = insert(text)
      .text.replace(
        /( *)with (_predictscope_tf\.\S+)\("predict", (.*)\):/g,
        '$1with $2(\n$1    "predict", $3\n$1):',
      )
      .replace(/( +)(\S.*start)\((.*)\)  #/g, '$1$2(\n$1    $3\n$1)  #')
      .replace('def _predictscope_folder', '\n\ndef _predictscope_folder');
    expect(bench.instrumenter.remove(edited, 'python').left).toEqual([]);
    expect(bench.unwrap(edited).replace(/\n\n+/g, '\n')).toBe(text.replace(/\n\n+/g, '\n'));
  });

  test('a try that lost its finally stays and is named; the rest goes', () => {
    const all = insert(text).text;
    const at = all.indexOf('    finally:  # predictscope');
    const damaged = all.slice(0, at) + all.slice(all.indexOf('\n', at) + 1);
    const { left, text: after } = bench.instrumenter.remove(damaged, 'python');
    expect(left.length).toBeGreaterThan(0);
    for (const { line, message } of left) {
      expect(damaged.split('\n')[line - 1]).toMatch(/predictscope/);
      expect(message).toMatch(/stays, because .*; take it out by hand\.$/);
    }
    expect(after).toMatch(/def _predictscope_folder/);
  });

  test('a finally with lines of the user stays as it is', () => {
    const edited = insert(text).text.replace(
      '_predictscope_lock.release()  # predictscope\n',
      '_predictscope_lock.release()  # predictscope\n        mine()\n',
    );
    const { left, removed, text: after } = bench.instrumenter.remove(edited, 'python');
    expect(removed).toBe(1);
    expect(left.length).toBeGreaterThan(0);
    expect(after).toMatch(/mine\(\)/);
    expect(parses([{ before: text, after }])).toEqual([]);
  });
});
