/** Rasterises one row to a line of pixels that carry the busy share, and lists what is wide enough for a label. */
import type { TimeRange } from './state';

/** Level-of-detail entries of one row for a range of time; entry times are ticks from t0. */
export interface Segment extends TimeRange {
  /** Ticks a pixel that it was made for. */
  perPixel: number;
  start: Float32Array;
  extent: Float32Array;
  busy: Float32Array;
  name: Uint32Array;
}

/** A drawn event or cluster of at least `wideAt` pixels. */
export interface Wide {
  x0: number;
  x1: number;
  name: number;
  /** 1 for a single event. */
  busyShare: number;
  t0: number;
  t1: number;
}

/** Whatever is there at all is at least this visible, 0 to 1. */
const floor = 0.35;

export class Line {
  /** Busy share of each pixel, 0 to 1; 0 = nothing there. */
  readonly cover: Float32Array;
  /** Name that takes most of each pixel. */
  readonly name: Uint32Array;
  readonly wide: Wide[] = [];
  readonly #most: Float32Array;

  constructor(readonly width: number) {
    this.cover = new Float32Array(width);
    this.name = new Uint32Array(width);
    this.#most = new Float32Array(width);
  }

  /** Draws the segments over each other, the coarsest first: where a finer one is missing, the coarser shows. */
  draw(segments: Segment[], view: TimeRange, wideAt: number): void {
    this.cover.fill(0);
    this.#most.fill(0);
    this.wide.length = 0;
    const scale = this.width / (view.t1 - view.t0);
    for (const segment of segments) {
      const from = Math.max(0, Math.round((segment.t0 - view.t0) * scale));
      const to = Math.min(this.width, Math.round((segment.t1 - view.t0) * scale) + 1);
      if (to <= from) continue;
      this.cover.fill(0, from, to);
      this.#most.fill(0, from, to);
      for (let i = this.wide.length - 1; i >= 0; i--) this.#trim(i, from, to);
      this.#segment(segment, view, scale, from, to, wideAt);
    }
    for (let x = 0; x < this.width; x++) {
      const cover = this.cover[x]!;
      if (cover > 0) this.cover[x] = Math.min(1, Math.max(floor, cover));
    }
  }

  /** A finer segment takes the place of what a coarser one showed there. */
  #trim(i: number, from: number, to: number): void {
    const { x0, x1 } = this.wide[i]!;
    if (x1 > from && x0 < to) this.wide.splice(i, 1);
  }

  #segment(segment: Segment, view: TimeRange, scale: number, from: number, to: number, wideAt: number): void {
    const { start, extent, busy, name } = segment;
    const offset = segment.t0 - view.t0;
    for (let i = firstReaching(segment, view.t0); i < start.length; i++) {
      const x0 = (offset + start[i]!) * scale;
      if (x0 >= to) break;
      const x1 = x0 + extent[i]! * scale;
      if (x1 < from) continue;
      const pixels = busy[i]! * scale;
      const first = Math.max(from, Math.floor(x0));
      const last = Math.min(to - 1, Math.floor(x1));
      if (first >= last) {
        this.#add(Math.min(to - 1, first), Math.max(pixels, 1e-6), name[i]!);
        continue;
      }
      const density = extent[i]! > 0 ? Math.min(1, busy[i]! / extent[i]!) : 1;
      this.#add(first, (first + 1 - Math.max(x0, first)) * density, name[i]!);
      for (let x = first + 1; x < last; x++) {
        this.cover[x] = density;
        this.#most[x] = density;
        this.name[x] = name[i]!;
      }
      if (x1 > last) this.#add(last, Math.min(1, x1 - last) * density, name[i]!);
      if (x1 - x0 >= wideAt) {
        const t0 = segment.t0 + start[i]!;
        this.wide.push({ x0, x1, name: name[i]!, busyShare: density, t0, t1: t0 + extent[i]! });
      }
    }
  }

  #add(x: number, cover: number, name: number): void {
    this.cover[x] = this.cover[x]! + cover;
    if (cover >= this.#most[x]!) {
      this.#most[x] = cover;
      this.name[x] = name;
    }
  }
}

/** First entry that may reach into the view; entries of a row do not overlap. */
function firstReaching({ start, t0 }: Segment, time: number): number {
  let from = 0;
  let to = start.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (t0 + start[middle]! < time) from = middle + 1;
    else to = middle;
  }
  return Math.max(0, from - 1);
}
