/** The finder: grammars loaded once, then any number of files, each in one synchronous call. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Language, Parser } from 'web-tree-sitter';
import { findInFiles, type FindOptions } from './files';
import { moduleName } from './identity';
import { findPythonSites, listPythonCalls } from './python/python';
import type { Site, SitesResult } from './site';

export interface SiteFinderOptions {
  /** Folder that holds `tree-sitter.wasm` and `tree-sitter-python.wasm`, as the built extension's `dist` does. */
  wasmDirectory?: string;
  /** The same two files as bytes, which then are not read from the folder. */
  wasm?: { runtime: Uint8Array; python: Uint8Array };
  /** Whether a path exists, to name modules; the local file system by default. */
  exists?: (path: string) => boolean;
}

export interface SiteFinder {
  /** Sites of one file from its decoded text; `file` is its absolute path, which need not exist. */
  find(file: string, text: string): SitesResult;
  /** Every call of a file, whether or not it runs a model: for a call that is named by its line. */
  calls(file: string, text: string): Site[];
  /** Sites of files and of all Python files below folders, with absolute paths. */
  findInFiles(paths: readonly string[], options?: FindOptions): Promise<SitesResult>;
  dispose(): void;
}

/** The runtime of tree-sitter can be started once in a process. */
let started: Promise<void> | undefined;

export async function createSiteFinder(options: SiteFinderOptions): Promise<SiteFinder> {
  const read = async (name: string): Promise<Uint8Array> => {
    if (!options.wasmDirectory) throw new Error('createSiteFinder needs wasmDirectory or wasm.');
    return readFile(join(options.wasmDirectory, name));
  };
  const runtime = options.wasm?.runtime ?? (await read('tree-sitter.wasm'));
  started ??= Parser.init({ wasmBinary: runtime });
  try {
    await started;
  } catch (error) {
    started = undefined;
    throw error;
  }
  const language = await Language.load(options.wasm?.python ?? (await read('tree-sitter-python.wasm')));
  const parser = new Parser();
  parser.setLanguage(language);
  const exists = options.exists ?? existsSync;
  const find = (file: string, text: string): SitesResult =>
    findPythonSites(parser, file, text, moduleName(file, exists));
  return {
    find,
    calls: (file, text) => listPythonCalls(parser, file, text, moduleName(file, exists)),
    findInFiles: (paths, findOptions) => findInFiles(find, paths, findOptions),
    dispose: () => parser.delete(),
  };
}
