/** The trace engine, in process: opens files, answers what the timeline and the insight ask. */
import type { Problem } from '../common/problem';
import type { StatValue, TraceBuilder, TraceFormat, TrackKind } from './builder';
import { Strings } from './columns';
import { LevelOfDetail, lowerBound } from './lod';
import { readTraceFile, type OpenOptions } from './reading';
import { searchEvents, selectEvents, selfTicks } from './queries';
import type { SearchResult, SelectResult } from './queries';
import { buildTable, sourceOf, type TraceTable } from './table';
import { emptyTiles, packTiles, type Tiles, type TilesRequest } from './tiles';

export interface TrackInfo {
  index: number;
  process: string;
  thread: string;
  processId: string;
  threadId: string;
  kind: TrackKind;
  events: number;
  depth: number;
}

export interface TraceFileInfo {
  path: string;
  format: TraceFormat;
  /** Whether the file holds a wall clock. */
  clock: boolean;
  /** Read, but without a duration of their own and so not in the rows. */
  counters: number;
  flows: number;
  aggregated: number;
}

export interface OpenedTrace {
  tracks: TrackInfo[];
  files: TraceFileInfo[];
  /** Unix time of tick 0, ns. */
  originUnixNs: bigint;
  /** Picoseconds in a tick. */
  tickPs: number;
  spanTicks: number;
  events: number;
  problems: Problem[];
}

export interface EventDetail {
  event: number;
  name: string;
  category: string;
  track: number;
  depth: number;
  startTicks: number;
  durationTicks: number;
  selfTicks: number;
  args: [key: string, value: string][];
}

export type Direction = 'previous' | 'next' | 'parent' | 'child';

/** Read-only columns for insight: one entry an event; events of a row are contiguous and sorted by start. */
export interface EventColumns {
  readonly count: number;
  /** Ticks from the origin. */
  readonly start: Float64Array;
  readonly end: Float64Array;
  /** Ids for `name(id)`. */
  readonly name: Uint32Array;
  readonly category: Uint32Array;
  readonly track: Uint32Array;
  /** Event that directly encloses it on its track, or -1. */
  readonly parent: Int32Array;
}

export class TraceModel implements OpenedTrace {
  readonly tracks: TrackInfo[];
  readonly originUnixNs: bigint;
  readonly tickPs: number;
  readonly spanTicks: number;
  readonly events: number;
  readonly #table: TraceTable;
  readonly #strings: Strings;
  readonly #lod: LevelOfDetail;
  #self: Float64Array | undefined;

  constructor(
    table: TraceTable,
    strings: Strings,
    readonly files: TraceFileInfo[],
    readonly problems: Problem[],
    /** What the files say beside their events: host names, device properties, profiler options. */
    readonly metadata: ReadonlyMap<string, unknown>,
    /** Part of a file could not be read, so that sums over its events are no figures. */
    readonly damaged = false,
  ) {
    this.#table = table;
    this.#strings = strings;
    this.#lod = new LevelOfDetail(table);
    this.originUnixNs = table.originUnixNs;
    this.tickPs = table.tickPs;
    this.spanTicks = table.spanTicks;
    this.events = table.start.length;
    this.tracks = table.tracks.map((track, index) => ({
      index,
      process: track.process,
      thread: track.thread,
      processId: track.processId,
      threadId: track.threadId,
      kind: track.kind,
      events: track.events,
      depth: track.depth,
    }));
  }

  /** Everything that iteration needs, without a copy. */
  columns(): EventColumns {
    const { start, end, name, category, track, parent } = this.#table;
    return { count: start.length, start, end, name, category, track, parent };
  }

  /** String of a name or category id. */
  name(id: number): string {
    return this.#strings.at(id);
  }

