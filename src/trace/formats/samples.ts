/**
 * The only decoder of line samples (`samples-N.bin`). Format: "samples-0.bin" in docs/run-directory.md;
 * the one writer is media/python/predictscope/samplefile.py.
 */
import { crc32 } from 'node:zlib';
import { UserError } from '../../common/problem';

export const recordKind = {
  file: 1,
  code: 2,
  stack: 3,
  thread: 4,
  change: 5,
  mark: 6,
  total: 7,
  pause: 8,
  real: 9,
} as const;

const blockHeaderBytes = 8;
/** The writer's blocks hold half a second; a length beyond this is damage. */
const longestBlock = 64 << 20;

export interface SamplesHeader {
  headerBytes: number;
  tickNs: number;
  pid: number;
  /** perf_counter and Unix time of tick 0, ns. */
  perfNs: bigint;
  unixNs: bigint;
  /** Time between two samples that was asked for, µs. */
  intervalUs: number;
}

/** Reads a header; undefined while the file is still being made. Throws a UserError on another format. */
export function decodeSamplesHeader(bytes: Uint8Array, file: string): SamplesHeader | undefined {
  if (bytes.length < 44 || bytes[0] === 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = String.fromCharCode(...bytes.subarray(0, 8));
  if (!magic.startsWith('PSSAMP1')) {
    throw new UserError(`${file} does not hold line samples (it begins with ${JSON.stringify(magic)}).`, {
      fix: 'It was damaged or written by another program; the rest of the run is shown.',
    });
  }
  const headerBytes = view.getUint32(8, true);
  const tickNs = view.getUint32(12, true);
  if (headerBytes < 44 || headerBytes > 1 << 20 || tickNs < 1 || tickNs > 1e9) {
    throw new UserError(
      `${file} has a damaged header (header of ${headerBytes} bytes, ticks of ${tickNs} ns).`,
    );
  }
  return {
    headerBytes,
    tickNs,
    pid: Number(view.getBigUint64(16, true)),
    perfNs: view.getBigUint64(24, true),
    unixNs: view.getBigUint64(32, true),
    intervalUs: bytes.length >= 44 ? view.getUint32(40, true) : 0,
  };
}

export interface SampledFile {
  path: string;
  /** Where symbolic links lead; the same as `path` where there are none. */
  real: string;
  /** The profiler's own work. */
  ours: boolean;
}

export interface SampledCode {
  /** Index in `files`, -1 for none. */
  file: number;
  firstLine: number;
  name: string;
}

export interface SampledThread {
  /** As in the call records; 0 where Python does not know it. */
  nativeId: number;
  ident: number;
  name: string;
}

/** Stack of which nothing is known. */
export const noStack = 0;
/** Root of the stacks whose outermost frames were cut off. */
export const cutStack = 1;

/** What was decoded so far. Stacks are numbered from 2; their caller has the smaller number. */
export class SampleTable {
  readonly files: SampledFile[] = [];
  readonly codes: SampledCode[] = [];
  readonly threads: SampledThread[] = [];
  stacks = 2;
  caller = new Uint32Array(64);
  /** Index in `codes`, -1 for none. */
  code = new Int32Array(64).fill(-1);
  line = new Uint32Array(64);
  /** Runs: a thread had one stack from `begin` to `end`, in ticks. In order of their end. */
  runs = 0;
  runThread = new Uint32Array(64);
  runStack = new Uint32Array(64);
  begin = new Float64Array(64);
  end = new Float64Array(64);
  /** Ticks that only have a sum, by thread and stack: the file had reached its size. */
  readonly sums: { thread: number; stack: number; ticks: number }[] = [];
  /** Tick up to which everything is known. */
  until = 0;
  /** Counts every change. */
  version = 0;

  /** What each thread does since when, as far as it is not a run yet. */
  readonly #now: { stack: number; since: number }[] = [];
  #tick = 0;
  #at = 0;
  #limit = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  readonly #text = new TextDecoder();

  /**
   * Takes whole blocks from the front of `bytes`; the number of bytes taken. Throws a UserError at damage;
   * what lay before it stays. `offset`: where `bytes` begin in the file, for the sentence.
   */
  decode(bytes: Uint8Array, file: string, offset = 0): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (bytes.length - at >= blockHeaderBytes) {
      const length = view.getUint32(at, true);
      if (length > longestBlock) throw damaged(file, offset + at, `a block of ${length} bytes`);
      const end = at + blockHeaderBytes + length;
      if (end > bytes.length) break;
      const block = bytes.subarray(at + blockHeaderBytes, end);
      if (crc32(block) !== view.getUint32(at + 4, true)) {
        throw damaged(file, offset + at, 'its checksum does not fit');
      }
      this.#block(block, file, offset + at);
      at = end;
    }
    if (at > 0) this.version++;
    return at;
  }

  /** Runs that have not ended yet, up to `until`. */
  openRuns(): { thread: number; stack: number; begin: number; end: number }[] {
    return this.#now.flatMap(({ stack, since }, thread) =>
      stack !== noStack && this.until > since ? [{ thread, stack, begin: since, end: this.until }] : [],
    );
  }

  #block(bytes: Uint8Array, file: string, offset: number): void {
    this.#bytes = bytes;
    this.#at = 0;
    this.#limit = bytes.length;
    while (this.#at < this.#limit) {
      const from = this.#at;
      if (!this.#record()) return; // of a kind that we do not know: its length is not known either
      if (this.#at > this.#limit)
        throw damaged(file, offset + blockHeaderBytes + from, 'a record is cut off');
    }
  }

  #record(): boolean {
    switch (this.#bytes[this.#at++]) {
      case recordKind.file: {
        const ours = (this.#number() & 1) === 1;
        const path = this.#string();
        this.files.push({ path, real: path, ours });
        return true;
      }
      case recordKind.real: {
        const known = this.files[this.#number() - 1];
        const real = this.#string();
        if (known) known.real = real;
        return true;
      }
      case recordKind.code: {
        const code = this.#number() - 1;
        const firstLine = this.#number();
        this.codes.push({ file: code < this.files.length ? code : -1, firstLine, name: this.#string() });
        return true;
      }
      case recordKind.stack:
        this.#addStack(this.#number(), this.#number(), this.#number());
        return true;
      case recordKind.thread: {
        const nativeId = this.#number();
        const ident = this.#number();
        this.threads.push({ nativeId, ident, name: this.#string() });
        this.#now.push({ stack: noStack, since: 0 });
        return true;
      }
      case recordKind.change: {
        this.#tick += this.#number();
        const thread = this.#number() - 1;
        this.#change(thread, this.#number());
        return true;
      }
      case recordKind.mark:
        this.#tick += this.#number();
        this.until = this.#tick;
        return true;
      case recordKind.pause:
        for (let thread = 0; thread < this.#now.length; thread++) this.#change(thread, noStack);
        return true;
      case recordKind.total: {
        const thread = this.#number() - 1;
        const stack = this.#number();
        const ticks = this.#number();
        if (this.threads[thread] && stack < this.stacks) this.sums.push({ thread, stack, ticks });
        return true;
      }
      default:
        return false;
    }
  }

  #change(thread: number, stack: number): void {
    const now = this.#now[thread];
    if (!now) return;
    if (now.stack !== noStack && this.#tick > now.since)
      this.#addRun(thread, now.stack, now.since, this.#tick);
    now.stack = stack < this.stacks ? stack : noStack;
    now.since = this.#tick;
    if (this.#tick > this.until) this.until = this.#tick;
  }

  #addStack(caller: number, code: number, line: number): void {
    const stack = this.stacks++;
    if (stack === this.caller.length) {
      this.caller = widen(this.caller, new Uint32Array(stack * 2));
      this.code = widen(this.code, new Int32Array(stack * 2));
      this.line = widen(this.line, new Uint32Array(stack * 2));
    }
    this.caller[stack] = caller < stack ? caller : noStack;
    this.code[stack] = code - 1 < this.codes.length ? code - 1 : -1;
    this.line[stack] = line;
  }

  #addRun(thread: number, stack: number, begin: number, end: number): void {
    const row = this.runs++;
    if (row === this.begin.length) {
      this.runThread = widen(this.runThread, new Uint32Array(row * 2));
      this.runStack = widen(this.runStack, new Uint32Array(row * 2));
      this.begin = widen(this.begin, new Float64Array(row * 2));
      this.end = widen(this.end, new Float64Array(row * 2));
    }
    this.runThread[row] = thread;
    this.runStack[row] = stack;
    this.begin[row] = begin;
    this.end[row] = end;
  }

  /** LEB128. Beyond the block it gives zeros, and `#at` lies beyond the limit. */
  #number(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128 || scale > 2 ** 56) return value;
      scale *= 128;
    }
  }

  #string(): string {
    const length = this.#number();
    const text = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return this.#text.decode(text);
  }
}

function damaged(file: string, offset: number, what: string): UserError {
  return new UserError(`${file} is damaged at byte ${offset} (${what}).`, {
    fix: 'The lines of what lies before it are shown.',
  });
}

function widen<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
