import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { applyEdits, findNodeAtLocation, modify, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { JSONPath, Node, ParseError } from 'jsonc-parser';
import { UserError, errorText, type Problem } from '../../common/problem';
import type { DevcontainerGpu } from './gpuPlan';

/** A devcontainer.json, as far as it decides where a program will run. */
export interface DevcontainerFile {
  file: string;
  /** Its own name, or that of the folder that it lies in. */
  name: string;
  image?: string;
  /** Absolute, as all paths here. */
  dockerfile?: string;
  compose?: { files: string[]; service?: string };
  gpu?: NonNullable<DevcontainerGpu['gpu']>;
  runArgs: string[];
  /** Where the code is inside, when the file says so. */
  workspaceFolder?: string;
}

export interface FoundDevcontainers {
  devcontainers: DevcontainerFile[];
  /** Files that could not be read, with the place of the first mistake. */
  problems: (Problem & { file: string })[];
}

/** All devcontainer.json of a folder, in the order in which the specification looks for them. */
export async function findDevcontainers(folder: string): Promise<FoundDevcontainers> {
  const own = path.join(folder, '.devcontainer');
  const inner = (await entries(own)).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const files = [
    path.join(own, 'devcontainer.json'),
    path.join(folder, '.devcontainer.json'),
    ...inner.sort().map((name) => path.join(own, name, 'devcontainer.json')),
  ];
  const found: FoundDevcontainers = { devcontainers: [], problems: [] };
  for (const file of files) {
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      if (isAbsent(error)) continue;
      found.problems.push({ file, message: `${file} cannot be read: ${errorText(error)}.` });
      continue;
    }
    const { devcontainer, problem } = readDevcontainer(text, file);
    if (devcontainer) found.devcontainers.push(devcontainer);
    if (problem) found.problems.push({ ...problem, file });
  }
  return found;
}

/**
 * Reads the text of one. What has the wrong type is left out, as the dev containers command line would
 * complain about it; a mistake in the JSON comes as a problem, with what could be read all the same.
 */
export function readDevcontainer(
  text: string,
  file: string,
): { devcontainer?: DevcontainerFile; problem?: Problem } {
  const errors: ParseError[] = [];
  const root = parse(text, errors);
  const problem = errors[0] ? mistake(text, file, errors[0]) : undefined;
  if (root?.type !== 'object') {
    return { problem: problem ?? { message: `${file} holds no object.`, offset: 0 } };
  }
  const at = (...keys: string[]): unknown => valueAt(root, keys);
  const folder = path.dirname(file);
  const text_ = (...keys: string[]): string | undefined => {
    const value = at(...keys);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const dockerfile = text_('build', 'dockerfile') ?? text_('dockerFile');
  const compose = list(at('dockerComposeFile'));
  const gpu = at('hostRequirements', 'gpu');
  const image = text_('image');
  const service = text_('service');
  const workspaceFolder = text_('workspaceFolder');
  return {
    devcontainer: {
      file,
      name: text_('name') ?? placeName(file),
      ...(image === undefined ? {} : { image }),
      ...(dockerfile === undefined ? {} : { dockerfile: path.resolve(folder, dockerfile) }),
      ...(compose.length === 0
        ? {}
        : {
            compose: {
              files: compose.map((one) => path.resolve(folder, one)),
              ...(service === undefined ? {} : { service }),
            },
          }),
      ...(isGpuWish(gpu) ? { gpu } : {}),
      runArgs: list(at('runArgs')),
      ...(workspaceFolder === undefined ? {} : { workspaceFolder }),
    },
    ...(problem ? { problem } : {}),
  };
}

/**
 * The text with a setting put in, comments and form kept. A list is added to the one that is there,
 * unless that has it already; other values replace. The same text when there is nothing to do.
 *
 *     insertSetting(text, ['runArgs'], ['--gpus', 'all'])
 *     insertSetting(text, ['hostRequirements', 'gpu'], true)
 *
 * Throws UserError when the text is no JSON object: an edit would make it worse.
 */
export function insertSetting(text: string, where: readonly string[], value: unknown): string {
  // The parser takes the mark that some editors put first for a mistake.
  if (text.startsWith('\uFEFF')) return `\uFEFF${insertSetting(text.slice(1), where, value)}`;
  const errors: ParseError[] = [];
  const root = parse(text, errors);
  if (errors[0] ?? root?.type !== 'object') {
    const problem = errors[0] ? mistake(text, 'The file', errors[0]) : undefined;
    throw new UserError(problem?.message ?? 'The file holds no JSON object.', {
      fix: 'Mend it first; then it can be edited.',
    });
  }
  const key: JSONPath = [...where];
  const present = findNodeAtLocation(root, key);
  const options = { formattingOptions: form(text) };
  if (!Array.isArray(value) || present?.type !== 'array') {
    return applyEdits(text, modify(text, key, value, options));
  }
  const words: readonly unknown[] = value;
  const old = (present.children ?? []).map(plain);
  if (holds(old, words)) return text;
  // Word by word: an edit of the whole list would drop the comments in it.
  let edited = text;
  for (const [index, word] of words.entries()) {
    const insertion = { ...options, isArrayInsertion: true };
    edited = applyEdits(edited, modify(edited, [...key, old.length + index], word, insertion));
  }
  return edited;
}

/** A file that builds an image. */
export interface Dockerfile {
  file: string;
  /** The image that its last stage is made from; absent where a variable names it. */
  base?: string;
}

const skipped = new Set(['node_modules', 'site-packages', '__pycache__', 'venv', 'env', 'dist', 'build']);

/** Dockerfiles below a folder, nearest first: up to three folders deep and 50 of them. */
export async function findDockerfiles(folder: string, depth = 3, most = 50): Promise<Dockerfile[]> {
  const found: Dockerfile[] = [];
  let level = [folder];
  for (let below = 0; below <= depth && level.length > 0; below++) {
    const next: string[] = [];
    for (const place of level) {
      for (const entry of (await entries(place)).sort((a, b) => (a.name < b.name ? -1 : 1))) {
        const file = path.join(place, entry.name);
        if (entry.isDirectory()) {
          const hidden = entry.name.startsWith('.') && !/^\.(devcontainer|docker)$/.test(entry.name);
          if (!hidden && !skipped.has(entry.name)) next.push(file);
        } else if (isDockerfile(entry.name)) {
          const base = baseImage(await readFile(file, 'utf8').catch(() => ''));
          found.push({ file, ...(base === undefined ? {} : { base }) });
          if (found.length === most) return found;
        }
      }
    }
    level = next;
  }
  return found;
}

function isDockerfile(name: string): boolean {
  return /^(?:Dockerfile|Containerfile)(?:\.(?!dockerignore$).+)?$|\.(?:dockerfile|containerfile)$/i.test(
    name,
  );
}

/** The image behind the last `FROM`, through stages that are built on stages of the same file. */
export function baseImage(text: string): string | undefined {
  const stages = new Map<string, string>();
  let last: string | undefined;
  for (const [, image = '', name] of text.matchAll(
    /^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)(?:[ \t]+AS[ \t]+(\S+))?/gim,
  )) {
    last = stages.get(image.toLowerCase()) ?? image;
    if (name) stages.set(name.toLowerCase(), last);
  }
  return last === undefined || last.includes('$') ? undefined : last;
}

