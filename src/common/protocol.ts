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
  /** Number of the event, to ask for its neighbours. */
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

export interface TimelineSummaryRow {
  name: string;
  category: string;
  count: number;
  totalTicks: number;
  selfTicks: number;
}

export interface TimelineHit {
  event: number;
  track: number;
  depth: number;
  startTicks: number;
  durationTicks: number;
}

/**
 * Level-of-detail entries of some rows, the columns of all rows one after the other, sorted by start
 * within a row. Times are ticks from `t0`, clipped to [t0, t1]. Every column has a buffer of its own:
 * VS Code posts the whole buffer behind a view.
 */
export interface TimelineTiles {
  t0: number;
  t1: number;
  rows: { track: number; depth: number; entries: number }[];
  start: Float32Array;
  extent: Float32Array;
  /** Ticks within the extent that are busy; equal to the extent for a single event. */
  busy: Float32Array;
  /** Index into the names that were sent so far. */
  name: Uint32Array;
}

export type TimelineDirection = 'previous' | 'next' | 'parent' | 'child';

export type ToTimeline =
  | { type: 'progress'; file: string; fraction: number }
  | {
      type: 'opened';
      title: string;
      tracks: TimelineTrack[];
      originUnixNs: string;
      /** False when the file holds no wall clock: times count from the start of the recording. */
      clock: boolean;
      tickPs: number;
      /** Length of the trace in ticks. */
      spanTicks: number;
      events: number;
      problems: { message: string; fix?: string; offset?: number }[];
    }
  | { type: 'failed'; message: string; fix?: string }
  | {
      type: 'tiles';
      request: number;
      tiles: TimelineTiles | undefined;
      /** Names that the tiles use for the first time; numbered from `from` on. */
      newNames: { from: number; names: string[] };
    }
  | { type: 'detail'; request: number; detail: TimelineDetail | undefined }
  | {
      type: 'selection';
      request: number;
      rows: TimelineSummaryRow[];
      /** Time in which at least one event was open on the selected tracks. */
      busyTicks: number;
      events: number;
    }
  | { type: 'found'; request: number; total: number; hits: TimelineHit[] }
  /** The engine could not answer; the timeline stays as it is. */
  | { type: 'refused'; request: number; message: string };

export type FromTimeline =
  | { type: 'ready' }
  | { type: 'reopen' }
  | {
      type: 'tiles';
      request: number;
      t0: number;
      t1: number;
      pixels: number;
      rows: { track: number; depth: number }[];
    }
  | {
      type: 'detailAt';
      request: number;
      track: number;
      depth: number;
      time: number;
      toleranceTicks: number;
    }
  | { type: 'detail'; request: number; event: number }
  | { type: 'neighbour'; request: number; event: number; direction: TimelineDirection }
  | { type: 'select'; request: number; t0: number; t1: number; tracks: number[] }
  | { type: 'search'; request: number; text: string };

/** What the doctor found, as `launch/doctor` says it. */
export interface DoctorFinding {
  id: string;
  severity: 'ok' | 'note' | 'warning' | 'problem';
  title: string;
  detail: string;
  fix?: { text: string; command?: string; devcontainer?: { snippet: string } };
  unknown?: true;
}

/** Texts of the report, in the user's language. */
export interface DoctorStrings {
  heading: string;
  groups: Record<DoctorFinding['severity'] | 'unknown', string>;
  copyCommand: string;
  copied: string;
  copyLine: string;
  insert: string;
  insertLabel: string;
  again: string;
}

export interface ToDoctor {
  type: 'report';
  target: string;
  findings: DoctorFinding[];
  /** Whether there is a devcontainer.json to insert lines into. */
  canInsert: boolean;
  strings: DoctorStrings;
}

export type FromDoctor =
  | { type: 'ready' }
  | { type: 'again' }
  /** `finding` counts in the report. */
  | { type: 'copy'; finding: number; what: 'command' | 'line' }
  | { type: 'insert'; finding: number };
