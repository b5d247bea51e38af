import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../common/problem';
import type { SiteFinder } from '../sites/finder';
import { decodePython } from '../sites/files';
import { isConfidentPredict, type Site } from '../sites/site';
import { packageFolders } from './packages';
import type { PythonProgram } from './program';

/** `FILE:LINE[:COLUMN]`, counted from 1. */
export interface SiteArgument {
  file: string;
  line: number;
  column?: number;
}

/** Parses `--site`; the path may hold colons of its own. */
export function parseSiteArgument(text: string, cwd: string): SiteArgument {
  const match = /^(.+?):(\d+)(?::(\d+))?$/.exec(text);
  if (!match) throw new UserError(`--site ${text} is not FILE:LINE or FILE:LINE:COLUMN.`);
  return {
    file: path.resolve(cwd, match[1]!),
    line: Number(match[2]),
    ...(match[3] ? { column: Number(match[3]) } : {}),
  };
}

const callNames = /predict|infer|forward|run|generate/i;

/**
 * The call that `--site` means: a found site of any kind that touches the line; else calls whose last
 * name contains predict, infer, forward, run or generate; else the outermost call. Several on the line
 * are all taken unless a column picks one.
 */
export function sitesAtLine(finder: SiteFinder, file: string, text: string, wanted: SiteArgument): Site[] {
  const touches = (site: Site): boolean =>
    site.line <= wanted.line &&
    wanted.line <= site.endLine &&
    (wanted.column === undefined ||
      ((site.line < wanted.line || site.column <= wanted.column) &&
        (wanted.line < site.endLine || wanted.column <= site.endColumn)));
  const found = finder.find(file, text).sites.filter(touches);
  if (found.length > 0) return narrowest(found, wanted);
  const calls = finder.calls(file, text);
  const here = calls.filter(touches);
  const named = here.filter((call) => callNames.test(lastName(call.callee)));
  if (named.length > 0) return narrowest(named, wanted);
  if (here.length > 0) return [here.reduce((a, b) => (size(b) > size(a) ? b : a))];
  const nearest = [...calls].sort(
    (a, b) => Math.abs(a.line - wanted.line) - Math.abs(b.line - wanted.line),
  )[0];
  throw new UserError(
    `There is no call in ${file}:${wanted.line}${wanted.column ? `:${wanted.column}` : ''}.`,
    {
      fix: nearest
        ? `The nearest one is ${nearest.callee} in line ${nearest.line}.`
        : 'There is no call in this file at all.',
    },
  );
}

/** With a column, the innermost of the calls that hold it; without, all of them. */
function narrowest(sites: Site[], wanted: SiteArgument): Site[] {
  if (wanted.column === undefined) return sites;
  return [sites.reduce((a, b) => (size(b) < size(a) ? b : a))];
}

function size(site: Site): number {
  return (site.endLine - site.line) * 1e6 + site.endColumn - site.column;
}

function lastName(callee: string): string {
  return /(\w+)\W*$/.exec(callee)?.[1] ?? '';
}

export interface Chosen {
  sites: Site[];
  /** Index of the site that leads the report. */
  leading: number | undefined;
}

export interface Choice {
  wanted: readonly SiteArgument[];
  root: string;
  program: PythonProgram;
  cwd: string;
  signal?: AbortSignal;
  /** Which files below the root are searched, by their path relative to it. */
  accept?: (relative: string) => boolean;
}

/**
 * The sites to time: those asked for and, unless `wanted` stands alone (command line), every confident
 * predict site below the root and in the package that a console script or `-m` runs.
 */
export async function chooseSites(
  finder: SiteFinder,
  choice: Choice,
  andConfident: boolean,
): Promise<Chosen> {
  const sites: Site[] = [];
  const known = new Set<string>();
  const add = (site: Site): void => {
    const key = `${site.file}:${site.line}:${site.column}:${site.endLine}:${site.endColumn}`;
    if (!known.has(key)) sites.push(site);
    known.add(key);
  };
  for (const wanted of choice.wanted) {
    for (const site of sitesAtLine(finder, wanted.file, await readSource(wanted.file), wanted)) add(site);
  }
  if (choice.wanted.length === 0 || andConfident) {
    const { signal, accept } = choice;
    const options = signal ? { signal } : {};
    const below = await finder.findInFiles([choice.root], { ...options, ...(accept ? { accept } : {}) });
    const elsewhere = await finder.findInFiles(await programPlaces(choice), options);
    for (const site of [...below.sites, ...elsewhere.sites]) if (isConfidentPredict(site)) add(site);
  }
  return { sites, leading: choice.wanted.length > 0 ? 0 : undefined };
}

async function readSource(file: string): Promise<string> {
  try {
    return decodePython(await readFile(file));
  } catch (error) {
    throw new UserError(`${file} cannot be read, so no call can be found in it.`, { cause: error });
  }
}

/** Code that the program runs and that lies outside the root. */
async function programPlaces({ program, cwd, root }: Choice): Promise<string[]> {
  const outside = (place: string): boolean => path.relative(root, place).startsWith('..');
  switch (program.kind) {
    case 'script':
      return outside(program.file) ? [program.file] : [];
    case 'module':
      return (await packageFolders(program.interpreter, program.module, cwd, false)).filter(outside);
    case 'console':
      return (await packageFolders(program.interpreter, program.module, cwd, true)).filter(outside);
    case 'other':
      return [];
  }
}
