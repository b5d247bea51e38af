// What the suites of the host share.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { commands } from '../../../src/common/ids';

export const places = { folder: (): string => vscode.workspace.workspaceFolders![0]!.uri.fsPath };

/** Writes a file of the workspace and returns its path. */
export function write(name: string, text: string): string {
  const file = path.join(places.folder(), name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

export async function open(name: string): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument(path.resolve(places.folder(), name));
  await vscode.window.showTextDocument(document);
  return document;
}

export async function lenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
  return vscode.commands.executeCommand('vscode.executeCodeLensProvider', document.uri, 100);
}

/** `22 Profile predict` for each lens but menus and figures. */
export async function lensTitles(document: vscode.TextDocument): Promise<string[]> {
  const quiet: string[] = [commands.siteMenu, commands.openTimeline, commands.showRun];
  return (await lenses(document))
    .filter((lens) => lens.command && !quiet.includes(lens.command.command))
    .map(
      (lens) =>
        `${lens.range.start.line + 1} ${lens.command!.title.replace(/^\$\(\w+\)\s*/, '').replaceAll('\u00a0', ' ')}`,
    );
}

export async function until<T>(
  ask: () => Promise<T | undefined> | T | undefined,
  limitMs = 20_000,
): Promise<T> {
  for (const end = Date.now() + limitMs; Date.now() < end;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('It did not happen in time.');
}
