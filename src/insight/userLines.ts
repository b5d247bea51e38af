/** Which of the sampled files are the user's own, and which lines each stack charges. */
import path from 'node:path';
import type { FileRecord } from '../runs/processRecords';
import type { RunConfig } from '../runs/runRecord';
import type { SampleTable } from '../trace/formats/samples';

/** Folders that hold what was installed, also where they lie below the user's root. */
const installed = /[\\/](site-packages|dist-packages|[Ll]ib(64)?[\\/]python\d[\d.]*|node_modules)[\\/]/;

/** Files of the user: those with sites (the copies that ran included) and those below the run's root. */
export class UserFiles {
  readonly #shown = new Map<string, string>();
  readonly #known = new Map<string, string | undefined>();
  readonly #roots: string[];

  constructor(
    config: RunConfig | undefined,
    cwd: string | undefined,
    records: readonly FileRecord[],
    private readonly toHost: (file: string) => string = (file) => file,
  ) {
    this.#roots = [config?.root, cwd].filter((folder): folder is string => Boolean(folder));
    for (const { file } of config?.files ?? []) this.#shown.set(file, file);
    // Lines of a copy with another text are those of the copy.
    for (const { file, ran, same } of records) this.#shown.set(ran, same ? file : ran);
  }

  /** The file as it is shown; undefined for what is not the user's. */
  shown(file: { path: string; real: string }): string | undefined {
    if (this.#known.has(file.path)) return this.#known.get(file.path);
    const here = { path: this.toHost(file.path), real: this.toHost(file.real) };
    const shown = this.#shown.get(here.real) ?? this.#shown.get(here.path) ?? this.#below(here);
    this.#known.set(file.path, shown);
    return shown;
  }

  #below(file: { path: string; real: string }): string | undefined {
    if (file.path.startsWith('<')) return undefined;
    return [file.path, file.real].find(
      (name) =>
        !installed.test(name) && this.#roots.some((root) => name.startsWith(path.join(root, path.sep))),
    );
  }
}

/** A line of a user's file, numbered within a `StackLines`. */
export interface UserLine {
  file: string;
  line: number;
  /** The function that it is in, as Python names it. */
  function: string;
}

const none = -1;
/** File of the frame that the sampler puts on what it saw after such a stretch. */
const unseen = '<before>';

/**
 * Where threads wait for something to do, by file and function of the standard library. Such a thread
 * is idle; only the main thread, which the user waits for, is charged for its waiting.
 */
const waiting: Readonly<Record<string, RegExp>> = {
  'threading.py': /(^|\.)(wait|wait_for|join|acquire|_wait_for_tstate_lock)$/,
  'queue.py': /\.get$/,
  'selectors.py': /\.select$/,
  'thread.py': /^_worker$/,
  'process.py': /^_process_worker$/,
  'queues.py': /\.get$/,
  'connection.py': /(^|\.)(wait|poll|recv|recv_bytes|_recv|_recv_bytes)$/,
  'socketserver.py': /\.serve_forever$/,
  'base_events.py': /\.(_run_once|run_forever)$/,
};

/** Our functions that only pass on a call of the program's: what is above them on the stack is not our work. */
const passing: Readonly<Record<string, RegExp>> = {
  'frameworkcalls.py': /\brecorded$/,
  'webrequests.py': /\bhandle$/,
  'launch.py': /^<module>$/,
  'launcher.py': /^_?run$/,
};

function passesOn(file: string, name: string): boolean {
  return passing[file.replace(/^.*[\\/]/, '')]?.test(name) ?? false;
}

/** Per stack: the user's line that its time is charged to, and the user's lines on it. Grows with the table. */
export class StackLines {
  readonly lines: UserLine[] = [];
  /** Innermost user line of each stack, -1 for none. */
  readonly #self: number[] = [none, none];
  /** The stack's innermost frame of a user, as a stack. */
  readonly #frame: number[] = [none, none];
  readonly #flags: number[] = [0, 0];
  readonly #index = new Map<string, number>();

  constructor(
    private readonly table: SampleTable,
    private readonly files: UserFiles,
  ) {}

  /** Looks at stacks that are new. */
  grow(): void {
    const { table } = this;
    for (let stack = this.#self.length; stack < table.stacks; stack++) {
      const caller = table.caller[stack]!;
      const code = table.codes[table.code[stack]!];
      const file = code && table.files[code.file];
      const shown = file && !file.ours ? this.files.shown(file) : undefined;
      let flags = this.#flags[caller]!;
      if (file?.ours && !passesOn(file.path, code!.name)) flags |= ours;
      if (shown !== undefined) {
        this.#self.push(this.#lineOf(shown, table.line[stack]!, code!.name));
        this.#frame.push(stack);
        flags &= ~(idle | ours);
      } else {
        this.#self.push(this.#self[caller]!);
        this.#frame.push(this.#frame[caller]!);
        const base = file?.path.replace(/^.*[\\/]/, '') ?? '';
        if (waiting[base]?.test(code!.name)) flags |= idle;
        if (base === 'process.py' && code!.name.endsWith('_bootstrap')) flags |= child;
      }
      this.#flags.push(flags);
    }
  }

  /** The innermost user line; undefined where no user code is on the stack, or the work was the profiler's. */
  self(stack: number): number | undefined {
    const line = this.#self[stack] ?? none;
    return line === none || this.#flags[stack]! & ours ? undefined : line;
  }

  /** The user's line that is a stack's innermost frame itself; undefined where that is a library's. */
  frame(stack: number): UserLine | undefined {
    return this.#frame[stack] === stack ? this.lines[this.#self[stack]!] : undefined;
  }

  /** What was seen after a stretch of Python that nobody saw, where a stack stands for such a stretch. */
  seenAfter(stack: number): number | undefined {
    const code = this.table.codes[this.table.code[stack]!];
    return code && this.table.files[code.file]?.path === unseen ? this.table.caller[stack]! : undefined;
  }

  /** The user's frames of a stack, innermost first, each as a stack. */
  *frames(stack: number): Generator<{ stack: number; line: number }> {
    for (let frame = this.#frame[stack] ?? none; frame !== none;) {
      yield { stack: frame, line: this.#self[frame]! };
      frame = this.#frame[this.table.caller[frame]!]!;
    }
  }

  /** Whether a thread with this stack waits for something to do. */
  isIdle(stack: number, mainThread: boolean): boolean {
    const flags = this.#flags[stack] ?? 0;
    return (flags & idle) !== 0 && (!mainThread || (flags & child) !== 0);
  }

  /** The user's lines on a stack, each once, innermost first, up to the first that `last` accepts (`met`). */
  onStack(stack: number, last?: (line: UserLine) => boolean): { lines: Set<number>; met: boolean } {
    const lines = new Set<number>();
    for (let frame = this.#frame[stack] ?? none; frame !== none;) {
      const line = this.#self[frame]!;
      lines.add(line);
      if (last?.(this.lines[line]!)) return { lines, met: true };
      frame = this.#frame[this.table.caller[frame]!]!;
    }
    return { lines, met: false };
  }

  #lineOf(file: string, line: number, name: string): number {
    const key = `${line}:${file}`;
    let index = this.#index.get(key);
    if (index === undefined) {
      index = this.lines.push({ file, line, function: name }) - 1;
      this.#index.set(key, index);
    }
    return index;
  }
}

const ours = 1;
const idle = 2;
const child = 4;
