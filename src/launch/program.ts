import path from 'node:path';
import { localMachine } from '../targets/localMachine';
import type { Machine } from '../targets/machine';
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
  machine: Machine = localMachine(),
): Promise<PythonProgram> {
  const rest = words.slice(recognise(words).start);
  const first = rest[0] ?? '';
  if (pythonName.test(path.basename(first))) return afterInterpreter(rest, cwd);
  const file = await machine.findExecutable(first, cwd);
  return file === undefined ? { kind: 'other', interpreter: undefined } : consoleScript(file, machine);
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

/** A script whose first line names Python; pip writes `from MODULE import FUNCTION` into console scripts. */
async function consoleScript(file: string, machine: Machine): Promise<PythonProgram> {
  const script = await machine.readScript(file);
  return script === undefined ? { kind: 'other', interpreter: undefined } : programOfScript(script);
}

/** What a script runs, by its text. */
export function programOfScript({ text, real }: { text: string; real: string }): PythonProgram {
  // Long interpreter paths are written as a shell line below `#!/bin/sh`: '''exec' /path/python "$0" "$@".
  const shebang = /^#!\s*(?:\S*\/env\s+(?:-S\s+)?)?(\S*(?:python|pypy)[\d.]*)(?=\s)/.exec(text)?.[1];
  const exec = /^'''exec'\s+"?([^"\n]*?(?:python|pypy)[\d.]*)"?\s/m.exec(text)?.[1];
  const interpreter = exec ?? shebang;
  if (!interpreter) return { kind: 'other', interpreter: undefined };
  const module = entryModule(text);
  if (module) return { kind: 'console', interpreter, file: real, module };
  return { kind: 'script', interpreter, file: real };
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
