import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { UserError, errorText, isUserError, type Problem } from '../common/problem';
import type { TraceRecord } from '../runs/processRecords';
import type { ProcessReader } from '../runs/processReader';
import { isTraceFile, lostFiles } from '../runs/recordedFiles';
import type { RunReader } from '../runs/runReader';
import { openTrace, type TraceModel } from '../trace/engine';
import { callFlags } from '../trace/formats/calls';
import { decodeFunctions } from '../trace/formats/functions';
import { splitCalls, type SplitCall } from './callParts';
import { deviceIdle, mergeIdle, type DeviceIdle } from './deviceIdle';
import { judgeTrace, type Evidence } from './evidence';
import { insideCalls, mergeInside, type InsideCalls } from './insideCalls';
import { linkLayers, type LayerSummary } from './layerLines';
import { Layers, type LayerTime } from './layers';
import { partOrder } from './partNames';
import type { RunSummary } from './runSummary';
import { sampledRun, type SampledProcess } from './sampledProcess';
import { topOf, topOperations, type OperationTime } from './topOperations';
import type { UserFiles } from './userLines';

const traceFile = /\.(xplane\.pb|pt\.trace\.json|trace\.json)(\.gz)?$/;

/** Trace files below a folder, in a stable order. Where the same profile lies there twice, the fuller form counts. */
export async function traceFilesBelow(directory: string): Promise<string[]> {
  const found: string[] = [];
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) found.push(...(await traceFilesBelow(file)));
    else if (traceFile.test(entry.name)) found.push(file);
  }
  const xplanes = found.filter((file) => file.endsWith('.xplane.pb')).map((file) => path.dirname(file));
  return found.filter((file) => file.endsWith('.xplane.pb') || !xplanes.includes(path.dirname(file)));
}

/**
 * Opens the traces and function profiles of a run and completes its summary: the list of traces with what each is
 * worth, and of each site its parts, layers and operations over the calls of the steady window, or of another one
 * where that has none.
 */
export async function addTraces(reader: RunReader, summary: RunSummary, signal?: AbortSignal): Promise<void> {
  summary.traces = [];
  const windows = new Map<string, TracedSites>();
  const of = (window: string): TracedSites => {
    const known = windows.get(window) ?? new TracedSites();
    windows.set(window, known);
    return known;
  };
  const idle: DeviceIdle[] = [];
  const { files, sampled } = sampledRun(reader);
  for (const one of sampled) {
    const { process } = one;
    const lost = await lostTraces(reader, process);
    for (const trace of process.traces) {
      const folder = path.join(process.directory, trace.path);
      const found = await traceFilesBelow(folder);
      if (found.length === 0) {
        of(trace.window).lost = true;
        summary.problems.push({
          message: `The trace in ${folder} was announced but is not there.`,
          fix: 'It was deleted, or the program was killed while it was written; call times are complete.',
        });
      }
      for (const file of found) {
        const sites = of(trace.window);
        await addTrace({ file, trace, sampled: one, changed: lost.has(file), summary, sites, idle }, signal);
      }
    }
    const gone = process.exitUnixNs === undefined && summary.run.state !== 'running';
    if (gone && (await isFolder(path.join(process.directory, 'onnxruntime')))) {
      summary.problems.push({
        message:
          'The trace of onnxruntime is lost: it writes its file when it is asked to, and the process was gone before.',
        fix: 'Let the program end by itself (not by os._exit or a signal); call times are complete.',
      });
    }
  }
  if (reader.integrity?.lost.has('calls')) {
    summary.evidence = []; // of which calls, nobody knows
    return;
  }
  addParts(summary, windows);
  // What is left of several is no figure of all of them.
  const whole = [...windows.values()].every(({ lost }) => !lost);
  summary.deviceIdle = whole ? mergeIdle(idle) : null;
  await addInside(reader, files, summary);
  await linkLayers(
    summary,
    reader.processes.flatMap(({ modules }) => modules),
    files,
  );
}

/** Trace files that are not as the run left them. */
async function lostTraces(reader: RunReader, process: ProcessReader): Promise<Set<string>> {
  const recorded = reader.integrity?.recorded;
  if (!recorded) return new Set();
  const lost = await lostFiles(
    reader.directory,
    recorded,
    (file) => isTraceFile(file) && file.path.startsWith(`${process.name}/`),
  );
  return new Set(lost.map(({ path: file }) => path.join(reader.directory, file)));
}

