import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../common/problem';
import { localMachine } from '../targets/localMachine';
import type { Machine } from '../targets/machine';
import type { SiteFinder } from '../sites/finder';
import { decodePython } from '../sites/files';
import { isConfidentPredict, type Site } from '../sites/site';
import { ours } from './insertedNames';
import { applyMarks, isMarked, markPlace, noMarks, type Marks } from './marks';
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
 * The call that `--site` means: a found site of any kind that touches the line, or a call that the user
 * added; else calls whose last name contains predict, infer, forward, run or generate; else the outermost
 * call. Several on the line are all taken unless a column picks one. A dismissed one can be asked for.
 */
export async function sitesAtLine(
  finder: SiteFinder,
  file: string,
  text: string,
  wanted: SiteArgument,
  marks = noMarks,
): Promise<Site[]> {
  const touches = (site: Site): boolean =>
    site.line <= wanted.line &&
    wanted.line <= site.endLine &&
    (wanted.column === undefined ||
      ((site.line < wanted.line || site.column <= wanted.column) &&
        (wanted.line < site.endLine || wanted.column <= site.endColumn)));
  const added = { ...noMarks, added: marks.added };
  const found = (await markedSites(finder, file, text, added)).filter(touches);
  if (found.length > 0) return narrowest(found, wanted);
  const calls = finder.calls(file, text).filter((call) => !ours.test(call.callee));
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

/** Sites of one file, with what its imports say and what the user said. */
export async function markedSites(
  finder: SiteFinder,
  file: string,
  text: string,
  marks = noMarks,
): Promise<Site[]> {
  await finder.prepare(file);
  const opened = finder.open(file);
  try {
    const first = opened.update(text);
    const { sites } = (await opened.followImports()) ?? first;
    return applyMarks(sites, marks, file, () => finder.calls(file, text));
  } finally {
    opened.dispose();
  }
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
  /** Working directory of the program, on its machine. */
  cwd: string;
  machine?: Machine;
  signal?: AbortSignal;
  /** Which files below the root are searched, by their path relative to it. */
  accept?: (relative: string) => boolean;
  /** What the user said about calls: dismissed ones are not timed, added ones are. */
  marks?: Marks;
}

/** The recorder is a Python one: in these it can time nothing. */
const notPython = /\.(?:[cm]?[jt]sx?|ipynb)$/i;

/** Ours, such as programs made from notebooks and copies of what a container has: found only when they are what runs. */
const ownFolder = /(?:^|[\\/])\.(?:predictscope|code)[\\/]/;

/**
 * The sites to time: those asked for and, unless `wanted` stands alone (command line), every confident
 * predict site below the root and in the package that a console script or `-m` runs.
 */
export async function chooseSites(
  finder: SiteFinder,
  choice: Choice,
  andConfident: boolean,
): Promise<Chosen> {
  const { signal, accept, root, marks = noMarks } = choice;
  const sites: Site[] = [];
  const known = new Set<string>();
  const add = (site: Site): void => {
    const key = `${site.file}:${site.line}:${site.column}:${site.endLine}:${site.endColumn}`;
    if (!known.has(key)) sites.push(site);
    known.add(key);
  };
  for (const wanted of choice.wanted) {
    const text = await readSource(wanted.file);
    for (const site of await sitesAtLine(finder, wanted.file, text, wanted, marks)) add(site);
  }
  if (choice.wanted.length === 0 || andConfident) {
    const options = signal ? { signal } : {};
    const searched = (relative: string): boolean =>
      !ownFolder.test(relative) && !notPython.test(relative) && (accept?.(relative) ?? true);
    const below = await finder.findInFiles([root], { ...options, accept: searched });
    const elsewhere = await finder.findInFiles(await programPlaces(choice), options);
    const found = [...below.sites, ...elsewhere.sites].filter((site) => !notPython.test(site.file));
    for (const site of found) {
      if (!isMarked(marks.dismissed, site.id) && isConfidentPredict(site)) add(site);
    }
    for (const site of await addedSites(finder, choice)) add(site);
  }
  return { sites, leading: choice.wanted.length > 0 ? 0 : undefined };
}

/** Calls that the user added, in the files that their marks name; one that is gone is left out. */
async function addedSites(finder: SiteFinder, { root, marks = noMarks }: Choice): Promise<Site[]> {
  const files = new Set(
    marks.added.flatMap((mark) => {
      const place = markPlace(mark);
      return place === undefined || notPython.test(place) ? [] : [path.resolve(root, place)];
    }),
  );
  const sites: Site[] = [];
  for (const file of files) {
    const text = await readFile(file).then(decodePython, () => undefined);
    if (text === undefined) continue;
    const found = await markedSites(finder, file, text, marks);
    sites.push(...found.filter((site) => isMarked(marks.added, site.id)));
  }
  return sites;
}

async function readSource(file: string): Promise<string> {
  try {
    return decodePython(await readFile(file));
  } catch (error) {
    throw new UserError(`${file} cannot be read, so no call can be found in it.`, { cause: error });
  }
}

/** Code that the program runs and that lies outside the root, where this machine can read it. */
async function programPlaces({ program, cwd, root, machine = localMachine() }: Choice): Promise<string[]> {
  const outside = (place: string): boolean =>
    path.relative(root, place).startsWith('..') || ownFolder.test(path.relative(root, place));
  const places = await Promise.all((await placesThere(program, cwd, machine)).map((p) => machine.bring(p)));
  return places.filter(outside);
}

/** Files and folders of the code that a program runs, as its machine names them. */
export async function placesThere(program: PythonProgram, cwd: string, machine: Machine): Promise<string[]> {
  switch (program.kind) {
    case 'script':
      return [program.file];
    case 'module':
      return packageFolders(program.interpreter, program.module, cwd, false, machine);
    case 'console':
      return packageFolders(program.interpreter, program.module, cwd, true, machine);
    case 'sourceless':
    case 'other':
      return [];
  }
}