function parse(text: string, errors: ParseError[]): Node | undefined {
  return parseTree(text.replace(/^\uFEFF/, ' '), errors, { allowTrailingComma: true });
}

function mistake(text: string, file: string, { error, offset }: ParseError): Problem {
  const line = text.slice(0, offset).split('\n').length;
  const what = printParseErrorCode(error)
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toLowerCase();
  return {
    message: `${file} has a mistake in line ${line}: ${what}.`,
    offset: Buffer.byteLength(text.slice(0, offset)),
  };
}

function valueAt(root: Node, keys: string[]): unknown {
  const node = findNodeAtLocation(root, keys);
  return node && plain(node);
}

function plain(node: Node): unknown {
  if (node.type === 'array') return (node.children ?? []).map(plain);
  if (node.type !== 'object') return node.value;
  return Object.fromEntries(
    (node.children ?? []).flatMap(({ children: [key, value] = [] }) =>
      key && value ? [[String(key.value), plain(value)]] : [],
    ),
  );
}

function list(value: unknown): string[] {
  const all: unknown[] = Array.isArray(value) ? value : [value];
  return all.filter((one): one is string => typeof one === 'string' && one !== '');
}

function isGpuWish(value: unknown): value is NonNullable<DevcontainerGpu['gpu']> {
  return typeof value === 'boolean' || value === 'optional' || (typeof value === 'object' && value !== null);
}

/** `.devcontainer/gpu/devcontainer.json` is `gpu`; the others are named after the folder that they are for. */
function placeName(file: string): string {
  const folder = path.dirname(file);
  if (path.basename(file) === '.devcontainer.json') return path.basename(folder);
  return path.basename(path.basename(folder) === '.devcontainer' ? path.dirname(folder) : folder);
}

/** Whether `words` stand in `old`, one after the other. */
function holds(old: readonly unknown[], words: readonly unknown[]): boolean {
  return old.some((_, start) => words.every((word, index) => old[start + index] === word));
}

/** Blanks and line ends as the file has them. */
function form(text: string): { insertSpaces: boolean; tabSize: number; eol: string } {
  const indent = /^([ \t]+)\S/m.exec(text)?.[1] ?? '    ';
  return {
    insertSpaces: !indent.startsWith('\t'),
    tabSize: indent.startsWith('\t') ? 4 : indent.length,
    eol: text.includes('\r\n') ? '\r\n' : '\n',
  };
}

async function entries(folder: string): Promise<{ name: string; isDirectory: () => boolean }[]> {
  return readdir(folder, { withFileTypes: true }).catch(() => []);
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
