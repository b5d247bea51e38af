/** The finder: grammars loaded once, then any number of files, each in one synchronous call. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Language, Parser } from 'web-tree-sitter';
import { useFunctionsOf } from './cursor';
import { findInFiles, type FindOptions } from './files';
import { moduleName } from './identity';
import { findJavaScriptSites, grammarOf, listJavaScriptCalls } from './javascript/javascript';
import { inCells, notebookProgram, readNotebook, type NotebookCell, type NotebookProgram } from './notebook';
import { ImportFollower, type ReadFile } from './python/imports';
import { PythonFile, findPythonSites, listPythonCalls, mayHaveSites } from './python/python';
import type { Site, SitesResult } from './site';

type Grammar = 'python' | 'javascript' | 'typescript' | 'tsx';

export interface SiteFinderOptions {
  /** Folder that holds `tree-sitter.wasm` and `tree-sitter-GRAMMAR.wasm`, as the built extension's `dist` does. */
  wasmDirectory?: string;
  /** The same files as bytes, which then are not read from the folder. */
  wasm?: { runtime: Uint8Array } & Partial<Record<Grammar, Uint8Array>>;
  /** Whether a path exists, to name modules; the local file system by default. */
  exists?: (path: string) => boolean;
  /** Reads what a file imports; the local file system by default. */
  read?: ReadFile;
}

export interface SiteFinder {
  /** Loads what files like this one need. Awaited before anything else is asked about a JavaScript file. */
  prepare(file: string): Promise<void>;
  /** Sites of one file from its decoded text; `file` is its absolute path, which need not exist. */
  find(file: string, text: string): SitesResult;
  /** Sites of a notebook from its cells, with lines inside of the cells. */
  findNotebook(file: string, cells: readonly NotebookCell[]): SitesResult;
  /** Every call of a notebook's cells, likewise. */
  notebookCalls(file: string, cells: readonly NotebookCell[]): Site[];
  /** The program of a notebook's cells up to and with one; cells that do not parse are left out. */
  notebookProgram(cells: readonly NotebookCell[], upTo?: number): NotebookProgram;
  /** Every call of a file, whether or not it runs a model: for a call that is named by its line. */
  calls(file: string, text: string): Site[];
  /** Follows a file from version to version, and its imports into the project. */
  open(file: string): OpenFile;
  /** Sites of files and of all searched files below folders, with absolute paths. Imports are followed. */
  findInFiles(paths: readonly string[], options?: FindOptions): Promise<SitesResult>;
  /** After files have changed on the disk: what they offer to those that import them is read anew. */
  forgetImports(): void;
  dispose(): void;
}

export interface OpenFile {
  /** Sites of the next version: at once, with what is known of the imports. */
  update(text: string): SitesResult;
  /** Sites with what the imports turned out to be; undefined when they say nothing new. */
  followImports(): Promise<SitesResult | undefined>;
  dispose(): void;
}

/** The runtime of tree-sitter can be started once in a process. */
let started: Promise<void> | undefined;

async function start(wasmBinary: Uint8Array): Promise<void> {
  const module = { wasmBinary };
  await Parser.init(module);
  useFunctionsOf(module);
}

export async function createSiteFinder(options: SiteFinderOptions): Promise<SiteFinder> {
  const read = async (name: string): Promise<Uint8Array> => {
    if (!options.wasmDirectory) throw new Error('createSiteFinder needs wasmDirectory or wasm.');
    return readFile(join(options.wasmDirectory, name));
  };
  const runtime = options.wasm?.runtime ?? (await read('tree-sitter.wasm'));
  started ??= start(runtime);
  try {
    await started;
  } catch (error) {
    started = undefined;
    throw error;
  }
  const parser = async (grammar: Grammar): Promise<Parser> => {
    const parser = new Parser();
    const bytes = options.wasm?.[grammar] ?? (await read(`tree-sitter-${grammar}.wasm`));
    return parser.setLanguage(await Language.load(bytes));
  };
  return new Finder(await parser('python'), parser, options);
}

class Finder implements SiteFinder {
  readonly #follower: ImportFollower;
  /** Grammars of JavaScript are large, and loaded when a file needs them. */
  readonly #others = new Map<Grammar, Promise<Parser>>();
  readonly #loaded = new Map<Grammar, Parser>();
  readonly #exists: (path: string) => boolean;

