/** Messages between the host and the webviews. Both bundles import this file and nothing else of each other. */

export interface TimelineTrack {
  index: number;
  /** Name of the process or device that the track belongs to. */
  process: string;
  /** Name of the thread, stream or line. */
  thread: string;
  events: number;
  /** Number of rows: nesting depth, overflow rows included. */
  depth: number;
}

export interface TimelineDetail {
  name: string;
  category: string;
  track: number;
  depth: number;
  startTicks: number;
  durationTicks: number;
  selfTicks: number;
  args: [key: string, value: string][];
}

export interface TimelineSummaryRow {
  name: string;
  category: string;
  count: number;
  totalTicks: number;
  selfTicks: number;
}

/** One row of level-of-detail entries that cover [t0, t1] of a tiles request; columns, sorted by start. */
export interface TimelineRow {
  track: number;
  depth: number;
  start: Float64Array;
  extent: Float64Array;
  /** Ticks within the extent that are busy; equal to the extent for a single event. */
  busy: Float64Array;
  /** Index into the names that were sent so far. */
  name: Uint32Array;
}

export type ToTimeline =
  | { type: 'progress'; file: string; fraction: number }
  | {
      type: 'opened';
      title: string;
      tracks: TimelineTrack[];
      originUnixNs: string;
      tickPs: number;
      /** Length of the trace in ticks. */
      spanTicks: number;
      problems: { message: string; fix?: string }[];
    }
  | { type: 'failed'; message: string }
  | { type: 'tiles'; request: number; rows: TimelineRow[]; newNames: { from: number; names: string[] } }
  | { type: 'detail'; request: number; detail: TimelineDetail | undefined }
  | { type: 'selection'; request: number; rows: TimelineSummaryRow[]; busyTicks: number; events: number }
  | { type: 'found'; request: number; total: number; hits: { track: number; depth: number; startTicks: number; durationTicks: number }[] };

export type FromTimeline =
  | { type: 'ready' }
  | { type: 'tiles'; request: number; t0: number; t1: number; pixels: number; rows: { track: number; depth: number }[] }
  | { type: 'detailAt'; request: number; track: number; depth: number; time: number; toleranceTicks: number }
  | { type: 'select'; request: number; t0: number; t1: number; tracks: number[] }
  | { type: 'search'; request: number; text: string };
