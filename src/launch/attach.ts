import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { UserError } from '../common/problem';
import { configFormat, newRunName, runFormat, writeRunConfig, writeRunRecord } from '../runs/runRecord';
import {
  abilities,
  byPySpy,
  byPythonsSampler,
  byRemoteExec,
  missing,
  outsideRate,
  writeStacks,
  type Abilities,
  type AttachTo,
  type AttachWay,
} from './attachWays';
import { prepareLogDirectory } from './logDirectory';

export interface AttachRequest {
  pid: number;
  seconds: number;
  root: string;
  logDirectory: string;
  /** Folder with the Python runtime. */
  pythonPath: string;
  /** py-spy, as a path or a name on PATH. */
  tool: string;
  /** Without it, the first that is there. */
  by?: AttachWay | undefined;
}

/**
 * Looks for a while at a program that runs without our runtime: the lines that its threads are in. Returns the run
 * directory. Throws a UserError where no way is there or permitted.
 */
export async function attach(request: AttachRequest): Promise<string> {
  const { pid, seconds, root, logDirectory, pythonPath, tool } = request;
  const command = await commandOf(pid);
  const interpreter = await readlink(`/proc/${pid}/exe`).catch(() => 'python3');
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => root);
  const able = await abilities(interpreter);
  const way = await choose(request.by, able, tool);
  const to: AttachTo = { pid, seconds, interpreter, pythonPath, tool };
  const scratch = await mkdtemp(path.join(tmpdir(), 'predictscope-attach-'));
  const startedUnixNs = now();
  const makeRun = async (): Promise<string> => {
    await prepareLogDirectory(logDirectory);
    const directory = path.join(logDirectory, newRunName());
    await mkdir(directory, { recursive: true });
    const options = { warmUpCalls: 0, tracedCalls: 0, tracedSeconds: 0 };
    await writeRunConfig(directory, { format: configFormat, root, files: [], options });
    return directory;
  };
  try {
    let directory: string;
    if (way === 'remote-exec') {
      directory = await makeRun();
      await byRemoteExec(to, directory);
    } else {
      const raw = path.join(scratch, 'raw');
      await (way === 'py-spy' ? byPySpy : byPythonsSampler)(to, raw);
      directory = await makeRun();
      await writeStacks(to, raw, directory, startedUnixNs);
    }
    const common = { format: runFormat, state: 'ended', command, cwd, target: 'local' } as const;
    await writeRunRecord(directory, {
      ...common,
      startedUnixNs,
      endedUnixNs: now(),
      problems: [
        {
          message: told(way, seconds, able),
          fix: 'Calls and traces need a start with predictscope profile.',
        },
      ],
    });
    return directory;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const now = (): string => (BigInt(Date.now()) * 1_000_000n).toString();

/** What the figures rest on. */
function told(way: AttachWay, seconds: number, { version }: Abilities): string {
  const outside = `for ${seconds} s, ${outsideRate} times a second: lines of Python only, and the program went on.`;
  if (way === 'py-spy') return `Seen from outside by py-spy ${outside}`;
  if (way === 'sampling') return `Seen from outside by the sampler of Python ${version} ${outside}`;
  return `Seen for ${seconds} s by a thread of ours that sys.remote_exec of Python ${version} started in the program, and that has ended: lines of Python only.`;
}

async function choose(by: AttachWay | undefined, able: Abilities, tool: string): Promise<AttachWay> {
  const there: Record<AttachWay, boolean> = {
    sampling: able.sampling,
    'py-spy': await onPath(tool),
    'remote-exec': able.remoteExec,
  };
  if (by !== undefined && !there[by] && by !== 'py-spy') {
    const needs = { sampling: 'Python 3.15 or later', 'remote-exec': 'Python 3.14 or later, started without PYTHON_DISABLE_REMOTE_DEBUG' }[by]; // prettier-ignore
    throw new UserError(`--by ${by} needs ${needs}; the program’s is ${able.version || 'not known'}.`, {
      fix: 'Leave --by out: the ways that are there are then tried.',
    });
  }
  const way = by ?? (Object.keys(there) as AttachWay[]).find((name) => there[name]);
  if (way === undefined || !there[way]) throw missing(tool);
  return way;
}

async function onPath(tool: string): Promise<boolean> {
  const folders = tool.includes('/') ? [''] : (process.env.PATH ?? '').split(path.delimiter);
  for (const folder of folders) {
    const found = await access(path.join(folder, tool), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

async function commandOf(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (text === '') {
    throw new UserError(`There is no process ${pid} on this machine.`, {
      fix: 'Find it with: ps -C python3 -o pid,args',
    });
  }
  return text.split('\0').slice(0, -1);
}
