import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePython, maxFileBytes } from '../../../src/sites/files';
import { createSiteFinder, type SiteFinder } from '../../../src/sites/finder';
import { testFinder } from './finders';

let finder: SiteFinder;
let root: string;

const predict = 'import keras\nmodel.predict(1)\n';

function write(path: string, content: string | Uint8Array = predict): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), content);
}

beforeAll(async () => {
  finder = await testFinder();
  root = mkdtempSync(join(tmpdir(), 'predictscope-sites-'));
  for (const path of ['b.py', 'a/c.py', 'a/notes.txt', 'env/of_ours.py']) write(path);
  for (const path of [
    'node_modules/x.py',
    '.git/x.py',
    'venv/x.py',
    '.venv/x.py',
    'lib/site-packages/x/y.py',
  ])
    write(path);
  write('big.py', '#' + ' '.repeat(maxFileBytes) + '\n' + predict);
  symlinkSync(root, join(root, 'a/circle'));
});

afterAll(() => rmSync(root, { recursive: true }));

describe('findInFiles', () => {
  const names = async (paths: string[]): Promise<string[]> =>
    (await finder.findInFiles(paths)).sites.map((site) => relative(root, site.file));

  it('walks folders in order and leaves out what is not the user’s own', async () => {
    expect(await names([root])).toEqual(['a/c.py', 'b.py', 'env/of_ours.py']);
  });

  it('looks into site-packages when it is what was asked for', async () => {
    expect(await names([join(root, 'lib/site-packages')])).toEqual(['lib/site-packages/x/y.py']);
  });

  it('names each file once and tells what it could not read', async () => {
    const missing = join(root, 'missing.py');
    const { sites, problems } = await finder.findInFiles([join(root, 'b.py'), join(root, 'b.py'), missing]);
    expect(sites).toHaveLength(1);
    expect(problems).toEqual([{ file: missing, message: 'There is no such file or folder.' }]);
  });

  it('skips files beyond 2 MB with a problem', async () => {
    const { problems } = await finder.findInFiles([root]);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toContain('more than the 2 MB');
  });

  it('ends when it is told to', async () => {
    await expect(finder.findInFiles([root], { signal: AbortSignal.abort() })).rejects.toThrow();
  });
});

describe('decodePython', () => {
  it('follows the byte order mark, the coding line, and UTF-8 otherwise', () => {
    expect(decodePython(Buffer.from('# é'))).toBe('# é');
    expect(
      decodePython(Buffer.from('#!/usr/bin/python\n# -*- coding: latin-1 -*-\n"\xe9"', 'latin1')),
    ).toContain('"é"');
    expect(decodePython(Buffer.from('# coding: no-such-thing\n"é"'))).toContain('"é"');
  });
});

describe('createSiteFinder', () => {
  it('says what it needs', async () => {
    await expect(createSiteFinder({})).rejects.toThrow('wasmDirectory');
  });
});
