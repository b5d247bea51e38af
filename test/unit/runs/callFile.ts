/** Makes `calls-N.bin` by hand, straight from docs/run-directory.md and not by way of the decoder's names. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';

export const recordedRun = path.resolve(
  import.meta.dirname,
  '../../fixtures/runs/recorded/20261121T141502Z-ab12',
);

/** A folder for the calling test file, removed after its last test. */
export function scratchFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'predictscope-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface HandSlot {
  kind: number;
  begin: bigint;
  end?: bigint;
  thread?: bigint;
  site?: number;
  shape?: number;
  parent?: number;
  flags?: number;
}

const unnumbered = 2n ** 64n - 1n;

export function callHeader(
  options: { pid?: bigint; perfNs?: bigint; unixNs?: bigint; first?: bigint | undefined } = {},
): Buffer {
  const bytes = Buffer.alloc(4096);
  bytes.write('PSCALL1\n', 0, 'latin1');
  bytes.writeUInt32LE(4096, 8);
  bytes.writeUInt32LE(48, 12);
  bytes.writeBigUInt64LE(options.pid ?? 42n, 16);
  bytes.writeBigUInt64LE(options.perfNs ?? 0n, 24);
  bytes.writeBigUInt64LE(options.unixNs ?? 0n, 32);
  bytes.writeBigUInt64LE('first' in options ? (options.first ?? unnumbered) : 0n, 40);
  return bytes;
}

export function callSlot(slot: HandSlot): Buffer {
  const bytes = Buffer.alloc(48);
  bytes.writeBigUInt64LE(slot.begin, 0);
  bytes.writeBigUInt64LE(slot.end ?? 0n, 8);
  bytes.writeBigUInt64LE(slot.thread ?? 1n, 16);
  bytes.writeUInt32LE(slot.site ?? 0, 32);
  bytes.writeUInt32LE(slot.shape ?? 0, 36);
  bytes.writeUInt32LE((slot.parent ?? -1) + 1, 40);
  bytes.writeUInt16LE(slot.flags ?? 0, 44);
  bytes.writeUInt8(slot.kind, 47);
  return bytes;
}

/** A pre-allocated file as the recorder makes it; `undefined` leaves a slot empty. */
export function callFile(
  header: Buffer,
  slots: readonly (HandSlot | undefined)[],
  room = slots.length,
): Buffer {
  const bytes = Buffer.alloc(4096 + 48 * Math.max(room, slots.length));
  header.copy(bytes);
  for (const [i, slot] of slots.entries()) if (slot) callSlot(slot).copy(bytes, 4096 + 48 * i);
  return bytes;
}

export const processLine = (record: { perfNs?: bigint; unixNs?: bigint; pid?: number } = {}): string =>
  `${JSON.stringify({
    t: 'process',
    pid: record.pid ?? 42,
    ppid: 1,
    host: 'box',
    argv: ['python', 'main.py'],
    python: '3.11.7',
    executable: '/usr/bin/python3',
    rank: null,
    unixNs: String(record.unixNs ?? 1_700_000_000_000_000_000n),
    perfNs: String(record.perfNs ?? 1000n),
  })}\n`;

/** A process folder with an event file and call files. */
export function processFolder(
  run: string,
  name: string,
  lines: string,
  files: readonly Uint8Array[] = [],
): string {
  const folder = path.join(run, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'process.jsonl'), lines);
  for (const [i, bytes] of files.entries()) writeFileSync(path.join(folder, `calls-${i}.bin`), bytes);
  return folder;
}
