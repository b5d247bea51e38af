import type { Ticks } from '../common/units';
import type { EventColumns, TraceModel } from '../trace/engine';
import type { PartName } from './partNames';

/** One traced call: its span in the trace, the ids that our runtime put on it, and its parts in ticks. */
export interface SplitCall {
  site: number;
  slot: number;
  startTicks: Ticks;
  endTicks: Ticks;
  parts: Record<PartName, Ticks>;
  /** The model function was traced (built anew) within this call. */
  retraced: boolean;
}

/** Host parts by code, so that a segment is two numbers and a byte. */
const hostParts = ['python', 'setUp', 'tracing', 'modelFunction', 'unexplained'] as const;
const [python, setUp, tracing, modelFunction, unexplained] = [0, 1, 2, 3, 4];

/**
 * Events of the framework that are set-up of a call when they lie outside of the model function:
 * eager operations that build and release the input pipeline. Names as TensorFlow 2.4 to 2.21 write them.
 */
const setUpNames =
  /^(TFE_|EagerExecute|EagerLocalExecute|EagerKernelExecute|EagerCopyToDevice|KernelAndDeviceFunc|convert_to_tensor|tf\.constant|Iterator|IteratorGetNext|MemoryAllocation|MemoryDeallocation|ExecutorState|ExecutorDoneCallback|FunctionRun|ThreadpoolListener)|^[^:]+:[A-Z_]\w*$/;
const tracingNames = /^(tf\.function-graph_building|trace_function|graph_building)/;

/**
 * Splits each `predict` span of ours into parts: a partition of its time, in the priority
 * kernel, copy, then what the calling thread was doing.
 *
 * Each instant of the calling thread belongs to the innermost event there; an event takes its parent's
 * part unless its name says otherwise (tracing inside of anything is tracing; below the span itself a
 * function call of the framework is the model). Time that no event covers is Python: the framework
 * marks all of its C++ work. Time of an event that we do not know is unexplained.
 * `wallTicks(slot)` gives the call's own measured time, which the span exceeds by our stamps and by
 * the work of the arguments.
 */
export function splitCalls(model: TraceModel, wallTicks: (slot: number) => Ticks | undefined): SplitCall[] {
  const columns = model.columns();
  const predict = findSpans(model, columns);
  if (predict.length === 0) return [];
  const device = deviceIntervals(model, columns);
  const calls: SplitCall[] = [];
  const threads = new Threads(columns);
  for (const { event, site, slot } of predict) {
    const end = columns.end[event]!;
    const measured = wallTicks(slot);
    const span = end - columns.start[event]!;
    // NaN: the process died in the call, and its slot was never closed.
    const wall = measured !== undefined && measured < span ? Math.max(0, measured) : span;
    const start = end - wall;
    const inside: Inside = { events: threads.inside(event), retraced: false };
    const segments = hostSegments(model, columns, event, inside, start);
    const parts: Record<PartName, Ticks> = {
      kernel: 0,
      copy: 0,
      modelFunction: 0,
      setUp: 0,
      tracing: 0,
      python: 0,
      wait: 0,
      unexplained: 0,
    };
    parts.kernel = lengthWithin(device.kernels, start, end);
    parts.copy = lengthWithin(device.all, start, end) - parts.kernel;
    let host = 0;
    for (const { from, to, part } of segments) {
      const length = to - from - lengthWithin(device.all, from, to);
      parts[hostParts[part]!] += length;
      host += length;
    }
    parts.python += end - start - parts.kernel - parts.copy - host;
    calls.push({ site, slot, startTicks: start, endTicks: end, parts, retraced: inside.retraced });
  }
  return calls;
}

interface Span {
  event: number;
  site: number;
  slot: number;
}

function findSpans(model: TraceModel, columns: EventColumns): Span[] {
  const spans: Span[] = [];
  const isPredict = new Map<number, boolean>();
  for (let event = 0; event < columns.count; event++) {
    const id = columns.name[event]!;
    let named = isPredict.get(id);
    if (named === undefined) isPredict.set(id, (named = model.name(id) === 'predict'));
    if (!named) continue;
    const stats = model.stats(event);
    const site = stats.get('ps_site');
    const slot = stats.get('ps_slot');
    if (site !== undefined && slot !== undefined)
      spans.push({ event, site: Number(site), slot: Number(slot) });
  }
  return spans;
}

interface Inside {
  events: number[];
  retraced: boolean;
}

/** Events of each thread by start (the longer one first), sorted when first asked for. */
class Threads {
  readonly #sorted = new Map<number, Uint32Array>();

  constructor(private readonly columns: EventColumns) {}

