// The user's cache folder: whatever takes long to make and does not belong to one checkout.
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { homedir, hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const STAMP = '.predictscope-ready';
const LOCK_LIMIT_MS = 20 * 60_000;
const UNUSED_MS = 30 * 24 * 3600_000;

/** @returns {string} */
export function cacheFolder() {
  return path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'predictscope');
}

/**
 * A folder that holds what `build` put there, built at most once for a key.
 *
 * @param {string} name what it is, in a word
 * @param {string} key everything that the content depends on
 * @param {(folder: string) => Promise<void>} build
 * @param {{ movable?: boolean }} [options] movable false: the content holds its own path (a virtual
 *   environment does), so it is built where it stays and only the stamp says that it is whole
 * @returns {Promise<string>}
 */
export async function cached(name, key, build, { movable = true } = {}) {
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 12);
  const folder = path.join(cacheFolder(), `${name}-${hash}`);
  if (await use(folder)) return folder;
  await mkdir(cacheFolder(), { recursive: true });
  const unlock = await lock(`${folder}.lock`);
  const work = movable ? `${folder}.part` : folder;
  try {
    if (await use(folder)) return folder;
    await remove(folder);
    await remove(work);
    await mkdir(work, { recursive: true });
    await build(work);
    await writeFile(path.join(work, STAMP), `${key}\n`);
    if (movable) await rename(work, folder);
    await prune(name, folder);
    return folder;
  } catch (error) {
    await remove(work);
    throw error;
  } finally {
    await unlock();
  }
}

/** True when the folder is whole; its stamp then says that it was used today. @param {string} folder */
async function use(folder) {
  const now = new Date();
  return utimes(path.join(folder, STAMP), now, now).then(
    () => true,
    () => false,
  );
}

/** Old versions go once nobody used them for a month. @param {string} name @param {string} keep */
async function prune(name, keep) {
  for (const entry of await readdir(cacheFolder())) {
    const folder = path.join(cacheFolder(), entry);
    if (folder === keep || !/^[0-9a-f]{12}$/.test(entry.slice(name.length + 1))) continue;
    if (!entry.startsWith(`${name}-`)) continue;
    const used = await stat(path.join(folder, STAMP)).catch(() => undefined);
    if (used && Date.now() - used.mtimeMs > UNUSED_MS) await remove(folder);
  }
}

/** @param {string} folder */
const remove = (folder) => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });

/**
 * Keeps two set-ups from building the same folder. The file names its owner, so that a lock left by
 * a killed process is seen and taken over.
 *
 * @param {string} file
 * @returns {Promise<() => Promise<void>>} unlock
 */
async function lock(file) {
  const owner = `${process.pid} ${hostname()}`;
  const end = Date.now() + LOCK_LIMIT_MS;
  for (let told = false; ;) {
    try {
      await writeFile(file, owner, { flag: 'wx' });
      return () => rm(file, { force: true });
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    const other = await readFile(file, 'utf8').catch(() => '');
    if (other && abandoned(other)) {
      // Renamed first: of several that wait, one gets it; the others find nothing to rename.
      await rename(file, `${file}.${process.pid}`).then(
        () => rm(`${file}.${process.pid}`, { force: true }),
        () => undefined,
      );
      continue;
    }
    if (Date.now() > end) {
      throw new Error(`Another set-up (process ${other}) holds ${file}. If it is gone, remove that file.`);
    }
    if (!told) console.log(`· waiting for another set-up (process ${other.split(' ')[0]})`);
    told = true;
    await sleep(250);
  }
}

/** @param {string} owner */
function abandoned(owner) {
  const [pid, host] = owner.split(' ');
  if (host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'ESRCH';
  }
}
