import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { ignoredBelow } from '../../../../src/targets/containers/build';

const folder = mkdtempSync(path.join(tmpdir(), 'predictscope-build-'));
mkdirSync(path.join(folder, 'data/kept'), { recursive: true });
afterAll(() => rmSync(folder, { recursive: true }));

function kept(rules: string, ...files: string[]): string[] {
  const ignored = ignoredBelow(folder, rules, 'Dockerfile');
  return files.filter((file) => !ignored(path.join(folder, file)));
}

it('.dockerignore: the last rule that fits decides, folders with exceptions are entered', () => {
  const files = [
    'Dockerfile',
    '.dockerignore',
    'main.py',
    'data',
    'data/a.bin',
    'data/kept',
    'data/kept/b.bin',
  ];
  expect(kept('', ...files)).toEqual(files);
  expect(kept('# all\n/data/\n*.py\n', ...files)).toEqual(['Dockerfile', '.dockerignore']);
  expect(kept('*\n!data/kept\n', ...files)).toEqual([
    'Dockerfile',
    '.dockerignore',
    'data',
    'data/kept',
    'data/kept/b.bin',
  ]);
  expect(kept('!main.py\n**/*.py', ...files)).not.toContain('main.py');
});

it('what we write ourselves is never sent', () => {
  expect(kept('!.predictscope', '.predictscope')).toEqual([]);
});
