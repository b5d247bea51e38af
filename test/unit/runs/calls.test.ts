import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/common/problem';
import { decodeHeader, decodeSlot, emptySlot, type Slot } from '../../../src/trace/formats/calls';
import { random } from '../trace/helpers';
import { callFile, callHeader, callSlot, recordedRun } from './callFile';

const folders = readdirSync(recordedRun).filter((name) => name.startsWith('host-'));

/** Every written slot of a whole file. */
function decodeFile(bytes: Uint8Array, origin: bigint): (Slot & { at: number })[] {
  const header = decodeHeader(bytes, 'calls-0.bin');
  if (!header) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const slots: (Slot & { at: number })[] = [];
  const count = Math.floor((bytes.length - header.headerBytes) / header.slotBytes);
  for (let at = 0; at < count; at++) {
    const slot = emptySlot();
    decodeSlot(view, header.headerBytes + at * header.slotBytes, origin, slot);
    if (slot.kind !== 0) slots.push({ ...slot, at });
  }
  return slots;
}

interface Golden {
  header: {
    perfNs: string;
    unixNs: string;
    pid: number;
    firstSlot: number;
    headerBytes: number;
    slotBytes: number;
  };
  slots: { begin: string; end: string; thread: number; site: number; shape: number; parent: number; flags: number; kind: number; at: number }[]; // prettier-ignore
}

describe.each(folders)('the recorded file of %s', (folder) => {
  const bytes = readFileSync(path.join(recordedRun, folder, 'calls-0.bin'));
  const golden = JSON.parse(readFileSync(path.join(recordedRun, folder, 'slots.json'), 'utf8')) as Golden;

  it('decodes to what Python decodes', () => {
    const header = decodeHeader(bytes, 'calls-0.bin')!;
    expect({ ...header, perfNs: String(header.perfNs), unixNs: String(header.unixNs) }).toEqual(
      golden.header,
    );
    const origin = header.perfNs;
    const since = (ns: string): number => Number(BigInt(ns) - origin);
    const expected = golden.slots.map((slot) => ({
      at: slot.at,
      kind: slot.kind,
      beginNs: since(slot.begin),
      endNs: slot.kind === 3 ? since(slot.begin) : slot.end === '0' ? NaN : since(slot.end),
      thread: slot.thread,
      site: slot.site,
      shape: slot.shape,
      parent: slot.parent - 1,
      flags: slot.flags,
      unixNs: slot.kind === 3 ? BigInt(slot.end) : 0n,
    }));
    expect(expected.length).toBeGreaterThan(8);
    expect(decodeFile(bytes, origin)).toEqual(expected);
  });

  it('agrees with what the program itself saw', () => {
    const truth = JSON.parse(readFileSync(path.join(recordedRun, folder, 'truth.json'), 'utf8')) as {
      calls: { kind: string; before: string; after?: string; thread: number; raised: boolean }[];
    };
    const calls = decodeFile(bytes, 0n).filter((slot) => slot.kind === 1);
    expect(calls.length).toBe(truth.calls.length);
    for (const [i, seen] of truth.calls.entries()) {
      const call = calls[i]!;
      expect(call.beginNs).toBeGreaterThanOrEqual(Number(seen.before));
      expect(call.thread).toBe(seen.thread);
      expect(call.flags & 1).toBe(seen.raised ? 1 : 0);
      if (seen.after === undefined) expect(call.endNs).toBeNaN();
      else expect(call.endNs).toBeLessThanOrEqual(Number(seen.after));
      const outer = calls.find((other) => other.at === call.parent);
      if (seen.kind === 'nested') expect(outer?.site).toBe(2);
      else expect(outer).toBeUndefined();
    }
    expect(truth.calls.some((call) => call.raised)).toBe(true);
    expect(truth.calls.filter((call) => call.after === undefined).length).toBe(folder === folders[1] ? 1 : 0);
  });
});

