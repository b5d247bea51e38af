import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { UserError, errorText, type Problem } from '../common/problem';
import { summarizeRun, type RunSummary } from '../insight/runSummary';
import { listChecksum } from '../runs/integrity';
import { writeRecordedFiles } from '../runs/recordedFiles';
import { RunReader } from '../runs/runReader';
import { keepSources, type SourceToKeep } from '../runs/sources';
import {
  newRunName,
  runFormat,
  writeRunConfig,
  writeRunRecord,
  type RunOptions,
  type RunRecord,
} from '../runs/runRecord';
import type { SiteFinder } from '../sites/finder';
import type { Prepared, RunHandle, RunState, Target } from '../targets/target';
import { chooseSites, type SiteArgument } from './chooseSites';
import { recognise, remoteNotSupported, splitAssignments } from './commandLine';
import { explainMissingGpu } from './gpuCheck';
import { throughLauncher } from './isolated';
import { prepareLogDirectory } from './logDirectory';
import type { Marks } from './marks';
import { pythonProgram } from './program';
import { buildRunConfig } from './runConfig';

/*
 * The life of a run:
 *
 *   preparing ──▶ starting ──▶ running ──▶ finishing ──▶ ended
 *       │             │
 *       └──▶ refused  └──▶ failed
 *
 * preparing  sites are found, the run directory and config.json are written; a UserError here means that
 *            nothing was started and nothing is left
 * starting   run.json exists with state "starting"; a failed start is written into it
 * running    run.json names the process, so that any window or command line finds it again
 * finishing  the program has ended (exit code or signal are in run.json); traces are read
 * ended      the summary is complete
 */

export interface ProfileRequest {
  command: readonly string[];
  cwd: string;
  root: string;
  logDirectory: string;
  wanted: readonly SiteArgument[];
  /** Time every confident site as well, not only the wanted ones. */
  andConfident: boolean;
  /** Which files below the root are searched; all when absent. */
  accept?: (relative: string) => boolean;
  /** What the user said about calls in the editor. */
  marks?: Marks;
  options: RunOptions;
  target: Target;
  finder: SiteFinder;
  /** Folder with the Python runtime, put in front of PYTHONPATH. */
  pythonPath: string;
  onStart?: (handle: RunHandle, directory: string) => void;
}

export interface ProfileResult {
  directory: string;
  ended: RunState & { kind: 'ended' };
  summary: RunSummary;
}

/** Runs the program and returns when it has ended and its traces are read. Throws a UserError if it never started. */
export async function profile(request: ProfileRequest): Promise<ProfileResult> {
  const { command, cwd, target } = request;
  // Nobody but a shell starts `A=b python …` as it stands; and PYTHONPATH given there is prepended to.
  const start = splitAssignments(command);
  const recognised = recognise(command);
  if (recognised.remote) throw remoteNotSupported(recognised.remote);
  const { machine } = target;
  const there = target.cwd ?? cwd;
  const program = await pythonProgram(command, there, machine);
  const { sites, leading } = await chooseSites(
    request.finder,
    {
      wanted: request.wanted,
      root: request.root,
      program,
      cwd: there,
      machine,
      ...(request.accept ? { accept: request.accept } : {}),
      ...(request.marks ? { marks: request.marks } : {}),
    },
    request.andConfident,
  );
  const options = { ...request.options };
  if (program.kind === 'sourceless') options.frameworkCalls = true;
  if (sites.length === 0 && !options.frameworkCalls) {
    throw new UserError(`There is no predict call below ${request.root}.`, {
      fix: 'Name one with --site FILE:LINE, or another folder with --root DIR.',
    });
  }
  await prepareLogDirectory(request.logDirectory);
  const directory = path.join(request.logDirectory, newRunName());
  await mkdir(directory, { recursive: true });
  await writeRunConfig(directory, await buildRunConfig(sites, options, request.root, target.paths));
  const record: RunRecord = {
    format: runFormat,
    state: 'starting',
    command: [...command],
    cwd: there,
    target: target.id,
    ...(target.problems?.length ? { problems: [...target.problems] } : {}),
    ...(program.interpreter ? { interpreter: program.interpreter } : {}),
    ...(leading === undefined ? {} : { leadingSite: leading }),
    startedUnixNs: unixNow(),
  };
  await writeRunRecord(directory, record);
  let prepared: Prepared;
  try {
    prepared = await target.prepare({
      command: (launcher) => throughLauncher(start.command, there, launcher, machine),
      cwd: there,
      runDirectory: directory,
      environment: start.environment,
      pythonPath: request.pythonPath,
    });
  } catch (error) {
    await rm(directory, { recursive: true, force: true }); // nothing was started
    throw error;
  }
  const ended = await run(request, prepared, directory, record);
  return { directory, ended, summary: await finish(request, prepared, directory, record) };
}

