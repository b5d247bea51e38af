import { describe, expect, it } from 'vitest';
import { openTrace } from '../../../src/trace/engine';
import { chromeTrace, random, scratch } from './helpers';

const { write } = scratch();

describe('questions', () => {
  it('finds the event at a time, the nearest within the tolerance, or none', async () => {
    const model = await openTrace([
      write(
        'at.json',
        chromeTrace([
          { name: 'a', ts: 0, dur: 10 },
          { name: 'b', ts: 20, dur: 0 },
          { name: 'c', ts: 30, dur: 5 },
        ]),
      ),
    ]);
    const us = 1e6 / model.tickPs;
    const name = (time: number, tolerance = 0): string | undefined => {
      const event = model.at(0, 0, time * us, tolerance * us);
      return event === undefined ? undefined : model.detail(event)!.name;
    };
    expect(name(5)).toBe('a');
    expect(name(15)).toBeUndefined();
    expect(name(18, 3)).toBe('b');
    expect(name(20)).toBe('b');
    expect(name(35)).toBe('c');
    expect(name(-2, 5)).toBe('a');
    expect(model.at(0, 7, 0)).toBeUndefined();
  });

  it('walks to the neighbours of an event', async () => {
    const model = await openTrace([
      write(
        'neighbours.json',
        chromeTrace([
          { name: 'outer', ts: 0, dur: 100 },
          { name: 'short', ts: 1, dur: 5 },
          { name: 'long', ts: 10, dur: 50 },
          { name: 'after', ts: 200, dur: 1 },
        ]),
      ),
    ]);
    const outer = model.at(0, 0, 0)!;
    const name = (event: number | undefined): string | undefined =>
      event === undefined ? undefined : model.detail(event)!.name;
    expect(name(model.neighbour(outer, 'child'))).toBe('long');
    expect(name(model.neighbour(model.neighbour(outer, 'child')!, 'previous'))).toBe('short');
    expect(name(model.neighbour(model.neighbour(outer, 'child')!, 'parent'))).toBe('outer');
    expect(name(model.neighbour(outer, 'next'))).toBe('after');
    expect(model.neighbour(outer, 'previous')).toBeUndefined();
    expect(model.neighbour(outer, 'parent')).toBeUndefined();
    expect(model.neighbour(-1, 'next')).toBeUndefined();
  });

  it('sums a range by name, clipped, with self times and the union', async () => {
    const model = await openTrace([
      write(
        'select.json',
        chromeTrace([
          { name: 'outer', ts: 0, dur: 100 },
          { name: 'inner', ts: 10, dur: 30 },
          { name: 'inner', ts: 60, dur: 30 },
          { name: 'other', ts: 90, dur: 100, tid: 2 },
        ]),
      ),
    ]);
    const us = 1e6 / model.tickPs;
    const result = model.select(20 * us, 150 * us, []);
    expect(result.events).toBe(4);
    expect(result.busyTicks).toBe(130 * us);
    expect(result.rows).toEqual([
      { name: 'outer', category: 'op', count: 1, totalTicks: 80 * us, selfTicks: 30 * us },
      { name: 'other', category: 'op', count: 1, totalTicks: 60 * us, selfTicks: 60 * us },
      { name: 'inner', category: 'op', count: 2, totalTicks: 50 * us, selfTicks: 50 * us },
    ]);
    expect(model.select(20 * us, 150 * us, [1]).rows.map((row) => row.name)).toEqual(['other']);
    expect(model.select(0, 1, [99])).toEqual({ rows: [], busyTicks: 0, events: 0 });
  });

  it('agrees with brute force on random ranges', async () => {
    const next = random(5);
    const events = Array.from({ length: 400 }, (_, i) => ({
      name: `n${i % 5}`,
      ts: Math.floor(next() * 10_000),
      dur: Math.floor(next() * 300),
      tid: i % 3,
    }));
    const model = await openTrace([write('random.json', chromeTrace(events))]);
    const first = Math.min(...events.map((event) => event.ts));
    const us = 1e6 / model.tickPs;
    for (let round = 0; round < 30; round++) {
      const from = Math.floor(next() * 9000);
      const to = from + Math.floor(next() * 2000) + 1;
      const inside = events.filter(
        (e) => e.ts <= to && (e.ts + e.dur > from || (e.dur === 0 && e.ts >= from)),
      );
      const result = model.select((from - first) * us, (to - first) * us, []);
      expect(result.events).toBe(inside.length);
      const total = inside.reduce((sum, e) => sum + Math.min(to, e.ts + e.dur) - Math.max(from, e.ts), 0);
      expect(result.rows.reduce((sum, row) => sum + row.totalTicks, 0)).toBeCloseTo(total * us, 3);
    }
  });

  it('searches names whatever their case, by time', async () => {
    const model = await openTrace([
      write(
        'search.json',
        chromeTrace([
          { name: 'Conv1D', ts: 50, dur: 1 },
          { name: 'conv_bias', ts: 5, dur: 2, tid: 3 },
          { name: 'x', ts: 0 },
        ]),
      ),
    ]);
    const { total, hits } = model.search(' CONV ');
    expect(total).toBe(2);
    expect(hits.map((hit) => model.detail(hit.event)!.name)).toEqual(['conv_bias', 'Conv1D']);
    expect(model.search('').total).toBe(0);
  });
});
