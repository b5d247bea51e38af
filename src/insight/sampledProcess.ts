/** The line samples of one process, on the clock of its calls. */
import type { Nanoseconds } from '../common/units';
import type { ProcessReader } from '../runs/processReader';
import type { RunReader } from '../runs/runReader';
import { UnseenPython } from './unseenPython';
import { StackLines, UserFiles, type UserLine } from './userLines';

/** A thread had one stack from `begin` to `end`, in ns since the process's start. */
export type VisitRun = (thread: number, stack: number, begin: Nanoseconds, end: Nanoseconds) => void;

/** Time of one thread in one stack. */
export interface StackTime {
  thread: number;
  stack: number;
  ns: Nanoseconds;
}

/** Where a call of a model stands in the source. */
export interface CallPlace {
  file: string;
  line: number;
  endLine: number;
}

export class SampledProcess {
  readonly stacks: StackLines;
  #sums: readonly StackTime[] | undefined;
  readonly #inCall = new Map<number, boolean>();
  readonly #unseen: UnseenPython;
  readonly #tickNs: number;
  /** What lies between the zeros of the samples and of the calls. */
  readonly #shiftNs: number;

  constructor(
    readonly process: ProcessReader,
    files: UserFiles,
    private readonly places: readonly CallPlace[] = [],
  ) {
    const { header, table } = process.samples;
    this.stacks = new StackLines(table, files);
    this.stacks.grow();
    this.#tickNs = header?.tickNs ?? 1000;
    this.#shiftNs = header ? Number(header.perfNs - (process.originPerfNs ?? header.perfNs)) : 0;
    this.#unseen = new UnseenPython(process.samples.table, this.stacks);
  }

  /** Time by thread and stack; summed up when it is first asked for, since there may be millions of runs. */
  get sums(): readonly StackTime[] {
    return (this.#sums ??= this.#sumUp());
  }

  /** Whether there are samples with a place in time. */
  get placed(): boolean {
    const { table } = this.process.samples;
    return table.runs > 0 || table.until > 0;
  }

  /** Up to when the samples tell, ns since the process's start. */
  get untilNs(): Nanoseconds {
    return this.process.samples.table.until * this.#tickNs + this.#shiftNs;
  }

  /**
   * Visits runs, in order within each thread, with those that have not ended. There may be millions. Stretches of
   * Python that nobody saw come with the stack that they most likely had.
   */
  eachRun(visit: VisitRun): void {
    const tick = this.#tickNs;
    const shift = this.#shiftNs;
    this.#unseen.each((thread, stack, begin, end) => {
      visit(thread, stack, begin * tick + shift, end * tick + shift);
    });
  }

  /** Whether a thread with this stack is in a call of a model. */
  inCall(stack: number): boolean {
    let known = this.#inCall.get(stack);
    if (known === undefined) {
      const isPlace = (at: UserLine): boolean =>
        this.places.some(
          (place) => place.file === at.file && at.line >= place.line && at.line <= place.endLine,
        );
      known = this.stacks.onStack(stack, isPlace).met;
      this.#inCall.set(stack, known);
    }
    return known;
  }

  isMain(thread: number): boolean {
    return this.process.samples.table.threads[thread]?.name === 'MainThread';
  }

  /** Whether a thread with this stack waits for something to do. */
  isIdle(thread: number, stack: number): boolean {
    return this.stacks.isIdle(stack, this.isMain(thread));
  }

  /** Number of the thread with a native id, as the samples count threads. */
  threadsOf(nativeId: number): number[] {
    return this.process.samples.table.threads.flatMap((thread, index) =>
      thread.nativeId === nativeId && nativeId !== 0 ? [index] : [],
    );
  }

  /** Time by thread and stack: far fewer than runs. */
  #sumUp(): StackTime[] {
    const { table } = this.process.samples;
    const sums = new Map<number, number>();
    const add = (thread: number, stack: number, ns: Nanoseconds): void => {
      const key = thread * 2 ** 32 + stack;
      sums.set(key, (sums.get(key) ?? 0) + ns);
    };
    this.eachRun((thread, stack, begin, end) => add(thread, stack, end - begin));
    for (const { thread, stack, ticks } of table.sums) add(thread, stack, ticks * this.#tickNs);
    return [...sums].map(([key, ns]) => ({ thread: Math.floor(key / 2 ** 32), stack: key % 2 ** 32, ns }));
  }
}

/** The files of a run's user, and its processes with their samples in the order of `reader.processes`. */
export function sampledRun(reader: RunReader): { files: UserFiles; sampled: SampledProcess[] } {
  const { config, record, processes } = reader;
  const files = new UserFiles(
    config,
    record && reader.paths.toHost(record.cwd),
    processes.flatMap((p) => p.files),
    (file) => reader.paths.toHost(file),
  );
  // Half of what was sampled is no sample of it.
  if (reader.integrity?.lost.has('samples')) for (const { samples } of processes) samples.forget();
  const places = (config?.files ?? []).flatMap(({ file, sites }) =>
    sites.map(({ line, endLine }) => ({ file, line, endLine })),
  );
  return { files, sampled: processes.map((process) => new SampledProcess(process, files, places)) };
}
