/** When the device had nothing to do within a trace window, and which of the user's lines it waited for. */
import type { Nanoseconds, Share } from '../common/units';
import type { TraceModel } from '../trace/engine';
import { deviceIntervals, workerIntervals, type Intervals, type SplitCall } from './callParts';
import { chargeBetween, chargeIntervals, type Gap } from './gaps';
import type { SampledProcess } from './sampledProcess';

export interface IdleLine {
  file: string;
  line: number;
  /** Time in which the device was idle and the calling thread was in this line, or in what it calls. */
  ns: Nanoseconds;
  shareOfWindow: Share;
}

/** Of the windows in which the device was watched. */
export interface DeviceIdle {
  /** `GPU`, or the threads with which JAX computes on a CPU. */
  device: 'GPU' | 'CPU workers';
  windowNs: Nanoseconds;
  busyNs: Nanoseconds;
  /** `windowNs` less `busyNs`; split into the two below. */
  idleNs: Nanoseconds;
  withinCallsNs: Nanoseconds;
  betweenCallsNs: Nanoseconds;
  /** Idle time in which the thread was sampled; null where nothing was. */
  sampledNs: Nanoseconds | null;
  lines: IdleLine[];
}

const mostLines = 20;

/** A call that the trace saw: where it is in the trace, and where on the clock of its process. */
export interface PlacedCall extends SplitCall {
  thread: number;
  beginNs: Nanoseconds;
  endNs: Nanoseconds;
}

/**
 * undefined where the trace holds no work of a device. `perCall`: it was only watched during calls (PyTorch), so
 * nothing is known of what lies between them. Trace and process are laid over each other by the middles of the
 * calls, which both have: the median over them.
 */
export function deviceIdle(
  model: TraceModel,
  calls: readonly PlacedCall[],
  sampled: SampledProcess,
  perCall: boolean,
): DeviceIdle | undefined {
  if (calls.length === 0) return undefined;
  const columns = model.columns();
  const gpu = deviceIntervals(model, columns).all;
  const workers = gpu.start.length > 0 ? undefined : workerIntervals(model, columns);
  const device = workers ?? gpu;
  if (device.start.length === 0) return undefined;
  const nsPerTick = model.tickPs / 1000;
  const shift = offsetNs(calls, nsPerTick);
  const busy = placed(device, nsPerTick, shift);
  const ordered = calls.toSorted((a, b) => a.beginNs - b.beginNs);
  const within: Gap[] = [];
  const between: Gap[] = [];
  let until = NaN;
  for (const { beginNs, endNs, thread } of ordered) {
    if (!perCall && beginNs > until) between.push({ begin: until, end: beginNs, thread });
    const begin = Number.isNaN(until) ? beginNs : Math.max(beginNs, until);
    if (endNs > begin) within.push({ begin, end: endNs, thread });
    until = Number.isNaN(until) ? endNs : Math.max(until, endNs);
  }
  const idleWithin = free(within, busy);
  const idleBetween = free(between, busy);
  const lines = new Map<string, { file: string; line: number; ns: Nanoseconds }>();
  const charge = (file: string, line: number, ns: Nanoseconds): void => {
    const key = `${line}:${file}`;
    const known = lines.get(key);
    if (known) known.ns += ns;
    else lines.set(key, { file, line, ns });
  };
  const sampledNs =
    chargeIntervals(sampled, idleWithin, charge) + chargeBetween(sampled, idleBetween, charge);
  const windowNs = length(within) + length(between);
  const withinCallsNs = length(idleWithin);
  const betweenCallsNs = length(idleBetween);
  return {
    device: workers ? 'CPU workers' : 'GPU',
    windowNs,
    busyNs: windowNs - withinCallsNs - betweenCallsNs,
    idleNs: withinCallsNs + betweenCallsNs,
    withinCallsNs,
    betweenCallsNs,
    sampledNs: sampled.placed ? sampledNs : null,
    lines: [...lines.values()]
      .sort((a, b) => b.ns - a.ns)
      .slice(0, mostLines)
      .map((line) => ({ ...line, shareOfWindow: windowNs > 0 ? line.ns / windowNs : 0 })),
  };
}

/** What is to be added to a time of the trace in ns, to get one of the process. */
function offsetNs(calls: readonly PlacedCall[], nsPerTick: number): Nanoseconds {
  const differences = calls
    .map(
      ({ startTicks, endTicks, beginNs, endNs }) =>
        (beginNs + endNs - (startTicks + endTicks) * nsPerTick) / 2,
    )
    .sort((a, b) => a - b);
  return differences[differences.length >> 1]!;
}

function placed({ start, end }: Intervals, nsPerTick: number, shift: Nanoseconds): Intervals {
  return {
    start: start.map((ticks) => ticks * nsPerTick + shift),
    end: end.map((ticks) => ticks * nsPerTick + shift),
  };
}

/** What of the gaps, which come in order, the intervals leave. */
function free(gaps: readonly Gap[], { start, end }: Intervals): Gap[] {
  const found: Gap[] = [];
  let i = 0;
  for (const gap of gaps) {
    let at = gap.begin;
    while (i < end.length && end[i]! <= gap.begin) i++;
    for (let j = i; j < start.length && start[j]! < gap.end; j++) {
      if (start[j]! > at) found.push({ ...gap, begin: at, end: start[j]! });
      at = Math.max(at, end[j]!);
    }
    if (at < gap.end) found.push({ ...gap, begin: at });
  }
  return found;
}

function length(gaps: readonly Gap[]): Nanoseconds {
  return gaps.reduce((ns, { begin, end }) => ns + end - begin, 0);
}

/** Several processes or traces as one: figures of one kind of device add up. */
export function mergeIdle(all: readonly DeviceIdle[]): DeviceIdle | null {
  const device = all.some((each) => each.device === 'GPU') ? 'GPU' : 'CPU workers';
  const same = all.filter((each) => each.device === device);
  if (same.length < 2) return same[0] ?? null;
  const sum = (pick: (each: DeviceIdle) => number): number => same.reduce((ns, each) => ns + pick(each), 0);
  const windowNs = sum((each) => each.windowNs);
  const lines = new Map<string, IdleLine>();
  for (const line of same.flatMap((each) => each.lines)) {
    const key = `${line.line}:${line.file}`;
    const known = lines.get(key);
    if (known) known.ns += line.ns;
    else lines.set(key, { ...line });
  }
  for (const line of lines.values()) line.shareOfWindow = windowNs > 0 ? line.ns / windowNs : 0;
  return {
    device,
    windowNs,
    busyNs: sum((each) => each.busyNs),
    idleNs: sum((each) => each.idleNs),
    withinCallsNs: sum((each) => each.withinCallsNs),
    betweenCallsNs: sum((each) => each.betweenCallsNs),
    sampledNs: same.some((each) => each.sampledNs !== null) ? sum((each) => each.sampledNs ?? 0) : null,
    lines: [...lines.values()].sort((a, b) => b.ns - a.ns).slice(0, mostLines),
  };
}
