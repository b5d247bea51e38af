import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/common/problem';
import { SampleTable, decodeSamplesHeader } from '../../../src/trace/formats/samples';
import { sampleBlock, sampleHeader, type HandRecord } from '../runs/sampleFile';
import { random } from './helpers';

const fixtures = path.resolve(import.meta.dirname, '../../fixtures/samples');
const golden = readFileSync(path.join(fixtures, 'samples-0.bin'));
const expected = JSON.parse(readFileSync(path.join(fixtures, 'samples.json'), 'utf8')) as {
  header: { headerBytes: number; tickNs: number; pid: number; perfNs: string; unixNs: string; intervalUs: number }; // prettier-ignore
  wholeBytes: number;
  records: HandRecord[];
};

/** Everything that a table says, with stacks spelled out. */
function told(table: SampleTable): object {
  const spelled = (stack: number): string[] => {
    if (stack < 2) return stack === 1 ? ['…'] : [];
    const code = table.codes[table.code[stack]!];
    return [...spelled(table.caller[stack]!), `${code?.name}:${table.line[stack]}`];
  };
  return {
    files: table.files,
    codes: table.codes,
    threads: table.threads,
    runs: Array.from({ length: table.runs }, (_, row) => [
      table.runThread[row]!,
      spelled(table.runStack[row]!).join(' '),
      table.begin[row]!,
      table.end[row]!,
    ]),
    open: table
      .openRuns()
      .map(({ thread, stack, begin, end }) => [thread, spelled(stack).join(' '), begin, end]),
    sums: table.sums.map(({ thread, stack, ticks }) => [thread, spelled(stack).join(' '), ticks]),
    until: table.until,
  };
}

function decoded(bytes: Uint8Array): SampleTable {
  const table = new SampleTable();
  const header = decodeSamplesHeader(bytes, 'samples-0.bin');
  if (header) table.decode(bytes.subarray(header.headerBytes), 'samples-0.bin', header.headerBytes);
  return table;
}

const blocks = (...records: (readonly HandRecord[])[]): Buffer =>
  Buffer.concat([sampleHeader(), ...records.map(sampleBlock)]);

describe('the file that the writer makes', () => {
  it('has the header that Python reads', () => {
    const header = decodeSamplesHeader(golden, 'samples-0.bin')!;
    expect({ ...header, perfNs: String(header.perfNs), unixNs: String(header.unixNs) }).toEqual(
      expected.header,
    );
  });

  it('decodes to what its records say, up to the block that was not finished', () => {
    const table = new SampleTable();
    const rest = golden.subarray(64);
    expect(table.decode(rest, 'samples-0.bin', 64)).toBe(expected.wholeBytes - 64);
    expect(table.decode(rest.subarray(expected.wholeBytes - 64), 'samples-0.bin')).toBe(0);
    expect(told(table)).toEqual({
      files: [
        { path: '/home/user/project/main.py', real: '/home/user/project/main.py', ours: false },
        { path: '/usr/lib/python3.11/lïbrary.py', real: '/usr/lib/python3.11/lïbrary.py', ours: false },
        {
          path: '/opt/extension/media/python/predictscope/record.py',
          real: '/opt/extension/media/python/predictscope/record.py',
          ours: true,
        },
      ],
      codes: [
        { file: 0, firstLine: 1, name: 'outer' },
        { file: 0, firstLine: 5, name: 'inner' },
        { file: 1, firstLine: 9, name: 'library' },
        { file: 2, firstLine: 9, name: 'library' },
      ],
      threads: [
        { nativeId: 4242, ident: 140_000_000_000_000, name: 'MainThread' },
        { nativeId: 4243, ident: 140_000_000_000_001, name: 'wörker' },
      ],
      runs: [
        [0, 'outer:2', 0, 5000],
        [1, '… inner:6 inner:6 inner:6', 5000, 2_000_000],
        [0, 'outer:2 inner:6 library:10', 5000, 2_100_000],
        [0, 'outer:2 library:10', 2_100_000, 2_200_000],
        [0, 'outer:2', 4_000_000, 4_500_000],
      ],
      open: [],
      sums: [[0, 'outer:2 inner:6 library:10', 1_234_568]],
      until: 4_500_000,
    });
  });

  it('is what the records of samples.json make', () => {
    const whole = decoded(Buffer.concat([golden.subarray(0, 64), sampleBlock(expected.records)]));
    expect(told(whole)).toEqual(told(decoded(golden)));
  });
});

