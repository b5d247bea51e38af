import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/common/problem';
import { chooseSites, parseSiteArgument, sitesAtLine, type Choice } from '../../../src/launch/chooseSites';
import { buildRunConfig } from '../../../src/launch/runConfig';
import type { SiteFinder } from '../../../src/sites/finder';
import { scratchFolder } from '../runs/callFile';
import { testFinder } from '../sites/finders';

const scratch = realpathSync(scratchFolder());
let finder: SiteFinder;
beforeAll(async () => {
  finder = await testFinder();
});

const keras = `import numpy as np
from tensorflow import keras

model = keras.models.load_model("m.keras")
other = keras.models.load_model("o.keras")


def score(x):
    a = np.mean([model.predict(x), other.predict(x)], axis=0)
    return wrap(
        helper.forward_all(x),
        prepare(x),
    )


print(len(str(score(1))))
`;

/** `line:callee` of what is chosen. */
async function at(line: number, column?: number, text = keras): Promise<string[]> {
  const wanted = { file: '/w/a.py', line, ...(column === undefined ? {} : { column }) };
  return (await sitesAtLine(finder, '/w/a.py', text, wanted)).map((site) => `${site.line}:${site.callee}`);
}

describe('parseSiteArgument', () => {
  it('takes FILE:LINE and FILE:LINE:COLUMN, relative to the working directory', () => {
    expect(parseSiteArgument('a.py:12', '/w')).toEqual({ file: '/w/a.py', line: 12 });
    expect(parseSiteArgument('/x/a:b.py:12:5', '/w')).toEqual({ file: '/x/a:b.py', line: 12, column: 5 });
    for (const text of ['a.py', 'a.py:', ':12', 'a.py:x', '']) {
      expect(() => parseSiteArgument(text, '/w'), text).toThrow(/is not FILE:LINE/);
    }
  });
});

