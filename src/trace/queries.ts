/** Questions about many events at once: self times, totals by name, search. */
import type { Strings } from './columns';
import { lowerBound } from './lod';
import type { TraceTable } from './table';

export interface NameTotal {
  name: string;
  category: string;
  count: number;
  totalTicks: number;
  selfTicks: number;
}

export interface SelectResult {
  /** By total time, longest first; at most `selectLimit`. */
  rows: NameTotal[];
  /** Time in which at least one event was open on the selected tracks, ticks. */
  busyTicks: number;
  events: number;
}

export interface SearchHit {
  event: number;
  track: number;
  depth: number;
  startTicks: number;
  durationTicks: number;
}

export interface SearchResult {
  total: number;
  /** By time; at most `hitLimit`. */
  hits: SearchHit[];
}

export const selectLimit = 500;
export const hitLimit = 10_000;

/** Self time of every event: its duration less its direct children's, ticks. */
export function selfTicks({ start, end, parent }: TraceTable): Float64Array {
  const self = new Float64Array(start.length);
  for (let i = 0; i < self.length; i++) self[i] = end[i]! - start[i]!;
  for (let i = 0; i < self.length; i++) if (parent[i]! >= 0) self[parent[i]!]! -= end[i]! - start[i]!;
  return self;
}

/** Totals by name and category of the events with a duration; `add` for each event, `list` at the end. */
export class Totals {
  readonly #rows = new Map<
    number,
    { name: number; category: number; count: number; total: number; self: number }
  >();

  add(name: number, category: number, ticks: number, selfTime: number): void {
    // Both ids are below 2^26 in any file that fits into memory.
    const key = name * 0x400_0000 + category;
    const row = this.#rows.get(key);
    if (row) {
      row.count++;
      row.total += ticks;
      row.self += selfTime;
    } else this.#rows.set(key, { name, category, count: 1, total: ticks, self: selfTime });
  }

  /** Takes time off the self time of a name that was or will be added. */
  takeSelf(name: number, category: number, ticks: number): void {
    const key = name * 0x400_0000 + category;
    const row = this.#rows.get(key);
    if (row) row.self -= ticks;
    else this.#rows.set(key, { name, category, count: 0, total: 0, self: -ticks });
  }

  list(strings: Strings, limit: number): NameTotal[] {
    return [...this.#rows.values()]
      .filter((row) => row.count > 0)
      .map(({ name, category, count, total, self }) => ({
        name: strings.at(name),
        category: strings.at(category),
        count,
        totalTicks: total,
        selfTicks: self,
      }))
      .sort(
        (a, b) => b.totalTicks - a.totalTicks || compare(a.name, b.name) || compare(a.category, b.category),
      )
      .slice(0, limit);
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Totals of what lies in [t0, t1] on the given tracks (all when empty); durations are clipped to the range. */
export function selectEvents(
  table: TraceTable,
  strings: Strings,
  t0: number,
  t1: number,
  tracks: number[],
): SelectResult {
  const totals = new Totals();
  const wanted = tracks.length === 0 ? table.tracks.map((_, index) => index) : [...new Set(tracks)];
  const roots: [from: number, to: number][] = [];
  let events = 0;
  for (const index of wanted) {
    const track = table.tracks[index];
    if (!track) continue;
    for (let row = track.firstRow; row < track.firstRow + track.depth; row++) {
      const to = table.rowStart[row + 1]!;
      let i = lowerBound(table.start, t0, table.rowStart[row], to);
      if (i > table.rowStart[row]! && table.end[i - 1]! > t0) i--;
      for (; i < to && table.start[i]! <= t1; i++) {
        const from = Math.max(t0, table.start[i]!);
        const end = Math.min(t1, table.end[i]!);
        const ticks = end - from;
        events++;
        totals.add(table.name[i]!, table.category[i]!, ticks, ticks);
        const parent = table.parent[i]!;
        if (parent >= 0) totals.takeSelf(table.name[parent]!, table.category[parent]!, ticks);
        else roots.push([from, end]);
      }
    }
  }
  return { rows: totals.list(strings, selectLimit), busyTicks: union(roots), events };
}

/** Length of the union of intervals. */
export function union(intervals: [from: number, to: number][]): number {
  intervals.sort((a, b) => a[0] - b[0]);
  let total = 0;
  let reached = -Infinity;
  for (const [from, to] of intervals) {
    if (to <= reached) continue;
    total += to - Math.max(from, reached);
    reached = to;
  }
  return total;
}

export function searchEvents(table: TraceTable, strings: Strings, text: string): SearchResult {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return { total: 0, hits: [] };
  const matches = new Uint8Array(strings.list.length);
  strings.list.forEach((name, id) => {
    if (name.toLowerCase().includes(wanted)) matches[id] = 1;
  });
  const hits: SearchHit[] = [];
  for (let row = 0; row < table.rowTrack.length; row++) {
    const track = table.rowTrack[row]!;
    const depth = row - table.tracks[track]!.firstRow;
    for (let i = table.rowStart[row]!; i < table.rowStart[row + 1]!; i++) {
      if (matches[table.name[i]!] !== 1) continue;
      const startTicks = table.start[i]!;
      hits.push({ event: i, track, depth, startTicks, durationTicks: table.end[i]! - startTicks });
    }
  }
  hits.sort((a, b) => a.startTicks - b.startTicks || a.event - b.event);
  return { total: hits.length, hits: hits.slice(0, hitLimit) };
}
