import path from 'node:path';
import * as vscode from 'vscode';
import { fileUri, notebookOf } from '../editor/documents';
import { withoutCalls } from '../editor/withoutCalls';

const scheme = 'predictscope-without';

/**
 * Compares a text that holds profiler calls which could not be taken out with what it might look like without
 * them. The text itself is on the right, where its parts can be edited, or taken over one by one.
 */
export class Comparison implements vscode.TextDocumentContentProvider {
  readonly #texts = new Map<string, string>();
  #count = 0;

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? '';
  }

  async show(document: vscode.TextDocument, line: number): Promise<void> {
    const text = document.getText();
    // A cell's document is bound to its notebook and cannot be shown by itself.
    const now = notebookOf(document) ? this.#keep(document, text) : document.uri;
    await vscode.commands.executeCommand(
      'vscode.diff',
      this.#keep(document, withoutCalls(text)),
      now,
      vscode.l10n.t('{0}: without profiler calls ↔ as it is', path.basename(fileUri(document).fsPath)),
      { selection: new vscode.Range(line - 1, 0, line - 1, 0) } satisfies vscode.TextDocumentShowOptions,
    );
  }

  register(): vscode.Disposable {
    return vscode.workspace.registerTextDocumentContentProvider(scheme, this);
  }

  #keep(document: vscode.TextDocument, text: string): vscode.Uri {
    const { path: file } = fileUri(document);
    // A notebook's ending would open the notebook editor on a piece of Python.
    const name = notebookOf(document) ? file.replace(/\.ipynb$/, '.py') : file;
    const uri = vscode.Uri.from({ scheme, path: name, query: String(this.#count++) });
    this.#texts.set(uri.toString(), text);
    return uri;
  }
}
