import * as vscode from 'vscode';
import { codeCopy } from '../common/codeCopy';
import type { Disposable } from '../common/disposables';

/** Keeps editors on copies of a container's code from being written into: what is typed there would run nowhere. */
export function keepCopiesReadOnly(): Disposable {
  const look = (editor: vscode.TextEditor | undefined): void => {
    if (editor?.document.uri.scheme !== 'file' || !codeCopy(editor.document.uri.fsPath)) return;
    void vscode.commands.executeCommand('workbench.action.files.setActiveEditorReadonlyInSession');
  };
  look(vscode.window.activeTextEditor);
  return vscode.window.onDidChangeActiveTextEditor(look);
}
