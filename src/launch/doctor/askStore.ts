import { constants } from 'node:fs';
import { access, readFile, realpath, rm, stat, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errorText } from '../../common/problem';
import type { Target } from '../../targets/target';
import type { StoreAnswer } from './answers';

/** The log directory, which lies on the machine of the command line whatever the target. Nothing is left in it. */
export async function askStore(directory: string, target: Target): Promise<StoreAnswer> {
  const there = await nearest(directory);
  const refused = await whyNotWritten(there, there === directory);
  const free = await statfs(there).catch(() => undefined);
  const type = await fileSystem(there);
  return {
    directory,
    ...(refused === undefined ? {} : { refused }),
    ...(free ? { freeBytes: free.bavail * free.bsize } : {}),
    ...(type === undefined ? {} : { type }),
    ...(target.id === 'local'
      ? {}
      : { inContainer: target.paths.hasHost(directory) ? target.paths.toTarget(directory) : null }),
  };
}

/** The folder itself, or the nearest above it that is there. */
async function nearest(directory: string): Promise<string> {
  for (let folder = directory; ; folder = path.dirname(folder)) {
    const found = await stat(folder).catch(() => undefined);
    if (found || folder === path.dirname(folder)) return folder;
  }
}

/** A folder of others is not written into to find out: its mode must do. */
async function whyNotWritten(folder: string, ours: boolean): Promise<string | undefined> {
  try {
    if (!(await stat(folder)).isDirectory()) return `${folder} is no folder`;
    await access(folder, constants.W_OK | constants.X_OK);
    if (!ours) return undefined;
    const trial = path.join(folder, `.write-test-${process.pid}`);
    await writeFile(trial, '');
    await rm(trial);
    return undefined;
  } catch (error) {
    return errorText(error);
  }
}

/** Type of the file system that a folder is on, as Linux names it. */
async function fileSystem(folder: string): Promise<string | undefined> {
  const text = await readFile('/proc/self/mountinfo', 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const real = await realpath(folder).catch(() => folder);
  let best: { point: string; type: string } | undefined;
  for (const line of text.split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const point = left
      .split(' ')[4]
      ?.replaceAll(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8)));
    const [type] = right.split(' ');
    if (!point || !type) continue;
    const holds = real === point || real.startsWith(point.endsWith('/') ? point : `${point}/`);
    if (holds && point.length >= (best?.point.length ?? 0)) best = { point, type };
  }
  return best?.type;
}
