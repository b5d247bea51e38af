import { chmodSync, lstatSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'; // prettier-ignore
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { scratchFolder } from '../runs/callFile';
import { ensureBuilt, predictscope, python, type Ended } from './cli';
import { execFileSync } from 'node:child_process';

beforeAll(ensureBuilt, 120_000);

const scratch = scratchFolder();
let count = 0;

const source = `import keras

model = keras.models.load_model("m.keras")
first = model.predict([1])
second = [model.predict(x) for x in (2, 3)]
print(len(second))
`;

/** A new folder with one file. */
function folderWith(name: string, content: string | Uint8Array): { folder: string; file: string } {
  const folder = path.join(scratch, `f${count++}`);
  mkdirSync(folder);
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return { folder, file };
}

const edit = (folder: string, ...args: string[]): Promise<Ended> => predictscope(args, folder);

describe('insert and remove', () => {
  it('edits every predict call in place and takes it out to the byte, and keeps the mode', async () => {
    const { folder, file } = folderWith('a.py', source);
    chmodSync(file, 0o754);
    const inserted = await edit(folder, 'insert', 'a.py');
    expect([inserted.code, inserted.stderr]).toEqual([0, '']);
    expect(inserted.stdout).toBe('a.py:4  model.predict  inserted\na.py:5  model.predict  inserted\n');
    const text = readFileSync(file, 'utf8');
    expect(text).not.toBe(source);
    expect(text).toContain(path.join(folder, '.predictscope', 'runs'));
    expect(statSync(file).mode & 0o777).toBe(0o754);
    expect(readFileSync(path.join(folder, '.predictscope', '.gitignore'), 'utf8')).toBe('*\n');
    execFileSync(python, ['-c', 'import ast, sys; ast.parse(open(sys.argv[1]).read())', file]);
    const removed = await edit(folder, 'remove', 'a.py');
    expect([removed.code, removed.stdout, removed.stderr]).toEqual([0, 'a.py  2 removed\n', '']);
    expect(readFileSync(file, 'utf8')).toBe(source);
    expect(statSync(file).mode & 0o777).toBe(0o754);
    expect(readdirSync(folder).sort()).toEqual(['.predictscope', 'a.py']);
  });

  it('takes one line, as try/finally too, and writes where it is told', async () => {
    const { folder, file } = folderWith('a.py', source);
    const logs = path.join(folder, 'logs');
    const { code, stdout } = await edit(folder, 'insert', '--plain', '--log-dir', logs, 'a.py:4');
    expect([code, stdout]).toEqual([0, 'a.py:4  model.predict  inserted\n']);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('finally:');
    expect(text).toContain(logs);
    expect((await edit(folder, 'remove', file)).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(source);
  });

  it('prints what it did as JSON', async () => {
    const { folder, file } = folderWith('a.py', source);
    const inserted = JSON.parse((await edit(folder, 'insert', '--json', 'a.py:4', 'a.py:5')).stdout);
    expect(inserted).toEqual({
      files: [
        {
          file,
          changed: true,
          inserted: [4, 5].map((line) => ({
            id: expect.stringMatching(/^[0-9a-f]{16}$/),
            line,
            callee: 'model.predict',
          })),
          refused: [],
        },
      ],
      problems: [],
    });
    const removed = JSON.parse((await edit(folder, 'remove', '--json', 'a.py')).stdout);
    expect(removed).toEqual({ files: [{ file, changed: true, removed: 2, left: [] }], problems: [] });
  });

  it('says what was refused, and leaves it', async () => {
    const { folder, file } = folderWith('a.py', source);
    await edit(folder, 'insert', 'a.py:4');
    const before = readFileSync(file, 'utf8');
    const line = before.split('\n').findIndex((text) => text.startsWith('first')) + 1;
    const again = await edit(folder, 'insert', `a.py:${line}`);
    expect(again.code).toBe(1);
    expect(again.stdout).toMatch(/^a\.py:\d+ {2}model\.predict {2}refused: .*already there\.\n$/);
    expect(readFileSync(file, 'utf8')).toBe(before);
    const none = folderWith('b.py', 'print(1)\n');
    const nothing = await edit(none.folder, 'insert', 'b.py');
    expect([nothing.code, nothing.stdout]).toEqual([1, 'b.py  no predict call\n']);
  });

  it('names what somebody changed and is left', async () => {
    const { folder, file } = folderWith('a.py', source);
    await edit(folder, 'insert', 'a.py');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/(_predictscope_e\()(_predictscope_b\(\d+\)), /, '$1$2, 7, '));
    const { code, stdout } = await edit(folder, 'remove', 'a.py');
    expect(code).toBe(1);
    expect(stdout).toContain('a.py  1 removed\n');
    expect(stdout).toMatch(/^a\.py:\d+ {2}left: .*by hand/m);
  });

  it.each([
    ['CRLF, tabs, a byte order mark and no newline at the end', Buffer.from(`\uFEFF${source.replaceAll('\n', '\r\n')}\tpass`.replace('print', 'if 1:\r\n\tprint'))], // prettier-ignore
    ['Latin-1', Buffer.from(`# -*- coding: latin-1 -*-\n# Bäume € ${source.replace('"m.keras"', '"Bäume"')}`.replace('€', 'ÿ'), 'latin1')], // prettier-ignore
    ['mixed line ends', Buffer.from(source.replace('\n', '\r\n').replace('[1])\n', '[1])\r'))],
  ])('restores %s', async (_, bytes) => {
    const { folder, file } = folderWith('a.py', bytes);
    expect((await edit(folder, 'insert', 'a.py')).stdout).toContain('inserted');
    expect(readFileSync(file).equals(bytes)).toBe(false);
    await edit(folder, 'remove', 'a.py');
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  it('edits what a link points to', async () => {
    const { folder, file } = folderWith('a.py', source);
    const link = path.join(folder, 'link.py');
    symlinkSync(file, link);
    expect((await edit(folder, 'insert', 'link.py')).code).toBe(0);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(file, 'utf8')).not.toBe(source);
  });

  it('does the other files where one cannot be done', async () => {
    const { folder, file } = folderWith('a.py', source);
    writeFileSync(path.join(folder, 'utf16.py'), Buffer.from(source, 'utf16le'));
    writeFileSync(path.join(folder, 'n.ipynb'), '{"cells": []}');
    const { code, stdout, stderr } = await edit(folder, 'insert', 'absent.py', 'utf16.py', 'n.ipynb', 'a.py:99', 'a.py'); // prettier-ignore
    expect(code).toBe(125);
    expect(stdout.match(/inserted/g)).toHaveLength(2);
    expect(stderr).toMatch(/absent\.py cannot be read: there is no such file\./);
    expect(stderr).toMatch(/n\.ipynb is a notebook.*VS Code/);
    expect(stderr).not.toContain('    at ');
    expect(readFileSync(file, 'utf8')).not.toBe(source);
    const lines = await edit(folder, 'insert', 'a.py:99');
    expect([lines.code, lines.stdout]).toEqual([125, '']);
    expect(lines.stderr).toContain('There is no call in');
  });

  it.each([
    [['insert'], 'insert needs a file'],
    [['remove'], 'remove needs a file'],
    [['remove', '--plain', 'a.py'], 'remove takes out all forms'],
    [['insert', '--nonsense', 'a.py'], "Unknown option '--nonsense'"],
  ])('%j is refused with a sentence', async (args, sentence) => {
    const { code, stdout, stderr } = await predictscope(args, scratch);
    expect([code, stdout]).toEqual([125, '']);
    expect(stderr).toContain(sentence);
  });
});
