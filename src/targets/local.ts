import { spawn } from 'node:child_process';
import path from 'node:path';
import { PathMap } from '../common/pathMap';
import { localFiles } from './localFiles';
import { localMachine } from './localMachine';
import { isAlive, startTicks, stopProcess } from './localProcess';
import { watchUsage } from './usage/usage';
import type { Plan, Prepared, RunHandle, RunRef, RunState, Target } from './target';

const windows = process.platform === 'win32';

/** This machine: the program is our child, with our standard input, output and error. */
export const localTarget: Target = {
  id: 'local',
  files: localFiles,
  watchUsage,
  machine: localMachine(),
  paths: new PathMap([]),

  async prepare(plan: Plan): Promise<Prepared> {
    const environment: NodeJS.ProcessEnv = {
      ...process.env,
      ...plan.environment,
      PREDICTSCOPE_RUN: plan.runDirectory,
    };
    const before = environment.PYTHONPATH;
    environment.PYTHONPATH = before ? plan.pythonPath + path.delimiter + before : plan.pythonPath;
    const command = await plan.command(path.join(plan.pythonPath, 'launch.py'));
    return { command, cwd: plan.cwd, environment };
  },

  start(prepared: Prepared, onState: (state: RunState) => void): Promise<RunHandle> {
    const [program, ...args] = prepared.command;
    return new Promise((resolve, reject) => {
      const child = spawn(program ?? '', args, {
        cwd: prepared.cwd,
        env: prepared.environment,
        stdio: 'inherit',
        windowsHide: true,
      });
      const ended = new Promise<RunState & { kind: 'ended' }>((done) => {
        child.once('exit', (exitCode, signal) => {
          const state: RunState & { kind: 'ended' } =
            signal !== null ? { kind: 'ended', signal } : { kind: 'ended', exitCode: exitCode ?? 1 };
          onState(state);
          done(state);
        });
      });
      child.once('error', (error) => {
        // Only a failed start has no pid; a failed kill() must not end the run.
        if (child.pid === undefined) reject(error);
      });
      child.once('spawn', () => {
        const pid = child.pid ?? 0;
        const ticks = windows ? undefined : startTicks(pid);
        const ref: RunRef = { target: 'local', pid, ...(ticks === undefined ? {} : { startTicks: ticks }) };
        onState({ kind: 'running' });
        resolve({ ref, ended, stop: () => stopProcess(ref), signal: (signal) => pass(ref, signal) });
      });
    });
  },

  attach(ref: RunRef): RunHandle | undefined {
    if (!isAlive(ref)) return undefined;
    const ended = new Promise<RunState & { kind: 'ended' }>((done) => {
      const timer = setInterval(() => {
        if (isAlive(ref)) return;
        clearInterval(timer);
        done({ kind: 'ended', exitCode: NaN });
      }, 250);
      timer.unref();
    });
    return { ref, ended, stop: () => stopProcess(ref), signal: (signal) => pass(ref, signal) };
  },
};

function pass(ref: RunRef, signal: NodeJS.Signals): void {
  try {
    process.kill(ref.pid, signal);
  } catch {
    // it has just ended
  }
}
