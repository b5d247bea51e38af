/** Takes out of a report what tells of the machine and the data: absolute paths, and the program's arguments. */
import path from 'node:path';
import { homedir } from 'node:os';
import type { RunSummary } from '../../insight/runSummary';

/** `/a/b/c.py`, `C:\a\b`, `\\server\share`: what a program would call an absolute path. */
const absolutePath =
  /(?<![\p{L}\p{N}_.:/\\<-])(?:\/(?:[\p{L}\p{N}_.@+~-]+\/)*[\p{L}\p{N}_.@+~-]+\/?|[A-Za-z]:[\\/](?:[\p{L}\p{N}_.@+~ -]+[\\/])*[\p{L}\p{N}_.@+~-]*|\\\\[\p{L}\p{N}_.-]+\\[^\s"'<>|]*)/gu;

/** A text with absolute paths cut down to their last name; those below `root` are told from it on. */
export function withoutPaths(text: string, root: string): string {
  const below = (folder: string): string => (folder.endsWith(path.sep) ? folder : folder + path.sep);
  let rest = root.length > 1 ? text.replaceAll(below(root), '') : text;
  // Homes first, since their names may hold what the expression does not take for a path's: a space.
  for (const folder of [process.cwd(), homedir()])
    if (folder.length > 1) rest = rest.replaceAll(below(folder), path.parse(folder).root);
  return rest.replace(absolutePath, (found) => {
    const name =
      found
        .replace(/[\\/]+$/, '')
        .split(/[\\/]/)
        .pop() ?? '';
    return `…/${name}`;
  });
}

/**
 * The summary without absolute paths and arguments. The files of sites and lines are told from the root on; the command
 * is the program and what it runs, with `…` for its arguments.
 */
export function anonymous(summary: RunSummary, root: string): RunSummary {
  const { command } = summary.run;
  const shown = command.slice(0, 1 + command.findIndex((word) => /\.py$|^-m$|^-c$/.test(word)));
  const words = shown.length > 0 ? shown : command.slice(0, 1);
  if (words.at(-1) === '-m' && command[words.length] !== undefined) words.push(command[words.length]!);
  const left = command.length > words.length ? [...words, '…'] : words;
  const clean = <T>(value: T): T => {
    if (typeof value === 'string') return withoutPaths(value, root) as T;
    if (Array.isArray(value)) return value.map((each: unknown) => clean(each)) as T;
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(
        Object.entries(value).map(([key, each]) => [key, clean(each as unknown)]),
      ) as T;
    return value;
  };
  return clean({ ...summary, run: { ...summary.run, command: left } });
}
