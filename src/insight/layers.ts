/**
 * The model function of the traced calls by layer: Keras layers by the scopes in the names of TensorFlow's operations,
 * modules of PyTorch by the spans that our runtime puts around their `forward`.
 */
import type { Ticks } from '../common/units';
import type { EventColumns, TraceModel } from '../trace/engine';
import { isDeviceCopy, type ObservedCall } from './callParts';
import { moduleSpan } from './eventParts';
import { firstAbove } from './statistics';

/** Time of one layer over the traced calls, in ticks of the trace. */
export interface LayerTime {
  /** Path from the model on, as the framework names it; empty for what no layer names. */
  layer: string;
  /** Class of a PyTorch module. */
  kind?: string;
  /** Of the model function's time on the host. Those of all layers add up to it. */
  host: Ticks;
  /** Of Python's time: a PyTorch module's own `forward`. */
  python: Ticks;
  /** Kernels that it started. */
  device: Ticks;
  /** Operations. */
  ops: number;
}

/** `path:Type`, as TensorFlow names operations. */
const operation = /^([\w.\-/]+):[A-Z_]\w*$/;

/** Scopes that layers of Keras open within themselves. */
const innerScopes = new Set([
  'batchnorm',
  'moments',
  'convolution',
  'Conv2D',
  'conv2d',
  'depthwise',
  'separable_conv2d',
  'MatMul',
  'Tensordot',
  'einsum',
  'BiasAdd',
  'softmax',
  'SpaceToBatchND',
  'BatchToSpaceND',
  'dropout',
  'Cast',
  'Reshape',
  'ExpandDims',
]);

/** Where wrappers of functions stand before the model's own scopes. */
const wrappers = /^(StatefulPartitionedCall|PartitionedCall|__inference\w*|[\w]*predict_function\w*)(_\d+)?$/;

/** `splice0/conv1d_5` of `splice0/conv1d_5/convolution/ExpandDims`; empty for an operation outside of any scope. */
export function layerOfOperation(path: string): string {
  const scopes = path.split('/');
  scopes.pop(); // the operation itself
  while (scopes.length > 0 && wrappers.test(scopes[0]!)) scopes.shift();
  const inner = scopes.findIndex((scope, i) => i > 0 && innerScopes.has(scope.replace(/_\d+$/, '')));
  return (inner < 0 ? scopes : scopes.slice(0, inner)).join('/');
}

interface Operations {
  start: Float64Array;
  end: Float64Array;
  /** Largest end up to here: where a look back may stop. */
  reach: Float64Array;
  layer: string[];
}

/** Collects layers over the calls of one trace: give it to `splitCalls` as `observe`. */
export class Layers {
  readonly #times = new Map<string, LayerTime>();
  readonly #columns: EventColumns;
  #operations: Operations | undefined;
  #kernels: Kernels | undefined;
  #until = -Infinity;
  #overlapping = false;

  constructor(private readonly model: TraceModel) {
    this.#columns = model.columns();
  }

