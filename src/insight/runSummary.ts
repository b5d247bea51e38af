import path from 'node:path';
import type { Problem } from '../common/problem';
import type { Nanoseconds, Share } from '../common/units';
import type { SiteRecord } from '../runs/processRecords';
import type { ProcessReader } from '../runs/processReader';
import type { RunReader } from '../runs/runReader';
import { runNameTime, type ConfigSite } from '../runs/runRecord';
import {
  sharedDeviceProblems,
  summarizeDevices,
  summarizeProcesses,
  type DeviceSummary,
  type ProcessSummary,
} from './deviceUse';
import type { DeviceIdle } from './deviceIdle';
import type { Bucket } from './distribution';
import type { Evidence } from './evidence';
import { summarizeGaps, type Gaps } from './gaps';
import type { InsideCalls } from './insideCalls';
import type { LayerSummary } from './layerLines';
import { outputProblem, summarizeOutputs, type OutputSummary } from './outputs';
import type { PhaseTimes } from './phases';
import type { OperationTime } from './topOperations';
import { summarizeRequests, type RequestSummary } from './requests';
import { findRunProblems } from './runProblems';
import { lineFigures, type HotLine, type Sampling, type SiteLine } from './hotLines';
import { sampledRun } from './sampledProcess';
import { lifetimeNs, siteFigures, type SiteFigures } from './siteFigures';

/** The public form of a run: `predictscope summarize RUN --json`. Names and units are a promise. */
export interface RunSummary {
  run: {
    id: string;
    directory: string;
    command: string[];
    /** ISO 8601. */
    startedAt: string;
    wallNs: Nanoseconds;
    exitCode: number | null;
    signal: string | null;
    target: string;
    python: string;
    frameworks: Record<string, string>;
    devices: string[];
    state: string;
    processes: number;
    /** What devices and processes used while it lived; empty where nothing could be asked. */
    deviceUse: DeviceSummary[];
    processUse: ProcessSummary[];
  };
  sites: SiteSummary[];
  /** What the program did between its calls; null where it made fewer than two. */
  gaps: Gaps | null;
  /** When the device had nothing to do, in the trace windows; null where that is not known. */
  deviceIdle: DeviceIdle | null;
  /** What a server answered, by method and route; empty for a program that serves nothing. */
  requests: RequestSummary[];
  /** The user's lines that most of the time goes to; empty when nothing was sampled. */
  hotLines: HotLine[];
  sampling: Sampling | null;
  traces: { path: string; format: string; events: number }[];
  /** What each trace is worth. */
  evidence: Evidence[];
  problems: Problem[];
}

export interface SiteSummary {
  id: string;
  index: number;
  file: string;
  line: number;
  column: number;
  endLine: number;
  ranFile: string | null;
  callee: string;
  framework: string;
  calls: number;
  errors: number;
  unfinished: number;
  firstNs: Nanoseconds | null;
  p50Ns: Nanoseconds | null;
  p95Ns: Nanoseconds | null;
  maxNs: Nanoseconds | null;
  totalNs: Nanoseconds;
  shareOfRun: Share;
  batchShapes: { dims: (number | null)[]; calls: number }[];
  /** Parts of the traced calls, ns; their sum is `partsTotalNs`. Empty when no trace saw this site. */
  parts: Record<string, Nanoseconds>;
  partsTotalNs: Nanoseconds;
  /** Calls that the parts are taken from. */
  partsCalls: number;
  /** Times that the model function was traced (compiled) within those calls. */
  retraces: number;
  /** Calls of a trace window or the warm-up that returned before the device had their result: times of queueing. */
  enqueued: number;
  /** Where the time of the calls went, the most expensive first; empty when nothing was sampled. */
  lines: SiteLine[];
  /** What the calls were at, by the sampled stacks of all of them; empty where nothing was sampled. */
  phases: PhaseTimes;
  /** How the durations of all finished calls are spread. */
  distribution: Bucket[];
  /** Whose functions a call is spent in; null where no call ran under the function profiler. */
  inside: InsideCalls | null;
  /** The model function by layer, over the calls that the parts are taken from. */
  layers: LayerSummary[];
  /** What the calls returned, where the user asked for it. */
  outputs: OutputSummary | null;
  topOperations: OperationTime[];
}

