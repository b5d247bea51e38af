import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SiteFinder } from '../../../src/sites/finder';
import { notebookProgram, readNotebook, type NotebookCell } from '../../../src/sites/notebook';
import { testFinder } from './finders';

const code = (...lines: string[]): NotebookCell => ({ code: lines.join('\n') });
const markdown: NotebookCell = { code: undefined };

describe('the program of a notebook', () => {
  it('has the code cells one after the other, and says where each begins', () => {
    const program = notebookProgram([code('a = 1', 'b = 2'), markdown, code('c = a + b')]);
    expect(program).toEqual({ text: 'a = 1\nb = 2\nc = a + b\n', cellStart: [1, 3, 3], leftOut: [] });
  });

  it('ends with the cell that is asked for', () => {
    expect(notebookProgram([code('a = 1'), code('b = 2'), code('c = 3')], 1).text).toBe('a = 1\nb = 2\n');
  });

  it.each([
    ['%matplotlib inline', 'pass'],
    ['    !nvidia-smi -l 1', '    pass'],
    ['?model.predict', 'pass'],
    ['model.predict?', 'pass'],
    ['files = !ls *.vcf', 'pass'],
    ['took = %timeit -o model.predict(x)', 'pass'],
    ['x = a % b', 'x = a % b'],
    ['if a != b: pass', 'if a != b: pass'],
    ['print("%d" % 3)', 'print("%d" % 3)'],
    ['x = y  # really?', 'x = y  # really?'],
  ])('%j is %j', (line, plain) => {
    const program = notebookProgram([code('first = 1', line, 'last = 3')]);
    expect(program.text).toBe(`first = 1\n${plain}\nlast = 3\n`);
    expect(program.leftOut).toEqual(
      line === plain ? [] : [{ cell: 0, line: 2, text: line.trim(), broken: false }],
    );
  });

  it('runs the statement of %time and %timeit, in its place', () => {
    const program = notebookProgram([code('%time y = f(x)', '    %timeit f(x)', '%timeit -n 3 f(x)')]);
    expect(program.text).toBe('if 1: y = f(x)\n    if True:f(x)\npass\n');
    expect(program.leftOut.map(({ line }) => line)).toEqual([3]);
  });

  it('leaves text in strings alone', () => {
    const lines = ['help = """', '%time is a magic', '!ls', '"""', '%cd x'];
    const program = notebookProgram([code(...lines)]);
    expect(program.text.split('\n').slice(0, 5)).toEqual([...lines.slice(0, 4), 'pass']);
  });

  it('keeps the body of %%time, and leaves out that of %%bash', () => {
    const program = notebookProgram([code('%%time', 'y = 1'), code('%%bash', 'rm -r build'), code('z = 2')]);
    expect(program.text).toBe('pass\ny = 1\n\n\nz = 2\n');
    expect(program.leftOut.map(({ cell, text }) => [cell, text])).toEqual([
      [0, '%%time'],
      [1, '%%bash'],
    ]);
  });
});

describe('a notebook file', () => {
  it('gives its cells, with the lines of each joined or not', () => {
    const cells = [
      { cell_type: 'markdown', source: ['# Title'] },
      { cell_type: 'code', source: ['a = 1\n', 'b = 2'] },
      { cell_type: 'code', source: 'c = 3' },
    ];
    expect(readNotebook(JSON.stringify({ cells, nbformat: 4 }))).toEqual([
      { code: undefined },
      { code: 'a = 1\nb = 2' },
      { code: 'c = 3' },
    ]);
  });

  it('of version 3 too', () => {
    const cells = [{ cell_type: 'code', input: ['a = 1'] }];
    expect(readNotebook(JSON.stringify({ worksheets: [{ cells }], nbformat: 3 }))).toEqual([
      { code: 'a = 1' },
    ]);
  });

  it('of another language has no code for us', () => {
    const cells = [{ cell_type: 'code', source: 'x <- 1' }];
    const metadata = { language_info: { name: 'R' } };
    expect(readNotebook(JSON.stringify({ cells, metadata }))).toEqual([{ code: undefined }]);
  });

  it.each(['', 'no', '[]', '{"cells": 3}', 'null'])('%j is none', (text) => {
    expect(() => readNotebook(text)).toThrow(/This is no notebook/);
  });
});

describe('sites of a notebook', () => {
  let finder: SiteFinder;
  beforeAll(async () => {
    finder = await testFinder();
  });
  afterAll(() => finder.dispose());

  const cells = [
    code('%pip install keras', 'import keras', 'model = keras.models.load_model("a.keras")'),
    markdown,
    code('x = load()', '', 'for _ in range(3):', '    y = model.predict(x)'),
    code('def broken(:', '  model.predict(1)'),
    code('%%time', 'z = model.predict(x)'),
  ];

  it('are told by the cells before, with lines inside of the cell', () => {
    const { sites, problems } = finder.findNotebook('/home/user/score.ipynb', cells);
    expect(
      sites.map(({ file, cell, line, endLine, callee }) => ({ file, cell, line, endLine, callee })),
    ).toEqual([
      { file: '/home/user/score.ipynb', cell: 2, line: 4, endLine: 4, callee: 'model.predict' },
      { file: '/home/user/score.ipynb', cell: 4, line: 2, endLine: 2, callee: 'model.predict' },
    ]);
    expect(problems).toEqual([
      {
        file: '/home/user/score.ipynb',
        cell: 3,
        line: 1,
        message: 'This cell could not be parsed and was left out.',
      },
    ]);
  });

  it('are among all calls of the cells, a cell that does not parse left out of both', () => {
    const calls = finder.notebookCalls('/home/user/score.ipynb', [
      code('model.predict(0)', 'def ('),
      ...cells,
    ]);
    const { sites } = finder.findNotebook('/home/user/score.ipynb', cells);
    const same = (list: typeof sites): unknown => list.map(({ id, line, callee }) => ({ id, line, callee }));
    expect(same(calls.filter(({ callee }) => callee === 'model.predict'))).toEqual(same(sites));
  });

  it('have the ids of the program that is run', () => {
    const { sites } = finder.findNotebook('/home/user/score.ipynb', cells);
    const program = finder.notebookProgram(cells, 2);
    const run = finder.find('/elsewhere/score.py', program.text).sites;
    expect(run.map(({ id }) => id)).toEqual([sites[0]!.id]);
    expect(run[0]!.line - program.cellStart[2]! + 1).toBe(sites[0]!.line);
  });
});