/** Reads the function profiles: whose functions the calls of a site are spent in. */
async function addInside(reader: RunReader, files: UserFiles, summary: RunSummary): Promise<void> {
  const bySite = new Map<number, InsideCalls[]>();
  if (reader.integrity?.lost.has('functions')) return;
  for (const process of reader.processes) {
    for (const { site, path: name } of process.functions) {
      if (site === undefined || name === undefined) continue;
      const file = path.join(process.directory, name);
      try {
        const profile = decodeFunctions(await readFile(file, 'utf8'), file);
        const inside = insideCalls(profile, process.calls, files);
        if (inside) bySite.set(site, [...(bySite.get(site) ?? []), inside]);
      } catch (error) {
        summary.problems.push(
          isUserError(error)
            ? { message: error.message, ...(error.fix ? { fix: error.fix } : {}) }
            : { message: `${file} could not be read: ${errorText(error)}.` },
        );
      }
    }
  }
  for (const site of summary.sites) site.inside = mergeInside(bySite.get(site.index) ?? []) ?? null;
}

async function isFolder(directory: string): Promise<boolean> {
  return readdir(directory).then(
    () => true,
    () => false,
  );
}

interface OneTrace {
  file: string;
  trace: TraceRecord;
  sampled: SampledProcess;
  /** The file is not the one that the run left. */
  changed: boolean;
  summary: RunSummary;
  sites: TracedSites;
  idle: DeviceIdle[];
}

async function addTrace(one: OneTrace, signal: AbortSignal | undefined): Promise<void> {
  const { file, trace, sampled, summary } = one;
  const { process } = sampled;
  try {
    const model = await openTrace([file], signal ? { signal } : {});
    summary.traces.push({ path: file, format: model.files[0]?.format ?? '', events: model.events });
    for (const problem of model.problems) summary.problems.push(located(file, problem));
    const evidence = judgeTrace(
      model,
      { path: file, window: trace.window, calls: trace.calls },
      process.frameworks.reduce(
        (sum, { devices }) => sum + devices.filter(({ type }) => type === 'GPU').length,
        0,
      ),
    );
    summary.evidence.push(evidence);
    if (one.changed) {
      evidence.complete = false;
      evidence.spanNs = NaN;
      evidence.notes.unshift({
        message: 'The trace is not the one that the run left: its parts are left out.',
        fix: 'Copy the run again.',
      });
    }
    summary.problems.push(...evidence.notes.map((note) => located(file, note)));
    if (evidence.complete) addCalls(one, model, evidence);
    else one.sites.lost = true;
  } catch (error) {
    signal?.throwIfAborted();
    one.sites.lost = true;
    summary.traces.push({ path: file, format: '', events: 0 });
    summary.problems.push({
      message: error instanceof UserError ? error.message : `${file} could not be read: ${errorText(error)}.`,
      ...(error instanceof UserError && error.fix ? { fix: error.fix } : {}),
    });
  }
}

/** What the calls of one trace say, given to their sites. */
function addCalls({ trace, sampled, sites, idle }: OneTrace, model: TraceModel, evidence: Evidence): void {
  const { process } = sampled;
  const rows = rowsBySlot(process);
  const nsPerTick = model.tickPs / 1000;
  const layers = new Map<number, Layers>();
  const calls = splitCalls(
    model,
    (slot) => {
      const row = rows.get(slot);
      return row === undefined
        ? undefined
        : (process.calls.end[row]! - process.calls.begin[row]!) / nsPerTick;
    },
    (call) => {
      let found = layers.get(call.site);
      if (!found) layers.set(call.site, (found = new Layers(model)));
      found.observe(call);
    },
  );
  const overlapping = overlap(calls);
  for (const call of calls) sites.calls.push(inNanoseconds(call, nsPerTick));
  for (const [site, found] of layers)
    sites.addLayers(site, overlapping ? undefined : found.times(), nsPerTick);
  for (const [site, times] of topOperations(model, calls)) sites.addOperations(site, times);
  // Nothing is said of a device whose work is not all there.
  if (evidence.device === 'missing' || trace.window === 'first' || trace.window === 'slow') return;
  const placed = calls.flatMap((call) => {
    const row = rows.get(call.slot);
    if (row === undefined || Number.isNaN(process.calls.end[row]!)) return [];
    const { begin, end, thread } = process.calls;
    return [{ ...call, beginNs: begin[row]!, endNs: end[row]!, thread: thread[row]! }];
  });
  const found = deviceIdle(model, placed, sampled, trace.framework === 'torch');
  if (found) idle.push(found);
}

