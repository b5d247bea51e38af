/** `notes.json`: what the user said about a run. The run itself is not touched by it. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

export const notesFormat = 'predictscope.notes/1';

export interface RunNotes {
  /** The user's name for the run. */
  title?: string;
  /** Stays, whatever the limits of what is kept. */
  pinned?: boolean;
}

/** Empty where the user said nothing, or the file is damaged. */
export async function readNotes(directory: string): Promise<RunNotes> {
  try {
    const value = JSON.parse(await readFile(path.join(directory, 'notes.json'), 'utf8')) as Record<
      string,
      unknown
    > | null;
    if (value?.format !== notesFormat) return {};
    const { title, pinned } = value;
    return {
      ...(typeof title === 'string' && title.trim() !== '' ? { title } : {}),
      ...(pinned === true ? { pinned } : {}),
    };
  } catch {
    return {};
  }
}

/** Replaces the notes of a run, by rename. */
export async function writeNotes(directory: string, notes: RunNotes): Promise<void> {
  const temporary = path.join(directory, `.notes.json.${process.pid}`);
  await writeFile(temporary, JSON.stringify({ format: notesFormat, ...notes }));
  await rename(temporary, path.join(directory, 'notes.json'));
}
