import { describe, expect, it } from 'vitest';
import type { TimelineTiles, TimelineTrack } from '../../../src/common/protocol';
import { layOut, rowAt, rowHeight, rowTop, visibleRows, blockOf } from '../../../webview/timeline/layout';
import { Line, type Segment } from '../../../webview/timeline/rasteriser';
import { exactTime, rulerTicks, wallClock } from '../../../webview/timeline/ruler';
import { around, clampRange, fit, pan, reveal, zoom } from '../../../webview/timeline/state';
import { TileStore, type TileQuestion } from '../../../webview/timeline/tileStore';
import { random } from './helpers';

const span = 1_000_000;

describe('the visible range', () => {
  it('zooms around a point and never leaves the trace', () => {
    const next = random(9);
    let view = fit(span);
    for (let i = 0; i < 500; i++) {
      const at = view.t0 + next() * (view.t1 - view.t0);
      view = next() < 0.5 ? zoom(view, at, 0.3 + next() * 2, span) : pan(view, next() - 0.5, span);
      expect(view.t0).toBeGreaterThanOrEqual(fit(span).t0 - 1e-6);
      expect(view.t1).toBeLessThanOrEqual(fit(span).t1 + 1e-6);
      expect(view.t1 - view.t0).toBeGreaterThan(10);
    }
    const zoomed = zoom({ t0: 400_000, t1: 600_000 }, 450_000, 0.5, span);
    expect(zoomed).toEqual({ t0: 425_000, t1: 525_000 });
  });

  it('shows what is asked for', () => {
    expect(around({ t0: 100_000, t1: 200_000 }, span)).toEqual({ t0: 90_000, t1: 210_000 });
    const view = { t0: 0, t1: 1000 };
    expect(reveal(view, { t0: 100, t1: 200 }, span)).toBe(view);
    expect(reveal(view, { t0: 5000, t1: 5100 }, span)).toEqual({ t0: 4550, t1: 5550 });
    expect(clampRange({ t0: 5, t1: 5 }, 0).t1).toBeGreaterThan(0);
  });
});

describe('the ruler', () => {
  it('has round ticks whose labels do not touch, at every zoom', () => {
    for (let length = 30; length < 1e15; length *= 3.7) {
      const ticks = rulerTicks({ t0: length * 0.3, t1: length * 1.3 }, 900, 1, 6.2);
      expect(ticks.length).toBeGreaterThan(1);
      expect(new Set(ticks.map((tick) => tick.label)).size).toBe(ticks.length);
      const gap = ((ticks[1]!.time - ticks[0]!.time) / length) * 900;
      for (const { label } of ticks) expect(label.length * 6.2).toBeLessThan(gap);
    }
  });

  it('writes times exactly', () => {
    expect(exactTime(77_919_995_000, 1)).toBe('77.919995 ms');
    expect(exactTime(0, 1)).toBe('0 ns');
    expect(exactTime(1_500, 1)).toBe('1.5 ns');
    expect(exactTime(3_600_000_000_001, 1000)).toBe('3,600.000000001 s');
    expect(wallClock(1_795_272_741_596_725_829n, 1_999, 1)).toBe('2026-11-21T14:52:21.596725830Z');
  });
});

describe('the layout', () => {
  const tracks: TimelineTrack[] = [
    { index: 0, process: 'p', thread: 'a', events: 5, depth: 3 },
    { index: 1, process: 'p', thread: 'b', events: 5, depth: 1 },
    { index: 2, process: 'q', thread: 'c', events: 5, depth: 2 },
  ];

  it('finds every row where it has put it', () => {
    const layout = layOut(tracks, new Set());
    expect(visibleRows(layout, 0, layout.height)).toHaveLength(6);
    for (const { index, depth } of tracks) {
      const block = blockOf(layout, index)!;
      for (let row = 0; row < depth; row++) {
        const found = rowAt(layout, rowTop(block, row) + rowHeight / 2);
        expect(found).toMatchObject({ track: index, depth: row });
      }
    }
    expect(rowAt(layout, 2)).toBeUndefined();
  });

  it('collapses tracks to a row and processes to nothing', () => {
    const layout = layOut(tracks, new Set(['process p', 'track q 2']));
    expect(visibleRows(layout, 0, layout.height)).toMatchObject([{ track: 2, depth: 0 }]);
  });
});

