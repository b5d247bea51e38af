import { readFileSync } from 'node:fs';
import type { RunRef } from './target';

/**
 * Start time of a process in clock ticks since boot (field 22 of /proc/PID/stat, proc(5));
 * undefined where /proc does not exist or the process is gone.
 */
export function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command name is in parentheses and may hold blanks: count fields from the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** True while the very process that `ref` names lives; a later process with its pid does not count. */
export function isAlive(ref: RunRef): boolean {
  if (ref.startTicks !== undefined) return startTicks(ref.pid) === ref.startTicks;
  try {
    process.kill(ref.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** True when this process is in the foreground group of a terminal, whose Ctrl+C reaches the child as well. */
export function terminalSignalsReachChild(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [processGroup, foregroundGroup] = [fields[2], fields[5]];
    return foregroundGroup !== '-1' && processGroup === foregroundGroup;
  } catch {
    return process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  }
}

/** What a program is asked to end by, and how long each may take, ms. */
export const graces: readonly (readonly [NodeJS.Signals, number])[] = [
  ['SIGINT', 5000],
  ['SIGTERM', 3000],
  ['SIGKILL', 2000],
];

/** INT, then TERM, then KILL, each only if the one before did not end the process within its grace. */
export async function stopProcess(ref: RunRef, grace = 1): Promise<void> {
  for (const [signal, milliseconds] of graces) {
    if (!isAlive(ref)) return;
    try {
      process.kill(ref.pid, signal);
    } catch {
      return; // gone between the two lines
    }
    const end = Date.now() + milliseconds * grace;
    while (Date.now() < end) {
      if (!isAlive(ref)) return;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}
