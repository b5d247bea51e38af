/**
 * What of a run is not as it was left. A figure that rests on it is left out with the reason: a copy that lost a
 * process must not look like a shorter run.
 */
import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import type { Problem } from '../common/problem';
import { isTraceFile, lostFiles, readRecordedFiles, type LostFile, type RecordedFile } from './recordedFiles';

/** What a lost file takes with it. */
export type Losable = 'calls' | 'samples' | 'functions' | 'usage';

export interface Integrity {
  /** As noted at the run's end, for those who read traces; undefined where nobody saw it. */
  recorded: RecordedFile[] | undefined;
  lost: ReadonlyMap<Losable, LostFile[]>;
  problems: Problem[];
}

const nothingLost: Integrity = { recorded: undefined, lost: new Map(), problems: [] };

/** Checks a run that does not live any more. `listCrc32`: of the list of its files, as run.json has it. */
export async function checkRun(directory: string, listCrc32: number | undefined): Promise<Integrity> {
  const recorded = await readRecordedFiles(directory);
  if (recorded === 'damaged' || (recorded === undefined && listCrc32 !== undefined)) {
    const lost: LostFile = { path: 'files.json', what: recorded === undefined ? 'missing' : 'changed' };
    return told(undefined, [lost]);
  }
  if (recorded === undefined) return told(undefined, await structuralLoss(directory));
  if (listCrc32 !== undefined && (await listChecksum(directory)) !== listCrc32)
    return told(undefined, [{ path: 'files.json', what: 'changed' }]);
  const lost = await lostFiles(directory, recorded, (file) => !isTraceFile(file));
  const known = new Set(recorded.map(({ path: file }) => file.split('/')[0]));
  for (const name of await processFolders(directory))
    if (!known.has(name)) lost.push({ path: name, what: 'changed' });
  return told(recorded, lost);
}

/** CRC-32 of the list of a run's files, for run.json. */
export async function listChecksum(directory: string): Promise<number | undefined> {
  return readFile(path.join(directory, 'files.json')).then(
    (bytes) => crc32(bytes),
    () => undefined,
  );
}

function told(recorded: RecordedFile[] | undefined, files: readonly LostFile[]): Integrity {
  if (files.length === 0) return { ...nothingLost, recorded };
  const lost = new Map<Losable, LostFile[]>();
  for (const file of files) {
    const what = losable(file.path);
    lost.set(what, [...(lost.get(what) ?? []), file]);
  }
  const fix = 'Copy the whole folder again, or run the program again.';
  return {
    recorded,
    lost,
    problems: [...lost].map(([what, those]) => ({ message: `${names(those)}: ${leftOut[what]}`, fix })),
  };
}

const leftOut: Record<Losable, string> = {
  calls: 'this run’s figures are left out, because some of its calls may be missing.',
  samples: 'the lines that its time went to are left out.',
  functions: 'what it says of Python’s functions is left out.',
  usage: 'how busy devices and processes were is left out.',
};

function names(files: readonly LostFile[]): string {
  const shown = files
    .slice(0, 3)
    .map(({ path: file, what }) => `${file} is ${what === 'missing' ? 'missing' : 'not as the run left it'}`);
  const more = files.length - shown.length;
  return [...shown, ...(more > 0 ? [`so are ${more} more`] : [])].join(', ');
}

function losable(file: string): Losable {
  const name = path.posix.basename(file);
  if (/^samples-\d+\.bin$/.test(name)) return 'samples';
  if (/^functions-\d+\.json$/.test(name)) return 'functions';
  return file === 'usage.jsonl' ? 'usage' : 'calls';
}

const processFolder = /-\d+-\d+$/;

async function processFolders(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  return entries.filter((e) => e.isDirectory() && processFolder.test(e.name)).map(({ name }) => name);
}

/** Of a run whose end nobody saw: what its own records say that there must be. */
async function structuralLoss(directory: string): Promise<LostFile[]> {
  const lost: LostFile[] = [];
  const folders = await processFolders(directory);
  const listed = await readFile(path.join(directory, 'processes'), 'utf8').catch(() => undefined);
  for (const name of listed?.split('\n').filter(Boolean) ?? [])
    if (!folders.includes(name)) lost.push({ path: name, what: 'missing' });
  for (const folder of folders) lost.push(...(await segmentLoss(directory, folder)));
  return lost;
}

const firstSegmentBytes = 64 * 1024;
const lastSegmentBytes = 4 * 1024 * 1024;
/** Where slots are appended they are not numbered, and the file is as long as they need. */
const unnumbered = 2n ** 64n - 1n;

/** Segments are made one after the other, each with its whole size. */
async function segmentLoss(directory: string, folder: string): Promise<LostFile[]> {
  const files: string[] = await readdir(path.join(directory, folder)).catch(() => []);
  const numbers = files.flatMap((name) => /^calls-(\d+)\.bin$/.exec(name)?.[1] ?? []).map(Number);
  const lost: LostFile[] = [];
  if (numbers.length > 0 && !files.includes('process.jsonl'))
    lost.push({ path: `${folder}/process.jsonl`, what: 'missing' });
  for (let n = 0; n <= Math.max(-1, ...numbers); n++) {
    const file = `${folder}/calls-${n}.bin`;
    if (!numbers.includes(n)) {
      lost.push({ path: file, what: 'missing' });
      continue;
    }
    const full = path.join(directory, file);
    const { size } = await stat(full);
    if (size === Math.min(firstSegmentBytes * 2 ** n, lastSegmentBytes)) continue;
    if (!(await isWhole(full))) lost.push({ path: file, what: 'changed' });
  }
  return lost;
}

/** Slots are taken in order: where the last one is empty, nothing was written beyond it. */
async function isWhole(file: string): Promise<boolean> {
  const bytes = await readFile(file).catch(() => Buffer.alloc(0));
  // A header that is not there yet, or of a later version, is told by whoever reads it.
  if (bytes.length < 48 || bytes.readBigUInt64LE(40) === unnumbered) return true;
  const [headerBytes, slotBytes] = [bytes.readUInt32LE(8), bytes.readUInt32LE(12)];
  const slots = Math.floor((bytes.length - headerBytes) / slotBytes);
  return slots > 0 && bytes[headerBytes + slots * slotBytes - 1] === 0;
}
