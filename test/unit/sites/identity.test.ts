import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SiteFinder } from '../../../src/sites/finder';
import { moduleName, siteId } from '../../../src/sites/identity';
import { testFinder } from './finders';

let finder: SiteFinder;
beforeAll(async () => {
  finder = await testFinder();
});

describe('moduleName', () => {
  const files = new Set(['/a/pkg/__init__.py', '/a/pkg/sub/__init__.py']);
  const exists = (path: string): boolean => files.has(path);

  it.each([
    ['/a/pkg/sub/m.py', 'pkg.sub.m'],
    ['/a/pkg/__init__.py', 'pkg'],
    ['/a/pkg/__main__.py', 'pkg.__main__'],
    ['/a/pkg/other/m.py', 'm'],
    ['/a/script.v2.py', 'script.v2'],
    ['/a/__init__.py', '__init__'],
  ])('%s is %s', (file, name) => {
    // A folder that has no __init__.py ends the package, whatever is above it.
    expect(moduleName(file, exists)).toBe(name);
  });
});

describe('the id of a site', () => {
  const ids = (text: string): string[] =>
    finder.find('/home/user/score.py', text).sites.map((site) => site.id);
  const text =
    'import keras\n\n\ndef f(x, models):\n    return models[0].predict(x), models[0].predict(-x)\n';

  it('is the first 16 digits of the SHA-256 of module, qualname, callee and ordinal', () => {
    const digest = createHash('sha256').update('["score","f","models[0].predict",1]').digest('hex');
    expect(ids(text)[1]).toBe(digest.slice(0, 16));
    expect(siteId('score', 'f', 'models[0].predict', 1)).toBe(digest.slice(0, 16));
  });

  it('survives blank lines, comments and functions added elsewhere', () => {
    const edited = text.replace(
      'def f',
      '# why\n\ndef g(models):\n    return models[0].predict(1)\n\n\ndef f',
    );
    expect(ids(edited).slice(1)).toEqual(ids(text));
  });

  it('survives a reformat', () => {
    const wrapped = text.replace(
      'models[0].predict(x)',
      '(\n        models[\n            0  # the first\n        ]\n        .predict(\n            x,\n        )\n    )',
    );
    expect(ids(wrapped)).toEqual(ids(text));
    expect(ids(text.replaceAll('\n', '\r\n'))).toEqual(ids(text));
    expect(ids(text.replace('models[0].predict(x)', 'models [ 0 ] \\\n  .predict(x)'))).toEqual(ids(text));
    expect(ids(text.replace('models[0].predict(x)', '(models[0].predict)(x)'))).toEqual(ids(text));
  });

  it('tells equal calls apart by their order, and counts calls that are no sites too', () => {
    const { sites } = finder.find('/m.py', 'import keras\nmodel(1)\nmodel.predict()\nmodel.predict(1)\n');
    expect(sites.map((site) => [site.callee, site.runtime.ordinal])).toEqual([
      ['model', 0],
      ['model.predict', 1],
    ]);
  });

  it('keeps blanks inside strings and leaves lambdas and comprehensions out of the name', () => {
    const code = [
      'import keras',
      'class A:',
      '    def f(self, models):',
      '        async def g():',
      '            return [lambda: models["a b"].predict(x) for x in y]',
    ].join('\n');
    const [site] = finder.find('/m.py', code).sites;
    expect(site?.runtime).toMatchObject({ qualname: 'A.f.g', callee: 'models["a b"].predict', ordinal: 0 });
  });
});
