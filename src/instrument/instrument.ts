/** The reversible source edit: profiler calls go into a text and come out of it, as edits that nobody applied yet. */

import type { Parser } from 'web-tree-sitter';
import { loadParsers, type GrammarOptions, type InstrumentedLanguage } from './grammars';
import { insertedJavaScript, insertJavaScript, removeJavaScript } from './javascript/javascript';
import { insertedPython, insertPython, removePython } from './python/python';
import type { Inserted, InsertRequest, InsertResult, RemoveResult } from './request';

export type { TextEdit } from './edits';
export type { GrammarOptions, InstrumentedLanguage } from './grammars';
export type {
  Inserted,
  InsertForm,
  InsertRequest,
  InsertResult,
  Leftover,
  Refusal,
  RemoveResult,
} from './request';

export interface Instrumenter {
  /** Wraps the sites, whose positions must be of this very text. What cannot be wrapped is refused, with the reason. */
  insert(request: InsertRequest): InsertResult;
  /** Takes out what was inserted, all of it or what stands on these lines. */
  remove(text: string, language: InstrumentedLanguage, lines?: ReadonlySet<number>): RemoveResult;
  /** What is inserted in a text, by line. */
  inserted(text: string, language: InstrumentedLanguage): Inserted[];
  dispose(): void;
}

export async function createInstrumenter(options: GrammarOptions): Promise<Instrumenter> {
  const parsers = await loadParsers(options);
  const parserOf = (language: InstrumentedLanguage): Parser => {
    const parser = parsers.get(language);
    if (!parser) throw new Error(`The grammar of ${language} is not there.`);
    return parser;
  };
  return {
    insert: (request) => {
      const insert = request.language === 'python' ? insertPython : insertJavaScript;
      return insert(parserOf(request.language), request);
    },
    remove: (text, language, lines) => {
      const remove = language === 'python' ? removePython : removeJavaScript;
      return remove(parserOf(language), text, lines);
    },
    inserted: (text, language) => {
      const inserted = language === 'python' ? insertedPython : insertedJavaScript;
      return inserted(parserOf(language), text);
    },
    dispose: () => parsers.forEach((parser) => parser.delete()),
  };
}
