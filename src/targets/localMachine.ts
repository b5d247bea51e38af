import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, open, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Machine } from './machine';

const run = promisify(execFile);

/** This machine. `searchPath`: the folders that a command without a path is looked for in. */
export function localMachine(searchPath = process.env.PATH ?? ''): Machine {
  return {
    findExecutable: (word, cwd) => findExecutable(word, cwd, searchPath),
    readScript: scriptText,
    async ask([program = '', ...args], cwd, timeout = 20_000) {
      const environment: NodeJS.ProcessEnv = { ...process.env };
      delete environment.PREDICTSCOPE_RUN;
      delete environment.PREDICTSCOPE_LOG;
      const { stdout } = await run(program, args, {
        cwd,
        env: environment,
        timeout,
        windowsHide: true,
      });
      return stdout;
    },
    bring: (file) => Promise.resolve(file),
  };
}

/** The file that a shell would start for this word. */
export async function findExecutable(
  word: string,
  cwd: string,
  searchPath: string,
): Promise<string | undefined> {
  if (!word) return undefined;
  const candidates = /[\\/]/.test(word)
    ? [path.resolve(cwd, word)]
    : searchPath
        .split(path.delimiter)
        .filter(Boolean)
        .map((directory) => path.join(directory, word));
  for (const candidate of candidates) {
    try {
      await access(candidate, constants.X_OK);
      if ((await stat(candidate)).isFile()) return candidate;
    } catch {
      // look further
    }
  }
  return undefined;
}

async function scriptText(file: string): Promise<{ text: string; real: string } | undefined> {
  try {
    const handle = await open(file, 'r');
    const head = Buffer.alloc(2);
    await handle.read(head, 0, 2, 0).finally(() => handle.close());
    if (head.toString('latin1') !== '#!') return undefined;
    return { text: await readFile(file, 'utf8'), real: await realpath(file) };
  } catch {
    return undefined; // some programs may be executed and not read
  }
}