  /** Strings of many ids, in their order. */
  names(ids: Uint32Array): string[] {
    return Array.from(ids, (id) => this.#strings.at(id));
  }

  /** Self time of every event: its duration less that of the events directly within, ticks. */
  self(): Float64Array {
    return (this.#self ??= selfTicks(this.#table));
  }

  /** Stats (xplane) or arguments (JSON) of an event. 64-bit ids come as bigint where a number would lose digits. */
  stats(event: number): Map<string, StatValue> {
    return sourceOf(this.#table, event).stats(this.#table.locator[event]!);
  }

  /** Level-of-detail entries of the asked rows within [t0, t1]. */
  tiles(request: TilesRequest): Tiles {
    if (this.events === 0) return emptyTiles(request);
    return packTiles(this.#table, this.#lod, request);
  }

  /** The event at a time (ticks) in a row, else the nearest within the tolerance; undefined if none. */
  at(track: number, depth: number, time: number, toleranceTicks = 0): number | undefined {
    const row = this.#row(track, depth);
    if (row === undefined) return undefined;
    const { rowStart, start, end } = this.#table;
    const from = rowStart[row]!;
    const to = rowStart[row + 1]!;
    const next = lowerBound(start, time, from, to);
    let best: number | undefined;
    let bestGap = toleranceTicks;
    for (const event of [next - 1, next]) {
      if (event < from || event >= to) continue;
      const gap = Math.max(0, start[event]! - time, time - end[event]!);
      if (gap < bestGap || (gap === bestGap && best === undefined)) {
        best = event;
        bestGap = gap;
      }
    }
    return best;
  }

  detail(event: number): EventDetail | undefined {
    const { start, end, name, category, track, tracks } = this.#table;
    if (!(event >= 0 && event < this.events)) return undefined;
    const index = track[event]!;
    return {
      event,
      name: this.name(name[event]!),
      category: this.name(category[event]!),
      track: index,
      depth: this.#rowOf(event) - tracks[index]!.firstRow,
      startTicks: start[event]!,
      durationTicks: end[event]! - start[event]!,
      selfTicks: this.self()[event]!,
      args: [...this.stats(event)].map(([key, value]) => [key, String(value)]),
    };
  }

  /** The event before, after, around or (the longest) directly within another, on the same track. */
  neighbour(event: number, direction: Direction): number | undefined {
    const { parent, start, end, rowStart, track, tracks, rowTrack } = this.#table;
    if (!(event >= 0 && event < this.events)) return undefined;
    const row = this.#rowOf(event);
    if (direction === 'previous') return event > rowStart[row]! ? event - 1 : undefined;
    if (direction === 'next') return event + 1 < rowStart[row + 1]! ? event + 1 : undefined;
    if (direction === 'parent') return parent[event]! < 0 ? undefined : parent[event];
    const below = row + 1;
    if (below >= rowTrack.length || rowTrack[below] !== track[event] || !tracks[track[event]!])
      return undefined;
    let longest: number | undefined;
    for (
      let i = lowerBound(start, start[event]!, rowStart[below], rowStart[below + 1]);
      i < rowStart[below + 1]!;
      i++
    ) {
      if (start[i]! > end[event]!) break;
      if (parent[i] !== event) continue;
      if (longest === undefined || end[i]! - start[i]! > end[longest]! - start[longest]!) longest = i;
    }
    return longest;
  }

  /** Totals by name of what lies in [t0, t1] ticks on the given tracks (all when empty), clipped to it. */
  select(t0: number, t1: number, tracks: number[]): SelectResult {
    return selectEvents(this.#table, this.#strings, t0, t1, tracks);
  }

  /** Events whose name contains the text, whatever its case, by time. */
  search(text: string): SearchResult {
    return searchEvents(this.#table, this.#strings, text);
  }

  #row(track: number, depth: number): number | undefined {
    const found = this.#table.tracks[track];
    return found && depth >= 0 && depth < found.depth ? found.firstRow + depth : undefined;
  }

  #rowOf(event: number): number {
    const { rowStart } = this.#table;
    let from = 0;
    let to = rowStart.length - 1;
    while (from < to) {
      const middle = (from + to + 1) >>> 1;
      if (rowStart[middle]! <= event) from = middle;
      else to = middle - 1;
    }
    return from;
  }
}

/** Name of the spans that the runtime and our advice put around a predict call. */
const predictName = 'predict';

/**
 * Opens trace files of any known format and merges them on their wall clock. The track that holds
 * `predict` steps comes first. Throws a `UserError`, or the signal's reason when cancelled.
 */
export async function openTrace(paths: string[], options: OpenOptions = {}): Promise<TraceModel> {
  const strings = new Strings();
  const files: TraceFileInfo[] = [];
  const builders: TraceBuilder[] = [];
  const metadata = new Map<string, unknown>();
  for (const [index, path] of paths.entries()) {
    const { format, builder } = await readTraceFile(path, strings, {
      signal: options.signal,
      onProgress: (file, fraction) => options.onProgress?.(file, (index + fraction) / paths.length),
    });
    if (paths.length > 1) qualify(builder.tracks, builder.metadata, index);
    for (const [key, value] of builder.metadata) if (!metadata.has(key)) metadata.set(key, value);
    files.push({ path, format, clock: builder.baseUnixNs !== undefined, ...builder.other });
    builders.push(builder);
  }
  const predict = strings.id(predictName);
  const predictTracks = builders.map((builder) => {
    const name = builder.name.view();
    const track = builder.track.view();
    const found = new Set<unknown>();
    for (let i = 0; i < name.length; i++) {
      const raw = builder.tracks[track[i]!]!;
      if (
        name[i] === predict &&
        !found.has(raw) &&
        raw.source.stats(builder.locator.view()[i]!).has('step_num')
      ) {
        found.add(raw);
      }
    }
    return found;
  });
  const table = buildTable(builders, (track, builder) =>
    predictTracks[builders.indexOf(builder)]!.has(track),
  );
  const problems = builders.flatMap((builder) => builder.allProblems());
  const damaged = builders.some((builder) => builder.damaged);
  return new TraceModel(table, strings, files, problems, metadata, damaged);
}

/** With several files, processes of one name are told apart by host name, else by the file's number. */
function qualify(tracks: { process: string }[], metadata: ReadonlyMap<string, unknown>, index: number): void {
  const hosts = metadata.get('hostnames');
  const host = Array.isArray(hosts) && typeof hosts[0] === 'string' ? hosts[0] : 'file';
  for (const track of tracks) track.process = `${track.process} (${host} ${index + 1})`;
}