const noFigures: SiteFigures = {
  calls: 0,
  errors: 0,
  unfinished: 0,
  traced: 0,
  enqueued: 0,
  firstNs: NaN,
  p50Ns: NaN,
  p95Ns: NaN,
  maxNs: NaN,
  totalNs: 0,
  shareOfRun: 0,
  batchShapes: [],
  distribution: [],
};

/** The run was ours: its files were noted at its end. */
const recordLost: Problem = {
  message: 'run.json is missing or damaged: how long the run took and how it ended is not known.',
  fix: 'Copy the whole folder again.',
};

const unixNow = (): bigint => BigInt(Date.now()) * 1_000_000n;

/**
 * Everything about a run that its records say; parts and traces are added by whoever opened the traces
 * (`addTraces`). Cheap enough to be made anew a few times a second while the run lives.
 */
export function summarizeRun(reader: RunReader): RunSummary {
  const { record, config, processes } = reader;
  const ended = record?.endedUnixNs === undefined ? undefined : BigInt(record.endedUnixNs);
  const alive = record ? record.state === 'starting' || record.state === 'running' : livesOutside(processes);
  const until = ended ?? (alive ? unixNow() : lastSign(processes));
  const started = startOf(reader);
  const figures = siteFigures(processes, until);
  const sites: SiteSummary[] = [];
  for (const file of config?.files ?? []) {
    for (const site of file.sites)
      sites.push(siteSummary(file.file, site, processes, figures.get(site.index) ?? noFigures));
  }
  for (const site of sitesWithoutSource(processes)) {
    const known = { ...site, id: site.index.toString(16), column: 1, endLine: site.line };
    sites.push(siteSummary(site.file, known, processes, figures.get(site.index) ?? noFigures));
  }
  const { files, sampled } = sampledRun(reader);
  const lifetimes = processes.map((process) => lifetimeNs(process, until));
  const { hotLines, siteLines, sitePhases, sampling } = lineFigures(sampled, files, sites, lifetimes);
  for (const site of sites) {
    site.lines = siteLines.get(site.index) ?? [];
    site.phases = sitePhases.get(site.index) ?? {};
  }
  const devices = summarizeDevices(reader.usage.devices, ownPids(processes));
  const lost = reader.integrity?.lost;
  if (lost?.has('calls')) sites.length = 0;
  const leading = record?.leadingSite;
  sites.sort(
    (a, b) =>
      Number(b.index === leading) - Number(a.index === leading) || b.totalNs - a.totalNs || a.index - b.index,
  );
  return {
    run: {
      id: reader.name,
      directory: reader.directory,
      command: record?.command ?? processes[0]?.process?.argv ?? [],
      startedAt: new Date(Number(started / 1_000_000n)).toISOString(),
      // Without run.json only the processes are known, not how long the run took.
      wallNs: record || !reader.integrity?.recorded ? Math.max(0, Number(until - started)) : NaN,
      exitCode: record?.exitCode ?? null,
      signal: record?.signal ?? null,
      target: record?.target ?? 'local',
      python: processes.find((p) => p.process)?.process?.python ?? '',
      frameworks: frameworksOf(processes),
      devices: devicesOf(processes),
      state: record?.state ?? (alive ? 'running' : 'ended'),
      processes: lost?.has('calls') ? NaN : processes.length,
      deviceUse: lost?.has('usage') ? [] : devices,
      processUse: lost?.has('usage') ? [] : summarizeProcesses(reader.usage.processes),
    },
    sites,
    hotLines: lost?.has('calls') ? [] : hotLines,
    sampling: lost?.has('calls') ? null : sampling,
    traces: processes.flatMap((p) =>
      p.traces.map((trace) => ({ path: path.join(p.directory, trace.path), format: '', events: 0 })),
    ),
    evidence: [],
    gaps: lost?.has('calls')
      ? null
      : (summarizeGaps(
          sampled,
          lifetimes.reduce((sum, ns) => sum + ns, 0),
        ) ?? null),
    deviceIdle: null,
    requests: lost?.has('calls') ? [] : summarizeRequests(processes),
    problems: [
      ...(reader.integrity?.problems ?? []),
      ...(!record && reader.integrity?.recorded ? [recordLost] : []),
      ...findRunProblems(reader, alive),
      ...sites.flatMap(({ callee, outputs }) => (outputs && outputProblem(callee, outputs)) ?? []),
      ...sharedDeviceProblems(reader.usage.devices, devices, processes),
    ],
  };
}