  /** Events with a duration that begin within a span, on its own thread. */
  inside(span: number): number[] {
    const { start, end, track } = this.columns;
    const events = this.#of(track[span]!);
    const from = start[span]!;
    const to = end[span]!;
    let low = 0;
    let high = events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (start[events[middle]!]! < from) low = middle + 1;
      else high = middle;
    }
    const found: number[] = [];
    for (let i = low; i < events.length && start[events[i]!]! < to; i++) {
      const event = events[i]!;
      if (event !== span && end[event]! > start[event]!) found.push(event);
    }
    return found;
  }

  #of(track: number): Uint32Array {
    const known = this.#sorted.get(track);
    if (known) return known;
    const { start, end } = this.columns;
    const events = Uint32Array.from(this.columns.track.keys())
      .filter((event) => this.columns.track[event] === track)
      .sort((a, b) => start[a]! - start[b]! || end[b]! - end[a]!);
    this.#sorted.set(track, events);
    return events;
  }
}

interface Segment {
  from: Ticks;
  to: Ticks;
  part: number;
}

/** Sweeps the nested events once, innermost event first, and gives the thread's time to parts. */
function hostSegments(
  model: TraceModel,
  columns: EventColumns,
  span: number,
  inside: Inside,
  start: Ticks,
): Segment[] {
  const segments: Segment[] = [];
  const end = columns.end[span]!;
  const open: { end: Ticks; part: number }[] = [{ end, part: python }];
  let at = start;
  const advance = (to: Ticks): void => {
    if (to > at) segments.push({ from: at, to, part: open[open.length - 1]!.part });
    at = Math.max(at, to);
  };
  for (const event of inside.events) {
    const from = columns.start[event]!;
    while (open.length > 1 && open[open.length - 1]!.end <= from) {
      advance(open[open.length - 1]!.end);
      open.pop();
    }
    advance(Math.min(from, end));
    const parent = open[open.length - 1]!;
    const part = partOf(model, event, model.name(columns.name[event]!), parent.part, inside);
    open.push({ end: Math.min(columns.end[event]!, parent.end), part });
  }
  while (open.length > 0) {
    advance(Math.min(open[open.length - 1]!.end, end));
    open.pop();
  }
  return segments;
}

function partOf(model: TraceModel, event: number, name: string, parent: number, inside: Inside): number {
  if (tracingNames.test(name)) return tracing;
  if (parent === tracing || parent === modelFunction) return parent;
  if (name === 'predict') return python;
  if (parent === python || parent === unexplained) {
    const call = model.stats(event).get('tf_function_call');
    if (call !== undefined) {
      if (String(call).startsWith('traced')) inside.retraced = true;
      return modelFunction;
    }
    if (name.startsWith('$')) return python; // a frame of the framework's own Python tracer
    return setUpNames.test(name) ? setUp : unexplained;
  }
  return parent;
}

interface Intervals {
  start: Float64Array;
  end: Float64Array;
}

/** Merged busy intervals of the device's streams: kernels alone, and kernels with copies. */
function deviceIntervals(model: TraceModel, columns: EventColumns): { kernels: Intervals; all: Intervals } {
  const kernels: [number, number][] = [];
  const all: [number, number][] = [];
  const streams = new Set(
    model.tracks.filter((track) => track.kind === 'stream').map((track) => track.index),
  );
  if (streams.size > 0) {
    for (let event = 0; event < columns.count; event++) {
      if (!streams.has(columns.track[event]!)) continue;
      const interval: [number, number] = [columns.start[event]!, columns.end[event]!];
      all.push(interval);
      const kind = `${model.name(columns.name[event]!)} ${model.name(columns.category[event]!)}`;
      if (!/memcpy|memset|copy[DH]to|gpu_mem/i.test(kind)) kernels.push(interval);
    }
  }
  return { kernels: merge(kernels), all: merge(all) };
}

function merge(intervals: [number, number][]): Intervals {
  intervals.sort((a, b) => a[0] - b[0]);
  const start: number[] = [];
  const end: number[] = [];
  for (const [from, to] of intervals) {
    if (end.length > 0 && from <= end[end.length - 1]!)
      end[end.length - 1] = Math.max(end[end.length - 1]!, to);
    else {
      start.push(from);
      end.push(to);
    }
  }
  return { start: Float64Array.from(start), end: Float64Array.from(end) };
}

/** Length of merged intervals within [from, to]. */
function lengthWithin({ start, end }: Intervals, from: Ticks, to: Ticks): Ticks {
  let low = 0;
  let high = end.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (end[middle]! <= from) low = middle + 1;
    else high = middle;
  }
  let total = 0;
  for (let i = low; i < start.length && start[i]! < to; i++) {
    total += Math.min(end[i]!, to) - Math.max(start[i]!, from);
  }
  return total;
}
