import { describe, expect, it } from 'vitest';
import { openTrace } from '../../../src/trace/engine';
import { layoutRows } from '../../../src/trace/tracks';
import { chromeTrace, random, scratch } from './helpers';

const { write } = scratch();

function randomEvents(seed: number, count: number, reach: number): { start: number; end: number }[] {
  const next = random(seed);
  return Array.from({ length: count }, () => {
    const start = Math.floor(next() * reach);
    const long = next() < 0.1 ? reach : reach / 20;
    return { start, end: next() < 0.15 ? start : start + Math.floor(next() * long) };
  }).sort((a, b) => a.start - b.start || b.end - a.end);
}

describe('row layout', () => {
  it('keeps every event, without overlap within a row, and parents that enclose', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const events = randomEvents(seed, seed * 7, 50 + seed * 13);
      const start = Float64Array.from(events, (event) => event.start);
      const end = Float64Array.from(events, (event) => event.end);
      const { row, parent, rows } = layoutRows(start, end);
      const reached = new Array<number>(rows).fill(-1);
      events.forEach((event, i) => {
        expect(row[i]).toBeLessThan(rows);
        expect(event.start).toBeGreaterThanOrEqual(reached[row[i]!]!);
        reached[row[i]!] = event.end;
        const above = parent[i]!;
        if (above < 0) return;
        expect(start[above]).toBeLessThanOrEqual(event.start);
        expect(end[above]).toBeGreaterThanOrEqual(event.end);
        expect(row[above]).toBe(row[i]! - 1);
      });
    }
  });

  it('nests what nests, as brute force has it', () => {
    const start = Float64Array.from([0, 0, 5, 10, 20]);
    const end = Float64Array.from([10, 5, 10, 20, 20]);
    const { row, parent, rows } = layoutRows(start, end);
    expect([...row]).toEqual([0, 1, 1, 0, 0]);
    expect([...parent]).toEqual([-1, 0, 0, -1, -1]);
    expect(rows).toBe(2);
  });

  it('spills an event that overlaps without nesting into a row of its own', () => {
    const { row, rows } = layoutRows(Float64Array.from([0, 5, 6]), Float64Array.from([10, 15, 8]));
    expect([...row]).toEqual([0, 2, 1]);
    expect(rows).toBe(3);
  });

  it('lays out thousands of staggered events in time, in as many rows as are open at once', () => {
    const count = 20_000;
    const start = Float64Array.from({ length: count }, (_, i) => i);
    const end = Float64Array.from({ length: count }, (_, i) => i + 500);
    const before = performance.now();
    const { rows } = layoutRows(start, end);
    expect(performance.now() - before).toBeLessThan(3000);
    expect(rows).toBe(500);
  });

  it('holds exactly the events of the file, whatever their overlap', async () => {
    for (let seed = 100; seed < 120; seed++) {
      const next = random(seed);
      const events = randomEvents(seed, 300, 1000).map(({ start, end }, i) => ({
        name: `e${i % 9}`,
        ts: start,
        dur: end - start,
        tid: Math.floor(next() * 3),
      }));
      const model = await openTrace([write(`${seed}.json`, chromeTrace(events))]);
      const columns = model.columns();
      expect(columns.count).toBe(events.length);
      expect(model.tracks.reduce((sum, track) => sum + track.events, 0)).toBe(events.length);
      let total = 0;
      for (let i = 0; i < columns.count; i++) total += columns.end[i]! - columns.start[i]!;
      expect((total * model.tickPs) / 1e6).toBe(events.reduce((sum, event) => sum + event.dur, 0));
    }
  });
});