const ownPids = (processes: readonly ProcessReader[]): Set<number> =>
  new Set(processes.flatMap((p) => p.process?.pid ?? []));

/** Each once, whichever processes met it: the index follows from file, line and method. */
function sitesWithoutSource(processes: readonly ProcessReader[]): SiteRecord[] {
  return [...new Map(processes.flatMap((p) => p.sites).map((site) => [site.index, site])).values()];
}

function siteSummary(
  file: string,
  site: Pick<ConfigSite, 'id' | 'index' | 'line' | 'column' | 'endLine' | 'callee' | 'framework'>,
  processes: readonly ProcessReader[],
  figures: SiteFigures,
): SiteSummary {
  const ran = processes.flatMap((p) => p.files).find((f) => f.file === file);
  return {
    id: site.id,
    index: site.index,
    file,
    line: site.line,
    column: site.column,
    endLine: site.endLine,
    ranFile: ran?.ran ?? null,
    callee: site.callee,
    framework: site.framework,
    calls: figures.calls,
    errors: figures.errors,
    unfinished: figures.unfinished,
    firstNs: finite(figures.firstNs),
    p50Ns: finite(figures.p50Ns),
    p95Ns: finite(figures.p95Ns),
    maxNs: finite(figures.maxNs),
    totalNs: figures.totalNs,
    shareOfRun: figures.shareOfRun,
    batchShapes: figures.batchShapes,
    parts: {},
    partsTotalNs: 0,
    partsCalls: 0,
    retraces: 0,
    enqueued: figures.enqueued,
    lines: [],
    phases: {},
    distribution: figures.distribution,
    inside: null,
    layers: [],
    outputs: summarizeOutputs(
      processes.flatMap((p) => p.outputs),
      site.index,
    ),
    topOperations: [],
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? Math.round(value) : null;
}

/** A run that was started outside us lives while a process has neither ended nor been silent for a minute. */
function livesOutside(processes: readonly ProcessReader[]): boolean {
  return (
    processes.some((p) => p.exitUnixNs === undefined) && unixNow() - lastSign(processes) < 60_000_000_000n
  );
}

function lastSign(processes: readonly ProcessReader[]): bigint {
  let last = 0n;
  for (const process of processes) {
    let end = process.exitUnixNs ?? process.originUnixNs;
    if (process.exitUnixNs === undefined) {
      const { end: ends, length } = process.calls;
      for (let row = Math.max(0, length - 1000); row < length; row++) {
        const at = process.originUnixNs + BigInt(Math.round(ends[row]! || 0));
        if (at > end) end = at;
      }
    }
    if (end > last) last = end;
  }
  return last;
}

function startOf(reader: RunReader): bigint {
  if (reader.record) return BigInt(reader.record.startedUnixNs);
  const starts = reader.processes.map((p) => p.originUnixNs).filter((ns) => ns > 0n);
  if (starts.length > 0) return starts.reduce((a, b) => (a < b ? a : b));
  const time = runNameTime(reader.name);
  return time ? BigInt(time.getTime()) * 1_000_000n : 0n;
}

function frameworksOf(processes: readonly ProcessReader[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const framework of processes.flatMap((p) => p.frameworks)) {
    found[framework.name] = framework.version;
    if (framework.keras) found.keras = framework.keras;
  }
  return found;
}

/** Devices that the framework registered, with the GPU's name where it told one. */
function devicesOf(processes: readonly ProcessReader[]): string[] {
  const found = new Set<string>();
  for (const framework of processes.flatMap((p) => p.frameworks)) {
    let gpu = 0;
    for (const device of framework.devices) {
      const name = device.type === 'GPU' ? framework.gpus?.[gpu++] : undefined;
      found.add(
        name ? `${device.name.replace(/^\/device:/, '')} (${name})` : device.name.replace(/^\/device:/, ''),
      );
    }
  }
  return [...found];
}
