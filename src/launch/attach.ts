import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { UserError } from '../common/problem';
import { configFormat, newRunName, runFormat, writeRunConfig, writeRunRecord } from '../runs/runRecord';
import { prepareLogDirectory } from './logDirectory';

const run = promisify(execFile);
/** Looks a second: each stops the program for about a millisecond. */
const rate = 100;

export interface AttachRequest {
  pid: number;
  seconds: number;
  root: string;
  logDirectory: string;
  /** Folder with the Python runtime. */
  pythonPath: string;
  /** py-spy, as a path or a name on PATH. */
  tool: string;
}

/**
 * Looks at a program that runs without our runtime, from outside, by py-spy: the lines that its threads
 * are in. Returns the run directory. Throws a UserError where the tool is missing or not permitted.
 */
export async function attach(request: AttachRequest): Promise<string> {
  const { pid, seconds, root, logDirectory, pythonPath, tool } = request;
  const command = await commandOf(pid);
  const interpreter = await readlink(`/proc/${pid}/exe`).catch(() => 'python3');
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => root);
  const scratch = await mkdtemp(path.join(tmpdir(), 'predictscope-attach-'));
  try {
    const raw = path.join(scratch, 'raw');
    const startedUnixNs = (BigInt(Date.now()) * 1_000_000n).toString();
    const words = ['record', '--pid', String(pid), '--duration', String(seconds), '--rate', String(rate)];
    words.push('--format', 'raw', '--full-filenames', '--threads', '--output', raw);
    await run(tool, words).catch((error: unknown) => {
      throw refusal(error, pid, tool);
    });
    await prepareLogDirectory(logDirectory);
    const directory = path.join(logDirectory, newRunName());
    await mkdir(directory, { recursive: true });
    const options = { warmUpCalls: 0, tracedCalls: 0, tracedSeconds: 0 };
    await writeRunConfig(directory, { format: configFormat, root, files: [], options });
    const script = path.join(pythonPath, 'predictscope', 'attached.py');
    await run(interpreter, ['-E', script, raw, directory, String(pid), String(rate), startedUnixNs]);
    await writeRunRecord(directory, {
      format: runFormat,
      state: 'ended',
      command,
      cwd,
      target: 'local',
      startedUnixNs,
      endedUnixNs: (BigInt(Date.now()) * 1_000_000n).toString(),
      problems: [
        {
          message: `Seen from outside by py-spy for ${seconds} s, ${rate} times a second: lines of Python only, and the program went on.`,
          fix: 'Calls and traces need a start with predictscope profile.',
        },
      ],
    });
    return directory;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
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

function refusal(error: unknown, pid: number, tool: string): UserError {
  const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
  if (code === 'ENOENT') {
    return new UserError(`${tool} was not found: it is what looks at a program from outside.`, {
      fix: 'python -m pip install py-spy, in any environment on PATH; the program itself is not changed.',
    });
  }
  if (/permission|not permitted|ptrace/i.test(stderr)) {
    return new UserError(`Looking at process ${pid} is not permitted to this user.`, {
      fix: 'Use the account that it runs under; in a container, start that with --cap-add SYS_PTRACE; else an administrator can allow it (kernel.yama.ptrace_scope).',
    });
  }
  return new UserError(`py-spy could not look at process ${pid}: ${stderr.trim().split('\n').pop() ?? ''}`, {
    fix: 'It reads CPython 2.7 to 3.13 that was not stripped of its symbols.',
    cause: error,
  });
}
