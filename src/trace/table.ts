/** The trace table: struct of arrays, one row an event, rows of a track contiguous and sorted by start. */
import type { TraceBuilder, RawTrack, EventSource } from './builder';
import { layoutRows } from './tracks';

const psPerUs = 1_000_000;
/** Above 2 hours picoseconds leave the 53 bits in which a double counts exactly. */
const longestInPs = 2 * 3600 * 1e12;

export interface TableTrack extends RawTrack {
  /** Index into `TraceTable.rowStart` of the track's first row. */
  firstRow: number;
  /** Number of rows. */
  depth: number;
  events: number;
}

export interface TraceTable {
  tracks: TableTrack[];
  /** Unix time of tick 0, ns. */
  originUnixNs: bigint;
  /** Picoseconds in a tick: 1, or 1000 for a trace of 2 hours or more. */
  tickPs: number;
  spanTicks: number;
  /** Columns, one entry an event; ticks from the origin. */
  start: Float64Array;
  end: Float64Array;
  name: Uint32Array;
  category: Uint32Array;
  track: Uint32Array;
  /** Event that directly encloses it on the same stack of rows, or -1. */
  parent: Int32Array;
  locator: Float64Array;
  /** Row r holds the events [rowStart[r], rowStart[r + 1]). */
  rowStart: Uint32Array;
  /** Track of each row. */
  rowTrack: Uint32Array;
}

interface Part {
  builder: TraceBuilder;
  base: bigint;
  count: number;
}

/** Merges the events of all files into one table. `first` says which track is to come first. */
export function buildTable(
  builders: TraceBuilder[],
  first: (track: RawTrack, builder: TraceBuilder) => boolean = () => false,
): TraceTable {
  const parts = builders.map((builder) => ({
    builder,
    base: builder.baseUnixNs ?? 0n,
    count: builder.name.length,
  }));
  alignUnclocked(parts);
  const { originNs, spanPs } = range(parts);
  const tickPs = spanPs < longestInPs ? 1 : 1000;
  const order = trackOrder(parts, first);
  const total = parts.reduce((sum, part) => sum + part.count, 0);

  const table: TraceTable = {
    tracks: [],
    originUnixNs: originNs,
    tickPs,
    spanTicks: 0,
    start: new Float64Array(total),
    end: new Float64Array(total),
    name: new Uint32Array(total),
    category: new Uint32Array(total),
    track: new Uint32Array(total),
    parent: new Int32Array(total),
    locator: new Float64Array(total),
    rowStart: new Uint32Array(0),
    rowTrack: new Uint32Array(0),
  };
  const rowStarts: number[] = [0];
  const rowTracks: number[] = [];
  let at = 0;
  for (const { part, raw, events } of order) {
    const rows = placeTrack(table, part, originNs, events, at, table.tracks.length, rowStarts);
    for (let row = 0; row < rows; row++) rowTracks.push(table.tracks.length);
    table.tracks.push({ ...raw, firstRow: rowTracks.length - rows, depth: rows, events: events.length });
    at += events.length;
  }
  table.rowStart = Uint32Array.from(rowStarts);
  table.rowTrack = Uint32Array.from(rowTracks);
  for (let i = 0; i < total; i++) if (table.end[i]! > table.spanTicks) table.spanTicks = table.end[i]!;
  return table;
}

/** Files without a clock of their own start where the earliest file with one does. */
function alignUnclocked(parts: Part[]): void {
  const clocked = parts.filter((part) => part.builder.baseUnixNs !== undefined && part.count > 0);
  if (clocked.length === 0 || clocked.length === parts.length) return;
  const earliest = clocked.map((part) => firstNs(part)).reduce((a, b) => (b < a ? b : a));
  for (const part of parts) {
    if (part.builder.baseUnixNs !== undefined || part.count === 0) continue;
    part.base = earliest - firstNs(part);
    part.builder.problem('This file holds no wall clock; it is shown from the start of the other files.');
  }
}

/** Unix time of the earliest event of a file, rounded down to ns. */
function firstNs({ builder, base, count }: Part): bigint {
  const us = builder.startUs.view();
  const ps = builder.startPs.view();
  let least = 0;
  for (let i = 1; i < count; i++) {
    if (us[i]! < us[least]! || (us[i] === us[least] && ps[i]! < ps[least]!)) least = i;
  }
  return base + BigInt(us[least]!) * 1000n + BigInt(Math.floor(ps[least]! / 1000));
}

function range(parts: Part[]): { originNs: bigint; spanPs: number } {
  const filled = parts.filter((part) => part.count > 0);
  if (filled.length === 0) {
    // Nothing to show; the clock of the file is still worth keeping.
    return { originNs: parts.find((part) => part.base !== 0n)?.base ?? 0n, spanPs: 0 };
  }
  const originNs = filled.map((part) => firstNs(part)).reduce((a, b) => (b < a ? b : a));
  let spanPs = 0;
  for (const part of filled) {
    const end = part.builder.endUs.view();
    let last = -Infinity;
    for (const us of end) if (us > last) last = us;
    const ns = part.base + BigInt(last) * 1000n - originNs;
    spanPs = Math.max(spanPs, (Number(ns) + 1000) * 1000);
  }
  return { originNs, spanPs };
}

