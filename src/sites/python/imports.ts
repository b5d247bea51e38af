/** Finds the files of a project that imports lead to, and what they offer. */

import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Parser } from 'web-tree-sitter';
import { decodePython, maxFileBytes } from '../files';
import { frameworkOfModule } from './frameworks';
import { madeBy } from './made';
import { PythonFile } from './python';
import { roleOfBase } from './roles';
import { offered, type Thing } from './things';

/** A name that is handed on from file to file is followed so far. */
const maxHops = 3;

/** A folder that is further up is no part of the same project. */
const maxLevelsUp = 6;

interface Module {
  file: string;
  python: PythonFile;
}

/** Text of a file of the project; undefined when there is none. */
export type ReadFile = (file: string) => Promise<string | undefined>;

/**
 * Keeps what was read. `known` answers at once with what is known so far, and remembers what is not; `learn`
 * goes to look for that.
 */
export class ImportFollower {
  readonly #modules = new Map<string, Module | undefined>();
  readonly #things = new Map<string, Thing | undefined>();
  readonly #wanted = new Map<string, Set<string>>();

  constructor(
    private readonly parser: Parser,
    private readonly read: ReadFile = readLocal,
  ) {}

  /** What a path stands for that `file` imports; undefined when it is not of the project, or not known yet. */
  known(file: string, path: string): Thing | undefined {
    if (isForeign(path)) return undefined;
    const key = `${dirname(file)}\n${path}`;
    if (this.#things.has(key)) return this.#things.get(key);
    let wanted = this.#wanted.get(file);
    if (!wanted) this.#wanted.set(file, (wanted = new Set()));
    wanted.add(path);
    return undefined;
  }

  /** Looks for what `file` was not told; the paths of which something has become known. */
  learn(file: string): Promise<string[]> {
    return this.#learn(file, maxHops);
  }

  async #learn(file: string, hops: number): Promise<string[]> {
    const wanted = this.#wanted.get(file);
    this.#wanted.delete(file);
    const learnt: string[] = [];
    for (const path of wanted ?? []) {
      const thing = await this.#find(file, path, hops);
      this.#things.set(`${dirname(file)}\n${path}`, thing);
      if (thing) learnt.push(path);
    }
    return learnt;
  }

  /** After files have changed on the disk: what is asked for is looked for again. */
  forget(): void {
    this.#things.clear();
    for (const module of this.#modules.values()) module?.python.dispose();
    this.#modules.clear();
  }

  async #find(from: string, path: string, hops: number): Promise<Thing | undefined> {
    if (hops === 0) return undefined;
    const { candidates, name } = placesOf(from, path);
    for (const candidate of candidates) {
      const module = await this.#module(candidate);
      if (!module || module.file === from) continue;
      const ask = (): Thing | undefined =>
        module.python.ask((evidence, context) => offered(name, evidence, context));
      let thing = ask();
      // It rests on what that file imports in turn: a class whose base is in a third file.
      if (
        (thing?.is === 'unseen' || (thing?.is === 'plain' && thing.open)) &&
        hops > 1 &&
        (await this.#learn(module.file, hops - 1)).length > 0
      )
        thing = ask();
      if (thing?.is !== 'import') return thing;
      return isForeign(thing.path)
        ? throughForeign(thing.path)
        : this.#find(module.file, thing.path, hops - 1);
    }
    return undefined;
  }

  async #module(file: string): Promise<Module | undefined> {
    if (this.#modules.has(file)) return this.#modules.get(file);
    const text = await this.read(file);
    let module: Module | undefined;
    if (text !== undefined) {
      const python = new PythonFile(this.parser, file, '', (path) => this.known(file, path));
      python.update(text);
      module = { file, python };
    }
    this.#modules.set(file, module);
    return module;
  }
}

/** True for the paths that the tables of frameworks know. */
function isForeign(path: string): boolean {
  return !path.startsWith('.') && frameworkOfModule(path) !== undefined;
}

/** A project's module that hands on what a framework offers: `from keras.models import load_model`. */
function throughForeign(path: string): Thing | undefined {
  const role = roleOfBase(path);
  if (role && role.is !== 'other') return { is: 'class', role, own: [] };
  const made = madeBy(path);
  if (made?.is !== 'model') return undefined;
  const { framework, confidence, callable } = made;
  return { is: 'function', of: { is: 'model', framework, confidence, callable } };
}

/** Files in which the last word of a dotted path may be a name. */
function placesOf(from: string, path: string): { candidates: string[]; name: string } {
  const dots = /^\.*/.exec(path)![0].length;
  const words = path.slice(dots).split('.').filter(Boolean);
  const name = words.at(-1) ?? '';
  const module = words.slice(0, -1);
  if (module.length === 0 && dots === 0) return { candidates: [], name };
  const folders = dots > 0 ? [up(dirname(from), dots - 1)] : foldersAround(dirname(from));
  const candidates = folders.flatMap((folder) => {
    const file = join(folder, ...module);
    return [...(module.length > 0 ? [`${file}.py`] : []), join(file, '__init__.py')];
  });
  return { candidates, name };
}

function up(folder: string, levels: number): string {
  let at = folder;
  for (let i = 0; i < levels; i++) at = dirname(at);
  return at;
}

/** The folder of a script, those above it, and their `src`: where Python would have the project on its path. */
function foldersAround(folder: string): string[] {
  const found: string[] = [];
  let at = folder;
  for (let level = 0; level < maxLevelsUp; level++) {
    found.push(at, join(at, 'src'));
    if (dirname(at) === at) break;
    at = dirname(at);
  }
  return found;
}

async function readLocal(file: string): Promise<string | undefined> {
  try {
    const { size } = await stat(file);
    return size > maxFileBytes ? undefined : decodePython(await readFile(file));
  } catch {
    return undefined; // Most places that are tried have no file.
  }
}