  readonly observe = (call: ObservedCall): void => {
    if (call.startTicks < this.#until) this.#overlapping = true;
    this.#until = Math.max(this.#until, call.endTicks);
    const modules = this.#modules(call);
    this.#kernels ??= new Kernels(this.model, this.#columns);
    if (modules.length > 0) this.#chargeModules(call, modules);
    else this.#chargeOperations(call);
  };

  /**
   * undefined where layers cannot be told: calls ran at the same time, so that an operation could be of any, or the
   * trace names none.
   */
  times(): LayerTime[] | undefined {
    const found = [...this.#times.values()].filter(({ host, device, python }) => host + device + python > 0);
    if (this.#overlapping || !found.some(({ layer }) => layer !== '')) return undefined;
    return found.sort((a, b) => b.host + b.device - a.host - a.device);
  }

  #time(layer: string, kind?: string): LayerTime {
    let known = this.#times.get(layer);
    if (!known) {
      known = { layer, ...(kind ? { kind } : {}), host: 0, python: 0, device: 0, ops: 0 };
      this.#times.set(layer, known);
    }
    return known;
  }

  /** Innermost module of each stretch of a call, in order. */
  #modules({ events }: ObservedCall): { from: Ticks; to: Ticks; layer: string; kind: string }[] {
    const { start, end, name } = this.#columns;
    const found: { from: Ticks; to: Ticks; layer: string; kind: string }[] = [];
    const open: { end: Ticks; layer: string; kind: string }[] = [];
    let at = -Infinity;
    const advance = (to: Ticks): void => {
      const top = open[open.length - 1];
      if (top && to > at) found.push({ from: at, to, layer: top.layer, kind: top.kind });
      at = Math.max(at, to);
    };
    const close = (until: Ticks): void => {
      while (open.length > 0 && open[open.length - 1]!.end <= until) {
        advance(open[open.length - 1]!.end);
        open.pop();
      }
    };
    for (const event of events) {
      const [, layer, kind] = moduleSpan.exec(this.model.name(name[event]!)) ?? [];
      if (layer === undefined) continue;
      close(start[event]!);
      advance(start[event]!);
      open.push({ end: end[event]!, layer, kind: kind! });
    }
    close(Infinity);
    return found;
  }

  #chargeModules(
    call: ObservedCall,
    modules: readonly { from: Ticks; to: Ticks; layer: string; kind: string }[],
  ): void {
    const charge = (pieces: ObservedCall['python'], what: 'host' | 'python'): void => {
      let next = 0;
      for (const [from, to] of pieces) {
        let rest = to - from;
        while (next < modules.length && modules[next]!.to <= from) next++;
        for (let i = next; i < modules.length && modules[i]!.from < to; i++) {
          const { layer, kind } = modules[i]!;
          const shared = Math.min(to, modules[i]!.to) - Math.max(from, modules[i]!.from);
          this.#time(layer, kind)[what] += shared;
          rest -= shared;
        }
        if (rest > 0) this.#time('')[what] += rest;
      }
    };
    charge(call.modelFunction, 'host');
    charge(call.python, 'python');
    const { start } = this.#columns;
    const moduleAt = (time: Ticks): string =>
      modules.find(({ from, to }) => from <= time && time < to)?.layer ?? '';
    for (const event of call.events) {
      const layer = moduleAt(start[event]!);
      if (this.#kernels!.isOperation(event)) this.#time(layer).ops++;
      const device = this.#kernels!.startedBy(event);
      if (device > 0) this.#time(layer).device += device;
    }
  }

  #chargeOperations(call: ObservedCall): void {
    const operations = (this.#operations ??= this.#readOperations());
    for (const [from, to] of call.modelFunction) {
      let low = firstAbove(operations.reach, from);
      const running: number[] = [];
      const cuts = new Set<Ticks>([from, to]);
      for (; low < operations.start.length && operations.start[low]! < to; low++) {
        if (operations.end[low]! <= from) continue;
        running.push(low);
        cuts.add(Math.max(from, operations.start[low]!));
        cuts.add(Math.min(to, operations.end[low]!));
        if (operations.start[low]! >= from) this.#time(operations.layer[low]!).ops++;
      }
      const times = [...cuts].sort((a, b) => a - b);
      // Nearly in order, so what runs in a stretch is found by going along.
      let first = 0;
      for (let i = 0; i + 1 < times.length; i++) {
        const [a, b] = [times[i]!, times[i + 1]!];
        const active: number[] = [];
        for (let j = first; j < running.length && operations.start[running[j]!]! < b; j++) {
          if (operations.end[running[j]!]! > a) active.push(running[j]!);
          else if (j === first) first++;
        }
        if (active.length === 0) this.#time('').host += b - a;
        else for (const op of active) this.#time(operations.layer[op]!).host += (b - a) / active.length;
      }
    }
    for (const [layer, ticks] of this.#kernels!.byOperation(call.startTicks, call.endTicks))
      this.#time(layer).device += ticks;
  }

  #readOperations(): Operations {
    const { count, start, end, name } = this.#columns;
    const layers = new Map<number, string | undefined>();
    const found: number[] = [];
    for (let event = 0; event < count; event++) {
      const id = name[event]!;
      if (!layers.has(id)) {
        const path = operation.exec(this.model.name(id))?.[1];
        layers.set(id, path === undefined ? undefined : layerOfOperation(path));
      }
      if (layers.get(id) !== undefined && end[event]! > start[event]!) found.push(event);
    }
    found.sort((a, b) => start[a]! - start[b]! || end[a]! - end[b]!);
    const reach = new Float64Array(found.length);
    let most = -Infinity;
    found.forEach((event, i) => (reach[i] = most = Math.max(most, end[event]!)));
    return {
      start: Float64Array.from(found, (event) => start[event]!),
      end: Float64Array.from(found, (event) => end[event]!),
      reach,
      layer: found.map((event) => layers.get(name[event]!)!),
    };
  }
}

/** Kernels of a trace by what started them. */
class Kernels {
  /** PyTorch: by the number that a launch and its kernel share. */
  readonly #byCorrelation = new Map<string, Ticks>();
  /** TensorFlow: a kernel names its operation. */
  readonly #named: { start: Ticks; end: Ticks; layer: string }[] = [];

  constructor(
    private readonly model: TraceModel,
    private readonly columns: EventColumns,
  ) {
    const streams = new Set(model.tracks.filter(({ kind }) => kind === 'stream').map(({ index }) => index));
    if (streams.size === 0) return;
    for (let event = 0; event < columns.count; event++) {
      if (!streams.has(columns.track[event]!) || isDeviceCopy(model, columns, event)) continue;
      const stats = model.stats(event);
      const [start, end] = [columns.start[event]!, columns.end[event]!];
      const correlation = stats.get('correlation');
      if (correlation !== undefined) {
        const key = String(correlation);
        this.#byCorrelation.set(key, (this.#byCorrelation.get(key) ?? 0) + end - start);
      }
      const op = stats.get('tf_op');
      if (op === undefined) continue;
      const path = operation.exec(String(op))?.[1] ?? String(op);
      this.#named.push({ start, end, layer: layerOfOperation(path) });
    }
  }

  isOperation(event: number): boolean {
    return (
      this.model.name(this.columns.category[event]!) === 'cpu_op' &&
      !moduleSpan.test(this.model.name(this.columns.name[event]!))
    );
  }

  /** Time of the kernels that an event of the host launched. */
  startedBy(event: number): Ticks {
    if (this.#byCorrelation.size === 0) return 0;
    const category = this.model.name(this.columns.category[event]!);
    if (category !== 'cuda_runtime' && category !== 'cuda_driver' && category !== 'Runtime') return 0;
    return this.#byCorrelation.get(String(this.model.stats(event).get('correlation'))) ?? 0;
  }

  *byOperation(from: Ticks, to: Ticks): Generator<[layer: string, ticks: Ticks]> {
    for (const { start, end, layer } of this.#named) {
      const shared = Math.min(end, to) - Math.max(start, from);
      if (shared > 0) yield [layer, shared];
    }
  }
}
