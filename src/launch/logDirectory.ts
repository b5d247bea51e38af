import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError, errorText } from '../common/problem';

/**
 * Makes the log directory and proves that it can be written. A `.predictscope` folder that we make gets
 * a `.gitignore` of `*`, so that nothing of ours shows up in the user's repository.
 */
export async function prepareLogDirectory(directory: string): Promise<void> {
  const probe = path.join(directory, `.write-test-${process.pid}`);
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    throw new UserError(`The log directory ${directory} cannot be written: ${errorText(error)}.`, {
      fix: 'Choose another one: --log-dir DIR on the command line, predictscope.logDirectory in the settings.',
      cause: error,
    });
  }
  const own = ownFolder(directory);
  if (own) await writeFile(path.join(own, '.gitignore'), '*\n', { flag: 'wx' }).catch(() => undefined);
}

function ownFolder(directory: string): string | undefined {
  for (let folder = directory; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    if (path.basename(folder) === '.predictscope') return folder;
  }
  return undefined;
}

export function defaultLogDirectory(root: string): string {
  return path.join(root, '.predictscope', 'runs');
}
