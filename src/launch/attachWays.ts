/** The ways to see the lines of a program that runs without our runtime. */
import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { UserError } from '../common/problem';

const run = promisify(execFile);

/** Looks a second from outside: each takes about a millisecond. */
export const outsideRate = 100;

/** In the order in which they are tried: from outside before inside, and nothing that must be installed first. */
export const attachWays = ['sampling', 'py-spy', 'remote-exec'] as const;
export type AttachWay = (typeof attachWays)[number];

export interface AttachTo {
  pid: number;
  seconds: number;
  /** The program's own Python. */
  interpreter: string;
  /** Folder with the Python runtime. */
  pythonPath: string;
  /** py-spy, as a path or a name on PATH. */
  tool: string;
}

/** What the program's Python can do by itself. */
export interface Abilities {
  version: string;
  sampling: boolean;
  remoteExec: boolean;
}

const ask = `
import importlib.util, sys
print('%d.%d' % sys.version_info[:2])
print(sys.version_info >= (3, 15) and importlib.util.find_spec('profiling.sampling') is not None)
print(hasattr(sys, 'remote_exec') and sys.is_remote_debug_enabled())
`;

/** Nothing is known, and nothing may be done, where the interpreter cannot be asked. */
export async function abilities(interpreter: string): Promise<Abilities> {
  const { stdout } = await run(interpreter, ['-E', '-c', ask]).catch(() => ({ stdout: '' }));
  const [version = '', sampling, remoteExec] = stdout.split('\n');
  return { version, sampling: sampling === 'True', remoteExec: remoteExec === 'True' };
}

/** Python 3.15's own sampler, from outside. Writes stacks as py-spy does. */
export async function byPythonsSampler(to: AttachTo, raw: string): Promise<void> {
  const script = path.join(to.pythonPath, 'predictscope', 'attachsampling.py');
  const words = [String(to.pid), String(to.seconds), String(outsideRate), raw];
  await run(to.interpreter, ['-E', '-s', script, ...words]).catch((error: unknown) => {
    throw refusal(error, to.pid, 'Python’s own sampler (profiling.sampling)');
  });
}

/** py-spy, from outside. */
export async function byPySpy({ pid, seconds, tool }: AttachTo, raw: string): Promise<void> {
  const words = [
    'record',
    '--pid',
    String(pid),
    '--duration',
    String(seconds),
    '--rate',
    String(outsideRate),
  ];
  words.push('--format', 'raw', '--full-filenames', '--threads', '--output', raw);
  await run(tool, words).catch((error: unknown) => {
    throw refusal(error, pid, 'py-spy', tool);
  });
}

/** The stacks of either, as a process of the run. */
export async function writeStacks(
  { pid, interpreter, pythonPath }: AttachTo,
  raw: string,
  directory: string,
  startedUnixNs: string,
): Promise<void> {
  const script = path.join(pythonPath, 'predictscope', 'attached.py');
  await run(interpreter, ['-E', script, raw, directory, String(pid), String(outsideRate), startedUnixNs]);
}

/** So long the program's main thread may be busy in C before we give up: it starts us between two lines of Python. */
const patienceMs = 10_000;

/** Our sampler thread within the program, by sys.remote_exec. It writes into the run directory itself. */
export async function byRemoteExec(to: AttachTo, directory: string): Promise<void> {
  const script = path.join(to.pythonPath, 'predictscope', 'injected.py');
  const send = (what: 'begin' | 'end'): Promise<unknown> =>
    run(to.interpreter, ['-E', script, String(to.pid), directory, what]).catch((error: unknown) => {
      throw refusal(error, to.pid, 'sys.remote_exec');
    });
  await send('begin');
  if (!(await wrote(directory, '"t":"process"'))) {
    // The program finds this when it comes to our script, and does nothing.
    await writeFile(path.join(directory, 'stop'), '');
    throw new UserError(
      `Process ${to.pid} did not come back to Python within ${patienceMs / 1000} s: its main thread is in one long call of C, or it runs under Predictscope already.`,
      { fix: 'Install py-spy, which looks from outside: python -m pip install py-spy' },
    );
  }
  await sleep(to.seconds * 1000);
  await send('end').catch(() => undefined); // it may have ended by itself
  if (!(await wrote(directory, '"t":"sampler"'))) await writeFile(path.join(directory, 'stop'), '');
}

/** Whether a process of the run came to write something like this, soon. */
async function wrote(directory: string, text: string): Promise<boolean> {
  for (const end = Date.now() + patienceMs; Date.now() < end; await sleep(50)) {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const events = await readFile(path.join(directory, entry.name, 'process.jsonl'), 'utf8').catch(
        () => '',
      );
      if (events.includes(text)) return true;
    }
  }
  return false;
}

function refusal(error: unknown, pid: number, way: string, tool?: string): UserError {
  const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
  if (code === 'ENOENT' && tool !== undefined) return missing(tool);
  if (/permission|not permitted|ptrace/i.test(stderr)) {
    return new UserError(`Looking at process ${pid} is not permitted to this user.`, {
      fix: 'Use the account that it runs under; in a container, start that with --cap-add SYS_PTRACE; else an administrator can allow it (kernel.yama.ptrace_scope).',
    });
  }
  return new UserError(`${way} could not look at process ${pid}: ${stderr.trim().split('\n').pop() ?? ''}`, {
    fix:
      tool === undefined
        ? 'py-spy is another way: python -m pip install py-spy, then --by py-spy'
        : 'It reads CPython 2.7 and newer that was not stripped of its symbols.',
    cause: error,
  });
}

export function missing(tool: string): UserError {
  return new UserError(`${tool} was not found: it is what looks at a program from outside.`, {
    fix: 'python -m pip install py-spy, in any environment on PATH; the program itself is not changed.',
  });
}
