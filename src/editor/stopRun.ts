import { askToStop } from '../runs/asking';
import { readRunRecord } from '../runs/runRecord';
import type { Run } from '../insight/runStore';
import { localTarget } from '../targets/local';
import { isAlive } from '../targets/localProcess';
import type { RunRef } from '../targets/target';

/** Asks the recorder to stop; the program goes on. */
export async function stopRecording(run: Run): Promise<void> {
  await askToStop(run.directory);
}

/** How long an open trace window may take to close before the program is asked to end. */
const closingMs = 300;

/** The graces that our command line gives a program in a container, and a moment to bring the last records. */
const stoppingMs = 12_000;

/**
 * A program in a container is ended by the command line that watches it, which is what the reference names. It is
 * never killed: it has to end the program, bring its records and take away what it put there.
 */
async function stopWatcher(ref: RunRef): Promise<boolean> {
  if (!isAlive(ref)) return false;
  await new Promise((done) => setTimeout(done, closingMs));
  try {
    process.kill(ref.pid, 'SIGINT');
  } catch {
    return true; // it has just ended
  }
  for (const end = Date.now() + stoppingMs; Date.now() < end && isAlive(ref);) {
    await new Promise((done) => setTimeout(done, 50));
  }
  return true;
}

/** Stops recording, then ends the program: INT, TERM, KILL with graces. False when it is not ours to end. */
export async function stopRun(run: Run): Promise<boolean> {
  await stopRecording(run);
  const ref = (await readRunRecord(run.directory))?.ref;
  if (ref?.container) return stopWatcher(ref);
  const handle = ref && localTarget.attach(ref);
  if (!handle) return false;
  await new Promise((done) => setTimeout(done, closingMs));
  await handle.stop();
  return true;
}
