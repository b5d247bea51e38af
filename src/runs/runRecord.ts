import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { PathPair } from '../common/pathMap';
import type { RunRef } from '../targets/target';

export const runFormat = 'predictscope.run/1';
export const configFormat = 'predictscope.config/1';

/** `lost`: whoever watched the run was ended before it; how the program ended is not known. Never written. */
export type RunPhase = 'starting' | 'running' | 'ended' | 'failed' | 'lost';

/** `run.json`: what the host knows about a run. Written by the host alone. */
export interface RunRecord {
  format: typeof runFormat;
  state: RunPhase;
  command: string[];
  cwd: string;
  target: string;
  interpreter?: string;
  /** The site that was asked for, by index in config.json; leads the report. */
  leadingSite?: number;
  startedUnixNs: string;
  endedUnixNs?: string;
  ref?: RunRef;
  exitCode?: number;
  signal?: string;
  /** CRC-32 of files.json, which lists what the run left. */
  filesCrc32?: number;
  /** Why the program could not be started. */
  error?: string;
  /** Findings of the host: a GPU that the framework could not use, a target that cannot be instrumented. */
  problems?: { message: string; fix?: string }[];
}

/** A site as the runtime gets it in `config.json`. */
export interface ConfigSite {
  index: number;
  id: string;
  line: number;
  column: number;
  utf8Column: number;
  endLine: number;
  endUtf8Column: number;
  qualname: string;
  callee: string;
  ordinal: number;
  framework: string;
}

export interface ConfigFile {
  file: string;
  sha256: string;
  module: string;
  sites: ConfigSite[];
}

export interface RunOptions {
  warmUpCalls: number;
  tracedCalls: number;
  tracedSeconds: number;
  stopAfterCalls?: number;
  stopAfterSeconds?: number;
  store?: 'mmap' | 'append';
  /** Past so many bytes of call records (128 MB) a process only counts. */
  mostRecordBytes?: number;
  /** Record calls from code without source too (`python -c`, standard input, .pyc), by wrapping the frameworks. */
  frameworkCalls?: boolean;
  /** Time between two samples of the line sampler; 0: none are taken; absent: the runtime's default. */
  samplerIntervalMs?: number;
  /** Note what so many calls of each site return, in figures; absent: none. It waits for the device. */
  keepOutputs?: number;
  /** Count the lines of the functions that hold sites exactly (Python 3.12 and later). */
  exactLines?: boolean;
}

export interface RunConfig {
  format: typeof configFormat;
  files: ConfigFile[];
  options: RunOptions;
  /** Folder whose files are the user's own. */
  root?: string;
  /** Folders that the host shares with the program's machine; all other paths here are that machine's. */
  paths?: readonly PathPair[];
}

/** `20261121T141502Z-ab12`: sorts by time. */
export function newRunName(now = new Date()): string {
  const stamp = now.toISOString().replace(/[-:]|\.\d+/g, '');
  return `${stamp}-${randomBytes(2).toString('hex')}`;
}

const runName = /^\d{8}T\d{6}Z-[0-9a-f]{4}$/;

export function isRunName(name: string): boolean {
  return runName.test(name);
}

/** When a run was made, from its name; undefined for a folder that was renamed. */
export function runNameTime(name: string): Date | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(name);
  if (!match) return undefined;
  const [, y, mo, d, h, mi, s] = match.map(Number);
  return new Date(Date.UTC(y!, mo! - 1, d, h, mi, s));
}

/** Writes `run.json` so that a reader sees the old or the new one, never half of one. */
export async function writeRunRecord(directory: string, record: RunRecord): Promise<void> {
  const temporary = path.join(directory, `.run.json.${process.pid}`);
  await writeFile(temporary, JSON.stringify(record, null, 1));
  await rename(temporary, path.join(directory, 'run.json'));
}

export async function writeRunConfig(directory: string, config: RunConfig): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(path.join(directory, 'config.json'), JSON.stringify(config));
}

/** undefined when the file is missing or is not ours. */
export async function readRunRecord(directory: string): Promise<RunRecord | undefined> {
  const record = await readJson(path.join(directory, 'run.json'));
  return isRecord(record) &&
    typeof record.format === 'string' &&
    record.format.startsWith('predictscope.run/') &&
    Array.isArray(record.command) &&
    isNanoseconds(record.startedUnixNs) &&
    (record.endedUnixNs === undefined || isNanoseconds(record.endedUnixNs))
    ? (record as unknown as RunRecord)
    : undefined;
}

export async function readRunConfig(directory: string): Promise<RunConfig | undefined> {
  const config = await readJson(path.join(directory, 'config.json'));
  return isRecord(config) && Array.isArray(config.files) ? (config as unknown as RunConfig) : undefined;
}

function isNanoseconds(value: unknown): boolean {
  return typeof value === 'string' && /^\d+$/.test(value);
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
