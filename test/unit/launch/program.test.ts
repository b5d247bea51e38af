import { chmodSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageFolders } from '../../../src/launch/packages';
import { pythonProgram, type PythonProgram } from '../../../src/launch/program';
import { findExecutable, localMachine } from '../../../src/targets/localMachine';
import { scratchFolder } from '../runs/callFile';

const scratch = realpathSync(scratchFolder());
const bin = path.join(scratch, 'bin');
mkdirSync(bin);

function executable(name: string, text: string, mode = 0o755): string {
  const file = path.join(bin, name);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

const read = (words: string[]): Promise<PythonProgram> => pythonProgram(words, '/w', localMachine(bin));

describe('python and its options', () => {
  const script = (file: string, interpreter = 'python') => ({ kind: 'script', interpreter, file });
  it.each<[string[], object]>([
    [['python', 'a.py', '-m', 'x'], script('/w/a.py')],
    [['/opt/v/bin/python3.11', '/x/a.py'], script('/x/a.py', '/opt/v/bin/python3.11')],
    [['python', '-u', '-W', 'ignore', '-X', 'dev', '-Werror', '-Xdev', '-O', 'a.py'], script('/w/a.py')],
    [['python', '--', 'a.py'], script('/w/a.py')],
    [['pypy3', 'a.py'], script('/w/a.py', 'pypy3')],
    [['python', '-m', 'pkg.cli', 'a.py'], { kind: 'module', interpreter: 'python', module: 'pkg.cli' }],
    [['python', '-uBm', 'pkg'], { kind: 'module', interpreter: 'python', module: 'pkg' }],
    [['python', '-mpkg'], { kind: 'module', interpreter: 'python', module: 'pkg' }],
    [['python', '-c', 'print(1)', 'a.py'], { kind: 'sourceless', interpreter: 'python' }],
    [['python', '-Bc', 'print(1)'], { kind: 'sourceless', interpreter: 'python' }],
    [['python', '-', 'a.py'], { kind: 'sourceless', interpreter: 'python' }],
    [['python', '-u', 'a.pyc', 'b'], { kind: 'sourceless', interpreter: 'python' }],
    [['python', '-m'], { kind: 'other', interpreter: 'python' }],
    [['python'], { kind: 'sourceless', interpreter: 'python' }],
    [['A=b', 'conda', 'run', '-n', 'x', 'python', 'a.py'], script('/w/a.py')],
    [['pythonista', 'a.py'], { kind: 'other', interpreter: undefined }],
    [[], { kind: 'other', interpreter: undefined }],
  ])('%j', async (words, expected) => {
    expect(await read(words)).toEqual(expected);
  });
});

describe('scripts that are started by their name', () => {
  const pip = `# -*- coding: utf-8 -*-
import re
import sys
from spliceai.__main__ import main
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])
    sys.exit(main())
`;

  it('pip’s', async () => {
    const file = executable('spliceai', `#!/opt/venv/bin/python3\n${pip}`);
    const expected = {
      kind: 'console',
      interpreter: '/opt/venv/bin/python3',
      file,
      module: 'spliceai.__main__',
    };
    expect(await read(['spliceai', '-I', 'x'])).toEqual(expected);
    expect(await read([file])).toEqual(expected);
    symlinkSync(file, path.join(bin, 'linked'));
    expect(await read(['linked'])).toEqual(expected);
  });

  it('with an interpreter whose path is long or holds blanks', async () => {
    const long = `/opt/my envs/${'deep/'.repeat(30)}python3.11/bin/python`;
    executable('long', `#!/bin/sh\n'''exec' "${long}" "$0" "$@"\n' '''\n${pip}`);
    expect(await read(['long'])).toMatchObject({ kind: 'console', interpreter: long });
    executable('bare', `#!/bin/sh\n'''exec' /opt/x/bin/python3.9 "$0" "$@"\n' '''\n${pip}`);
    expect(await read(['bare'])).toMatchObject({ kind: 'console', interpreter: '/opt/x/bin/python3.9' });
  });

  it.each(['#!/usr/bin/env python3', '#! /usr/bin/env -S python3 -u', '#!/bin/env python3'])(
    '%s',
    async (line) => {
      const file = executable('by-env', `${line}\n${pip}`);
      expect(await read(['by-env'])).toMatchObject({ kind: 'console', interpreter: 'python3', file });
    },
  );

  it('a console script that calls an attribute of what it imports', async () => {
    executable('typer', '#!/v/bin/python\nimport sys\nfrom tool import cli\nsys.exit(cli.main())\n');
    expect(await read(['typer'])).toMatchObject({ kind: 'console', module: 'tool' });
  });

  it('a program of the user’s own is itself what runs, whatever it imports', async () => {
    const own = '#!/usr/bin/env python3\nfrom __future__ import annotations\nfrom tensorflow import keras\n';
    const file = executable('own.py', `${own}def main():\n    return 0\nimport sys\nsys.exit(main())\n`);
    expect(await read(['own.py'])).toEqual({ kind: 'script', interpreter: 'python3', file });
  });

  it('anything else', async () => {
    executable('shell', '#!/bin/sh\npython a.py\n#!/usr/bin/python\n');
    executable('binary', '\u007fELF#!python');
    executable('empty', '');
    executable('data', pip, 0o644);
    for (const name of ['shell', 'binary', 'empty', 'data', 'absent']) {
      expect(await read([name]), name).toEqual({ kind: 'other', interpreter: undefined });
    }
  });
});

it('findExecutable looks as a shell does: the first file on the path, or the path itself', async () => {
  const file = executable('tool', '#!/bin/sh\n');
  mkdirSync(path.join(scratch, 'first', 'tool'), { recursive: true }); // a folder of that name
  const searchPath = [path.join(scratch, 'nothing'), path.join(scratch, 'first'), bin].join(path.delimiter);
  expect(await findExecutable('tool', '/', searchPath)).toBe(file);
  expect(await findExecutable('./tool', bin, '')).toBe(file);
  expect(await findExecutable('tool', bin, '')).toBeUndefined();
  expect(await findExecutable('', bin, bin)).toBeUndefined();
});

describe('packageFolders', () => {
  const site = path.join(scratch, 'site');
  mkdirSync(path.join(site, 'pkg', 'sub'), { recursive: true });
  // Looking it up must not run it.
  writeFileSync(path.join(site, 'pkg', '__init__.py'), 'raise SystemExit("imported")\n');
  writeFileSync(path.join(site, 'single.py'), 'raise SystemExit("imported")\n');

  it('asks the interpreter where a package or a single file lies', async () => {
    expect(await packageFolders('python3', 'pkg.sub.module', site, false)).toEqual([path.join(site, 'pkg')]);
    expect(await packageFolders('python3', 'single', site, false)).toEqual([path.join(site, 'single.py')]);
    expect(await packageFolders('python3', 'absent_package', site, false)).toEqual([]);
    expect(await packageFolders('/no/such/python', 'pkg', site, false)).toEqual([]);
  });

  it('does not look into the working directory for a console script', async () => {
    expect(await packageFolders('python3', 'pkg', site, true)).toEqual([]);
  });
});
