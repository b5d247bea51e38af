import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { corpusFinder, parseCorpus, parts, precision, readCorpus, recall, score } from '../../corpus/corpus';
import { grammar } from './finders';

describe('the format of the corpus', () => {
  it('gives texts without labels, and the labels by line', () => {
    const [first, second] = parseCorpus(
      [
        '=== a.py  shape of somebody/thing: a.py',
        'x = model.predict(1)  #@ predict keras',
        '#@below train torch',
        'y = net(x) \\',
        '    + 1',
        '=== b.ipynb',
        '--- markdown',
        'Text.',
        '--- code',
        'a = 1',
        'z = f(a), g(a)  #@ predict jax x2, non-dl sklearn',
      ].join('\n'),
      'own/some.txt',
    );
    expect(first).toEqual({
      name: 'own/some.txt: a.py',
      file: '/corpus/own/some/a.py',
      text: 'x = model.predict(1)\ny = net(x) \\\n    + 1\n',
      labels: [
        { line: 1, kind: 'predict', framework: 'keras' },
        { line: 2, kind: 'train', framework: 'torch' },
      ],
    });
    expect(second!.cells).toEqual([{ code: undefined }, { code: 'a = 1\nz = f(a), g(a)' }]);
    const label = { cell: 1, line: 2 };
    expect(second!.labels).toEqual([
      { ...label, kind: 'predict', framework: 'jax' },
      { ...label, kind: 'predict', framework: 'jax' },
      { ...label, kind: 'non-dl', framework: 'sklearn' },
    ]);
  });

  it('names no file twice', () => {
    // The part that is held apart is not everywhere.
    const isHere = (part: string): boolean =>
      existsSync(join(import.meta.dirname, '../../corpus/sites', part));
    for (const part of parts.filter(isHere)) {
      const files = readCorpus(part).map(({ file }) => file);
      expect(files.filter((file, index) => files.indexOf(file) !== index)).toEqual([]);
    }
  });
});

// The part that is held apart is run by `npm run bench:sites -- --held` only.
describe('the finder on the corpus', () => {
  it.each(['own', 'public'] as const)('is right often enough on %s', async (part) => {
    const snippets = readCorpus(part);
    const result = await score(await corpusFinder(grammar, snippets), snippets);
    const wrong = JSON.stringify([result.falsePositives, result.falseNegatives], undefined, 1);
    expect(precision(result), wrong).toBeGreaterThanOrEqual(0.98);
    expect(recall(result), wrong).toBeGreaterThanOrEqual(0.95);
    expect(result.wrongFramework.length / result.truePositives).toBeLessThanOrEqual(0.03);
  });
});