function overlap(calls: readonly SplitCall[]): boolean {
  let until = -Infinity;
  return calls
    .toSorted((a, b) => a.startTicks - b.startTicks)
    .some(({ startTicks, endTicks }) => {
      const over = startTicks < until;
      until = Math.max(until, endTicks);
      return over;
    });
}

/** In a run the reader must learn which of its files a problem is about, and where in it. */
function located(file: string, problem: Problem): Problem {
  const where = problem.offset === undefined ? '' : `, byte ${problem.offset}`;
  return { ...problem, message: `${path.basename(file)}${where}: ${problem.message}` };
}

/** Row of each call by its slot number. */
function rowsBySlot({ calls }: ProcessReader): Map<number, number> {
  const rows = new Map<number, number>();
  for (let row = 0; row < calls.length; row++) {
    if (calls.flags[row]! & callFlags.traced && calls.slot[row]! >= 0) rows.set(calls.slot[row]!, row);
  }
  return rows;
}

function inNanoseconds(call: SplitCall, nsPerTick: number): SplitCall {
  const parts = { ...call.parts };
  for (const name of partOrder) parts[name] *= nsPerTick;
  return { ...call, startTicks: call.startTicks * nsPerTick, endTicks: call.endTicks * nsPerTick, parts };
}

/** Windows by how well their calls stand for all. Slow calls were waited for, so they stand for none. */
const windowOrder = ['steady', 'capture', 'first'];

/** What the windows of one kind say of each site. */
class TracedSites {
  /** A trace of the window could not be read whole: what the others say is not what all would say. */
  lost = false;
  readonly calls: SplitCall[] = [];
  /** undefined: they cannot be told. */
  readonly layers = new Map<number, Map<string, LayerSummary> | undefined>();
  readonly operations = new Map<number, Map<string, OperationTime>>();

  addLayers(site: number, times: readonly LayerTime[] | undefined, nsPerTick: number): void {
    if (this.layers.has(site) && this.layers.get(site) === undefined) return;
    if (!times) {
      this.layers.set(site, undefined);
      return;
    }
    const known = this.layers.get(site) ?? new Map<string, LayerSummary>();
    this.layers.set(site, known);
    for (const { layer, kind, host, python, device, ops } of times) {
      const row = known.get(layer) ?? {
        layer,
        kind: kind ?? null,
        hostNs: 0,
        pythonNs: 0,
        deviceNs: 0,
        ops: 0,
      };
      row.hostNs += host * nsPerTick;
      row.pythonNs += python * nsPerTick;
      row.deviceNs += device * nsPerTick;
      row.ops += ops;
      known.set(layer, row);
    }
  }

  addOperations(site: number, times: readonly OperationTime[]): void {
    const known = this.operations.get(site) ?? new Map<string, OperationTime>();
    this.operations.set(site, known);
    for (const time of times) {
      const key = `${time.where} ${time.name}`;
      const same = known.get(key);
      if (same) {
        same.count += time.count;
        same.selfNs += time.selfNs;
      } else known.set(key, { ...time });
    }
  }
}

const mostLayers = 200;

function addParts(summary: RunSummary, windows: ReadonlyMap<string, TracedSites>): void {
  for (const site of summary.sites) {
    const window = windowOrder
      .map((name) => windows.get(name))
      .find((found) => found?.lost === true || found?.calls.some((call) => call.site === site.index));
    if (window?.lost) continue;
    const calls = window?.calls.filter((call) => call.site === site.index) ?? [];
    if (!window || calls.length === 0) continue;
    site.partsCalls = calls.length;
    site.partsTotalNs = 0;
    site.retraces = calls.filter((call) => call.retraced).length;
    for (const name of partOrder) {
      const total = calls.reduce((sum, call) => sum + call.parts[name], 0);
      if (total > 0) site.parts[name] = Math.round(total);
    }
    site.partsTotalNs = Object.values(site.parts).reduce((a, b) => a + b, 0);
    site.layers = [...(window.layers.get(site.index)?.values() ?? [])]
      .sort((a, b) => b.deviceNs + b.hostNs - a.deviceNs - a.hostNs)
      .slice(0, mostLayers);
    site.topOperations = topOf([...(window.operations.get(site.index)?.values() ?? [])]);
  }
}
