import { UserError, errorText, type Problem } from '../common/problem';
import type { Files } from '../targets/target';
import { decodeHeader, decodeSlot, emptySlot, slotKind, type CallsHeader } from '../trace/formats/calls';
import { CallTable } from './callTable';
import { FoldedReader } from './foldedReader';
import {
  parseLine,
  type FileRecord,
  type FrameworkRecord,
  type FunctionsRecord,
  type LinesRecord,
  type ModulesRecord,
  type OutputRecord,
  type ProcessRecord,
  type SamplerRecord,
  type SiteRecord,
  type TraceRecord,
} from './processRecords';
import { SampleReader } from './sampleReader';

const chunkBytes = 1 << 20;
/** So many empty slots in a row mean that nothing was written further on. */
const emptySlotsInARow = 64;

/** An open call, or a slot that was taken but not written yet, to be looked at again. */
interface Pending {
  offset: number;
  row: number;
}

interface Segment {
  path: string;
  header: CallsHeader | undefined;
  next: number;
  pending: Map<number, Pending>;
  broken: boolean;
}

/** A moment on both clocks. */
export interface ClockPair {
  perfNs: number;
  unixNs: bigint;
}

/** One request. Times in ns since the process's start; `endNs` NaN while it is open. */
export interface RequestRow {
  name: number;
  beginNs: number;
  endNs: number;
}

/** What one process of a run has left so far. `poll` reads only what is new. */
export class ProcessReader {
  readonly calls = new CallTable();
  readonly ownWork: { begin: number; end: number }[] = [];
  readonly clockPairs: ClockPair[] = [];
  /** Requests that a server answered, by slot number; those that are open have no end. */
  readonly requests = new Map<number, RequestRow>();
  readonly requestNames = new Map<number, string>();
  readonly files: FileRecord[] = [];
  /** Sites that only the process knows: calls from code without source. */
  readonly sites: SiteRecord[] = [];
  readonly frameworks: FrameworkRecord[] = [];
  readonly traces: TraceRecord[] = [];
  readonly folded: FoldedReader;
  readonly shapes = new Map<number, (number | null)[]>();
  readonly problems: Problem[] = [];
  readonly samples: SampleReader;
  /** What sampling cost; undefined while the process lives, and when it was killed. */
  sampler: SamplerRecord | undefined;
  /** Exact counts by file, where they were asked for; a later record of a file replaces the earlier. */
  readonly exactLines = new Map<string, LinesRecord>();
  readonly functions: FunctionsRecord[] = [];
  /** What calls returned, where the user asked for it. */
  readonly outputs: OutputRecord[] = [];
  modules: ModulesRecord['rows'] = [];
  process: ProcessRecord | undefined;
  exitUnixNs: bigint | undefined;
  exception: [type: string, message: string] | undefined;
  stopped = false;
  /** perf_counter of the process's start: the zero of all times in `calls`. */
  originPerfNs: bigint | undefined;
  originUnixNs = 0n;

  readonly #segments: Segment[] = [];
  #logBytes = 0;
  #logRest = '';
  readonly #decoder = new TextDecoder();

  constructor(
    readonly directory: string,
    readonly name: string,
    private readonly source: Files,
    /** From a path of the program's machine to ours. */
    private readonly toHost: (file: string) => string = (file) => file,
  ) {
    this.folded = new FoldedReader(directory, source);
    this.samples = new SampleReader(directory, source, this.problems);
  }

  /** Reads what is new; true when anything changed. */
  async poll(): Promise<boolean> {
    const lines = await this.#readLog();
    // Before the calls: a call that was sampled has then been written.
    const samples = await this.samples.poll();
    const before = this.#count();
    for (;;) {
      const known = this.#segments.length;
      if (this.#segments.every((segment) => segment.header ?? segment.broken)) {
        await this.#openSegment();
      }
      for (const segment of this.#segments) await this.#readSegment(segment);
      if (this.#segments.length === known) break;
    }
    const folded = await this.folded.poll();
    return lines || samples || folded || this.#count() !== before;
  }

  #count(): number {
    return this.calls.version + this.ownWork.length + this.problems.length;
  }

  async #readLog(): Promise<boolean> {
    let changed = false;
    for (;;) {
      const bytes = await this.source.read(`${this.directory}/process.jsonl`, this.#logBytes, chunkBytes);
      if (bytes.length === 0) return changed;
      this.#logBytes += bytes.length;
      const lines = (this.#logRest + this.#decoder.decode(bytes, { stream: true })).split('\n');
      this.#logRest = lines.pop() ?? '';
      for (const line of lines) if (line) this.#line(line);
      changed = true;
    }
  }

  #line(text: string): void {
    const line = parseLine(text);
    switch (line?.t) {
      case 'process':
        this.process = line;
        // Calls that were read already count from the zero that they were read with.
        if (this.originPerfNs === undefined) this.#setOrigin(bigint(line.perfNs), bigint(line.unixNs));
        break;
      case 'file':
        this.files.push({ ...line, file: this.toHost(line.file), ran: this.toHost(line.ran) });
        break;
      case 'site':
        this.sites.push({ ...line, file: this.toHost(line.file) });
        break;
      case 'framework':
        this.frameworks.push(line);
        break;
      case 'shape':
        this.shapes.set(line.index, line.dims);
        break;
      case 'request':
        this.requestNames.set(line.index, line.name);
        break;
      case 'folded':
        this.folded.add(line.site, line.path);
        break;
      case 'trace':
        this.traces.push(line);
        break;
      case 'problem':
        this.problems.push({ message: line.message, ...(line.fix ? { fix: line.fix } : {}) });
        break;
      case 'stopped':
        this.stopped = true;
        break;
      case 'sampler':
        this.sampler = line;
        break;
      case 'output':
        this.outputs.push(line);
        break;
      case 'modules':
        this.modules = line.rows.map(([at, kind, file, row]) => [at, kind, this.toHost(file), row]);
        break;
      case 'functions':
        this.functions.push(line);
        break;
      case 'lines':
        this.exactLines.set(line.file, line);
        break;
      case 'exit':
        this.exitUnixNs = bigint(line.unixNs);
        this.exception = line.exception;
        break;
      case undefined:
        break;
    }
  }

  async #openSegment(): Promise<void> {
    const path = `${this.directory}/calls-${this.#segments.length}.bin`;
    const bytes = await this.source.read(path, 0, 64);
    if (bytes.length === 0) return;
    const segment: Segment = { path, header: undefined, next: 0, pending: new Map(), broken: false };
    try {
      segment.header = decodeHeader(bytes, path);
      if (segment.header === undefined) return; // still being made
      segment.next = segment.header.headerBytes;
    } catch (error) {
      segment.broken = true;
      this.problems.push({
        message: errorText(error),
        ...(error instanceof UserError && error.fix ? { fix: error.fix } : {}),
      });
    }
    // The first line of process.jsonl was damaged: the file's own clocks are the next best zero.
    if (this.originPerfNs === undefined) this.#setOrigin(segment.header?.perfNs, segment.header?.unixNs);
    this.#segments.push(segment);
  }

