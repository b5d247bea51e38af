/** Makes `samples-0.bin` by hand, straight from docs/run-directory.md and not by way of the decoder's names. */
import { crc32 } from 'node:zlib';

/** A number as LEB128, a text with its length in front. */
export function part(value: number | string): number[] {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value, 'utf8');
    return [...part(bytes.length), ...bytes];
  }
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return [...bytes, value];
}

const kinds = ['', 'file', 'code', 'stack', 'thread', 'change', 'mark', 'total', 'pause', 'real'];

/** A record as the fixture's samples.json has it: its kind, then its values. */
export type HandRecord = readonly [kind: string, ...values: (number | string)[]];

export function sampleBlock(records: readonly HandRecord[]): Buffer {
  const bytes = records.flatMap(([kind, ...values]) => [kinds.indexOf(kind), ...values.flatMap(part)]);
  const block = Buffer.alloc(8 + bytes.length);
  block.writeUInt32LE(bytes.length, 0);
  block.writeUInt32LE(crc32(Buffer.from(bytes)), 4);
  block.set(bytes, 8);
  return block;
}

export function sampleHeader(perfNs = 0n): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.write('PSSAMP1\n', 0, 'latin1');
  bytes.writeUInt32LE(64, 8);
  bytes.writeUInt32LE(1000, 12);
  bytes.writeBigUInt64LE(42n, 16);
  bytes.writeBigUInt64LE(perfNs, 24);
  bytes.writeBigUInt64LE(1_700_000_000_000_000_000n, 32);
  bytes.writeUInt32LE(5000, 40);
  return bytes;
}
