import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openTrace, type TraceModel } from '../../../src/trace/engine';
import { parseMicroseconds } from '../../../src/trace/formats/json';
import { gunzip } from '../../../src/trace/formats/gunzip';
import { UserError } from '../../../src/common/problem';
import { scratch, torchFixtures } from './helpers';

const { write } = scratch();
let files = 0;

function open(content: string | Uint8Array): Promise<TraceModel> {
  return openTrace([write(`${++files}.json`, content)]);
}

/** Name, start and duration in µs of every event, by start. */
function events(model: TraceModel): [name: string, start: number, duration: number][] {
  const { start, end, name, count } = model.columns();
  const us = model.tickPs / 1e6;
  return Array.from({ length: count }, (_, i): [string, number, number] => [
    model.name(name[i]!),
    start[i]! * us,
    (end[i]! - start[i]!) * us,
  ]).sort((a, b) => a[1] - b[1]);
}

describe('torch files', () => {
  it.each([
    ['1.8', 0, 16, '1616773142000010000'],
    ['1.13', 1, 23, '1795270000000000000'],
    ['2.4', 2, 13, '1795270026000000000'],
    ['2.13', 3, 14, '1795270026000000000'],
  ])('reads the shape of torch %s', async (_version, index, count, origin) => {
    const model = await openTrace([torchFixtures[index]!]);
    expect(model.events).toBe(count);
    expect(String(model.originUnixNs)).toBe(origin);
    expect(model.files[0]!.clock).toBe(true);
  });

  it('keeps a stray mark out of the range, and says so', async () => {
    const model = await openTrace([torchFixtures[1]!]);
    expect(model.spanTicks * model.tickPs).toBe(6000e6);
    expect(model.problems.map((problem) => problem.message)).toEqual([
      "1 of the profiler's own marks lie far outside of the recording and were left out.",
    ]);
  });

  it('reads exact times, 64-bit ids, infinities, streams and flows', async () => {
    const model = await openTrace([torchFixtures[2]!]);
    expect(model.files[0]!.flows).toBe(6);
    const stream = model.tracks.find((track) => track.kind === 'stream')!;
    expect([stream.process, stream.thread]).toEqual(['GPU 0', 'stream 7']);
    const kernel = model.at(stream.index, 0, 0, model.spanTicks)!;
    expect(model.columns().start[kernel]).toBe(20_777_000);
    expect(model.detail(kernel)).toMatchObject({
      name: 'void cudnn::winograd<float>(int, "x")',
      durationTicks: 123_456_000,
    });
    const stats = model.stats(kernel);
    expect(stats.get('Comms Id')).toBe(10159970886766084423n);
    expect(stats.get('grid')).toBe('[1, 2, 3]');
    expect(stats.get('blocks per SM')).toBe('inf');
    expect(model.tracks[0]!.thread).toBe('thread 77'); // holds `predict` with step_num
  });
});

