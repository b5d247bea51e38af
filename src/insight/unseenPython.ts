/**
 * What a thread did just before it let go of the GIL by itself. The sampler has to wait for the GIL while a thread runs
 * Python; when it gets it early, at the beginning of a call that releases it (a sleep, a hash, a model), what it sees is
 * not what it waited for. The look then counts for the line that most likely ran when it was due: the last one that is
 * seen at all on the way from the look before, in the innermost function that both have; a way that leads upwards has
 * gone round a loop. Where the look before saw the same line, that is it, if the line calls Python code that may have
 * run; a line that calls nothing but C has been left, and the way leads once round the loop.
 */
import type { SampleTable } from '../trace/formats/samples';
import type { StackLines } from './userLines';

type Visit = (thread: number, stack: number, begin: number, end: number) => void;

interface SeenLine {
  line: number;
  /** A stack that was in it. */
  stack: number;
  /** Runs in which it was seen. */
  runs: number;
}

/** A line that is seen this seldom, beside the one that is seen most, takes no time worth guessing at. */
const leastShare = 0.3;
const leastRuns = 2;

export class UnseenPython {
  /** By function of the user's (its code): lines that were seen, ascending. */
  #seen: Map<number, SeenLine[]> | undefined;
  readonly #guessed = new Map<string, number>();

  constructor(
    private readonly table: SampleTable,
    private readonly stacks: StackLines,
  ) {}

  /** Visits all runs in ticks, those that have not ended last, with a likely stack for what was not seen. */
  each(visit: Visit): void {
    const { runs, runThread, runStack, begin, end } = this.table;
    const before: number[] = [];
    const one = (thread: number, stack: number, from: number, to: number): void => {
      const after = this.stacks.seenAfter(stack);
      const likely = after === undefined ? stack : this.#likely(after, before[thread]);
      before[thread] = likely;
      visit(thread, likely, from, to);
    };
    for (let row = 0; row < runs; row++) one(runThread[row]!, runStack[row]!, begin[row]!, end[row]!);
    for (const run of this.table.openRuns()) one(run.thread, run.stack, run.begin, run.end);
  }

  /** Stack of a thread between two looks that saw other lines, shortly before the second. */
  #likely(after: number, before: number | undefined): number {
    const self = this.stacks.self(after);
    if (self === undefined || before === undefined) return after;
    const same = this.stacks.self(before) === self;
    if (same && !this.stacks.frame(after)) return after;
    const key = `${after} ${before}`;
    let known = this.#guessed.get(key);
    if (known === undefined) {
      this.#guessed.set(key, (known = (same ? this.#around(after) : this.#guess(after, before)) ?? after));
    }
    return known;
  }

  #guess(after: number, before: number): number | undefined {
    const { code, line } = this.table;
    const lines = new Map<number, number>();
    for (const { stack } of this.stacks.frames(before))
      if (!lines.has(code[stack]!)) lines.set(code[stack]!, line[stack]!);
    for (const { stack } of this.stacks.frames(after)) {
      const from = lines.get(code[stack]!);
      if (from === undefined) continue;
      const to = line[stack]!;
      if (from === to) continue; // the call that both are in: the way is in what it called
      const seen = this.#lines(code[stack]!);
      return this.#last(seen, from, to)?.stack ?? seen.find((each) => each.line === from)?.stack;
    }
    return undefined;
  }

  /** Once round a loop, in the innermost function that has other lines. */
  #around(after: number): number | undefined {
    const { code, line } = this.table;
    for (const { stack } of this.stacks.frames(after)) {
      const last = this.#last(this.#lines(code[stack]!), line[stack]!, line[stack]!);
      if (last) return last.stack;
    }
    return undefined;
  }

  /** The last line between two, that time went to. */
  #last(seen: readonly SeenLine[], from: number, to: number): SeenLine | undefined {
    const way =
      from < to
        ? seen.filter(({ line }) => line > from && line < to)
        : [...seen.filter(({ line }) => line > from), ...seen.filter(({ line }) => line < to)];
    const least = Math.max(leastRuns, leastShare * Math.max(0, ...way.map(({ runs }) => runs)));
    return way.findLast(({ runs }) => runs >= least);
  }

  /** Lines of a function that were seen, ascending. */
  #lines(of: number): readonly SeenLine[] {
    this.#seen ??= this.#collect();
    return this.#seen.get(of) ?? [];
  }

  /** Lines of the user's that some thread was seen in, by function. */
  #collect(): Map<number, SeenLine[]> {
    const { runs, runStack, code, line } = this.table;
    const counts = new Map<number, number>();
    for (const stack of runStack.subarray(0, runs)) counts.set(stack, (counts.get(stack) ?? 0) + 1);
    const found = new Map<number, Map<number, SeenLine>>();
    for (const [stack, count] of counts) {
      if (this.stacks.seenAfter(stack) !== undefined || this.stacks.self(stack) === undefined) continue;
      for (const frame of this.stacks.frames(stack)) {
        let lines = found.get(code[frame.stack]!);
        if (!lines) found.set(code[frame.stack]!, (lines = new Map<number, SeenLine>()));
        const at = line[frame.stack]!;
        const known = lines.get(at);
        if (known) known.runs += count;
        else lines.set(at, { line: at, stack, runs: count });
      }
    }
    return new Map(
      [...found].map(([of, lines]) => [of, [...lines.values()].sort((a, b) => a.line - b.line)]),
    );
  }
}
