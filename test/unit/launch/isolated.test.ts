import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { throughLauncher } from '../../../src/launch/isolated';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'isolated-'));
});
afterAll(() => rm(folder, { recursive: true }));

const through = async (line: string): Promise<string> =>
  (await throughLauncher(line.split(' '), folder, 'L')).join(' ');

describe('a program whose Python ignores the environment', () => {
  it.each([
    ['python -E main.py -E', 'python -E L main.py -E'],
    ['python3.11 -u -I -m pkg a', 'python3.11 -u -I L -m pkg a'],
    ['/usr/bin/python -sES -W error -c pass', '/usr/bin/python -sES -W error L -c pass'],
    ['conda run -n env python -I main.py', 'conda run -n env python -I L main.py'],
  ])('%s is started through the launcher', async (line, started) => {
    expect(await through(line)).toBe(started);
  });

  it.each([
    'python main.py -E',
    'python -W E main.py',
    'python -E -',
    'python -m pkg -I',
    'sh -E x',
    'python',
  ])('%s stays as it is', async (line) => {
    expect(await through(line)).toBe(line);
  });

  it('looks at the first line of a script', async () => {
    const script = async (name: string, head: string): Promise<string> => {
      const file = path.join(folder, name);
      await writeFile(file, `${head}\nprint(1)\n`);
      await chmod(file, 0o755);
      return file;
    };
    const isolated = await script('one', '#!/usr/bin/python3 -Es');
    expect(await through(`${isolated} a b`)).toBe(`/usr/bin/python3 -Es L ${isolated} a b`);
    const plain = await script('two', '#!/usr/bin/env python3');
    expect(await through(`${plain} -E`)).toBe(`${plain} -E`);
  });
});
