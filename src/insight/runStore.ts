import path from 'node:path';
import { Disposables, Emitter, type Disposable } from '../common/disposables';
import type { Log } from '../common/log';
import { errorText } from '../common/problem';
import { comparedRun } from './comparedRuns';
import type { ComparedRun } from './comparison';
import { summarizeRun, type RunSummary } from './runSummary';
import type { Files } from '../targets/target';
import { readNotes, writeNotes, type RunNotes } from '../runs/notes';
import { RunReader } from '../runs/runReader';
import { isRunName } from '../runs/runRecord';
import { watchLogDirectory, type WatchMode } from '../runs/watcher';

/** How often new slots of a living run are read: memory-mapped writes raise no file event. */
const livePollMs = 250;
/** A summary of a long run costs time in proportion: make it anew at most this share of the time. */
const summaryDuty = 10;

export interface Run {
  readonly name: string;
  readonly directory: string;
  readonly summary: RunSummary;
  readonly live: boolean;
  readonly notes: RunNotes;
}

/** Completes a summary from the traces of an ended run, outside this process. */
export type Completer = (directory: string) => Promise<RunSummary | undefined>;

interface Entry extends Run {
  reader: RunReader;
  summary: RunSummary;
  live: boolean;
  notes: RunNotes;
  completed: boolean;
  summaryCostMs: number;
  summarizedAt: number;
  stale: boolean;
}

/**
 * The runs of one log directory, newest first, kept up to date: living runs are polled, new ones are
 * seen by the watcher, also when they were started outside the editor.
 */
export class RunStore implements Disposable {
  readonly #owned = new Disposables();
  readonly #changed = this.#owned.add(new Emitter<Run | undefined>());
  readonly #entries = new Map<string, Entry>();
  #timer: NodeJS.Timeout | undefined;
  #scanning: Promise<void> | undefined;
  #again = false;

  /** Fires with the run that changed; undefined when runs came or went. */
  readonly onDidChange = this.#changed.event;

  constructor(
    readonly logDirectory: string,
    private readonly files: Files,
    private readonly complete: Completer,
    private readonly log: Log,
    watch: WatchMode,
  ) {
    this.#owned.add(watchLogDirectory(logDirectory, watch, () => void this.scan(), log));
    void this.scan();
  }

  /** Newest first. */
  get runs(): readonly Run[] {
    return [...this.#entries.values()].sort((a, b) => (a.name < b.name ? 1 : -1));
  }

  get liveRuns(): readonly Run[] {
    return this.runs.filter((run) => run.live);
  }

  find(name: string): Run | undefined {
    return this.#entries.get(name);
  }

  /** Looks for new and removed runs, and reads what is new in the living ones. */
  scan(): Promise<void> {
    if (this.#scanning) {
      this.#again = true;
      return this.#scanning;
    }
    this.#scanning = this.#scan()
      .catch((error: unknown) => this.log.warn(`Reading ${this.logDirectory}: ${errorText(error)}`))
      .finally(async () => {
        this.#scanning = undefined;
        this.#schedule(); // also after a failed reading: the next one may succeed
        if (this.#again && !this.#owned.disposed) {
          this.#again = false;
          await this.scan(); // who asked meanwhile waits for an answer that is newer than the question
        }
      });
    return this.#scanning;
  }

  async #scan(): Promise<void> {
    const seen = new Set<string>();
    let cameOrWent = false;
    for (const { name, directory } of await this.files.list(this.logDirectory)) {
      if (!directory || !isRunName(name)) continue;
      seen.add(name);
      if (this.#entries.has(name)) continue;
      const reader = new RunReader(path.join(this.logDirectory, name), this.files);
      await reader.poll();
      // A folder that was made this moment has no content yet: the next event brings it.
      if (!reader.config && !reader.record && reader.processes.length === 0) continue;
      this.#add(reader, await readNotes(reader.directory));
      cameOrWent = true;
    }
    for (const name of this.#entries.keys()) {
      if (!seen.has(name)) cameOrWent = this.#entries.delete(name) || cameOrWent;
    }
    if (cameOrWent) this.#changed.fire(undefined);
    await this.#poll();
  }

  #add(reader: RunReader, notes: RunNotes): void {
    const summary = summarizeRun(reader);
    const entry: Entry = {
      name: reader.name,
      directory: reader.directory,
      reader,
      summary,
      live: isLive(summary),
      notes,
      completed: false,
      summaryCostMs: 0,
      summarizedAt: 0,
      stale: false,
    };
    this.#entries.set(entry.name, entry);
  }

  async #poll(): Promise<void> {
    for (const entry of this.#entries.values()) {
      if (!entry.live) continue;
      const changed = await entry.reader.poll();
      entry.stale ||= changed || entry.reader.record === undefined;
      if (entry.stale && Date.now() - entry.summarizedAt >= entry.summaryCostMs * summaryDuty)
        this.#summarize(entry);
    }
  }

  #summarize(entry: Entry): void {
    const begin = performance.now();
    entry.summary = summarizeRun(entry.reader);
    entry.summaryCostMs = performance.now() - begin;
    entry.summarizedAt = Date.now();
    entry.stale = false;
    entry.live = isLive(entry.summary);
    this.#changed.fire(entry);
    if (!entry.live) void this.completeRun(entry.name);
  }

  /** Changes what the user said about a run. False when it is not one of ours. */
  async note(name: string, change: Partial<RunNotes>): Promise<boolean> {
    const entry = this.#entries.get(name);
    if (!entry) return false;
    const notes = { ...entry.notes, ...change };
    await writeNotes(entry.directory, notes);
    entry.notes = notes;
    this.#changed.fire(entry);
    return true;
  }

  /** A run as comparisons take it. */
  compared(name: string): ComparedRun | undefined {
    const entry = this.#entries.get(name);
    return entry && comparedRun(entry.reader, entry.summary);
  }

  /** Adds parts and traces to an ended run's summary, once. */
  async completeRun(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    if (!entry || entry.completed || entry.live) return;
    entry.completed = true;
    try {
      const summary = await this.complete(entry.directory);
      if (summary) entry.summary = summary;
    } catch (error) {
      this.log.warn(`Reading the traces of ${name}: ${errorText(error)}`);
    }
    this.#changed.fire(entry);
  }

  #schedule(): void {
    const live = [...this.#entries.values()].some((entry) => entry.live);
    if (!live || this.#timer !== undefined || this.#owned.disposed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.scan();
    }, livePollMs);
  }

  dispose(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#owned.dispose();
  }
}

function isLive(summary: RunSummary): boolean {
  return summary.run.state === 'running' || summary.run.state === 'starting';
}
