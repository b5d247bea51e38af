import type { Ticks } from '../common/units';
import type { EventColumns, TraceModel } from '../trace/engine';
import { hostParts, isCompilation, modelFunction, partOf, python, unexplained, wait } from './eventParts';
import type { PartName } from './partNames';
import { firstAbove } from './statistics';

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

/** A call with the pieces of time that its host parts are made of, in order. */
export interface ObservedCall extends SplitCall {
  /** Our span, and what its thread did within it, by start. */
  span: number;
  events: readonly number[];
  modelFunction: readonly (readonly [Ticks, Ticks])[];
  python: readonly (readonly [Ticks, Ticks])[];
}

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
export function splitCalls(
  model: TraceModel,
  wallTicks: (slot: number) => Ticks | undefined,
  observe?: (call: ObservedCall) => void,
): SplitCall[] {
  const columns = model.columns();
  const predict = findSpans(model, columns);
  if (predict.length === 0) return [];
  const device = deviceIntervals(model, columns);
  const workers = workerIntervals(model, columns);
  const calls: SplitCall[] = [];
  const threads = new Threads(columns);
  for (const { event, site, slot, named } of predict) {
    const end = columns.end[event]!;
    const measured = wallTicks(slot);
    const span = end - columns.start[event]!;
    // NaN: the process died in the call, and its slot was never closed.
    const wall = measured !== undefined && measured < span ? Math.max(0, measured) : span;
    const start = end - wall;
    const events = threads.inside(event);
    const inside: Inside = {
      events,
      operators: named,
      retraced: false,
      compiling: compilingEvents(model, columns, events),
    };
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
    const modelPieces: [Ticks, Ticks][] = [];
    const pythonPieces: [Ticks, Ticks][] = [];
    parts.kernel = lengthWithin(device.kernels, start, end);
    parts.copy = lengthWithin(device.all, start, end) - parts.kernel;
    let host = 0;
    for (const { from, to, part } of segments) {
      const length = to - from - lengthWithin(device.all, from, to);
      // While the calling thread does nothing that the framework marks, its workers may compute the model.
      const idle = part === python || part === unexplained || part === wait;
      const elsewhere = idle ? Math.min(length, lengthWithin(workers, from, to)) : 0;
      parts.modelFunction += elsewhere;
      parts[hostParts[part]!] += length - elsewhere;
      host += length;
      if (!observe) continue;
      if (part === modelFunction) modelPieces.push(...without(device.all, from, to));
      else if (part === python) pythonPieces.push(...without(device.all, from, to));
    }
    parts.python += end - start - parts.kernel - parts.copy - host;
    const call = { site, slot, startTicks: start, endTicks: end, parts, retraced: inside.retraced };
    calls.push(call);
    observe?.({ ...call, span: event, events, modelFunction: modelPieces, python: pythonPieces });
  }
  return calls;
}

interface Span {
  event: number;
  site: number;
  slot: number;
  /** Its name carries the ids: a trace of operators. */
  named: boolean;
}

/** Where there is no place for values (PyTorch), the name of our span carries them. */
const namedSpan = /^predict ps_site=(\d+) ps_slot=(\d+)$/;

function findSpans(model: TraceModel, columns: EventColumns): Span[] {
  const spans: Span[] = [];
  const known = new Map<number, 'other' | 'predict' | Omit<Span, 'event'>>();
  for (let event = 0; event < columns.count; event++) {
    const id = columns.name[event]!;
    let kind = known.get(id);
    if (kind === undefined) {
      const ids = namedSpan.exec(model.name(id));
      if (ids) kind = { site: Number(ids[1]), slot: Number(ids[2]), named: true };
      else kind = model.name(id) === 'predict' ? 'predict' : 'other';
      known.set(id, kind);
    }
    if (kind === 'other') continue;
    if (kind !== 'predict') {
      // The profiler draws the same range on the device's streams once more.
      if (!isDeviceCopy(model, columns, event)) spans.push({ event, ...kind });
      continue;
    }
    const stats = model.stats(event);
    const site = stats.get('ps_site');
    const slot = stats.get('ps_slot');
    if (site !== undefined && slot !== undefined)
      spans.push({ event, site: Number(site), slot: Number(slot), named: false });
  }
  return spans;
}

