import path from 'node:path';
import { localMachine } from '../targets/localMachine';
import type { Machine } from '../targets/machine';
import { recognise } from './commandLine';

const python = /^(python|pypy)\d*(\.\d+)*w?(\.exe)?$/i;
/** Options of `python` that take the next word. */
const valued = new Set(['-W', '-X', '--check-hash-based-pycs']);

/**
 * The command with our launcher between Python and the program, where Python's own options (-E, -I, -S)
 * would keep the runtime out; the command itself where they do not, and where the program is read from
 * standard input. `launcher`: media/python/launch.py as the program's machine sees it.
 */
export async function throughLauncher(
  words: readonly string[],
  cwd: string,
  launcher: string,
  machine: Machine = localMachine(),
): Promise<readonly string[]> {
  const { start } = recognise(words);
  const rest = words.slice(start);
  if (python.test(path.basename(rest[0] ?? ''))) {
    const at = isolatedFrom(rest);
    return at === undefined ? words : words.toSpliced(start + at, 0, launcher);
  }
  const file = await machine.findExecutable(rest[0] ?? '', cwd);
  const line = file === undefined ? undefined : shebang((await machine.readScript(file))?.text ?? '');
  if (!file || !line || !python.test(path.basename(line[0]!))) return words;
  const at = isolatedFrom([...line, file]);
  return at === undefined ? words : [...words.slice(0, start), ...line, launcher, file, ...rest.slice(1)];
}

/** Index of the first word that is not an option of Python's own, if one of those isolates it. */
export function isolatedFrom(words: readonly string[]): number | undefined {
  let isolated = false;
  for (let i = 1; i < words.length; i++) {
    const word = words[i]!;
    if (valued.has(word)) i++;
    else if (/^-[bBdhiOPqsuvxEIS]*[EIS][bBdhiOPqsuvxEIS]*$/.test(word)) isolated = true;
    else if (word === '-') return undefined;
    else if (!word.startsWith('-') || /^-[bBdEhiIOPqsSuvx]*[cm]/.test(word)) {
      // -Im NAME: the letters before m are Python's own.
      const joined = /^-([bBdEhiIOPqsSuvx]+)[cm]/.exec(word)?.[1] ?? '';
      return isolated && joined === '' ? i : undefined;
    }
  }
  return undefined;
}

/** Words of the `#!` line of a script; undefined where there is none. */
function shebang(text: string): string[] | undefined {
  const line = /^#!\s*(?:\S*\/env\s+(?:-S\s+)?)?([^\n]+)/.exec(text)?.[1];
  return line?.trim().split(/\s+/);
}