describe('decodeSlot', () => {
  it('is exact beyond 2^53 and across a carry of the low word', () => {
    const origin = 2n ** 60n + 0xffff_fff0n;
    const begin = origin + 17n;
    const end = begin + 3_000_000_001n;
    const bytes = callSlot({ kind: 1, begin, end, thread: 2n ** 40n + 3n, site: 0xffffffff, parent: 6 });
    const slot = emptySlot();
    decodeSlot(new DataView(bytes.buffer, bytes.byteOffset, 48), 0, origin, slot);
    expect(slot.beginNs).toBe(17);
    expect(slot.endNs).toBe(3_000_000_018);
    expect(slot.thread).toBe(2 ** 40 + 3);
    expect([slot.site, slot.parent]).toEqual([0xffffffff, 6]);
  });

  it('gives times before the origin as negative', () => {
    const bytes = callSlot({ kind: 1, begin: 2n ** 33n - 5n, end: 2n ** 33n + 1n });
    const slot = emptySlot();
    decodeSlot(new DataView(bytes.buffer, bytes.byteOffset, 48), 0, 2n ** 33n, slot);
    expect([slot.beginNs, slot.endNs]).toEqual([-5, 1]);
  });

  it('keeps a clock pair’s Unix time exact', () => {
    const unix = 1_795_276_170_618_950_802n;
    const bytes = callSlot({ kind: 3, begin: 99n, end: unix });
    const slot = emptySlot();
    decodeSlot(new DataView(bytes.buffer, bytes.byteOffset, 48), 0, 9n, slot);
    expect([slot.beginNs, slot.endNs, slot.unixNs]).toEqual([90, 90, unix]);
  });
});

describe('decodeHeader', () => {
  const whole = callFile(callHeader({ perfNs: 5n }), [{ kind: 1, begin: 7n, end: 9n }]);

  it('survives a cut at every byte: nothing, or the slots that are whole', () => {
    for (let length = 0; length <= whole.length; length++) {
      const found = decodeFile(whole.subarray(0, length), 0n);
      expect(found.length, String(length)).toBe(length === whole.length ? 1 : 0);
    }
  });

  it('waits for a file that is still being made', () => {
    expect(decodeHeader(new Uint8Array(4096), 'calls-0.bin')).toBeUndefined();
    expect(decodeHeader(new Uint8Array(0), 'calls-0.bin')).toBeUndefined();
  });

  it('refuses another format with a sentence that names the file', () => {
    expect(() => decodeHeader(Buffer.alloc(64, 'SQLite format 3'), 'a/calls-3.bin')).toThrow(UserError);
    expect(() => decodeHeader(Buffer.alloc(64, 'SQLite format 3'), 'a/calls-3.bin')).toThrow(
      /a\/calls-3\.bin/,
    );
    expect(() => decodeHeader(Buffer.from('PSSAMP1\n'.padEnd(64)), 'samples-0.bin')).toThrow(UserError);
  });

  it.each([
    ['header', 8, 0],
    ['header', 8, 0xffffffff],
    ['slot', 12, 0],
    ['slot', 12, 47],
    ['slot', 12, 1 << 24],
  ])('refuses a damaged size of the %s', (_, offset, value) => {
    const bytes = Buffer.from(whole);
    bytes.writeUInt32LE(value, offset);
    expect(() => decodeHeader(bytes, 'calls-0.bin')).toThrow(/damaged header/);
  });

  it('says that slots of an append file are not numbered', () => {
    expect(decodeHeader(callHeader({ first: undefined }), 'f')!.firstSlot).toBeUndefined();
    expect(decodeHeader(callHeader({ first: 1280n }), 'f')!.firstSlot).toBe(1280);
  });

  it('throws nothing but a UserError at random bytes', () => {
    const next = random(20261121);
    for (let round = 0; round < 2000; round++) {
      const bytes = Buffer.alloc(Math.floor(next() * 300));
      for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(next() * 256);
      if (round % 2 === 0) bytes.write('PSCALL1\n', 0, 'latin1');
      if (round % 4 === 0 && bytes.length > 16) {
        bytes.writeUInt32LE(48 + Math.floor(next() * 64), 8);
        bytes.writeUInt32LE(48 + Math.floor(next() * 16), 12);
      }
      try {
        decodeFile(bytes, BigInt(Math.floor(next() * 2 ** 50)));
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
      }
    }
  });
});
