import type { PathMap } from '../common/pathMap';
import type { Problem } from '../common/problem';
import type { Machine } from './machine';

/**
 * Where a program runs. One file each implements it; rooms to the right know only this.
 * Commands are argument arrays, never shell strings. A run outlives the window and is attached again.
 */
export interface Target {
  readonly id: string;
  /** Where the program will run, to be asked before it does. */
  readonly machine: Machine;
  /** Folders that this machine shares with it; grows with what was brought from there. */
  readonly paths: PathMap;
  /** Working directory of the program; undefined: the one that the host has. */
  readonly cwd?: string;
  /** What the user should know of the place: a GPU that is not there. */
  readonly problems?: readonly Problem[];
  prepare(plan: Plan): Promise<Prepared>;
  start(prepared: Prepared, onState: (state: RunState) => void): Promise<RunHandle>;
  /** The running job again, from `run.json`; undefined when it is gone. */
  attach(ref: RunRef): RunHandle | undefined;
  readonly files: Files;
  /** Writes `usage.jsonl` of a run that lives, until the signal; absent where nothing can be asked. */
  watchUsage?(directory: string, signal: AbortSignal): Promise<void>;
  /** Takes away what was put there. */
  close?(): Promise<void>;
}

/** What to run: the program's own command line, and the environment that our runtime needs. */
export interface Plan {
  /** The command; `launcher` is media/python/launch.py as the program's machine names it. */
  command: (launcher: string) => Promise<readonly string[]>;
  cwd: string;
  runDirectory: string;
  /** Added to the program's environment; PYTHONPATH is prepended to, never replaced. */
  environment: Readonly<Record<string, string>>;
  pythonPath: string;
}

export interface Prepared {
  command: readonly string[];
  cwd: string;
  environment: NodeJS.ProcessEnv;
}

/** Plain JSON that finds the job again after a reload of the window. */
export interface RunRef {
  target: string;
  /** The program; in a container, the command line of ours that watches it. */
  pid: number;
  /** Start time in clock ticks since boot: tells the process from a later one with the same pid. */
  startTicks?: string;
  container?: ContainerRef;
}

/** What has to be taken away when nobody watches any more. */
export interface ContainerRef {
  endpoint: string;
  id: string;
  /** Who watches it, as the labels of our containers say it. */
  owner: string;
  /** We started it. */
  ours: boolean;
  /** Our folder in it. */
  folder: string;
  /** The run directory as it names it. */
  run: string;
  /** It is not the host's own by a mount: what lies there has to be fetched. False once it was. */
  apart: boolean;
  /** The run has ended, and something of this could not be fetched or taken away: the engine was gone, the container stopped. */
  left?: boolean;
  user?: string;
}

export type RunState =
  | { kind: 'starting' }
  | { kind: 'running' }
  | { kind: 'finishing' }
  | { kind: 'ended'; exitCode: number }
  | { kind: 'ended'; signal: NodeJS.Signals }
  | { kind: 'ended'; error: Error };

export interface RunHandle {
  readonly ref: RunRef;
  readonly ended: Promise<RunState & { kind: 'ended' }>;
  /** Asks the program to end: INT, then TERM, then KILL, each after a grace. */
  stop(): Promise<void>;
  /** What went wrong beside the program; complete when it has ended. */
  readonly problems?: readonly Problem[];
  /** Passes on a signal that was sent to us. */
  signal(signal: NodeJS.Signals): void;
}

/** Reading the log directory where it lies. All paths are the target's own, absolute. */
export interface Files {
  /** Entries of a folder; [] when it does not exist. */
  list(directory: string): Promise<FileEntry[]>;
  /** Up to `length` bytes from `from`; shorter at the end of the file, empty when it does not exist. */
  read(path: string, from: number, length: number): Promise<Uint8Array>;
}

export interface FileEntry {
  name: string;
  directory: boolean;
}
