/** Which documents are looked at, and where those without a file of their own belong. */

import path from 'node:path';
import * as vscode from 'vscode';
import { codeCopy } from '../common/codeCopy';
import { setting } from '../common/vscode';

const scripts = ['javascript', 'javascriptreact', 'typescript', 'typescriptreact'];

/** Python files, code cells of notebooks, JavaScript and TypeScript. */
export const sourceSelector: vscode.DocumentSelector = [
  { language: 'python', scheme: 'file' },
  { language: 'python', scheme: 'file', notebookType: 'jupyter-notebook' },
  ...scripts.map((language) => ({ language, scheme: 'file' })),
];

/** A cell's document is named by the notebook, but is of a scheme of its own. */
export const cellScheme = 'vscode-notebook-cell';

export function isSource({ uri, languageId }: vscode.TextDocument): boolean {
  if (languageId === 'python') return uri.scheme === 'file' || uri.scheme === cellScheme;
  return uri.scheme === 'file' && scripts.includes(languageId);
}

export function isScript({ languageId }: vscode.TextDocument): boolean {
  return scripts.includes(languageId);
}

/** The notebook that a cell's document belongs to. */
export function notebookOf(document: vscode.TextDocument): vscode.NotebookDocument | undefined {
  if (document.uri.scheme !== cellScheme) return undefined;
  return vscode.workspace.notebookDocuments.find((notebook) =>
    notebook.getCells().some((cell) => cell.document === document),
  );
}

/** Index of the cell whose document this is. */
export function cellIndex(notebook: vscode.NotebookDocument, document: vscode.TextDocument): number {
  return notebook.getCells().findIndex((cell) => cell.document === document);
}

/** The file that a document is saved in: folders and settings are looked up by it. */
export function fileUri(document: vscode.TextDocument): vscode.Uri {
  return notebookOf(document)?.uri ?? document.uri;
}

/** Path of the file from its workspace folder, or the file's name alone. */
export function placeOf(document: vscode.TextDocument): string {
  const uri = fileUri(document);
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  return folder ? path.relative(folder.uri.fsPath, uri.fsPath) : path.basename(uri.fsPath);
}

/** `scorer.py:22`, or `cell 3, line 2` counted as the notebook's reader counts cells. */
export function lineName(document: vscode.TextDocument, line: number): string {
  const notebook = notebookOf(document);
  return notebook
    ? vscode.l10n.t('cell {0}, line {1}', cellIndex(notebook, document) + 1, line)
    : `${path.basename(document.uri.fsPath)}:${line}`;
}

/**
 * True when the notebook was run in this session: timings are not kept in the file. A kernel is then likely
 * to hold what later cells need, and a program of its own would start from nothing.
 */
export function hasLiveKernel(notebook: vscode.NotebookDocument): boolean {
  return notebook.getCells().some((cell) => cell.executionSummary?.timing !== undefined);
}

/** True for the files of the settings `sites.include` and `sites.exclude`. */
export async function isSearched(document: vscode.TextDocument): Promise<boolean> {
  const uri = fileUri(document);
  // Nobody opens a copy by chance, and its folders are named like those that are left out.
  if (codeCopy(uri.fsPath)) return true;
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  if (!folder) return true;
  const { pathFilter } = await import('../sites/filter');
  const filter = pathFilter(setting('sites.include', folder), setting('sites.exclude', folder));
  return filter(path.relative(folder.uri.fsPath, uri.fsPath));
}
