import { utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Asks the processes of a run to stop recording; the program goes on. */
export async function askToStop(directory: string): Promise<void> {
  await writeFile(path.join(directory, 'stop'), '');
}

/** Asks them for one more trace window: each new time of change of the file is one request. */
export async function askForTrace(directory: string): Promise<void> {
  const file = path.join(directory, 'capture');
  await writeFile(file, '');
  const now = new Date();
  await utimes(file, now, now); // writing nothing into an empty file may leave its time as it was
}