interface OrderedTrack {
  part: Part;
  raw: RawTrack;
  /** Indices into the builder's columns. */
  events: Uint32Array;
}

function trackOrder(
  parts: Part[],
  first: (track: RawTrack, builder: TraceBuilder) => boolean,
): OrderedTrack[] {
  const tracks: (OrderedTrack & { first: boolean })[] = [];
  for (const part of parts) {
    const lists = splitByTrack(part);
    part.builder.tracks.forEach((raw, index) => {
      const events = lists[index]!;
      // A track without events is only a name that the file declared (24 idle GPUs in every torch file).
      if (events.length > 0) tracks.push({ part, raw, events, first: first(raw, part.builder) });
    });
  }
  const processFirst = new Set(tracks.filter((track) => track.first).map((track) => track.raw.process));
  const collator = new Intl.Collator('en', { numeric: true });
  const later = (track: (typeof tracks)[number]): number => (processFirst.has(track.raw.process) ? 0 : 1);
  return tracks.sort(
    (a, b) =>
      later(a) - later(b) ||
      collator.compare(a.raw.process, b.raw.process) ||
      Number(b.first) - Number(a.first) ||
      a.raw.sort - b.raw.sort ||
      collator.compare(a.raw.thread, b.raw.thread),
  );
}

function splitByTrack({ builder }: Part): Uint32Array[] {
  const track = builder.track.view();
  const counts = new Uint32Array(builder.tracks.length);
  for (const index of track) counts[index]!++;
  const lists = Array.from(counts, (count) => new Uint32Array(count));
  counts.fill(0);
  for (let i = 0; i < track.length; i++) {
    const index = track[i]!;
    lists[index]![counts[index]!++] = i;
  }
  return lists;
}

/** Sorts, lays out and copies one track's events to [at, at + n); returns the number of its rows. */
function placeTrack(
  table: TraceTable,
  part: Part,
  originNs: bigint,
  events: Uint32Array,
  at: number,
  trackIndex: number,
  rowStarts: number[],
): number {
  const { builder } = part;
  const count = events.length;
  const toTicks = tickConverter(originNs - part.base, table.tickPs);
  let start = toTicks(builder.startUs.view(), builder.startPs.view(), events);
  let end = toTicks(builder.endUs.view(), builder.endPs.view(), events);
  const order = sortOrder(start, end);
  if (order) {
    start = permuted(start, order);
    end = permuted(end, order);
  }
  const { row, parent, rows } = layoutRows(start, end);

  const next = new Uint32Array(rows + 1);
  for (const r of row) next[r + 1]!++;
  for (let r = 0; r < rows; r++) next[r + 1]! += next[r]!;
  for (let r = 1; r <= rows; r++) rowStarts.push(at + next[r]!);

  const place = new Uint32Array(count);
  for (let i = 0; i < count; i++) place[i] = at + next[row[i]!]!++;
  const name = builder.name.view();
  const category = builder.category.view();
  const locator = builder.locator.view();
  for (let i = 0; i < count; i++) {
    const to = place[i]!;
    const from = events[order ? order[i]! : i]!;
    table.start[to] = start[i]!;
    table.end[to] = end[i]!;
    table.name[to] = name[from]!;
    table.category[to] = category[from]!;
    table.locator[to] = locator[from]!;
    table.track[to] = trackIndex;
    table.parent[to] = parent[i]! < 0 ? -1 : place[parent[i]!]!;
  }
  return rows;
}

/** Converts (µs, ps) of the file's clock to ticks from the origin, which lies `shiftNs` after the file's zero. */
function tickConverter(
  shiftNs: bigint,
  tickPs: number,
): (us: Float64Array, ps: Uint32Array, events: Uint32Array) => Float64Array {
  const shiftUs = Number(shiftNs / 1000n);
  const shiftPs = Number(shiftNs % 1000n) * 1000;
  const perUs = psPerUs / tickPs;
  return (us, ps, events) => {
    const ticks = new Float64Array(events.length);
    for (let i = 0; i < events.length; i++) {
      const event = events[i]!;
      // The same rounding for starts and ends keeps what nests nested.
      ticks[i] = (us[event]! - shiftUs) * perUs + Math.floor((ps[event]! - shiftPs) / tickPs);
    }
    return ticks;
  };
}

/** The order by start, longer first, else as in the file; undefined when it is in that order already. */
function sortOrder(start: Float64Array, end: Float64Array): Uint32Array | undefined {
  let sorted = true;
  for (let i = 1; i < start.length && sorted; i++) {
    sorted = start[i - 1]! < start[i]! || (start[i - 1] === start[i] && end[i - 1]! >= end[i]!);
  }
  if (sorted) return undefined;
  const order = new Uint32Array(start.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  return order.sort((a, b) => start[a]! - start[b]! || end[b]! - end[a]! || a - b);
}

function permuted(values: Float64Array, order: Uint32Array): Float64Array {
  const result = new Float64Array(values.length);
  for (let i = 0; i < order.length; i++) result[i] = values[order[i]!]!;
  return result;
}

/** Source of an event's arguments. */
export function sourceOf(table: TraceTable, event: number): EventSource {
  return table.tracks[table.track[event]!]!.source;
}
