/** Which operations and kernels the traced calls of a site spend most time in. */
import type { Nanoseconds } from '../common/units';
import type { TraceModel } from '../trace/engine';
import { isDeviceCopy, type SplitCall } from './callParts';
import { moduleSpan } from './eventParts';

export interface OperationTime {
  /** `Conv2D`, `aten::conv2d`, the kernel's name. */
  name: string;
  where: 'host' | 'device';
  count: number;
  /** Without what other operations within it took. */
  selfNs: Nanoseconds;
}

const most = 12;
const typed = /^[\w.\-/]+:([A-Z_]\w*)$/;

/** Operations within the calls, by self time; those of all threads that compute for a call. */
export function topOperations(model: TraceModel, calls: readonly SplitCall[]): Map<number, OperationTime[]> {
  const { count, start, end, name, category, track } = model.columns();
  const self = model.self();
  const streams = new Set(model.tracks.filter(({ kind }) => kind === 'stream').map(({ index }) => index));
  const ordered = calls.toSorted((a, b) => a.startTicks - b.startTicks);
  const bySite = new Map<number, Map<string, OperationTime>>();
  const titles = new Map<number, string | undefined>();
  for (let event = 0; event < count; event++) {
    if (end[event]! <= start[event]!) continue;
    const device = streams.has(track[event]!);
    if (device && isDeviceCopy(model, model.columns(), event)) continue;
    let title: string | undefined = model.name(name[event]!);
    if (!device) {
      if (!titles.has(name[event]!)) titles.set(name[event]!, typed.exec(title)?.[1]);
      const kind = model.name(category[event]!);
      if (kind !== 'cpu_op' && kind !== 'Operator' && kind !== 'Node') title = titles.get(name[event]!);
    }
    if (title === undefined || moduleSpan.test(title)) continue;
    const call = callAt(ordered, start[event]!);
    if (!call) continue;
    let found = bySite.get(call.site);
    if (!found) bySite.set(call.site, (found = new Map<string, OperationTime>()));
    const where = device ? 'device' : 'host';
    const key = `${where} ${title}`;
    let time = found.get(key);
    if (!time) found.set(key, (time = { name: title, where, count: 0, selfNs: 0 }));
    time.count++;
    time.selfNs += (self[event]! * model.tickPs) / 1000;
  }
  return new Map([...bySite].map(([site, found]) => [site, topOf([...found.values()])]));
}

/** The most expensive of each place. */
export function topOf(times: readonly OperationTime[]): OperationTime[] {
  const of = (where: OperationTime['where']): OperationTime[] =>
    times
      .filter((time) => time.where === where)
      .sort((a, b) => b.selfNs - a.selfNs)
      .slice(0, most);
  return [...of('device'), ...of('host')];
}

/** The last call that begins at or before a time and has not ended. Calls are in order of their begin. */
function callAt(calls: readonly SplitCall[], time: number): SplitCall | undefined {
  let low = 0;
  let high = calls.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (calls[middle]!.startTicks <= time) low = middle + 1;
    else high = middle;
  }
  for (let i = low - 1; i >= 0 && i >= low - 16; i--) if (calls[i]!.endTicks > time) return calls[i];
  return undefined;
}
