import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { UserError, errorText, type Problem } from '../common/problem';
import type { ProcessReader } from '../runs/processReader';
import type { RunReader } from '../runs/runReader';
import { openTrace } from '../trace/engine';
import { splitCalls, type SplitCall } from './callParts';
import { partOrder } from './partNames';
import type { RunSummary } from './runSummary';

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
 * Opens the traces of a run and completes its summary: the list of trace files, and each site's parts
 * over the calls of the steady window, or of another one where that has none.
 */
export async function addTraces(reader: RunReader, summary: RunSummary, signal?: AbortSignal): Promise<void> {
  summary.traces = [];
  const windows = new Map<string, SplitCall[]>();
  for (const process of reader.processes) {
    for (const trace of process.traces) {
      const folder = path.join(process.directory, trace.path);
      const files = await traceFilesBelow(folder);
      if (files.length === 0) {
        summary.problems.push({
          message: `The trace in ${folder} was announced but is not there.`,
          fix: 'It was deleted, or the program was killed while it was written; call times are complete.',
        });
      }
      for (const file of files) {
        const calls = windows.get(trace.window) ?? [];
        windows.set(trace.window, calls);
        await addTrace(file, process, summary, calls, signal);
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
  addParts(summary, windows);
}

async function isFolder(directory: string): Promise<boolean> {
  return readdir(directory).then(
    () => true,
    () => false,
  );
}

async function addTrace(
  file: string,
  process: ProcessReader,
  summary: RunSummary,
  calls: SplitCall[],
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    const model = await openTrace([file], signal ? { signal } : {});
    summary.traces.push({ path: file, format: model.files[0]?.format ?? '', events: model.events });
    for (const problem of model.problems) summary.problems.push(located(file, problem));
    const walls = wallTimes(process);
    calls.push(
      ...splitCalls(model, (slot) => {
        const ns = walls.get(slot);
        return ns === undefined ? undefined : (ns * 1000) / model.tickPs;
      }).map((call) => inNanoseconds(call, model.tickPs / 1000)),
    );
  } catch (error) {
    signal?.throwIfAborted();
    summary.traces.push({ path: file, format: '', events: 0 });
    summary.problems.push({
      message: error instanceof UserError ? error.message : `${file} could not be read: ${errorText(error)}.`,
      ...(error instanceof UserError && error.fix ? { fix: error.fix } : {}),
    });
  }
}

/** In a run the reader must learn which of its files a problem is about, and where in it. */
function located(file: string, problem: Problem): Problem {
  const where = problem.offset === undefined ? '' : `, byte ${problem.offset}`;
  return { ...problem, message: `${path.basename(file)}${where}: ${problem.message}` };
}

/** Measured time of each traced call by slot number, ns. */
function wallTimes({ calls }: ProcessReader): Map<number, number> {
  const walls = new Map<number, number>();
  for (let row = 0; row < calls.length; row++) {
    if (calls.flags[row]! & 2 && calls.slot[row]! >= 0)
      walls.set(calls.slot[row]!, calls.end[row]! - calls.begin[row]!);
  }
  return walls;
}

function inNanoseconds(call: SplitCall, nsPerTick: number): SplitCall {
  const parts = { ...call.parts };
  for (const name of partOrder) parts[name] *= nsPerTick;
  return { ...call, startTicks: call.startTicks * nsPerTick, endTicks: call.endTicks * nsPerTick, parts };
}

/** Windows by how well their calls stand for all. Slow calls were waited for, so they stand for none. */
const windowOrder = ['steady', 'capture', 'first'];

function addParts(summary: RunSummary, windows: ReadonlyMap<string, readonly SplitCall[]>): void {
  for (const site of summary.sites) {
    const calls =
      windowOrder
        .map((name) => (windows.get(name) ?? []).filter((call) => call.site === site.index))
        .find((found) => found.length > 0) ?? [];
    if (calls.length === 0) continue;
    site.partsCalls = calls.length;
    site.partsTotalNs = 0;
    site.retraces = calls.filter((call) => call.retraced).length;
    for (const name of partOrder) {
      const total = calls.reduce((sum, call) => sum + call.parts[name], 0);
      if (total > 0) site.parts[name] = Math.round(total);
    }
    site.partsTotalNs = Object.values(site.parts).reduce((a, b) => a + b, 0);
  }
}
