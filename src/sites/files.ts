/** Walks folders for files that may hold sites, and reads them as their language would. */

import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { SitesResult } from './site';

export interface FindOptions {
  signal?: AbortSignal;
  /** Asked for each file below a folder, with its path relative to that folder. */
  accept?: (relative: string) => boolean;
}

/** Beyond this a file is generated, and parsing it would hold up everything else. */
export const maxFileBytes = 2 * 1024 * 1024;

/** Other people's code: looked into only when it is what was asked for. */
const skippedFolders: ReadonlySet<string> = new Set([
  '.git',
  '.hg',
  '.svn',
  '.tox',
  '.nox',
  '.venv',
  '__pycache__',
  'env',
  'node_modules',
  'site-packages',
  'dist-packages',
  'venv',
]);

/** Finds the sites of each file, and of each searched one below each folder, in the order of their paths. */
export async function findInFiles(
  find: (file: string, text: string) => Promise<SitesResult>,
  paths: readonly string[],
  options: FindOptions = {},
): Promise<SitesResult> {
  const result: SitesResult = { sites: [], problems: [] };
  const seen = new Set<string>();
  for (const path of paths) {
    const absolute = resolve(path);
    const files: string[] = [];
    try {
      if ((await stat(absolute)).isDirectory())
        await walk(absolute, files, result, new Set(), options.signal);
      else files.push(absolute);
      if (options.accept && files[0] !== absolute) {
        const { accept } = options;
        files.splice(0, files.length, ...files.filter((file) => accept(relative(absolute, file))));
      }
    } catch (error) {
      options.signal?.throwIfAborted();
      result.problems.push({ file: absolute, message: unreadable(error) });
    }
    for (const file of files) {
      options.signal?.throwIfAborted();
      if (seen.has(file)) continue;
      seen.add(file);
      const found = await findInFile(find, file);
      result.sites.push(...found.sites);
      result.problems.push(...found.problems);
    }
  }
  return result;
}

async function findInFile(
  find: (file: string, text: string) => Promise<SitesResult>,
  file: string,
): Promise<SitesResult> {
  try {
    const { size } = await stat(file);
    if (size > maxFileBytes) {
      const message = `Skipped: ${(size / 1024 / 1024).toFixed(1)} MB is more than the 2 MB that are searched.`;
      return { sites: [], problems: [{ file, message }] };
    }
    const bytes = await readFile(file);
    return await find(file, file.endsWith('.py') ? decodePython(bytes) : new TextDecoder().decode(bytes));
  } catch (error) {
    return { sites: [], problems: [{ file, message: unreadable(error) }] };
  }
}

/** Folders reached by a link are walked once, under the name met first, so that a circle ends. */
async function walk(
  folder: string,
  files: string[],
  result: SitesResult,
  visited: Set<string>,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  const real = await realpath(folder);
  if (visited.has(real)) return;
  visited.add(real);
  let entries;
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    result.problems.push({ file: folder, message: unreadable(error) });
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const kind = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
    if (kind?.isDirectory()) {
      const isEnvironment =
        entry.name === 'env' ? await isVirtualEnvironment(path) : skippedFolders.has(entry.name);
      if (!isEnvironment) await walk(path, files, result, visited, signal);
    } else if (kind?.isFile() && isSearched(entry.name)) files.push(path);
  }
}

/** What is made of sources by a tool is left out. */
function isSearched(name: string): boolean {
  return /\.(?:py|ipynb|[cm]?jsx?|[cm]?tsx?)$/.test(name) && !/\.(?:min\.[cm]?js|d\.[cm]?ts)$/.test(name);
}

/** `env` is as often a package of the user's own as a virtual environment. */
async function isVirtualEnvironment(folder: string): Promise<boolean> {
  return stat(join(folder, 'pyvenv.cfg')).then(
    () => true,
    () => false,
  );
}

/** Decodes by the byte order mark or the PEP 263 line, UTF-8 otherwise; what does not fit is replaced. */
export function decodePython(bytes: Uint8Array): string {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 400)).split(/\r\n|\r|\n/, 2);
  for (const line of head) {
    const named = /^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)/.exec(line)?.[1];
    if (named) {
      try {
        return new TextDecoder(webName(named)).decode(bytes);
      } catch {
        break;
      }
    }
    if (!/^[ \t\f]*(?:#.*)?$/.test(line)) break;
  }
  return new TextDecoder('utf-8').decode(bytes);
}

/** The web's name for an encoding that Python spells otherwise. */
function webName(pythonName: string): string {
  const name = pythonName.toLowerCase().replace(/_/g, '-');
  if (/^(?:latin-?1|iso-?8859-?1|l1)$/.test(name)) return 'latin1';
  return name === 'utf-8-sig' ? 'utf-8' : name;
}

function unreadable(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'There is no such file or folder.';
  if (code === 'EACCES' || code === 'EPERM') return 'May not be read with the rights of this user.';
  return `Could not be read: ${error instanceof Error ? error.message : String(error)}`;
}
