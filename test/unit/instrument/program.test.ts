import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { programText, readProgram, isProgram, type SiteRow } from '../../../src/instrument/python/program';
import { counter, plainLines, sharedStatements } from '../../../src/instrument/python/profilers';
import { pythonString, unescapePython } from '../../../src/instrument/python/literal';
import { testBench, type Bench } from './instrumenters';

const awkward = 'ä "q" \\n \\ \n 🐍 \u2028 \u0000 \'';

function pythons(): string[] {
  const versions = join(homedir(), '.pyenv/versions');
  const built = existsSync(versions)
    ? readdirSync(versions)
        .filter((name) => /^3\.(\d+)/.test(name))
        .map((name) => join(versions, name, 'bin/python'))
    : ['python3'];
  const newer = (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => ['python3.14', 'python3.15'].map((name) => join(folder, name)))
    .filter((path) => existsSync(path));
  return [...built, ...newer];
}

const row: SiteRow = [1, '0123456789abcdef', awkward, 'keras', 'A.b', 0, 3, 5, 0, 4, 9];
const rows = (['keras', 'torch', 'jax', 'unknown'] as const).map((framework, index): SiteRow => {
  const other: SiteRow = [...row];
  other[0] = index + 1;
  other[3] = framework;
  return other;
});

let bench: Bench;
beforeAll(async () => {
  bench = await testBench();
});

describe('the program of the marked line', () => {
  test('a string survives Python and comes back', () => {
    const done = spawnSync('python3', ['-c', `print(ascii(${pythonString(awkward)}))`], { encoding: 'utf8' });
    const ascii = spawnSync('python3', ['-c', 'import json, sys; print(ascii(json.load(sys.stdin)))'], {
      input: JSON.stringify(awkward),
      encoding: 'utf8',
    });
    expect(done.stdout).toBe(ascii.stdout);
    expect(unescapePython(pythonString(awkward).slice(1, -1))).toBe(awkward);
  });

  test('every Python from 3.6 on compiles it, and the plain lines', () => {
    const folder = mkdtempSync(join(tmpdir(), 'predictscope-program-'));
    const texts = [
      ...rows.map((each) => programText({ logDirectory: '/a', file: '/b', sites: [each] })),
      programText({ logDirectory: awkward, file: awkward, sites: rows }),
      bench.wrap('import os\nm.predict(1)\n'),
      ...(['tensorflow', 'torch', 'jax'] as const).map((profiler) => {
        const shared = sharedStatements(new Set([profiler]), awkward, '  ').flatMap(({ lines }) => lines);
        const { before, header, after } = plainLines(profiler, 1, '  ');
        const body = [
          ...before,
          'try:',
          `  ${header}`,
          '    pass',
          'finally:',
          ...after.map((line) => `  ${line}`),
        ];
        return [...shared, ...counter(1).lines, ...body].join('\n');
      }),
    ];
    texts.forEach((text, index) => writeFileSync(join(folder, `${index}.py`), text));
    const check = [
      'import sys',
      `for i in range(${texts.length}):`,
      '    with open(sys.argv[1] + "/%d.py" % i, "rb") as file:',
      '        compile(file.read(), str(i), "exec")',
    ].join('\n');
    const found = pythons();
    expect(found.length).toBeGreaterThan(0);
    for (const python of found) {
      const done = spawnSync(python, ['-W', 'error', '-c', check, folder], { encoding: 'utf8' });
      expect(`${python}: ${done.stderr}`).toBe(`${python}: `);
    }
  });

  test('an earlier one can be read back; a changed one cannot', () => {
    const text = programText({ logDirectory: awkward, file: '/f', sites: rows });
    const content = pythonString(text).slice(1, -1);
    expect(isProgram(content)).toBe(true);
    expect(readProgram(content)).toEqual({ logDirectory: awkward, file: '/f', sites: rows });
    expect(readProgram(content.replace('SITES = ', 'SITES = [], '))).toBeUndefined();
    expect(isProgram('import os')).toBe(false);
  });

  test('is one line of ASCII, and not longer than need be', () => {
    const line = bench.wrap('import os\nm.predict(1)\n').split('\n')[1]!;
    expect(line).toMatch(/^_predictscope_b, _predictscope_e = [ -~]+ {2}# predictscope$/);
    expect(line.length).toBeLessThan(14_000);
  });
});
