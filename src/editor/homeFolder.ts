/** The folders that runs belong to. Where none is open, one of our own takes its place. */

import path from 'node:path';
import * as vscode from 'vscode';

let own: vscode.WorkspaceFolder | undefined;

/** Tells where our own folder lies; called once, by activate(). */
export function useStorage(storage: vscode.Uri): void {
  own = { uri: vscode.Uri.joinPath(storage, 'home'), name: 'Predictscope', index: 0 };
}

/** True for the folder that stands in where none is open: nothing of the user's is in it. */
export function isOwnFolder(folder: vscode.WorkspaceFolder): boolean {
  return folder === own;
}

/** The folders of this window whose runs are shown. */
export function homeFolders(): readonly vscode.WorkspaceFolder[] {
  const open = vscode.workspace.workspaceFolders ?? [];
  if (open.length > 0) return open.filter((folder) => folder.uri.scheme === 'file');
  return own ? [own] : [];
}

/** The folder that a file belongs to; that of a window without one is our own. */
export function homeOf(uri: vscode.Uri | undefined): vscode.WorkspaceFolder | undefined {
  const folder = uri && vscode.workspace.getWorkspaceFolder(uri);
  return folder ?? (vscode.workspace.workspaceFolders?.length ? undefined : own);
}

/** Where a program starts: the folder, or without one the folder of the file that is meant. */
export async function startFolder(folder: vscode.WorkspaceFolder, file?: string): Promise<string> {
  if (!isOwnFolder(folder)) return folder.uri.fsPath;
  await vscode.workspace.fs.createDirectory(folder.uri);
  return file === undefined ? folder.uri.fsPath : path.dirname(file);
}
