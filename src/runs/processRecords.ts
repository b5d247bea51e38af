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
  window: 'first' | 'steady';
  calls: number;
}

export type Line =
  | ProcessRecord
  | FileRecord
  | FrameworkRecord
  | TraceRecord
  | { t: 'shape'; index: number; dims: (number | null)[] }
  | { t: 'problem'; message: string; fix?: string }
  | { t: 'stopped'; unixNs: string }
  | { t: 'exit'; unixNs: string; exception?: [type: string, message: string] };

/** What the readers take for granted in each record; more may be there, and less means another writer. */
const required: Readonly<Record<string, Readonly<Record<string, (value: unknown) => boolean>>>> = {
  process: { argv: Array.isArray, unixNs: isText, perfNs: isText },
  file: { file: isText, ran: isText, sites: Array.isArray, missing: Array.isArray },
  framework: { name: isText, version: isText, devices: Array.isArray },
  trace: { path: isText },
  shape: { index: Number.isInteger, dims: Array.isArray },
  problem: { message: isText },
  stopped: {},
  exit: { unixNs: isText },
};

function isText(value: unknown): boolean {
  return typeof value === 'string';
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
