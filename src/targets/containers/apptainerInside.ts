import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../common/problem';
import { apptainerWords, isAddress, type ApptainerLine } from './apptainerLine';
import type { ExecOptions, ExecResult } from './exec';
import { usualPythons, type Facts } from './inside';

/** How the tool is started on this machine. */
export interface ApptainerHost {
  cwd: string;
  environment: NodeJS.ProcessEnv;
}

/** An image that is asked by its own Python: one start of the tool for each question. */
export interface ApptainerInside {
  facts: Facts;
  exec(command: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  bytes(action: string, args: readonly string[], options?: ExecOptions): Promise<Buffer>;
  ask<T>(action: string, ...args: string[]): Promise<T>;
  /** The same with more options of the tool. */
  having(options: readonly string[]): ApptainerInside;
}

const megabyte = 2 ** 20;
/** The first start of an image from elsewhere fetches and converts it. */
const fetchMs = 30 * 60_000;
const startMs = 120_000;

/** Throws a UserError where the image does not start, or has no Python 3.7 or newer. `wanted`: the program's own. */
export async function openInside(
  line: ApptainerLine,
  host: ApptainerHost,
  pythonPath: string,
  wanted?: string,
): Promise<ApptainerInside> {
  const script = await readFile(path.join(pythonPath, 'predictscope', 'inside.py'), 'utf8');
  const asking = { ...line, verb: 'exec' as const };
  const timeoutMs = isAddress(line.image) ? fetchMs : startMs;
  let last = '';
  for (const python of new Set([...(wanted ? [wanted] : []), ...usualPythons])) {
    const words = apptainerWords(asking, [python, '-I', '-S', '-c', script, 'facts']);
    const { exitCode, stdout, stderr } = await collect(words, host, { timeoutMs });
    const text = stdout.toString();
    if (exitCode === 0 && text.startsWith('{'))
      return answering(asking, host, script, JSON.parse(text) as Facts);
    const said = stderr.toString().trim();
    if (!isMissing(said, python) && /\b(FATAL|ERROR)\b/.test(said)) throw notStarted(asking, said);
    last ||= `${text}${said}`.trim().split('\n').pop() ?? '';
  }
  throw new UserError(`There is no Python 3.7 or newer in ${line.image} (${last}).`, {
    fix: 'Choose the image that has your framework, or name its interpreter by its full path in the command.',
  });
}

function answering(line: ApptainerLine, host: ApptainerHost, script: string, facts: Facts): ApptainerInside {
  const exec: ApptainerInside['exec'] = (command, { cwd, ...options } = {}) =>
    collect(
      apptainerWords(line, command, cwd === undefined || cwd === facts.cwd ? [] : ['--pwd', cwd]),
      host,
      options,
    );
  const bytes: ApptainerInside['bytes'] = async (action, args, options) => {
    const { exitCode, stdout, stderr } = await exec(
      [facts.executable, '-I', '-S', '-c', script, action, ...args],
      options,
    );
    if (exitCode !== 0) {
      throw new Error(stderr.toString().trim().split('\n').pop() || `${action} ended with ${exitCode}`);
    }
    return stdout;
  };
  return {
    facts,
    exec,
    bytes,
    having: (more) => answering({ ...line, options: [...line.options, ...more] }, host, script, facts),
    ask: async <T>(action: string, ...args: string[]) =>
      JSON.parse((await bytes(action, args)).toString()) as T,
  };
}

/** The tool's own sentence for a program that the image does not have. */
function isMissing(said: string, program: string): boolean {
  return said.includes('executable file not found') || said.includes(`stat ${program}: no such file`);
}

function notStarted(line: ApptainerLine, said: string): UserError {
  const reason = said.split('\n').findLast((text) => /\b(FATAL|ERROR)\b/.test(text)) ?? said;
  return new UserError(
    `${line.image} does not start: ${reason.replace(/\u001b\[[\d;]*m/g, '').replace(/^\s*(FATAL|ERROR)\s*:\s*/, '')}`,
    { fix: `Get this to work first: ${apptainerWords(line, ['true']).join(' ')}` },
  );
}

/** Runs the tool and collects what it prints. Rejects when it cannot be started, or after the time. */
function collect(
  [program = '', ...args]: readonly string[],
  { cwd, environment }: ApptainerHost,
  { input, timeoutMs = startMs }: ExecOptions,
): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      { cwd, env: environment, timeout: timeoutMs, encoding: 'buffer', maxBuffer: 1024 * megabyte },
      (error, stdout, stderr) => {
        if (error && typeof error.code !== 'number') reject(new Error(error.message, { cause: error }));
        else resolve({ exitCode: error ? Number(error.code) : 0, stdout, stderr });
      },
    );
    child.stdin?.on('error', () => undefined); // it ended without reading
    child.stdin?.end(input);
  });
}
