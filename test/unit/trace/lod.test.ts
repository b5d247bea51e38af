import { describe, expect, it } from 'vitest';
import { openTrace, type TraceModel } from '../../../src/trace/engine';
import { chromeTrace, random, scratch } from './helpers';

const { write } = scratch();

/** Bursts and gaps in one row, µs. */
function burstyEvents(seed: number, count: number): { name: string; ts: number; dur: number }[] {
  const next = random(seed);
  let ts = 0;
  return Array.from({ length: count }, (_, i) => {
    ts += next() < 0.01 ? next() * 5000 : next() * 3;
    const dur = next() < 0.002 ? 800 : next() * 2;
    const event = { name: `n${i % 7}`, ts: Number(ts.toFixed(3)), dur: Number(dur.toFixed(3)) };
    ts = event.ts + event.dur;
    return event;
  });
}

/** Busy ticks of the model's only row within [t0, t1], one event at a time. */
function bruteBusy(model: TraceModel, t0: number, t1: number): number {
  const { start, end, count } = model.columns();
  let busy = 0;
  for (let i = 0; i < count; i++) busy += Math.max(0, Math.min(end[i]!, t1) - Math.max(start[i]!, t0));
  return busy;
}

describe('level of detail', () => {
  it('keeps the busy time of every window at every zoom', async () => {
    const model = await openTrace([write('bursty.json', chromeTrace(burstyEvents(7, 30_000)))]);
    const row = { track: 0, depth: 0 };
    expect(model.tracks.map((track) => track.depth)).toEqual([1]);
    const next = random(3);
    const pixels = 1000;
    for (let round = 0; round < 60; round++) {
      const width = model.spanTicks / 2 ** Math.floor(next() * 14);
      const t0 = Math.floor(next() * (model.spanTicks - width));
      const t1 = t0 + width;
      const tiles = model.tiles({ t0, t1, pixels, rows: [row] });
      const busy = tiles.busy.reduce((sum, value) => sum + value, 0);
      // Merged entries that the window cuts are spread evenly: at most a pixel at either side.
      const tolerance = (2 * width) / pixels + width * 1e-6;
      expect(Math.abs(busy - bruteBusy(model, t0, t1))).toBeLessThanOrEqual(tolerance);
      expect(tiles.start.length).toBeLessThanOrEqual(3 * pixels);
      for (let i = 0; i < tiles.start.length; i++) {
        expect(tiles.start[i]).toBeGreaterThanOrEqual(0);
        expect(tiles.busy[i]!).toBeLessThanOrEqual(tiles.extent[i]! * (1 + 1e-6));
      }
    }
  });

  it('shows every event that is at least a pixel wide as itself', async () => {
    const model = await openTrace([write('wide.json', chromeTrace(burstyEvents(11, 20_000)))]);
    const { start, end, count } = model.columns();
    const pixels = 1600;
    const perPixel = model.spanTicks / 64 / pixels;
    const t0 = model.spanTicks / 3;
    const t1 = t0 + perPixel * pixels;
    const tiles = model.tiles({ t0, t1, pixels, rows: [{ track: 0, depth: 0 }] });
    for (let i = 0; i < count; i++) {
      if (end[i]! - start[i]! < perPixel || start[i]! < t0 || end[i]! > t1) continue;
      const found = tiles.start.findIndex(
        (value, k) =>
          Math.abs(value + t0 - start[i]!) < perPixel / 100 &&
          Math.abs(tiles.extent[k]! - (end[i]! - start[i]!)) < perPixel / 100,
      );
      expect(found).toBeGreaterThanOrEqual(0);
    }
  });

  it('answers a row or a window that does not exist with nothing', async () => {
    const model = await openTrace([write('one.json', chromeTrace([{ name: 'a', ts: 0, dur: 5 }]))]);
    const tiles = model.tiles({
      t0: -10,
      t1: 10,
      pixels: 0,
      rows: [
        { track: 9, depth: 0 },
        { track: 0, depth: 4 },
        { track: 0, depth: 0 },
      ],
    });
    expect(tiles.rows.map((row) => row.entries)).toEqual([0, 0, 1]);
    expect(tiles.start.buffer.byteLength).toBe(4);
  });
});
