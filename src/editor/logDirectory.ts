import path from 'node:path';
import type * as vscode from 'vscode';
import { setting } from '../common/vscode';
import { defaultLogDirectory } from '../launch/logDirectory';

/** The log directory of a folder, with the setting's variables put in. */
export function logDirectory(folder: vscode.WorkspaceFolder): string {
  const given = setting('logDirectory', folder).replaceAll('${workspaceFolder}', folder.uri.fsPath);
  return given ? path.resolve(folder.uri.fsPath, given) : defaultLogDirectory(folder.uri.fsPath);
}
