import * as vscode from 'vscode';
import type { SiteArgument } from '../launch/chooseSites';

/** How long after the start of a task its terminal may take to open. */
const terminalOpensMs = 15_000;

/**
 * The terminal that opens takes half of the window: the line that was clicked must stay visible. Only a
 * view that got shorter without being scrolled is followed, so that nobody's scrolling is undone.
 */
export function keepInView(site: SiteArgument): void {
  const editor = vscode.window.visibleTextEditors.find((each) => each.document.uri.fsPath === site.file);
  let before = editor?.visibleRanges[0];
  if (!editor || !before) return;
  const at = new vscode.Position(site.line - 1, 0);
  const subscription = vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor, visibleRanges }) => {
    const now = visibleRanges[0];
    if (textEditor !== editor || !now || !before) return;
    const shrunk = now.start.line === before.start.line && now.end.line < before.end.line;
    before = now;
    if (shrunk && at.line >= now.end.line - 1) {
      editor.revealRange(new vscode.Range(at, at), vscode.TextEditorRevealType.InCenter);
    }
  });
  setTimeout(() => {
    subscription.dispose();
  }, terminalOpensMs);
}

/** How long the window takes to lay out the terminal that opened. */
const layoutMs = 300;

/** The same for a cell, of which it is only told in whole cells what is visible: so when the terminal opens. */
export function keepCellInView(notebook: vscode.NotebookDocument, cell: number): void {
  const editor = vscode.window.visibleNotebookEditors.find((each) => each.notebook === notebook);
  const range = new vscode.NotebookRange(cell, cell + 1);
  if (!editor?.visibleRanges.some((visible) => visible.start <= cell && cell < visible.end)) return;
  const subscription = vscode.window.onDidOpenTerminal(() => {
    subscription.dispose();
    setTimeout(() => {
      editor.revealRange(range, vscode.NotebookEditorRevealType.InCenter);
    }, layoutMs);
  });
  setTimeout(() => {
    subscription.dispose();
  }, terminalOpensMs);
}
