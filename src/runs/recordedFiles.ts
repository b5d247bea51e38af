/**
 * `files.json`: what a run left behind when it ended, so that a copy that lost something, or a file that was changed,
 * is known as such and gives no wrong figure. Written by the host; absent where nobody saw the end.
 */
import { createReadStream } from 'node:fs';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import type { Bytes } from '../common/units';

export const filesFormat = 'predictscope.files/1';
const fileName = 'files.json';

export interface RecordedFile {
  /** Below the run directory, with `/`. */
  path: string;
  bytes: Bytes;
  crc32: number;
}

/** What is not as it was. */
export interface LostFile {
  path: string;
  what: 'missing' | 'changed';
}

/** What the user may change later, what is only asked for, what has its own sums, and this list itself. */
const leftOut = /^(run\.json|files\.json|notes\.json|stop|capture|sources\.json|sources\/.*)$/;

/** Notes the files of a run that has ended. Throws what the file system throws. */
export async function writeRecordedFiles(directory: string): Promise<void> {
  const files: RecordedFile[] = [];
  for (const file of await filesBelow(directory)) {
    const full = path.join(directory, file);
    files.push({ path: file, bytes: (await stat(full)).size, crc32: await checksum(full) });
  }
  await writeFile(path.join(directory, fileName), JSON.stringify({ format: filesFormat, files }));
}

/** What the run left, as it was noted; undefined when that was not, `damaged` when the list cannot be read. */
export async function readRecordedFiles(directory: string): Promise<RecordedFile[] | 'damaged' | undefined> {
  let text: string;
  try {
    text = await readFile(path.join(directory, fileName), 'utf8');
  } catch {
    return undefined;
  }
  try {
    const value = JSON.parse(text) as { format?: unknown; files?: unknown };
    if (value.format !== filesFormat || !Array.isArray(value.files) || !value.files.every(isRecordedFile))
      return 'damaged';
    return value.files;
  } catch {
    return 'damaged';
  }
}

/** Compares the files that `wanted` accepts with what was noted. */
export async function lostFiles(
  directory: string,
  recorded: readonly RecordedFile[],
  wanted: (file: RecordedFile) => boolean,
): Promise<LostFile[]> {
  const lost: LostFile[] = [];
  for (const file of recorded.filter(wanted)) {
    const full = path.join(directory, file.path);
    const found = await stat(full).catch(() => undefined);
    if (!found?.isFile()) lost.push({ path: file.path, what: 'missing' });
    else if (found.size !== file.bytes || (await checksum(full)) !== file.crc32)
      lost.push({ path: file.path, what: 'changed' });
  }
  return lost;
}

/** Files of framework traces: they may be large, and are only looked at by whoever reads them. */
export function isTraceFile({ path: file }: Pick<RecordedFile, 'path'>): boolean {
  return /^[^/]+\/(trace-\d+|onnxruntime)\//.test(file);
}

async function checksum(file: string): Promise<number> {
  let sum = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    sum = crc32(chunk as Buffer, sum);
  }
  return sum;
}

async function filesBelow(directory: string, below = ''): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(path.join(directory, below), { withFileTypes: true })) {
    const name = below ? `${below}/${entry.name}` : entry.name;
    if (entry.isDirectory()) found.push(...(await filesBelow(directory, name)));
    else if (entry.isFile() && !leftOut.test(name) && !entry.name.startsWith('.')) found.push(name);
  }
  return found.sort();
}

function isRecordedFile(value: unknown): value is RecordedFile {
  const file = value as Partial<RecordedFile> | null;
  return (
    typeof file === 'object' &&
    typeof file?.path === 'string' &&
    !path.isAbsolute(file.path) &&
    !file.path.split(/[\\/]/).includes('..') &&
    Number.isSafeInteger(file.bytes) &&
    Number.isSafeInteger(file.crc32)
  );
}
