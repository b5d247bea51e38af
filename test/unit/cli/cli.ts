/** Runs the built command line as a user does. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../../..');
const cli = path.join(root, 'dist', 'cli.js');

/** Builds when a source is newer than the bundle: a stale one would test yesterday's code. */
export function ensureBuilt(): void {
  const meta = path.join(root, 'dist', 'meta', 'cli.json');
  if (existsSync(cli) && existsSync(meta)) {
    const { inputs } = JSON.parse(readFileSync(meta, 'utf8')) as { inputs: Record<string, unknown> };
    const sources = Object.keys(inputs).filter((name) => name.startsWith('src/'));
    const built = statSync(cli).mtimeMs;
    const fresh = (name: string): boolean =>
      existsSync(path.join(root, name)) && statSync(path.join(root, name)).mtimeMs <= built;
    if (sources.every(fresh)) return;
  }
  execFileSync(process.execPath, [path.join(root, 'esbuild.mjs')], { stdio: 'inherit' });
}

export interface Ended {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

export function start(args: readonly string[], cwd: string): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [cli, ...args], { cwd, stdio: 'pipe' });
  const ended = new Promise<Ended>((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr });
    });
  });
  return { child, ended };
}

/** Runs to the end, with `input` as standard input. */
export function predictscope(args: readonly string[], cwd: string, input = ''): Promise<Ended> {
  const { child, ended } = start(args, cwd);
  child.stdin?.end(input);
  return ended;
}

/** The interpreter itself: a version manager's shim would be a process of its own in between. */
export const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], {
  encoding: 'utf8',
}).trim();