describe('phases', () => {
  it('matches begin and end events, also unbalanced ones', async () => {
    const model = await open(
      JSON.stringify([
        { ph: 'E', name: 'lost', ts: 0, pid: 1, tid: 1 },
        { ph: 'B', name: 'a', ts: 1, pid: 1, tid: 1, args: { x: 1 } },
        { ph: 'B', name: 'b', ts: 2, pid: 1, tid: 1 },
        { ph: 'E', ts: 3, pid: 1, tid: 1, args: { y: 2 } },
        { ph: 'B', name: 'inner', ts: 4, pid: 1, tid: 1 },
        { ph: 'E', name: 'a', ts: 5, pid: 1, tid: 1, args: { z: 3 } },
        { ph: 'B', name: 'open', ts: 6, pid: 1, tid: 1 },
        { ph: 'i', name: 'mark', ts: 9, pid: 1, tid: 2 },
      ]),
    );
    expect(events(model)).toEqual([
      ['a', 0, 4],
      ['b', 1, 1],
      ['inner', 3, 1],
      ['open', 5, 3],
      ['mark', 8, 0],
    ]);
    expect(model.stats(0)).toEqual(
      new Map([
        ['x', 1],
        ['z', 3],
      ]),
    );
    expect(model.problems).toHaveLength(2);
  });

  it('keeps asynchronous events by id, overlapping ones in rows of their own', async () => {
    const model = await open(
      JSON.stringify([
        { ph: 'b', cat: 'req', name: 'one', id: '0x1', ts: 0, pid: 1, tid: 1 },
        { ph: 'b', cat: 'req', name: 'two', id: 2, ts: 5, pid: 1, tid: 1 },
        { ph: 'n', cat: 'req', name: 'step', id: 2, ts: 7, pid: 1, tid: 1 },
        { ph: 'e', cat: 'req', name: 'one', id: '0x1', ts: 10, pid: 1, tid: 1 },
        { ph: 'e', cat: 'req', name: 'two', id: '2', ts: 20, pid: 1, tid: 1 },
      ]),
    );
    expect(events(model)).toEqual([
      ['one', 0, 10],
      ['two', 5, 15],
      ['step', 7, 0],
    ]);
    expect(model.tracks).toMatchObject([{ thread: 'req (async)', kind: 'async', depth: 3 }]);
  });

  it('ignores the time of metadata, and counts counters', async () => {
    const model = await open(
      '{"traceEvents":[{"ph":"M","ts":0,"pid":1,"tid":2,"name":"thread_name","args":{"name":"worker"}},' +
        '{"ph":"C","ts":1,"pid":1,"name":"c","args":{"v":1}},' +
        '{"ph":"X","ts":7e11,"dur":2.5,"pid":1,"tid":2,"name":"x"},{}]}',
    );
    expect(model.tracks[0]!.thread).toBe('worker');
    expect(model.spanTicks * model.tickPs).toBe(2.5e6);
    expect(model.files[0]!.counters).toBe(1);
    expect(model.problems).toEqual([]);
  });

  it('shows what has an impossible duration as an instant, and leaves out what has no time', async () => {
    const model = await open(
      '[{"ph":"X","name":"nodur","ts":1,"pid":1,"tid":1},{"ph":"X","name":"neg","ts":2,"dur":-5,"pid":1,"tid":1},' +
        '{"ph":"X","name":"years","ts":3,"dur":1e15,"pid":1,"tid":1},{"ph":"X","name":"nan","ts":NaN,"dur":1,"pid":1,"tid":1},' +
        '{"ph":"X","name":"text","ts":"4.5","dur":"1","pid":1,"tid":1},{"ph":"X","name":"infinite","ts":6,"dur":inf,"pid":1,"tid":1},]',
    );
    expect(events(model)).toEqual([
      ['nodur', 0, 0],
      ['neg', 1, 0],
      ['years', 2, 0],
      ['text', 3.5, 1],
      ['infinite', 5, 0],
    ]);
    expect(model.problems).toHaveLength(2);
  });

  it('reads microseconds to the picosecond', () => {
    const parse = (text: string): unknown =>
      parseMicroseconds(new TextEncoder().encode(text), 0, text.length);
    expect(parse('1795270000000123.457')).toEqual({ us: 1795270000000123, ps: 457_000 });
    expect(parse('257.8040000014007')).toEqual({ us: 257, ps: 804_000 });
    expect(parse('257.8039999999')).toEqual({ us: 257, ps: 804_000 });
    expect(parse('-0.25')).toEqual({ us: -1, ps: 750_000 });
    expect(parse('1.5e3')).toEqual({ us: 1500, ps: 0 });
    expect(parse('nan')).toBeUndefined();
    expect(parse('')).toBeUndefined();
    expect(parse('99999999999999999999')).toBeUndefined();
  });
});

