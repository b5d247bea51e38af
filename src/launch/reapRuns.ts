import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { isRunName, readRunRecord, writeRunRecord } from '../runs/runRecord';
import { isAlive } from '../targets/localProcess';
import type { ContainerRef } from '../targets/target';

/**
 * Looks for runs in containers whose watcher was killed, or whose engine was away at their end, and has what they left
 * there taken away: `take` brings what had been recorded and removes the rest; false when it could not, so that it is
 * tried again.
 */
export async function reapRuns(
  logDirectory: string,
  take: (directory: string, container: ContainerRef) => Promise<boolean>,
): Promise<void> {
  for (const name of await readdir(logDirectory).catch(() => [])) {
    if (!isRunName(name)) continue;
    const directory = path.join(logDirectory, name);
    const record = await readRunRecord(directory);
    const { ref } = record ?? {};
    if (!record || !ref?.container || isAlive(ref)) continue;
    if (record.state !== 'running' && !ref.container.left) continue;
    if (!(await take(directory, ref.container))) continue;
    delete ref.container;
    await writeRunRecord(directory, record);
  }
}
