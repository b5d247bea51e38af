import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parses, testBench, type Bench } from './instrumenters';

let bench: Bench;
const pairs: { before: string; after: string }[] = [];
beforeAll(async () => {
  bench = await testBench();
});

// One interpreter for all: starting one takes longer than all the rest.
afterAll(() => expect(parses(pairs)).toEqual([]));

/** The text with the program in the marked line left out, which is the same everywhere. */
function brief(text: string): string {
  return text.replace(/_predictscope_b, _predictscope_e = .*globals\(\)\}\)/g, 'exec(…)');
}

function roundTrip(text: string): string {
  const inserted = bench.wrap(text);
  expect(bench.unwrap(inserted)).toBe(text);
  pairs.push({ before: text, after: inserted });
  return brief(inserted);
}

const e = (call: string, number = 1): string => `_predictscope_e(_predictscope_b(${number}), ${call})`;
const line = 'exec(…)  # predictscope';

describe('compact form', () => {
  test.each([
    ['y = m.predict(x)', `y = ${e('m.predict(x)')}`],
    ['y = [m.predict(v) for v in w]', `y = [${e('m.predict(v)')} for v in w]`],
    ['f = lambda z: m.predict(z)', `f = lambda z: ${e('m.predict(z)')}`],
    ['y = (m\n     .predict(x))', `y = (${e('m\n     .predict(x)')})`],
    ['y = m.predict(  # why\n  x)', `y = ${e('m.predict(  # why\n  x)')}`],
    ['y = f"{m.predict(x)!r:>{w}}"', `y = f"{${e('m.predict(x)')}!r:>{w}}"`],
    ['if (y := m.predict(x)): pass', `if (y := ${e('m.predict(x)')}): pass`],
    ['m.predict(m.predict(x))', e(`m.predict(${e('m.predict(x)', 2)})`)],
    ['m.predict(x).predict(y)', e(`${e('m.predict(x)', 2)}.predict(y)`)],
    [
      '@d(m.predict(1))\ndef f(a=m.predict(2)): pass',
      `@d(${e('m.predict(1)')})\ndef f(a=${e('m.predict(2)', 2)}): pass`,
    ],
    ['async def f():\n  return await m.predict(x)', `async def f():\n  return ${e('await m.predict(x)')}`],
    [
      'async def f():\n  return await (m.predict(x))',
      `async def f():\n  return ${e('await (m.predict(x))')}`,
    ],
    [
      'class A(B):\n\tdef predict(self, x):\n\t\treturn super().predict(x)',
      `class A(B):\n\tdef predict(self, x):\n\t\treturn ${e('super().predict(x)')}`,
    ],
    ['y = m.predict \\\n  (x) + \\\n  1', `y = ${e('m.predict \\\n  (x)')} + \\\n  1`],
  ])('%j', (before, after) => {
    expect(roundTrip(`import os\n${before}\n`)).toBe(`import os\n${line}\n${after}\n`);
    expect(roundTrip(`import os\r\n${before.replace(/\n/g, '\r\n')}`)).toBe(
      `import os\r\n${line}\r\n${after.replace(/\n/g, '\r\n')}`,
    );
  });

  test.each([
    ['#!/usr/bin/env python\n# -*- coding: latin-1 -*-\nm.predict(1)\n', 2],
    ['"""Doc\nstring."""\nm.predict(1)\n', 2],
    [
      '"doc"\nfrom __future__ import annotations\nimport os\n\nfrom a import (\n  b)  # c\n\nm.predict(1)\n',
      6,
    ],
    ['import os; import sys\nm.predict(1)\n', 1],
    ['import os; m.predict(1)\n', 0],
    ['import os \\\n\nm.predict(1)\n', 2],
    ['f"{m.predict(1)}"\n', 0],
    ['\uFEFFm.predict(1)\n', 0],
    ['\uFEFFimport os\rm.predict(1)\r', 1],
    ['# nothing but this\n\n@decorated\ndef f():\n    m.predict(1)', 2],
    ['\fimport os\n\fm.predict(1)\n', 1],
    ['try:\n    import a\nexcept ImportError:\n    pass\nm.predict(1)\n', 0],
  ])('the marked line of %j comes after %i lines', (text, lines) => {
    const inserted = roundTrip(text).replace('\uFEFF', '');
    expect(inserted.split(/\r\n|\r|\n/).findIndex((each) => each.endsWith(line))).toBe(lines);
    expect(roundTrip(text).startsWith('\uFEFF')).toBe(text.startsWith('\uFEFF'));
  });

  test.each([
    ['f"{m.predict(x)=}"\n', /prints the text/],
    ['from __future__ import division; m.predict(1)\n', /shares its line/],
    ['def f(:\n    m.predict(1)\n', /could not be parsed/],
    ['import torch\n@torch.jit.script\ndef f(m):\n    return m.predict(1)\n', /compiles the function/],
  ])('%j is refused', (text, reason) => {
    const result = bench.insert(text, bench.calls(text, 'predict'));
    expect(result.refused.map((each) => each.reason)).toEqual([expect.stringMatching(reason)]);
    expect(result.refused[0]!.reason).toMatch(
      /so it is not source-edited; Profile predict times it without an edit\.$/,
    );
    expect(result).toMatchObject({ edits: [], text, inserted: [] });
  });

  test('a site of another text is refused', () => {
    const [site] = bench.calls('import os\nm.predict(1)\n', 'predict');
    expect(bench.insert('import os\n\nm.predict(1)\n', [site!]).refused[0]!.reason).toMatch(
      /not at its place/,
    );
  });

  test('edits are sorted, and say the same as the text', () => {
    const text = '\uFEFFm.predict(m.predict(1))(2).predict(3)\r\n';
    const { edits, text: after } = bench.insert(text, bench.calls(text, 'predict'));
    let built = text;
    for (const edit of edits.toReversed())
      built = built.slice(0, edit.start) + edit.text + built.slice(edit.end);
    expect(built).toBe(after);
    for (const [index, edit] of edits.slice(1).entries())
      expect(edit.start).toBeGreaterThan(edits[index]!.end - 1);
  });

  test('inserting again changes nothing; another site joins the same line', () => {
    const text = 'import os\nm.predict(1)\nm.predict(2)\n';
    const [first, second] = bench.calls(text, 'predict');
    const once = bench.insert(text, [first!]).text;
    const again = bench.insert(once, bench.calls(once, 'predict').slice(0, 1));
    expect(again.refused.map(({ reason }) => reason)).toEqual(['The profiler calls are already there.']);
    expect(again.text).toBe(once);
    const both = bench.insert(once, bench.calls(once, 'predict').slice(1));
    expect(brief(both.text)).toBe(`import os\n${line}\n${e('m.predict(1)')}\n${e('m.predict(2)', 2)}\n`);
    expect(both.text.match(/"id"|\[1, |\[2, /g)).toHaveLength(2);
    expect(bench.unwrap(both.text)).toBe(text);
    expect(bench.insert(text, [second!, second!]).inserted).toHaveLength(1);
  });
});

describe('removal of the compact form', () => {
  test('by lines; the marked line goes with the last site', () => {
    const text = 'import os\nm.predict(1)\nm.predict(2)\n';
    const all = bench.wrap(text);
    expect(bench.instrumenter.inserted(all, 'python')).toEqual([
      { line: 3, form: 'compact' },
      { line: 4, form: 'compact' },
    ]);
    const one = bench.instrumenter.remove(all, 'python', new Set([4]));
    expect(brief(one.text)).toBe(`import os\n${line}\n${e('m.predict(1)')}\nm.predict(2)\n`);
    expect(bench.instrumenter.remove(one.text, 'python', new Set([3]))).toMatchObject({
      text,
      removed: 1,
      left: [],
    });
  });

  test('after black', () => {
    const marked = bench.wrap('import os\nm.predict(1)\n').split('\n')[1]!;
    const at = marked.indexOf('lambda');
    const close = marked.indexOf(')({"module"');
    const text = [
      'import os\n',
      marked.slice(0, at),
      `    ${marked.slice(at, close)}`,
      `${marked.slice(close)}\n\n`,
      'y = _predictscope_e(',
      '    _predictscope_b(1),',
      '    model.fit(a)',
      '    .predict(b),',
      ')',
      'z = _predictscope_e(  # slow',
      '    _predictscope_b(2), m.predict(x)',
      ')',
      'w = f(_predictscope_e(_predictscope_b(3), m.predict(x)), y)',
      '',
    ].join('\n');
    expect(bench.instrumenter.remove(text, 'python')).toEqual({
      edits: expect.any(Array),
      text: 'import os\n\n\n\ny = (\n    model.fit(a)\n    .predict(b)\n)\nz = (  # slow\n    m.predict(x)\n)\nw = f(m.predict(x), y)\n',
      removed: 3,
      left: [],
    });
  });

  test('a moved call, in a file without the marked line', () => {
    expect(bench.unwrap('y = _predictscope_e(_predictscope_b(7), m.predict(x))\n')).toBe(
      'y = m.predict(x)\n',
    );
  });

  test('what is damaged stays and is named', () => {
    const text = bench.wrap('import os\nm.predict(1)\nm.predict(2)\n').replace('_predictscope_b(1), ', '');
    const { left, removed, text: after } = bench.instrumenter.remove(text, 'python');
    expect(removed).toBe(1);
    expect(brief(after)).toBe(`import os\n${line}\n_predictscope_e(m.predict(1))\nm.predict(2)\n`);
    expect(left.map(({ line: at }) => at)).toEqual([2, 3]);
    expect(left[1]!.message).toMatch(/no wrapped call any more/);
  });

  test('a marked line with other code stays and is named', () => {
    const text = bench.wrap('import os\nm.predict(1)\n').replace('})  # predictscope', '}); x = 1');
    expect(bench.instrumenter.remove(text, 'python').left).toEqual([
      { line: 2, message: expect.stringMatching(/holds other code/) },
    ]);
  });

  test("the user's own strings and comments are not ours", () => {
    const text = [
      'import os  # predictscope',
      'x = "_predictscope_e(_predictscope_b(1), m.predict(x))"  # predictscope',
      "exec('# predictscope')  # predictscope",
      'try:  # predictscope',
      '    pass',
      'finally:  # predictscope',
      '    pass',
      'm.predict(1)',
      '',
    ].join('\n');
    roundTrip(text);
    expect(bench.instrumenter.remove(text, 'python')).toEqual({ edits: [], text, removed: 0, left: [] });
  });
});