describe('broken files', () => {
  const good = (name: string, ts: number): string =>
    `{"ph":"X","name":"${name}","ts":${ts},"dur":1,"pid":1,"tid":1}`;

  it('goes on after damaged events, with the offset of the first', async () => {
    const text = `{"traceEvents":[${good('a', 0)},\n${good('<built-in method "foo">', 1)},\n${good('line\nbreak', 2)},\n${good('d', 3)}]}`;
    const model = await open(text);
    expect(events(model).map(([name]) => name)).toEqual(['a', 'line\nbreak', 'd']);
    expect(model.problems).toEqual([
      {
        message: '1 damaged events were left out; the first is here.',
        offset: text.indexOf('{"ph":"X","name":"<'),
      },
    ]);
  });

  it('survives an unescaped quote within the arguments', async () => {
    const bad =
      '{"ph":"X","name":"x","ts":1,"dur":1,"pid":1,"tid":1,"args":{"Call stack":"a "b" c","n":{"m":1}}}';
    const model = await open(`[${good('a', 0)},${bad},${good('b', 2)},${bad},${good('c', 3)}]`);
    expect(events(model).map(([name]) => name)).toEqual(['a', 'b', 'c']);
  });

  it('accepts what the format allows: an open array, commas at the end', async () => {
    const model = await open(`[\n${good('a', 0)},\n${good('b', 1)},\n`);
    expect(model.events).toBe(2);
    expect(model.problems).toEqual([]);
  });

  it.each(torchFixtures)('reads what is left of %s cut anywhere', async (file) => {
    const whole = readFileSync(file);
    let before = 0;
    for (let i = 1; i <= 50; i++) {
      const cut = whole.subarray(0, Math.floor((whole.length * i) / 51));
      try {
        const model = await open(cut);
        expect(model.problems.length).toBeGreaterThan(0);
        expect(model.events).toBeGreaterThanOrEqual(before);
        before = model.events;
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        expect(before).toBe(0);
      }
    }
    expect(before).toBeGreaterThan(5);
  });

  it.each([
    ['', 'empty'],
    ['{"a": 1}', 'no "traceEvents"'],
    ['PK\u0003\u0004xx', 'zip'],
    ['SQLite format 3\0', 'SQLite'],
    ['PSCALL1\n0000', 'list of calls'],
    ['hello', 'neither'],
  ])('refuses %j with a sentence', async (content, words) => {
    await expect(open(content)).rejects.toSatisfy(
      (error) => error instanceof UserError && error.message.includes(words),
    );
  });
});

describe('gzip', () => {
  const signal = new AbortController().signal;

  it('is told by its magic, not by its name', async () => {
    const plain = readFileSync(torchFixtures[0]!);
    const packed = await openTrace([write('packed.json', gzipSync(plain))]);
    const misnamed = await openTrace([write('plain.json.gz', plain)]);
    expect(packed.events).toBe(16);
    expect(misnamed.events).toBe(16);
  });

  it('gives what was readable of a truncated or damaged file', async () => {
    const text = `[${Array.from({ length: 20_000 }, (_, i) => JSON.stringify({ ph: 'X', name: `e${i * 7919}`, ts: i, dur: 1, pid: 1, tid: 1 })).join(',')}]`;
    const packed = gzipSync(text);
    let before = 0;
    for (const share of [0.2, 0.5, 0.9, 0.999]) {
      const model = await open(packed.subarray(0, Math.floor(packed.length * share)));
      expect(model.problems[0]!.message).toContain('cut off or damaged');
      expect(model.events).toBeGreaterThan(before);
      before = model.events;
    }
    expect(before).toBeGreaterThan(19_000);
    const damaged = Uint8Array.from(packed);
    damaged.fill(0xff, packed.length / 2, packed.length / 2 + 64);
    expect((await open(damaged)).events).toBeGreaterThan(1000);
  });

  it('stops a bomb', async () => {
    const bomb = gzipSync(new Uint8Array(30 << 20));
    await expect(gunzip(bomb, 10 << 20, signal)).rejects.toThrow(/grows beyond 10.5 MB/);
  });
});
