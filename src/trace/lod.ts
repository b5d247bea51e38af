/**
 * Level of detail: a time mipmap per row. A level merges the events that lie wholly inside one
 * bucket of 2^k ticks (aligned to 0, so that nothing shimmers under pan) into one entry that keeps
 * their busy time; so a view of any width costs what its pixels cost, and idle time stays visible.
 */
import type { TraceTable } from './table';

/** Entries of one row, sorted by start. Ticks. */
export interface Entries {
  start: Float64Array;
  /** From the start of the first to the end of the last merged event. */
  extent: Float64Array;
  /** Ticks within the extent that are covered; the extent itself for a single event. */
  busy: Float64Array;
  /** The longest merged event, an index into the table. */
  event: Uint32Array;
}

interface Level extends Entries {
  /** The bucket is 2^k ticks; -1 for the events themselves. */
  k: number;
}

const highestLevel = 52;
/** A level is kept when it has at most this share of the entries of the one below. */
const keep = 0.2;
/** Rows this short are cheap to walk as they are. */
const shortRow = 64;

/** Mipmaps of all rows, each built when it is first asked for. */
export class LevelOfDetail {
  readonly #table: TraceTable;
  readonly #rows: (Level[] | undefined)[] = [];

  constructor(table: TraceTable) {
    this.#table = table;
  }

  /**
   * Entries of a row that touch [t0, t1), from the coarsest level whose buckets are not wider than
   * `ticksPerPixel`.
   */
  query(row: number, t0: number, t1: number, ticksPerPixel: number): Entries {
    const levels = (this.#rows[row] ??= buildLevels(this.#table, row));
    let level = levels[0]!;
    for (const candidate of levels) if (2 ** candidate.k <= ticksPerPixel) level = candidate;
    let from = lowerBound(level.start, t0);
    // Entries of a row do not overlap, so only the last one that starts before t0 can reach into it.
    if (from > 0 && level.start[from - 1]! + level.extent[from - 1]! > t0) from--;
    const to = lowerBound(level.start, t1);
    return {
      start: level.start.subarray(from, to),
      extent: level.extent.subarray(from, to),
      busy: level.busy.subarray(from, to),
      event: level.event.subarray(from, to),
    };
  }
}

function buildLevels(table: TraceTable, row: number): Level[] {
  const from = table.rowStart[row]!;
  const to = table.rowStart[row + 1]!;
  const count = to - from;
  const start = table.start.subarray(from, to);
  const extent = new Float64Array(count);
  const event = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    extent[i] = table.end[from + i]! - start[i]!;
    event[i] = from + i;
  }
  let current: Level = { k: -1, start, extent, busy: extent, event };
  const levels = [current];
  if (count <= shortRow) return levels;
  const span = table.end[to - 1]! - start[0]!;
  const lowest = Math.max(0, Math.floor(Math.log2(Math.max(1, span / count))) - 3);
  for (let k = lowest; k <= highestLevel && current.start.length > shortRow; k++) {
    if (sampledShare(current, 2 ** k) > keep) continue;
    const size = countEntries(current, 2 ** k, 0, current.start.length);
    // The sample can be wrong; a level that saves nothing is not worth its memory.
    if (size > 0.8 * current.start.length) continue;
    current = merge(table, current, k, size);
    levels.push(current);
  }
  return levels;
}

/** Share of the entries that would remain at a bucket width, from 16 samples of 512. */
function sampledShare(level: Level, width: number): number {
  const count = level.start.length;
  if (count <= 32_768) return countEntries(level, width, 0, count) / count;
  let entries = 0;
  for (let sample = 0; sample < 16; sample++) {
    const from = Math.floor(((count - 512) * (sample + 0.5)) / 16);
    entries += countEntries(level, width, from, from + 512);
  }
  return entries / (16 * 512);
}

function countEntries({ start, extent }: Level, width: number, from: number, to: number): number {
  let entries = 0;
  for (let i = from; i < to;) {
    i = endOfBucket(start, extent, width, i, to);
    entries++;
  }
  return entries;
}

/** Index after the entries that merge with entry i. */
function endOfBucket(
  start: Float64Array,
  extent: Float64Array,
  width: number,
  i: number,
  to: number,
): number {
  const bucketEnd = (Math.floor(start[i]! / width) + 1) * width;
  if (start[i]! + extent[i]! > bucketEnd) return i + 1;
  i++;
  while (i < to && start[i]! < bucketEnd && start[i]! + extent[i]! <= bucketEnd) i++;
  return i;
}

function merge(table: TraceTable, below: Level, k: number, size: number): Level {
  const level: Level = {
    k,
    start: new Float64Array(size),
    extent: new Float64Array(size),
    busy: new Float64Array(size),
    event: new Uint32Array(size),
  };
  const count = below.start.length;
  for (let i = 0, out = 0; i < count; out++) {
    const next = endOfBucket(below.start, below.extent, 2 ** k, i, count);
    let busy = 0;
    let longest = below.event[i]!;
    for (let j = i; j < next; j++) {
      busy += below.busy[j]!;
      const event = below.event[j]!;
      if (table.end[event]! - table.start[event]! > table.end[longest]! - table.start[longest]!)
        longest = event;
    }
    level.start[out] = below.start[i]!;
    level.extent[out] = below.start[next - 1]! + below.extent[next - 1]! - below.start[i]!;
    level.busy[out] = busy;
    level.event[out] = longest;
    i = next;
  }
  return level;
}

/** First index in [from, to) whose value is not below `value`. */
export function lowerBound(values: Float64Array, value: number, from = 0, to = values.length): number {
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (values[middle]! < value) from = middle + 1;
    else to = middle;
  }
  return from;
}
