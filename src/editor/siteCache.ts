import path from 'node:path';
import type * as vscode from 'vscode';
import type { Disposable } from '../common/disposables';
import type { SiteFinder } from '../sites/finder';
import type { NotebookCell } from '../sites/notebook';
import type { Site, SitesResult } from '../sites/site';
import { cellIndex, isScript, notebookOf } from './documents';
import { OpenSites } from './openSites';

/** A script that names none of these has no site, and the grammars need not be loaded for it. */
const worthParsing = /tensorflow|tfjs|\btf\s*\.|onnx|\bort\s*\./i;

/** Sites of open documents, found once for each version of a text; the grammar is loaded when first needed. */
export class SiteCache implements Disposable {
  readonly #notebooks = new WeakMap<vscode.NotebookDocument, { version: string; result: SitesResult }>();
  readonly #open = new OpenSites(() => this.finder());
  #finder: Promise<SiteFinder> | undefined;

  constructor(private readonly extensionPath: string) {}

  /** Imports have told more about documents whose sites were given out. */
  get onDidLearn(): vscode.Event<void> {
    return this.#open.onDidLearn;
  }

  finder = (): Promise<SiteFinder> => {
    // A bundle of its own: activation does not pay for the parser.
    this.#finder ??= import('../sites/finder').then(({ createSiteFinder }) =>
      createSiteFinder({ wasmDirectory: path.join(this.extensionPath, 'dist') }),
    );
    return this.#finder;
  };

  async sites(document: vscode.TextDocument): Promise<Site[]> {
    const notebook = notebookOf(document);
    if (notebook) {
      const cell = cellIndex(notebook, document);
      return (await this.notebook(notebook)).sites.filter((site) => site.cell === cell);
    }
    if (isScript(document) && !worthParsing.test(document.getText())) return [];
    return this.#open.sites(document);
  }

  /** Sites of all cells: what a cell calls is told by the cells before it. */
  async notebook(notebook: vscode.NotebookDocument): Promise<SitesResult> {
    const finder = await this.finder();
    const version = notebookVersion(notebook);
    const known = this.#notebooks.get(notebook);
    if (known?.version === version) return known.result;
    const result = finder.findNotebook(notebook.uri.fsPath, notebookCells(notebook));
    this.#notebooks.set(notebook, { version, result });
    return result;
  }

  /** Every call of a document, whether or not it runs a model. */
  async calls(document: vscode.TextDocument): Promise<Site[]> {
    const finder = await this.finder();
    const notebook = notebookOf(document);
    if (!notebook) {
      await finder.prepare(document.uri.fsPath);
      return finder.calls(document.uri.fsPath, document.getText());
    }
    const cell = cellIndex(notebook, document);
    const calls = finder.notebookCalls(notebook.uri.fsPath, notebookCells(notebook));
    return calls.filter((site) => site.cell === cell);
  }

  dispose(): void {
    this.#open.dispose();
  }
}

/** The Python code of each cell, as the finder takes it. */
export function notebookCells(notebook: vscode.NotebookDocument): NotebookCell[] {
  return notebook.getCells().map(({ document }) => ({
    code: document.languageId === 'python' ? document.getText() : undefined,
  }));
}

function notebookVersion(notebook: vscode.NotebookDocument): string {
  return notebook
    .getCells()
    .map(({ document }) => `${document.uri.fragment}:${document.languageId}:${document.version}`)
    .join();
}