interface Inside {
  events: number[];
  /** See `EventView`. */
  operators: boolean;
  retraced: boolean;
  /** Those of the events that hold a compilation. */
  compiling: Set<number>;
}

function compilingEvents(model: TraceModel, columns: EventColumns, events: readonly number[]): Set<number> {
  const compiling = new Set<number>();
  const around: number[] = [];
  for (const event of events) {
    while (around.length > 0 && columns.end[around[around.length - 1]!]! <= columns.start[event]!)
      around.pop();
    if (isCompilation(model.name(columns.name[event]!))) for (const one of around) compiling.add(one);
    around.push(event);
  }
  return compiling;
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
    const part = partOf(
      {
        model,
        event,
        name: model.name(columns.name[event]!),
        category: model.name(columns.category[event]!),
        operators: inside.operators,
        parent: parent.part,
        compiles: inside.compiling.has(event),
      },
      () => (inside.retraced = true),
    );
    open.push({ end: Math.min(columns.end[event]!, parent.end), part });
  }
  while (open.length > 0) {
    advance(Math.min(open[open.length - 1]!.end, end));
    open.pop();
  }
  return segments;
}

/** Disjoint, in order. */
export interface Intervals {
  start: Float64Array;
  end: Float64Array;
}

/** Merged busy intervals of the device's streams: kernels alone, and kernels with copies. */
export function deviceIntervals(
  model: TraceModel,
  columns: EventColumns,
): { kernels: Intervals; all: Intervals } {
  const kernels: [number, number][] = [];
  const all: [number, number][] = [];
  const streams = new Set(
    model.tracks.filter((track) => track.kind === 'stream').map((track) => track.index),
  );
  if (streams.size > 0) {
    for (let event = 0; event < columns.count; event++) {
      if (!streams.has(columns.track[event]!) || isDeviceCopy(model, columns, event)) continue;
      const interval: [number, number] = [columns.start[event]!, columns.end[event]!];
      all.push(interval);
      const kind = `${model.name(columns.name[event]!)} ${model.name(columns.category[event]!)}`;
      if (!/memcpy|memset|copy[DH]to|gpu_mem/i.test(kind)) kernels.push(interval);
    }
  }
  return { kernels: merge(kernels), all: merge(all) };
}

/** A range of the host's that is drawn over what it started on the device. */
export function isDeviceCopy(model: TraceModel, columns: EventColumns, event: number): boolean {
  return model.name(columns.category[event]!) === 'gpu_user_annotation';
}

/** Threads on which JAX computes on a CPU: its calls return before they are done. */
const workerThread = /^tf_XLA\w*CpuClient\//;

export function workerIntervals(model: TraceModel, columns: EventColumns): Intervals {
  const workers = new Set(
    model.tracks.filter((track) => workerThread.test(track.thread)).map((track) => track.index),
  );
  const intervals: [number, number][] = [];
  if (workers.size > 0) {
    for (let event = 0; event < columns.count; event++) {
      if (workers.has(columns.track[event]!)) intervals.push([columns.start[event]!, columns.end[event]!]);
    }
  }
  return merge(intervals);
}

export function merge(intervals: [number, number][]): Intervals {
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
export function lengthWithin({ start, end }: Intervals, from: Ticks, to: Ticks): Ticks {
  let total = 0;
  for (let i = firstAbove(end, from); i < start.length && start[i]! < to; i++) {
    total += Math.min(end[i]!, to) - Math.max(start[i]!, from);
  }
  return total;
}

/** What of [from, to] the intervals leave free. */
function without({ start, end }: Intervals, from: Ticks, to: Ticks): [Ticks, Ticks][] {
  const free: [Ticks, Ticks][] = [];
  let at = from;
  for (let i = firstAbove(end, from); i < start.length && start[i]! < to; i++) {
    if (start[i]! > at) free.push([at, start[i]!]);
    at = Math.max(at, end[i]!);
  }
  if (at < to) free.push([at, to]);
  return free;
}
