import { spawn } from 'node:child_process';
import path from 'node:path';
import { localFiles } from './localFiles';
import { isAlive, startTicks, stopProcess } from './localProcess';
import { watchUsage } from './usage/usage';
import type { Plan, Prepared, RunHandle, RunRef, RunState, Target } from './target';

const windows = process.platform === 'win32';

/** This machine: the program is our child, with our standard input, output and error. */
export const localTarget: Target = {
  id: 'local',
  files: localFiles,
  watchUsage,
  toHost: (file) => file,
  toTarget: (file) => file,

  prepare(plan: Plan): Promise<Prepared> {
    const environment: NodeJS.ProcessEnv = { ...process.env, ...plan.environment };
    const before = environment.PYTHONPATH;
    environment.PYTHONPATH = before ? plan.pythonPath + path.delimiter + before : plan.pythonPath;
    return Promise.resolve({ command: plan.command, cwd: plan.cwd, environment });
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
        resolve({ ref, ended, stop: () => stopProcess(ref) });
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
    return { ref, ended, stop: () => stopProcess(ref) };
  },
};
