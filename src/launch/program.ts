import { constants } from 'node:fs';
import { access, open, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { recognise } from './commandLine';

/** What Python will run, as far as a command line tells. */
export type PythonProgram =
  | { kind: 'script'; interpreter: string; file: string }
  | { kind: 'module'; interpreter: string; module: string }
  | { kind: 'console'; interpreter: string; file: string; module: string }
  /** `-c`, standard input, a .pyc file: nothing that a finder could read. */
  | { kind: 'sourceless'; interpreter: string }
  | { kind: 'other'; interpreter: string | undefined };

const pythonName = /^(python|pypy)\d*(\.\d+)*w?(\.exe)?$/i;
/** Options of `python` that take the next word. */
const valued = new Set(['-W', '-X', '--check-hash-based-pycs']);

/** Reads the command line and, for a console script, the script. Touches nothing else. */
export async function pythonProgram(
  words: readonly string[],
  cwd: string,
  searchPath = process.env.PATH ?? '',
): Promise<PythonProgram> {
  const rest = words.slice(recognise(words).start);
  const first = rest[0] ?? '';
  if (pythonName.test(path.basename(first))) return afterInterpreter(rest, cwd);
  const file = await findExecutable(first, cwd, searchPath);
  return file === undefined ? { kind: 'other', interpreter: undefined } : consoleScript(file);
}

function afterInterpreter(words: readonly string[], cwd: string): PythonProgram {
  const interpreter = words[0]!;
  for (let i = 1; i < words.length; i++) {
    const word = words[i]!;
    const module = /^-[bBdEhiIOPqsSuvx]*m(.*)$/.exec(word);
    if (module) {
      const name = module[1] || words[i + 1];
      return name ? { kind: 'module', interpreter, module: name } : { kind: 'other', interpreter };
    }
    if (word === '-' || /^-[bBdEhiIOPqsSuvx]*c/.test(word)) return { kind: 'sourceless', interpreter };
    if (valued.has(word)) i++;
    else if (word.endsWith('.pyc')) return { kind: 'sourceless', interpreter };
    else if (!word.startsWith('-')) return { kind: 'script', interpreter, file: path.resolve(cwd, word) };
  }
  return { kind: 'sourceless', interpreter };
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

/** A script whose first line names Python; pip writes `from MODULE import FUNCTION` into console scripts. */
async function consoleScript(file: string): Promise<PythonProgram> {
  const text = await scriptText(file);
  if (text === undefined) return { kind: 'other', interpreter: undefined };
  // Long interpreter paths are written as a shell line below `#!/bin/sh`: '''exec' /path/python "$0" "$@".
  const shebang = /^#!\s*(?:\S*\/env\s+(?:-S\s+)?)?(\S*(?:python|pypy)[\d.]*)(?=\s)/.exec(text)?.[1];
  const exec = /^'''exec'\s+"?([^"\n]*?(?:python|pypy)[\d.]*)"?\s/m.exec(text)?.[1];
  const interpreter = exec ?? shebang;
  if (!interpreter) return { kind: 'other', interpreter: undefined };
  const module = entryModule(text);
  if (module) return { kind: 'console', interpreter, file: await realpath(file), module };
  return { kind: 'script', interpreter, file: await realpath(file) };
}

/** The text of a file that begins with `#!`; undefined for any other, and for one that cannot be read. */
async function scriptText(file: string): Promise<string | undefined> {
  try {
    const handle = await open(file, 'r');
    const head = Buffer.alloc(2);
    await handle.read(head, 0, 2, 0).finally(() => handle.close());
    return head.toString('latin1') === '#!' ? await readFile(file, 'utf8') : undefined;
  } catch {
    return undefined; // some programs may be executed and not read
  }
}

/**
 * The module whose function a generated script calls: `from M import f` … `sys.exit(f())`. A program of
 * the user's own imports much by `from`, and is itself what runs.
 */
function entryModule(text: string): string | undefined {
  const called = /\bsys\.exit\(\s*(\w+)(?:\.\w+)*\(\s*\)\s*\)/.exec(text)?.[1];
  if (called === undefined) return undefined;
  for (const [, module, name] of text.matchAll(/^\s*from\s+([\w.]+)\s+import\s+(\w+)[ \t]*$/gm)) {
    if (name === called) return module;
  }
  return undefined;
}
