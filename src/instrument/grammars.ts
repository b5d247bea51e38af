/** The grammars that the source edit needs; JavaScript's are read when a first such file comes. */

import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Language, Parser } from 'web-tree-sitter';

export type InstrumentedLanguage = 'python' | 'javascript' | 'typescript' | 'tsx';

export interface GrammarOptions {
  /** Folder that holds `tree-sitter.wasm` and `tree-sitter-LANGUAGE.wasm`, as the built extension's `dist` does. */
  wasmDirectory?: string;
  /** The same files as bytes, which then are not read from the folder. */
  wasm?: { runtime: Uint8Array } & Partial<Record<InstrumentedLanguage, Uint8Array>>;
}

const languages: readonly InstrumentedLanguage[] = ['python', 'javascript', 'typescript', 'tsx'];

/** The runtime of tree-sitter is one in a process; a second `init` after the first is harmless. */
let started: Promise<void> | undefined;

/** A parser for each language whose grammar is there. */
export async function loadParsers(options: GrammarOptions): Promise<Map<InstrumentedLanguage, Parser>> {
  const { wasm, wasmDirectory } = options;
  if (!wasm && !wasmDirectory) throw new Error('createInstrumenter needs wasmDirectory or wasm.');
  const file = (name: string): string => join(wasmDirectory ?? '', name);
  started ??= Parser.init({ wasmBinary: wasm?.runtime ?? readFileSync(file('tree-sitter.wasm')) });
  try {
    await started;
  } catch (error) {
    started = undefined;
    throw error;
  }
  const parsers = new Map<InstrumentedLanguage, Parser>();
  for (const language of languages) {
    const bytes = wasm ? wasm[language] : await readIfThere(file(`tree-sitter-${language}.wasm`));
    if (!bytes) continue;
    const parser = new Parser();
    parser.setLanguage(await Language.load(bytes));
    parsers.set(language, parser);
  }
  return parsers;
}

async function readIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