  constructor(
    private readonly python: Parser,
    private readonly load: (grammar: Grammar) => Promise<Parser>,
    options: SiteFinderOptions,
  ) {
    this.#exists = options.exists ?? existsSync;
    this.#follower = new ImportFollower(python, options.read);
  }

  async prepare(file: string): Promise<void> {
    const grammar = grammarOf(file);
    if (!grammar) return;
    let loading = this.#others.get(grammar);
    if (!loading) this.#others.set(grammar, (loading = this.load(grammar)));
    this.#loaded.set(grammar, await loading);
  }

  find(file: string, text: string): SitesResult {
    const script = this.#script(file);
    return script
      ? findJavaScriptSites(script, file, text, this.#module(file))
      : findPythonSites(this.python, file, text, this.#module(file));
  }

  findNotebook(file: string, cells: readonly NotebookCell[]): SitesResult {
    const program = this.notebookProgram(cells);
    const found = inCells(this.find(moduleOfNotebook(file), program.text), program, file);
    const problems = program.leftOut
      .filter(({ broken }) => broken)
      .map(({ cell, line }) => ({
        file,
        cell,
        line,
        message: 'This cell could not be parsed and was left out.',
      }));
    return { sites: found.sites, problems: [...problems, ...found.problems] };
  }

  notebookCalls(file: string, cells: readonly NotebookCell[]): Site[] {
    const program = this.notebookProgram(cells);
    const sites = this.calls(moduleOfNotebook(file), program.text);
    return inCells({ sites, problems: [] }, program, file).sites;
  }

  notebookProgram(cells: readonly NotebookCell[], upTo?: number): NotebookProgram {
    return notebookProgram(cells, upTo, (code) => {
      const tree = this.python.parse(code);
      const broken = tree?.rootNode.hasError ?? true;
      tree?.delete();
      return broken;
    });
  }

  calls(file: string, text: string): Site[] {
    const script = this.#script(file);
    return script
      ? listJavaScriptCalls(script, file, text, this.#module(file))
      : listPythonCalls(this.python, file, text, this.#module(file));
  }

  open(file: string): OpenFile {
    if (grammarOf(file)) {
      return {
        update: (text) => this.find(file, text),
        followImports: () => Promise.resolve(undefined),
        dispose: () => undefined,
      };
    }
    return this.#openPython(file);
  }

  #openPython(file: string): OpenFile {
    const python = new PythonFile(this.python, file, this.#module(file), (path) =>
      this.#follower.known(file, path),
    );
    let open = true;
    return {
      update: (text) => python.update(text),
      followImports: async () => {
        let result: SitesResult | undefined;
        // What is learnt of one import may lead to another: a class of the project, and then its base.
        for (let round = 0; round < 3; round++) {
          const learnt = await this.#follower.learn(file);
          if (learnt.length === 0 || !open) break;
          result = python.learn(learnt);
        }
        return result;
      },
      dispose: () => {
        open = false;
        python.dispose();
      },
    };
  }

  findInFiles(paths: readonly string[], options?: FindOptions): Promise<SitesResult> {
    return findInFiles((file, text) => this.#findOne(file, text), paths, options);
  }

  async #findOne(file: string, text: string): Promise<SitesResult> {
    if (file.endsWith('.ipynb')) return this.findNotebook(file, readNotebook(text));
    await this.prepare(file);
    if (grammarOf(file)) return this.find(file, text);
    if (!mayHaveSites(text)) return { sites: [], problems: [] };
    const opened = this.open(file);
    try {
      const first = opened.update(text);
      return (await opened.followImports()) ?? first;
    } finally {
      opened.dispose();
    }
  }

  forgetImports(): void {
    this.#follower.forget();
  }

  dispose(): void {
    this.#follower.forget();
    this.python.delete();
    for (const parser of this.#loaded.values()) parser.delete();
  }

  /** The parser of a JavaScript or TypeScript file; undefined for Python. */
  #script(file: string): Parser | undefined {
    const grammar = grammarOf(file);
    if (!grammar) return undefined;
    const parser = this.#loaded.get(grammar);
    if (!parser) throw new Error(`prepare() was not called for ${file}.`);
    return parser;
  }

  #module(file: string): string {
    return moduleName(file, this.#exists);
  }
}

/** Its program is saved under this name, so that a call in a cell and the same call in the program are one site. */
function moduleOfNotebook(file: string): string {
  return file.replace(/\.ipynb$/, '.py');
}
