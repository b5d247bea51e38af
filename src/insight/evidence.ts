/** How far a trace can be believed: what it covers, and what is missing in it. */
import type { Problem } from '../common/problem';
import { formatCount, formatDuration, type Nanoseconds } from '../common/units';
import type { TraceModel } from '../trace/engine';
import { isDeviceCopy } from './callParts';

/**
 * `kernels`: the device's work is there. `none`: no device was used. `missing`: a device was used, and its work is not
 * in the trace, or not all of it; then nothing is said of how busy or idle it was.
 */
export type DeviceEvidence = 'kernels' | 'none' | 'missing';

export interface Evidence {
  path: string;
  window: string;
  /** Calls that the trace saw whole. */
  calls: number;
  /** From the first event to the last; NaN where the trace is not complete. */
  spanNs: Nanoseconds;
  device: DeviceEvidence;
  /** False where part of the file could not be read, or the profiler had dropped events: no sums are made of it. */
  complete: boolean;
  /** What a reader of the figures has to know, worst first. */
  notes: Problem[];
}

/** TensorFlow up to 2.4 cuts its Chrome trace off here (tensorflow/core/profiler/convert/xplane_to_trace_events). */
const chromeLimit = 1_000_000;
/** Launches whose kernels may be under way when the profiler stops. */
const toleratedShare = 0.02;

const launches = /^(cuda|hip|cu)(Launch|GraphLaunch|LaunchKernel|ModuleLaunchKernel|ExtLaunch)\w*/i;

/** Judges one trace. `gpus`: devices that the framework registered in the process. */
export function judgeTrace(
  model: TraceModel,
  trace: { path: string; window: string; calls: number },
  gpus: number,
): Evidence {
  const { launched, kernels } = countKernels(model);
  const notes: Problem[] = [];
  const [file] = model.files;
  const cut =
    file?.format === 'chrome-json' && model.events === chromeLimit && !file.path.endsWith('.pt.trace.json');
  if (cut)
    notes.push({
      message: `The profiler kept only its first ${formatCount(chromeLimit)} events.`,
      fix: 'Trace fewer calls.',
    });
  if (model.damaged) notes.push({ message: 'Part of the trace could not be read: its parts are left out.' });
  let device: DeviceEvidence = kernels > 0 ? 'kernels' : 'none';
  if (launched > 0 && kernels < launched * (1 - toleratedShare)) {
    device = 'missing';
    notes.push({
      message:
        kernels === 0
          ? `${formatCount(launched)} kernels were launched and none was recorded: the profiler could not see the device (CUPTI, or rights to its counters).`
          : `${formatCount(launched)} kernels were launched and only ${formatCount(kernels)} recorded: the profiler’s buffers were full.`,
      fix: kernels === 0 ? 'Predictscope: Check Environment says what is in the way.' : 'Trace fewer calls.',
    });
  } else if (kernels === 0 && gpus > 0) {
    device = 'missing';
    notes.push({
      message:
        'The program had a GPU and the trace holds nothing of it: these calls did not use it, or the profiler could not see it.',
      fix: 'Predictscope: Check Environment says what is in the way.',
    });
  }
  const complete = !model.damaged && !cut;
  return {
    path: trace.path,
    window: trace.window,
    calls: trace.calls,
    spanNs: complete ? (model.spanTicks * model.tickPs) / 1000 : NaN,
    device,
    complete,
    notes,
  };
}

function countKernels(model: TraceModel): { launched: number; kernels: number } {
  const { count, name, category, track } = model.columns();
  const streams = new Set(model.tracks.filter(({ kind }) => kind === 'stream').map(({ index }) => index));
  const isLaunch = new Map<number, boolean>();
  let launched = 0;
  let kernels = 0;
  for (let event = 0; event < count; event++) {
    if (streams.has(track[event]!)) {
      if (isDeviceCopy(model, model.columns(), event)) continue;
      const kind = model.name(category[event]!);
      if (!/memcpy|memset/i.test(`${kind} ${model.name(name[event]!)}`)) kernels++;
      continue;
    }
    const id = name[event]!;
    let launch = isLaunch.get(id);
    if (launch === undefined) isLaunch.set(id, (launch = launches.test(model.name(id))));
    if (launch) launched++;
  }
  return { launched, kernels };
}

/** `20 of 3,120 calls, 2.1 s of a run of 90 s`. */
export function coverage(evidence: Evidence, calls: number, runNs: Nanoseconds): string {
  const run = Number.isFinite(runNs) && runNs > 0 ? ` of a run of ${formatDuration(runNs)}` : '';
  return `${formatCount(evidence.calls)} of ${formatCount(calls)} calls, ${formatDuration(evidence.spanNs)}${run}`;
}
