/** The lines of process.jsonl, typed. Unknown kinds and keys are skipped. */

export interface ProcessRecord {
  t: 'process';
  pid: number;
  ppid: number;
  host: string;
  argv: string[];
  python: string;
  executable: string;
  rank: number | null;
  unixNs: string;
  perfNs: string;
}

export interface FileRecord {
  t: 'file';
  file: string;
  ran: string;
  match: 'path' | 'content' | 'module';
  same: boolean;
  sites: number[];
  missing: number[];
}

/** A call from code without source: a site that only the process knows. */
export interface SiteRecord {
  t: 'site';
  index: number;
  file: string;
  line: number;
  qualname: string;
  callee: string;
  framework: string;
}

export interface FrameworkRecord {
  t: 'framework';
  name: string;
  version: string;
  keras?: string;
  devices: { name: string; type: string }[];
  gpus?: string[];
  gpuNodes?: string[];
  build?: { is_cuda_build?: boolean; is_rocm_build?: boolean; cuda_version?: string; cudnn_version?: string };
}

export interface TraceRecord {
  t: 'trace';
  path: string;
  framework: string;
  /** The process's first call, calls after warm-up, asked for by the user, or after a slow call. */
  window: 'first' | 'steady' | 'capture' | 'slow';
  calls: number;
}

/** What the line sampler did and cost, written at exit. */
export interface SamplerRecord {
  t: 'sampler';
  samples: number;
  longestGapNs: number;
  ownCpuNs: number;
  /** Time between two samples at the end: longer than was asked for where that cost too much. */
  intervalMs: number;
}

/** Exact counts of the lines of one file so far. */
export interface LinesRecord {
  t: 'lines';
  file: string;
  lines: [line: number, count: number, elapsedNs: number][];
}

/** A few calls of a site under Python's function profiler; or why there are none. */
export interface FunctionsRecord {
  t: 'functions';
  site?: number;
  path?: string;
  reason?: string;
}

/** Modules of PyTorch that the program defines: where the `__init__` of their class is. */
export interface ModulesRecord {
  t: 'modules';
  rows: [path: string, kind: string, file: string, line: number][];
}

/** What one array of a call's result looked like. */
export interface OutputArray {
  dims: number[];
  dtype: string;
  sha256?: string;
  nan?: number;
  infinite?: number;
  min?: number;
  max?: number;
  mean?: number;
}

/** What a call returned, where the user asked for it; `call` counts those of the site from 1. */
export interface OutputRecord {
  t: 'output';
  site: number;
  slot: number;
  call: number;
  arrays: OutputArray[];
}

export type Line =
  | ProcessRecord
  | FileRecord
  | SiteRecord
  | FrameworkRecord
  | TraceRecord
  | SamplerRecord
  | LinesRecord
  | FunctionsRecord
  | ModulesRecord
  | OutputRecord
  | { t: 'request'; index: number; name: string }
  | { t: 'folded'; site: number; path: string }
  | { t: 'shape'; index: number; dims: (number | null)[] }
  | { t: 'problem'; message: string; fix?: string }
  | { t: 'stopped'; unixNs: string }
  | { t: 'exit'; unixNs: string; exception?: [type: string, message: string] };

/** What the readers take for granted in each record; more may be there, and less means another writer. */
const required: Readonly<Record<string, Readonly<Record<string, (value: unknown) => boolean>>>> = {
  process: { argv: Array.isArray, unixNs: isText, perfNs: isText },
  file: { file: isText, ran: isText, sites: Array.isArray, missing: Array.isArray },
  site: { index: Number.isInteger, file: isText, line: Number.isInteger, callee: isText, framework: isText },
  framework: { name: isText, version: isText, devices: Array.isArray },
  trace: { path: isText },
  request: { index: Number.isInteger, name: isText },
  folded: { site: Number.isInteger, path: isText },
  shape: { index: Number.isInteger, dims: Array.isArray },
  problem: { message: isText },
  stopped: {},
  sampler: { samples: Number.isFinite, longestGapNs: Number.isFinite, ownCpuNs: Number.isFinite },
  lines: { file: isText, lines: isLines },
  functions: {},
  output: { site: Number.isInteger, call: Number.isInteger, arrays: Array.isArray },
  modules: { rows: isModules },
  exit: { unixNs: isText },
};

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isLines(value: unknown): boolean {
  return Array.isArray(value) && value.every((row) => Array.isArray(row) && row.every(Number.isFinite));
}

function isModules(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(
      (row) =>
        Array.isArray(row) && row.slice(0, 3).every(isText) && row.length === 4 && Number.isInteger(row[3]),
    )
  );
}

/** One line; undefined when it is damaged (the last one of a killed process may be) or not a kind that we know. */
export function parseLine(text: string): Line | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value !== 'object' || value === null) return undefined;
    const record = value as Record<string, unknown>;
    const fields = Object.entries(required[String(record.t)] ?? { t: () => false });
    return fields.every(([name, fits]) => fits(record[name])) ? (record as Line) : undefined;
  } catch {
    return undefined;
  }
}
