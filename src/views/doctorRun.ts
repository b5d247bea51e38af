import { spawn } from 'node:child_process';
import path from 'node:path';
import { UserError } from '../common/problem';
import type { Finding } from '../launch/doctor/finding';

export interface DoctorRequest {
  extensionPath: string;
  /** `--target` and its like. */
  options: readonly string[];
  /** The interpreter, or the line that starts the container; [] for the first Python of the target. */
  words: readonly string[];
  cwd: string;
  environment: Readonly<Record<string, string>>;
  signal: AbortSignal;
  onStep: (text: string) => void;
}

export interface DoctorAnswer {
  target: string;
  findings: Finding[];
}

/** The mark that cli/doctorCommand.ts puts before what it asks. */
const step = 'step: ';

/** Runs `predictscope doctor` in a process of its own: frameworks are imported there, and engines asked. */
export function runDoctor(request: DoctorRequest): Promise<DoctorAnswer> {
  const { extensionPath, options, words, cwd, environment, signal, onStep } = request;
  const args = [
    path.join(extensionPath, 'dist', 'cli.js'),
    ...['doctor', '--editor', '--json', ...options],
    ...(words.length > 0 ? ['--', ...words] : []),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd,
      env: { ...process.env, ...environment, ELECTRON_RUN_AS_NODE: '1' },
      windowsHide: true,
    });
    // It takes away the container that it has started, if any, and ends.
    const stop = (): void => void child.kill('SIGTERM');
    signal.addEventListener('abort', stop, { once: true });
    let out = '';
    let said = '';
    let line = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      const lines = (line + text).split('\n');
      line = lines.pop() ?? '';
      for (const each of lines) {
        if (each.startsWith(step)) onStep(each.slice(step.length));
        else said += `${each}\n`;
      }
    });
    child.once('error', reject);
    child.once('close', (code) => {
      signal.removeEventListener('abort', stop);
      try {
        if (code === 0) resolve(JSON.parse(out) as DoctorAnswer);
        else
          reject(
            new UserError((said + line).trim().replace(/^predictscope: /, '') || `It ended with ${code}.`),
          );
      } catch (error) {
        reject(new UserError(`The report could not be read: ${out.slice(0, 200)}`, { cause: error }));
      }
    });
  });
}