  #setOrigin(perfNs: bigint | undefined, unixNs: bigint | undefined): void {
    this.originPerfNs = perfNs;
    this.originUnixNs = unixNs ?? 0n;
  }

  async #readSegment(segment: Segment): Promise<void> {
    const { header } = segment;
    if (!header || this.originPerfNs === undefined) return;
    await this.#readPending(segment, header);
    for (;;) {
      const bytes = await this.source.read(segment.path, segment.next, chunkBytes);
      const whole = Math.floor(bytes.length / header.slotBytes);
      const used = this.#decode(segment, header, bytes, whole);
      segment.next += used * header.slotBytes;
      if (used < whole || bytes.length < chunkBytes) return;
    }
  }

  /** Decodes up to the last written slot; what lies before it and is empty is looked at again later. */
  #decode(segment: Segment, header: CallsHeader, bytes: Uint8Array, count: number): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const slot = emptySlot();
    let used = 0;
    for (let i = 0; i < count && i - used < emptySlotsInARow; i++) {
      decodeSlot(view, i * header.slotBytes, this.originPerfNs!, slot);
      if (slot.kind === slotKind.empty) continue;
      for (let hole = used; hole < i; hole++) {
        const offset = segment.next + hole * header.slotBytes;
        segment.pending.set(offset, { offset, row: -1 });
      }
      this.#take(segment, header, segment.next + i * header.slotBytes, slot, -1);
      used = i + 1;
    }
    return used;
  }

  async #readPending(segment: Segment, header: CallsHeader): Promise<void> {
    const slot = emptySlot();
    for (const { offset, row } of [...segment.pending.values()]) {
      const bytes = await this.source.read(segment.path, offset, header.slotBytes);
      if (bytes.length < header.slotBytes) continue;
      decodeSlot(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, this.originPerfNs!, slot);
      if (slot.kind !== slotKind.empty) this.#take(segment, header, offset, slot, row);
    }
  }

  #take(
    segment: Segment,
    header: CallsHeader,
    offset: number,
    slot: ReturnType<typeof emptySlot>,
    row: number,
  ): void {
    const open = Number.isNaN(slot.endNs);
    const number =
      header.firstSlot === undefined
        ? -1
        : header.firstSlot + (offset - header.headerBytes) / header.slotBytes;
    if (slot.kind === slotKind.call) {
      if (row >= 0) {
        const changed =
          !open || this.calls.begin[row] !== slot.beginNs || this.calls.shape[row] !== slot.shape;
        if (changed) this.calls.update(row, slot.shape, slot.flags, slot.beginNs, slot.endNs);
      } else {
        row = this.calls.add(
          slot.site,
          slot.shape,
          slot.flags,
          slot.thread,
          slot.beginNs,
          slot.endNs,
          number,
          slot.parent,
        );
      }
    } else if (slot.kind === slotKind.ownWork && !open) {
      this.ownWork.push({ begin: slot.beginNs, end: slot.endNs });
    } else if (slot.kind === slotKind.request && number >= 0) {
      this.requests.set(number, { name: slot.site, beginNs: slot.beginNs, endNs: slot.endNs });
    } else if (slot.kind === slotKind.clockPair) {
      this.clockPairs.push({ perfNs: slot.beginNs, unixNs: slot.unixNs });
    }
    if (open && (slot.kind === slotKind.call || slot.kind === slotKind.request))
      segment.pending.set(offset, { offset, row });
    else segment.pending.delete(offset);
  }
}

function bigint(text: string): bigint | undefined {
  return /^\d+$/.test(text) ? BigInt(text) : undefined;
}