async function run(
  request: ProfileRequest,
  prepared: Prepared,
  directory: string,
  record: RunRecord,
): Promise<RunState & { kind: 'ended' }> {
  let handle: RunHandle;
  try {
    record.startedUnixNs = unixNow();
    handle = await request.target.start(prepared, () => undefined);
  } catch (error) {
    const failure = startFailure(prepared.command, request.cwd, error);
    Object.assign(record, { state: 'failed', error: failure.message, endedUnixNs: unixNow() });
    await writeRunRecord(directory, record);
    throw failure;
  }
  // At once, before anything is awaited: a signal that comes now must find the program that it is for.
  request.onStart?.(handle, directory);
  Object.assign(record, { state: 'running', ref: handle.ref });
  await writeRunRecord(directory, record);
  const watching = new AbortController();
  const watched = request.target.watchUsage?.(directory, watching.signal);
  const ended = await handle.ended;
  watching.abort();
  await watched;
  Object.assign(record, { state: 'ended', endedUnixNs: unixNow() });
  if ('exitCode' in ended) record.exitCode = ended.exitCode;
  if ('signal' in ended) record.signal = ended.signal;
  if ('error' in ended) record.error = ended.error.message;
  if (handle.problems?.length) record.problems = [...(record.problems ?? []), ...handle.problems];
  // The program has run and ends as it ended, even if its run directory was removed meanwhile.
  await writeRunRecord(directory, record).catch(() => undefined);
  return ended;
}

async function finish(
  request: ProfileRequest,
  prepared: Prepared,
  directory: string,
  record: RunRecord,
): Promise<RunSummary> {
  const reader = new RunReader(directory, request.target.files);
  await reader.poll();
  const problems: Problem[] =
    request.target.id === 'local'
      ? await explainMissingGpu(reader, request.pythonPath, prepared.environment)
      : [];
  if (problems.length > 0) {
    record.problems = [...(record.problems ?? []), ...problems];
    await writeRunRecord(directory, record).catch(() => undefined);
    await reader.poll();
  }
  // What lies on the disk may be older: it is full, or the directory was removed while the program ran.
  reader.record = record;
  const summary = summarizeRun(reader);
  await keepSources(directory, sourcesOf(reader, summary));
  await noteFiles(directory, record);
  const { addTraces } = await import('../insight/traceParts');
  await addTraces(reader, summary);
  return summary;
}

/** Below this a file of the user's is not worth a copy. */
const tellingShare = 0.005;

/** Files with sites as they were hashed at the start; others that time went to, unless they were written since. */
function sourcesOf(reader: RunReader, summary: RunSummary): SourceToKeep[] {
  const called = new Set(
    summary.sites.filter(({ calls, unfinished }) => calls + unfinished > 0).map(({ file }) => file),
  );
  const withSites = (reader.config?.files ?? [])
    .filter(({ file }) => called.has(file))
    .map(({ file, sha256 }) => ({ file, sha256 }));
  const beforeMs = Date.parse(summary.run.startedAt);
  const known = new Set(withSites.map(({ file }) => file));
  const hot = new Set(
    summary.hotLines.filter(({ shareOfRun }) => shareOfRun >= tellingShare).map(({ file }) => file),
  );
  return [...withSites, ...[...hot].filter((file) => !known.has(file)).map((file) => ({ file, beforeMs }))];
}

/** Notes what the run left. Where that cannot be written (a full disk), the run goes without. */
async function noteFiles(directory: string, record: RunRecord): Promise<void> {
  try {
    await writeRecordedFiles(directory);
    const sum = await listChecksum(directory);
    if (sum !== undefined) record.filesCrc32 = sum;
    await writeRunRecord(directory, record);
  } catch {
    delete record.filesCrc32;
    await rm(path.join(directory, 'files.json'), { force: true }).catch(() => undefined);
  }
}

function startFailure(command: readonly string[], cwd: string, error: unknown): UserError {
  const code = (error as NodeJS.ErrnoException).code;
  const program = command[0] ?? '';
  if (code === 'ENOENT') {
    return new UserError(`${program} was not found.`, {
      fix: /python/i.test(program)
        ? 'Choose an interpreter (setting predictscope.interpreter, or the Python extension), or give its full path.'
        : `Check the spelling, that it is installed in this environment, and that the folder ${cwd} exists.`,
      cause: error,
    });
  }
  if (code === 'EACCES') {
    return new UserError(`${program} may not be executed.`, {
      fix: `Make it executable (chmod +x ${program}), or start it through its interpreter.`,
      cause: error,
    });
  }
  return new UserError(`${program} could not be started: ${errorText(error)}.`, { cause: error });
}

function unixNow(): string {
  return String(BigInt(Date.now()) * 1_000_000n);
}
