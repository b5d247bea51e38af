import { askToStop } from '../runs/asking';
import { readRunRecord } from '../runs/runRecord';
import type { Run } from '../insight/runStore';
import { localTarget } from '../targets/local';

/** Asks the recorder to stop; the program goes on. */
export async function stopRecording(run: Run): Promise<void> {
  await askToStop(run.directory);
}

/** How long an open trace window may take to close before the program is asked to end. */
const closingMs = 300;

/** Stops recording, then ends the program: INT, TERM, KILL with graces. False when it is not ours to end. */
export async function stopRun(run: Run): Promise<boolean> {
  await stopRecording(run);
  const ref = (await readRunRecord(run.directory))?.ref;
  const handle = ref && localTarget.attach(ref);
  if (!handle) return false;
  await new Promise((done) => setTimeout(done, closingMs));
  await handle.stop();
  return true;
}
