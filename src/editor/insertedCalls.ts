import path from 'node:path';
import type * as vscode from 'vscode';
import type { Instrumenter, InstrumentedLanguage } from '../instrument/instrument';
import type { Site } from '../sites/site';
import { plainCell } from './cellText';
import { notebookOf } from './documents';

/** Every insertion bears the name, so a text without it need not be parsed. */
const mayHold = /predictscope/i;

const languages: Record<string, InstrumentedLanguage> = {
  python: 'python',
  javascript: 'javascript',
  javascriptreact: 'javascript',
  typescript: 'typescript',
  typescriptreact: 'tsx',
};

/** What the source edit reads: the text of a document, or of a cell as plain Python of the same length. */
export function editable(document: vscode.TextDocument): { text: string; language: InstrumentedLanguage } {
  const text = document.getText();
  return {
    text: notebookOf(document) ? plainCell(text) : text,
    language: languages[document.languageId] ?? 'python',
  };
}

/** Where profiler calls are in open documents; owns the parser of the source edit, loaded when first needed. */
export class InsertedCalls {
  readonly #known = new WeakMap<vscode.TextDocument, { version: number; around: Map<string, boolean> }>();
  #instrumenter: Promise<Instrumenter> | undefined;

  constructor(private readonly extensionPath: string) {}

  instrumenter(): Promise<Instrumenter> {
    this.#instrumenter ??= import('../instrument/instrument').then(({ createInstrumenter }) =>
      createInstrumenter({ wasmDirectory: path.join(this.extensionPath, 'dist') }),
    );
    return this.#instrumenter;
  }

  mayHold(document: vscode.TextDocument): boolean {
    return mayHold.test(document.getText());
  }

  /** Ids of those sites that have profiler calls around them. */
  async around(document: vscode.TextDocument, sites: readonly Site[]): Promise<ReadonlySet<string>> {
    if (!this.mayHold(document) || sites.length === 0) return new Set();
    const instrumenter = await this.instrumenter();
    let known = this.#known.get(document);
    if (known?.version !== document.version) {
      known = { version: document.version, around: new Map() };
      this.#known.set(document, known);
    }
    const { text, language } = editable(document);
    return new Set(
      sites.flatMap((site) => {
        const there =
          known.around.get(site.id) ?? instrumenter.remove(text, language, linesOf(site)).removed > 0;
        known.around.set(site.id, there);
        return there ? [site.id] : [];
      }),
    );
  }
}

/** Lines of a call, by which the source edit takes something out of a file. */
export function linesOf({ line, endLine }: Site): ReadonlySet<number> {
  return new Set(Array.from({ length: endLine - line + 1 }, (_, index) => line + index));
}
