/** Tiles: level-of-detail entries of some rows, packed into four columns of their own buffers. */
import type { LevelOfDetail } from './lod';
import type { TraceTable } from './table';

export interface TilesRequest {
  /** Ticks. */
  t0: number;
  t1: number;
  /** Pixels that [t0, t1] will be drawn on. */
  pixels: number;
  rows: { track: number; depth: number }[];
}

/** Columns over all rows one after the other; times are ticks from `t0`, clipped to [t0, t1]. */
export interface Tiles {
  t0: number;
  t1: number;
  rows: { track: number; depth: number; entries: number }[];
  start: Float32Array;
  extent: Float32Array;
  /** Ticks within the extent that are busy. */
  busy: Float32Array;
  /** Name id of the longest event of the entry. */
  name: Uint32Array;
}

export function emptyTiles({ t0, t1, rows }: TilesRequest): Tiles {
  return {
    t0,
    t1,
    rows: rows.map(({ track, depth }) => ({ track, depth, entries: 0 })),
    start: new Float32Array(0),
    extent: new Float32Array(0),
    busy: new Float32Array(0),
    name: new Uint32Array(0),
  };
}

/** Queries the rows and packs what they hold. Rows that do not exist come back empty. */
export function packTiles(table: TraceTable, lod: LevelOfDetail, request: TilesRequest): Tiles {
  const { t0, t1, pixels } = request;
  const perPixel = Math.max(0, t1 - t0) / Math.max(1, pixels);
  const found = request.rows.map(({ track, depth }) => {
    const owner = table.tracks[track];
    if (!owner || depth < 0 || depth >= owner.depth) return undefined;
    return lod.query(owner.firstRow + depth, t0, t1, perPixel);
  });
  const total = found.reduce((sum, entries) => sum + (entries?.start.length ?? 0), 0);
  const tiles: Tiles = {
    t0,
    t1,
    rows: [],
    start: new Float32Array(total),
    extent: new Float32Array(total),
    busy: new Float32Array(total),
    name: new Uint32Array(total),
  };
  let at = 0;
  request.rows.forEach(({ track, depth }, index) => {
    const entries = found[index];
    const count = entries?.start.length ?? 0;
    tiles.rows.push({ track, depth, entries: count });
    if (!entries) return;
    for (let i = 0; i < count; i++, at++) {
      const start = entries.start[i]!;
      const extent = entries.extent[i]!;
      const from = Math.max(start, t0);
      const clipped = Math.min(start + extent, t1) - from;
      tiles.start[at] = from - t0;
      tiles.extent[at] = clipped;
      // What is cut off takes its share of the busy time with it.
      tiles.busy[at] = clipped < extent ? (entries.busy[i]! * clipped) / extent : entries.busy[i]!;
      tiles.name[at] = table.name[entries.event[i]!]!;
    }
  });
  return tiles;
}

/** The buffers of a reply, to be handed over instead of copied. */
export function tileBuffers({ start, extent, busy, name }: Tiles): ArrayBuffer[] {
  return [start, extent, busy, name].map((column) => column.buffer as ArrayBuffer);
}