describe('SampleTable', () => {
  const one: HandRecord[] = [
    ['thread', 7, 70, 'MainThread'],
    ['file', 0, '/w/a.py'],
    ['code', 1, 1, 'f'],
    ['stack', 0, 1, 3],
    ['change', 10, 1, 2],
    ['mark', 90],
  ];

  it('lets a thread be where it was until the last mark', () => {
    const table = decoded(blocks(one, [['mark', 400]]));
    expect(told(table)).toMatchObject({ runs: [], open: [[0, 'f:3', 10, 500]], until: 500 });
  });

  it('survives a cut at every byte: what whole blocks say, and no more', () => {
    const whole = blocks(one, [['change', 5, 1, 0]], [['change', 5, 1, 2], ['mark', 5]]); // prettier-ignore
    const versions = new Set<string>();
    for (let length = 0; length <= whole.length; length++) {
      versions.add(JSON.stringify(told(decoded(whole.subarray(0, length)))));
    }
    expect(versions.size).toBe(4);
  });

  it('gives the same in pieces', () => {
    const next = random(5);
    for (let round = 0; round < 200; round++) {
      const table = new SampleTable();
      let from = 64;
      for (let to = 64; to < golden.length;) {
        to = Math.min(golden.length, to + Math.floor(next() * 100));
        from += table.decode(golden.subarray(from, to), 'f', from);
      }
      expect(told(table)).toEqual(told(decoded(golden)));
    }
  });

  it('says where damage is, and keeps what lay before it', () => {
    const bytes = blocks(one, [['mark', 400]]);
    bytes[bytes.length - 1]! ^= 1;
    const table = new SampleTable();
    const damage = (): number => table.decode(bytes.subarray(64), '/log/samples-0.bin', 64);
    expect(damage).toThrow(UserError);
    expect(damage).toThrow(/\/log\/samples-0\.bin is damaged at byte \d+ \(its checksum does not fit\)/);
    expect(told(table)).toMatchObject({ until: 200 }); // the sound block was taken twice
  });

  it('refuses another format and a damaged header', () => {
    expect(decodeSamplesHeader(new Uint8Array(64), 'f')).toBeUndefined();
    expect(decodeSamplesHeader(sampleHeader().subarray(0, 43), 'f')).toBeUndefined();
    expect(() => decodeSamplesHeader(Buffer.alloc(64, 'PSCALL1\n'), 'a/samples-0.bin')).toThrow(
      /a\/samples-0\.bin does not hold line samples/,
    );
    for (const [offset, value] of [[8, 0], [8, 0xffffffff], [12, 0]] as const) {
      const bytes = sampleHeader();
      bytes.writeUInt32LE(value, offset);
      expect(() => decodeSamplesHeader(bytes, 'f')).toThrow(/damaged header/);
    } // prettier-ignore
  });

  it('takes references to what was never defined for unknown', () => {
    const table = decoded(
      blocks([
        ['code', 9, 1, 'f'],
        ['stack', 77, 5, 3],
        ['real', 4, '/x'],
        ['change', 1, 3, 2],
        ['thread', 1, 1, 't'],
        ['change', 1, 1, 99],
        ['total', 1, 99, 5],
        ['total', 8, 2, 5],
        ['mark', 1],
      ]),
    );
    expect(told(table)).toMatchObject({ codes: [{ file: -1 }], runs: [], open: [], sums: [] });
    expect([table.caller[2], table.code[2]]).toEqual([0, -1]);
  });

  it('skips the rest of a block behind a record of a kind to come', () => {
    const later = Buffer.concat([sampleBlock([['mark', 7]]).subarray(8), Buffer.from([60, 1, 2, 3])]);
    const block = Buffer.concat([Buffer.alloc(8), later]);
    block.writeUInt32LE(later.length, 0);
    block.writeUInt32LE(sampleCrc(later), 4);
    const table = decoded(Buffer.concat([blocks(one), block, sampleBlock([['mark', 3]])]));
    expect(table.until).toBe(110);
  });

  it('throws nothing but a UserError at random bytes', () => {
    const next = random(20261122);
    for (let round = 0; round < 2000; round++) {
      const body = Buffer.alloc(Math.floor(next() * 200));
      for (let i = 0; i < body.length; i++) body[i] = Math.floor(next() * (next() < 0.5 ? 12 : 256));
      const block = Buffer.concat([Buffer.alloc(8), body]);
      block.writeUInt32LE(body.length, 0);
      block.writeUInt32LE(round % 8 === 0 ? 0 : sampleCrc(body), 4);
      try {
        told(decoded(Buffer.concat([sampleHeader(), block])));
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
      }
    }
  });
});

function sampleCrc(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
