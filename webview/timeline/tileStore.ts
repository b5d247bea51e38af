/** The webview's share of the level of detail: what it holds, what it lacks, what to ask for next. */
import type { TimelineTiles } from '../../src/common/protocol';
import type { Segment } from './rasteriser';
import { fit, type TimeRange } from './state';

export interface TileQuestion extends TimeRange {
  pixels: number;
  rows: { track: number; depth: number }[];
}

interface Row {
  track: number;
  depth: number;
}

const rowsPerRequest = 16;
/** More would only queue up in the host behind what is no longer in sight. */
const mostInFlight = 3;
/** Entries that are kept over all rows (16 B each). */
const mostEntries = 2_500_000;

function keyOf({ track, depth }: Row): string {
  return `${track} ${depth}`;
}

export class TileStore {
  /** Per row, from coarse to fine; the first one is the whole trace. */
  readonly #rows = new Map<string, Segment[]>();
  readonly #asked = new Set<string>();
  #entries = 0;
  #inFlight = 0;
  readonly #span: number;
  readonly #ask: (question: TileQuestion) => Promise<TimelineTiles | undefined>;
  readonly #changed: () => void;

  constructor(
    span: number,
    ask: (question: TileQuestion) => Promise<TimelineTiles | undefined>,
    changed: () => void,
  ) {
    this.#span = span;
    this.#ask = ask;
    this.#changed = changed;
  }

  /** Whether any row has arrived. */
  get filled(): boolean {
    return this.#rows.size > 0;
  }

  /** What to draw a row from: the finest that covers the view, and finer pieces above it. */
  segments(row: Row, view: TimeRange): Segment[] {
    const all = this.#rows.get(keyOf(row)) ?? [];
    let base = 0;
    all.forEach((segment, i) => {
      if (covers(segment, this.#inTrace(view))) base = i;
    });
    return all.slice(base);
  }

  /** Asks for what the visible rows lack, then for the rows near them; call after every change of the view. */
  fetch(view: TimeRange, width: number, visible: Row[], near: Row[]): void {
    if (width <= 0) return;
    const whole = this.#inTrace(fit(this.#span));
    // Powers of two, so that a small zoom needs nothing new.
    const perPixel = 2 ** Math.floor(Math.log2((view.t1 - view.t0) / width));
    const coarse = 2 ** Math.floor(Math.log2((whole.t1 - whole.t0) / width));
    const length = view.t1 - view.t0;
    const wanted = this.#inTrace({ t0: view.t0 - length / 2, t1: view.t1 + length / 2 });
    const window = this.#inTrace({ t0: Math.floor(view.t0 - length), t1: Math.ceil(view.t1 + length) });
    // Far out, the whole trace costs no more than three screens of it.
    const range = (whole.t1 - whole.t0) / perPixel <= 4 * width ? whole : window;
    const lacking = (row: Row): boolean =>
      !(this.#rows.get(keyOf(row)) ?? []).some((s) => s.perPixel <= perPixel && covers(s, wanted));
    const missing = (row: Row): boolean => !this.#rows.has(keyOf(row));
    this.#request(visible.filter(missing), whole, Math.max(coarse, perPixel));
    this.#request(visible.filter(lacking), range, perPixel);
    this.#request(near.filter(missing), whole, coarse);
  }

  #inTrace({ t0, t1 }: TimeRange): TimeRange {
    const end = Math.max(1, this.#span);
    return { t0: Math.min(end, Math.max(0, t0)), t1: Math.max(0, Math.min(end, t1)) };
  }

  #request(rows: Row[], { t0, t1 }: TimeRange, perPixel: number): void {
    if (t1 <= t0) return;
    const mark = (row: Row): string => `${keyOf(row)} ${t0} ${t1} ${perPixel}`;
    const open = rows.filter((row) => !this.#asked.has(mark(row)));
    for (let i = 0; i < open.length && this.#inFlight < mostInFlight; i += rowsPerRequest) {
      const part = open.slice(i, i + rowsPerRequest).map(({ track, depth }) => ({ track, depth }));
      for (const row of part) this.#asked.add(mark(row));
      this.#inFlight++;
      void this.#ask({ t0, t1, pixels: Math.max(1, Math.ceil((t1 - t0) / perPixel)), rows: part }).then(
        (tiles) => {
          this.#inFlight--;
          for (const row of part) this.#asked.delete(mark(row));
          if (tiles) this.#store(tiles, perPixel);
          // The view may have moved on: whoever draws asks again for what is lacking now.
          if (tiles) this.#changed();
        },
      );
    }
  }

  #store(tiles: TimelineTiles, perPixel: number): void {
    let at = 0;
    const whole = covers(tiles, this.#inTrace(fit(this.#span)));
    if (this.#entries > mostEntries) this.#evict();
    for (const { track, depth, entries } of tiles.rows) {
      const segment: Segment = {
        t0: tiles.t0,
        t1: tiles.t1,
        perPixel,
        start: tiles.start.subarray(at, at + entries),
        extent: tiles.extent.subarray(at, at + entries),
        busy: tiles.busy.subarray(at, at + entries),
        name: tiles.name.subarray(at, at + entries),
      };
      at += entries;
      const key = keyOf({ track, depth });
      const known = this.#rows.get(key) ?? [];
      // Two finer pieces a row are enough to zoom out of without a gap.
      const kept = known.filter((s) => !(covers(segment, s) && segment.perPixel <= s.perPixel));
      const base = kept.filter((s) => covers(s, this.#inTrace(fit(this.#span))));
      const pieces = kept.filter((s) => !base.includes(s)).slice(-2);
      const next = [...base.slice(whole ? -1 : -2), ...pieces, segment].sort(
        (a, b) => b.perPixel - a.perPixel,
      );
      this.#entries += count(next) - count(known);
      this.#rows.set(key, next);
    }
  }

  /** Keeps the coarsest level of every row, so that nothing becomes blank. */
  #evict(): void {
    this.#entries = 0;
    for (const [key, segments] of this.#rows) {
      this.#rows.set(key, segments.slice(0, 1));
      this.#entries += count(segments.slice(0, 1));
    }
  }
}

function covers(outer: TimeRange, inner: TimeRange): boolean {
  return outer.t0 <= inner.t0 && outer.t1 >= inner.t1;
}

function count(segments: Segment[]): number {
  return segments.reduce((sum, segment) => sum + segment.start.length, 0);
}
