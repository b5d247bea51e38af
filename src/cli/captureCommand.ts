import { stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../common/problem';
import { askForTrace } from '../runs/asking';
import { readRunRecord } from '../runs/runRecord';

/** `predictscope capture RUN`: one more trace window in a run that goes on. */
export async function captureCommand(args: readonly string[]): Promise<void> {
  const [run, ...more] = args;
  if (run === undefined || more.length > 0 || run.startsWith('-')) {
    throw new UserError('capture needs one run directory.', { fix: 'See predictscope --help.' });
  }
  const directory = path.resolve(run);
  const isRun = await stat(path.join(directory, 'config.json')).catch(() => undefined);
  if (!isRun) {
    throw new UserError(`${run} is not a run directory: it holds no config.json.`, {
      fix: 'Runs lie below the log directory, by default .predictscope/runs.',
    });
  }
  const state = (await readRunRecord(directory))?.state;
  if (state === 'ended' || state === 'failed' || state === 'lost') {
    throw new UserError(`The program of ${run} has ended.`, {
      fix: 'Start it again with predictscope profile.',
    });
  }
  await askForTrace(directory);
}
