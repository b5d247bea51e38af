import { lstat, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Bytes } from '../common/units';
import { readNotes } from './notes';
import { isRunName } from './runRecord';

export interface Limits {
  keepRuns: number;
  keepBytes: Bytes;
}

/** Size of a folder's files; links are counted as themselves and not followed. */
export async function folderBytes(directory: string): Promise<Bytes> {
  let total = 0;
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) total += await folderBytes(file);
    else total += (await lstat(file).catch(() => undefined))?.size ?? 0;
  }
  return total;
}

/**
 * The runs to remove, oldest first, so that the newest `keepRuns` stay and together take at most
 * `keepBytes`; the newest one and those in `keep` (running, pinned) always stay.
 */
export function runsToRemove(
  runs: readonly { name: string; bytes: Bytes }[],
  limits: Limits,
  keep: ReadonlySet<string>,
): string[] {
  const newestFirst = [...runs].sort((a, b) => (a.name < b.name ? 1 : -1));
  const remove: string[] = [];
  let bytes = 0;
  let kept = 0;
  let full = false;
  for (const run of newestFirst) {
    const stays = keep.has(run.name) || kept === 0;
    // From the first one that does not fit, all older ones go: never a newer run before an older one.
    full ||= !stays && (kept >= limits.keepRuns || bytes + run.bytes > limits.keepBytes);
    if (stays || !full) {
      kept++;
      bytes += run.bytes;
    } else {
      remove.push(run.name);
    }
  }
  return remove.reverse();
}

/**
 * Applies the limits to a log directory. Touches only folders that carry a run's name and hold a run; those that
 * the user pinned stay.
 */
export async function applyRetention(
  logDirectory: string,
  limits: Limits,
  keep: ReadonlySet<string>,
): Promise<string[]> {
  const runs: { name: string; bytes: Bytes }[] = [];
  const stay = new Set(keep);
  for (const entry of await readdir(logDirectory, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory() || !isRunName(entry.name)) continue;
    const directory = path.join(logDirectory, entry.name);
    const names: string[] = await readdir(directory).catch(() => []);
    if (!names.includes('run.json') && !names.includes('config.json')) continue;
    if ((await readNotes(directory)).pinned) stay.add(entry.name);
    runs.push({ name: entry.name, bytes: await folderBytes(directory) });
  }
  const remove = runsToRemove(runs, limits, stay);
  for (const name of remove) await rm(path.join(logDirectory, name), { recursive: true, force: true });
  return remove;
}