function segment(t0: number, t1: number, perPixel: number, events: [start: number, end: number][]): Segment {
  return {
    t0,
    t1,
    perPixel,
    start: Float32Array.from(events, ([start]) => start - t0),
    extent: Float32Array.from(events, ([start, end]) => end - start),
    busy: Float32Array.from(events, ([start, end]) => end - start),
    name: Uint32Array.from(events, (_, i) => i),
  };
}

describe('the rasteriser', () => {
  it('covers each pixel by its busy share, as brute force has it', () => {
    const next = random(21);
    const events: [number, number][] = [];
    for (let t = 0; t < 10_000;) {
      t += next() * 40;
      const end = t + next() ** 3 * 120;
      events.push([t, end]);
      t = end;
    }
    const line = new Line(300);
    for (const view of [
      { t0: 0, t1: 10_000 },
      { t0: 3_333.3, t1: 4_111.1 },
      { t0: 9_000, t1: 12_000 },
    ]) {
      line.draw([segment(0, 10_500, 1, events)], view, 3);
      const width = (view.t1 - view.t0) / 300;
      for (let x = 0; x < 300; x++) {
        const from = view.t0 + x * width;
        const busy = events.reduce(
          (sum, [s, e]) => sum + Math.max(0, Math.min(e, from + width) - Math.max(s, from)),
          0,
        );
        const share = busy / width;
        if (share > 0.36) expect(line.cover[x]).toBeCloseTo(share, 2);
        else if (share > 1e-3) expect(line.cover[x]).toBeGreaterThan(0);
      }
    }
  });

  it('shows an instant, and the finer piece over the coarser', () => {
    const line = new Line(100);
    const coarse = segment(0, 100, 1, [[0, 100]]);
    const fine = segment(40, 60, 0.1, [[50, 50]]);
    line.draw([coarse, fine], { t0: 0, t1: 100 }, 3);
    expect(line.cover[10]).toBe(1);
    expect(line.cover[45]).toBe(0);
    expect(line.cover[50]).toBeGreaterThan(0.3);
    expect(line.cover[70]).toBe(1);
  });
});

describe('the tile store', () => {
  it('asks until the view is covered, then stops, and never goes blank in between', async () => {
    const asked: TileQuestion[] = [];
    const answer = (question: TileQuestion): Promise<TimelineTiles> => {
      asked.push(question);
      return Promise.resolve({
        t0: question.t0,
        t1: question.t1,
        rows: question.rows.map((row) => ({ ...row, entries: 1 })),
        start: new Float32Array(question.rows.length),
        extent: new Float32Array(question.rows.length).fill(question.t1 - question.t0),
        busy: new Float32Array(question.rows.length),
        name: new Uint32Array(question.rows.length),
      });
    };
    const rows = Array.from({ length: 40 }, (_, depth) => ({ track: 0, depth }));
    const store = new TileStore(span, answer, () => undefined);
    const next = random(33);
    let view = fit(span);
    const settle = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        store.fetch(view, 800, rows.slice(0, 20), rows);
        await Promise.resolve();
        await Promise.resolve();
      }
    };
    await settle();
    for (let round = 0; round < 100; round++) {
      const at = view.t0 + next() * (view.t1 - view.t0);
      view = next() < 0.6 ? zoom(view, at, next() < 0.6 ? 0.5 : 2.2, span) : pan(view, next() - 0.5, span);
      expect(store.segments(rows[3]!, view).length).toBeGreaterThan(0);
      await settle();
      const before = asked.length;
      await settle();
      expect(asked.length).toBe(before);
      const [base] = store.segments(rows[3]!, view);
      expect(base!.perPixel).toBeLessThanOrEqual((view.t1 - view.t0) / 800);
    }
    expect(Math.max(...asked.map((question) => question.pixels))).toBeLessThan(10 * 800);
  });
});
