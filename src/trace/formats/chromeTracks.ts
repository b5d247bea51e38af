/** Processes and threads of a Chrome trace and the names that its metadata events give them. */
import type { EventSource, TraceBuilder, TrackKind } from '../builder';

interface ProcessNames {
  name: string;
  labels: string;
  sort: number;
}

const deviceCategories = /^(kernel|gpu_\w+|Kernel|Memcpy|Memset)$/;
const streamName = /^stream\s/i;

export class ChromeTracks {
  readonly #builder: TraceBuilder;
  readonly #source: EventSource;
  /** Process id → thread id → track; ids are string ids. */
  readonly #threads = new Map<number, Map<number, number>>();
  readonly #async = new Map<number, Map<number, number>>();
  readonly #processes = new Map<number, ProcessNames>();
  readonly #threadNames = new Map<string, { name?: string; sort?: number }>();
  #lastProcess = -1;
  #lastThread = -1;
  #lastTrack = -1;

  constructor(builder: TraceBuilder, source: EventSource) {
    this.#builder = builder;
    this.#source = source;
  }

  /** Track of a thread. The first event's category says whether it is a device's stream. */
  thread(process: number, thread: number, category: number): number {
    if (process === this.#lastProcess && thread === this.#lastThread) return this.#lastTrack;
    const kind = deviceCategories.test(this.#builder.strings.at(category)) ? 'stream' : 'thread';
    const track = this.#find(this.#threads, process, thread, kind);
    this.#lastProcess = process;
    this.#lastThread = thread;
    this.#lastTrack = track;
    return track;
  }

  /** Track of the asynchronous events of a category. */
  async(process: number, category: number): number {
    return this.#find(this.#async, process, category, 'async');
  }

  /** A metadata event: `what` is its name, `value` each of its arguments. */
  describe(what: string, process: number, thread: number, value: string | number): void {
    if (what === 'process_name') this.#process(process).name = String(value);
    else if (what === 'process_labels') this.#process(process).labels = String(value);
    else if (what === 'process_sort_index') this.#process(process).sort = Number(value);
    else if (what === 'thread_name') this.#thread(process, thread).name = String(value);
    else if (what === 'thread_sort_index') this.#thread(process, thread).sort = Number(value);
  }

  /** Names the tracks; metadata events may come after everything else. */
  finish(): void {
    const { tracks, strings } = this.#builder;
    for (const [process, threads] of this.#threads) {
      for (const [thread, index] of threads) {
        const track = tracks[index]!;
        const names = this.#threadNames.get(`${process} ${thread}`);
        track.process = this.#processText(process);
        track.thread = names?.name?.trim() || titled('thread', strings.at(thread));
        track.sort = names?.sort ?? 0;
        if (streamName.test(track.thread)) track.kind = 'stream';
      }
    }
    for (const [process, categories] of this.#async) {
      for (const [category, index] of categories) {
        const track = tracks[index]!;
        track.process = this.#processText(process);
        track.thread = `${strings.at(category) || 'asynchronous'} (async)`;
        // Below the threads, whatever their sort index (torch uses numbers up to 2^31).
        track.sort = Number.MAX_SAFE_INTEGER;
      }
    }
  }

  #processText(process: number): string {
    const id = this.#builder.strings.at(process);
    const names = this.#processes.get(process);
    // torch calls each GPU by the host process's name and says "GPU 0" only in the labels.
    if (names && /^GPU/i.test(names.labels)) return names.labels;
    if (!names?.name) return titled('process', id);
    return names.name.includes(id) ? names.name : `${names.name} ${id}`;
  }

  #process(process: number): ProcessNames {
    let names = this.#processes.get(process);
    if (!names) this.#processes.set(process, (names = { name: '', labels: '', sort: 0 }));
    return names;
  }

  #thread(process: number, thread: number): { name?: string; sort?: number } {
    const key = `${process} ${thread}`;
    let names = this.#threadNames.get(key);
    if (!names) this.#threadNames.set(key, (names = {}));
    return names;
  }

  #find(tracks: Map<number, Map<number, number>>, process: number, thread: number, kind: TrackKind): number {
    let threads = tracks.get(process);
    if (!threads) tracks.set(process, (threads = new Map<number, number>()));
    let track = threads.get(thread);
    if (track === undefined) {
      const { strings } = this.#builder;
      track = this.#builder.addTrack({
        process: '',
        thread: '',
        processId: strings.at(process),
        threadId: strings.at(thread),
        kind,
        sort: 0,
        source: this.#source,
      });
      threads.set(thread, track);
    }
    return track;
  }
}

/** An id that is a bare number needs a word before it to be understood. */
function titled(word: string, id: string): string {
  return /^-?\d*$/.test(id) ? `${word} ${id}`.trim() : id;
}
