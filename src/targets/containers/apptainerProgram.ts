import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { localTarget } from '../local';
import { isAlive, startTicks, stopProcess } from '../localProcess';
import type { Prepared, RunHandle, RunRef, RunState } from '../target';

/** How long an image may take before its program runs. */
const startsWithinMs = 15_000;
/** How long the tool may take to let go of the image when the program has ended. */
const lingerMs = 5000;

/**
 * Starts the tool and names the program that it starts, which shows on this machine like any other. In the foreground
 * of a terminal the tool passes no signal on, and a signal to its whole group ends the process that reads the image
 * for the program (before Apptainer 1.4.5): the program itself is what gets them. `onTool`: at once, for who gives up
 * before the program shows.
 */
export async function startInImage(
  target: string,
  run: string,
  prepared: Prepared,
  onState: (state: RunState) => void,
  onTool: (tool: RunHandle) => void,
): Promise<RunHandle> {
  const tool = await localTarget.start(prepared, onState);
  onTool(tool);
  const found = await programOf(run, tool.ref);
  const ref: RunRef = { ...(found ?? tool.ref), target };
  return {
    ref,
    ended: tool.ended,
    signal: (signal) => {
      if (isAlive(ref)) send(ref, signal);
      else tool.signal(signal);
    },
    async stop() {
      await stopProcess(ref);
      for (const end = Date.now() + lingerMs; Date.now() < end && isAlive(tool.ref);) await sleep(50);
      if (isAlive(tool.ref)) send(tool.ref, 'SIGKILL');
    },
  };
}

function send(ref: RunRef, signal: NodeJS.Signals): void {
  try {
    process.kill(ref.pid, signal);
  } catch {
    // it has just ended
  }
}

/** Waits for the program; undefined when the tool has ended first, or it does not show. */
async function programOf(run: string, tool: RunRef): Promise<RunRef | undefined> {
  for (const end = Date.now() + startsWithinMs; Date.now() < end && isAlive(tool);) {
    const pid = programProcess(run);
    const ticks = pid === undefined ? undefined : startTicks(pid);
    if (pid !== undefined && ticks !== undefined) return { target: tool.target, pid, startTicks: ticks };
    await sleep(50);
  }
  return undefined;
}

/** The first process of a run, known by the variable that only what runs in the image has. */
export function programProcess(run: string, proc = '/proc'): number | undefined {
  const parents = new Map<number, number>();
  for (const name of readdirSync(proc)) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const variables = readFileSync(`${proc}/${name}/environ`, 'utf8').split('\0');
      if (!variables.includes(`PREDICTSCOPE_RUN=${run}`)) continue;
      const stat = readFileSync(`${proc}/${name}/stat`, 'latin1');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // another user's, or gone
    }
  }
  const first = [...parents].filter(([, parent]) => !parents.has(parent)).map(([pid]) => pid);
  return first.length > 0 ? Math.min(...first) : undefined;
}