describe('sitesAtLine', () => {
  it('takes every found site of the line, or the one that holds the column', async () => {
    expect(await at(9)).toEqual(['9:model.predict', '9:other.predict']);
    expect(await at(9, keras.split('\n')[8]!.indexOf('other') + 3)).toEqual(['9:other.predict']);
  });

  it('else calls whose last name tells of a model', async () => {
    expect(await at(11)).toEqual(['11:helper.forward_all']);
    expect(await at(1, undefined, 'x = outer(engine.run(a), sess.run(b), running)\n')).toEqual(['1:engine.run', '1:sess.run']); // prettier-ignore
  });

  it('else the outermost call that touches the line, or the innermost at a column', async () => {
    expect(await at(16)).toEqual(['16:print']);
    expect(await at(12)).toEqual(['10:wrap']);
    const text = 'y = model.run(engine.run(x))\n';
    expect(await at(1, 15, text)).toEqual(['1:engine.run']);
  });

  it('else a sentence that names the nearest call', async () => {
    for (const [line, column, nearest] of [
      [2, undefined, 'keras.models.load_model in line 4'],
      [999, undefined, 'print|len|str|score in line 16'],
      [4, 1, 'keras.models.load_model in line 4'],
    ] as const) {
      let error: unknown;
      try {
        await at(line, column);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(UserError);
      expect((error as UserError).message).toContain(`/w/a.py:${line}${column ? `:${column}` : ''}.`);
      expect((error as UserError).fix).toMatch(
        new RegExp(`nearest one is (${nearest})|nearest one is ${nearest}`),
      );
    }
    await expect(at(1, undefined, 'x = 1\n')).rejects.toThrow(UserError);
  });
});

describe('chooseSites', () => {
  const root = path.join(scratch, 'root');
  const outside = path.join(scratch, 'elsewhere');
  mkdirSync(path.join(root, 'skipped'), { recursive: true });
  mkdirSync(path.join(outside, 'pkg'), { recursive: true });
  for (const file of ['root/a.py', 'root/skipped/b.py', 'elsewhere/c.py', 'elsewhere/pkg/__init__.py']) {
    writeFileSync(path.join(scratch, file), keras);
  }
  const other: Choice['program'] = { kind: 'other', interpreter: undefined };
  const choose = async (
    choice: Partial<Choice>,
    andConfident = false,
  ): Promise<{ sites: string[]; leading: number | undefined }> => {
    const found = await chooseSites(
      finder,
      { wanted: [], root, program: other, cwd: root, ...choice },
      andConfident,
    );
    return { ...found, sites: found.sites.map((s) => `${path.relative(scratch, s.file)}:${s.callee}`) };
  };
  const both = (file: string): string[] => [`${file}:model.predict`, `${file}:other.predict`];

  it('takes every confident predict call below the root where none is asked for', async () => {
    expect(await choose({})).toEqual({
      sites: [...both('root/a.py'), ...both('root/skipped/b.py')],
      leading: undefined,
    });
    const accept = (relative: string): boolean => !relative.startsWith('skipped');
    expect((await choose({ accept })).sites).toEqual(both('root/a.py'));
  });

  it('takes what is asked for alone, or in front of the others without taking it twice', async () => {
    const wanted = [{ file: path.join(root, 'a.py'), line: 9, column: 45 }];
    expect(await choose({ wanted })).toEqual({ sites: ['root/a.py:other.predict'], leading: 0 });
    expect(await choose({ wanted }, true)).toEqual({
      sites: ['root/a.py:other.predict', 'root/a.py:model.predict', ...both('root/skipped/b.py')],
      leading: 0,
    });
  });

  it('looks into the script or the package that runs and lies outside of the root', async () => {
    const script: Choice['program'] = {
      kind: 'script',
      interpreter: 'python3',
      file: path.join(outside, 'c.py'),
    };
    expect((await choose({ program: script })).sites).toContain('elsewhere/c.py:model.predict');
    const module: Choice['program'] = { kind: 'module', interpreter: 'python3', module: 'pkg' };
    expect((await choose({ program: module, cwd: outside })).sites).toEqual([
      ...both('root/a.py'),
      ...both('root/skipped/b.py'),
      ...both('elsewhere/pkg/__init__.py'),
    ]);
  });

  it('leaves out what was dismissed, and times what was added', async () => {
    const text = `${keras}\nscore_all = model.predict\nscore_all(1)\n`;
    const folder = path.join(scratch, 'marked');
    mkdirSync(path.join(folder, 'sub'), { recursive: true });
    const file = path.join(folder, 'sub', 'm.py');
    writeFileSync(file, text);
    const id = (callee: string): string =>
      finder.calls(file, text).find((call) => call.callee === callee)!.id;
    const marks = {
      dismissed: [`${id('other.predict')} other.predict in sub/m.py`],
      added: [`${id('prepare')} prepare in sub/m.py`, '0123456789abcdef gone in sub/absent.py'],
    };
    const { sites } = await choose({ root: folder, cwd: folder, marks });
    expect(sites).toContain('marked/sub/m.py:prepare');
    expect(sites).toContain('marked/sub/m.py:model.predict');
    expect(sites).not.toContain('marked/sub/m.py:other.predict');
    // A lens on an added call leads to that call, and a dismissed one can still be asked for by its place.
    const marked = async (line: number, column: number): Promise<string[]> =>
      (await sitesAtLine(finder, file, text, { file, line, column }, marks)).map((site) => site.callee);
    expect(await marked(12, 9)).toEqual(['prepare']);
    expect(await marked(9, keras.split('\n')[8]!.indexOf('other') + 3)).toEqual(['other.predict']);
  });

  it('leaves programs made from notebooks to their own runs, and other languages to their own tools', async () => {
    const folder = path.join(scratch, 'mixed');
    mkdirSync(path.join(folder, '.predictscope/notebooks'), { recursive: true });
    const program = path.join(folder, '.predictscope/notebooks/n.py');
    writeFileSync(program, keras);
    writeFileSync(path.join(folder, 'a.js'), "import * as tf from '@tensorflow/tfjs';\n");
    expect((await choose({ root: folder, cwd: folder })).sites).toEqual([]);
    const script: Choice['program'] = { kind: 'script', interpreter: 'python3', file: program };
    expect((await choose({ root: folder, cwd: folder, program: script })).sites).toEqual(
      both('mixed/.predictscope/notebooks/n.py'),
    );
  });

  it('says which file cannot be read', async () => {
    const wanted = [{ file: path.join(root, 'absent.py'), line: 1 }];
    await expect(choose({ wanted })).rejects.toThrow(/absent\.py cannot be read/);
  });

  it('is written into config.json by number, one entry a file', async () => {
    const { sites } = await chooseSites(finder, { wanted: [], root, program: other, cwd: root }, false);
    const options = { warmUpCalls: 1, tracedCalls: 2, tracedSeconds: 3 };
    const config = await buildRunConfig(sites, options);
    expect(
      config.files.map((file) => [path.basename(file.file), file.sites.map((site) => site.index)]),
    ).toEqual([
      ['a.py', [0, 1]],
      ['b.py', [2, 3]],
    ]);
    expect(config.options).toEqual(options);
    const [site] = config.files[0]!.sites;
    expect(site).toMatchObject({ line: 9, column: 18, utf8Column: 17, qualname: 'score', callee: 'model.predict', ordinal: 0 }); // prettier-ignore
    expect(config.files[0]!.sha256).toMatch(/^[0-9a-f]{64}$/);
  });
});
