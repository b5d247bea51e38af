import path from 'node:path';
import * as vscode from 'vscode';
import { findDevcontainers, insertSetting } from '../targets/containers/devcontainerFile';
import type { DevcontainerLine } from '../launch/doctor/finding';

/** Every devcontainer.json of the workspace. */
export async function devcontainerFiles(): Promise<string[]> {
  const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
  const found = await Promise.all(folders.map(({ uri }) => findDevcontainers(uri.fsPath)));
  return found.flatMap(({ devcontainers }) => devcontainers.map(({ file }) => file));
}

/** Puts a line into devcontainer.json and shows it there. It is not saved: the user decides. */
export async function insertDevcontainerLine({ path: where, value }: DevcontainerLine): Promise<void> {
  const file = await chooseFile(await devcontainerFiles());
  if (file === undefined) return;
  const document = await vscode.workspace.openTextDocument(file);
  const before = document.getText();
  const after = insertSetting(before, where, value);
  const editor = await vscode.window.showTextDocument(document, {
    viewColumn: vscode.ViewColumn.Beside,
    preview: false,
  });
  if (after === before) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('{0} says so already.', vscode.workspace.asRelativePath(file)),
    );
    return;
  }
  // Only what differs, so that the cursor and one step of undo stay where they belong.
  const { start, end, text } = difference(before, after);
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, new vscode.Range(document.positionAt(start), document.positionAt(end)), text);
  await vscode.workspace.applyEdit(edit);
  const range = new vscode.Range(document.positionAt(start), document.positionAt(start + text.length));
  editor.selection = new vscode.Selection(range.start, range.end);
  editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

async function chooseFile(files: readonly string[]): Promise<string | undefined> {
  if (files.length < 2) return files[0];
  const items = files.map((file) => ({
    label: vscode.workspace.asRelativePath(file),
    description: path.dirname(file),
    file,
  }));
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Into which devcontainer.json?'),
  });
  return picked?.file;
}

/** The part of `before` that `text` takes the place of. */
export function difference(before: string, after: string): { start: number; end: number; text: string } {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start++;
  let same = 0;
  while (same < most - start && before[before.length - 1 - same] === after[after.length - 1 - same]) same++;
  return { start, end: before.length - same, text: after.slice(start, after.length - same) };
}
