import * as vscode from 'vscode';
import type { SiteArgument } from '../launch/chooseSites';
import type { Site } from '../sites/site';
import { isSource } from './documents';
import type { MarkedSites } from './markedSites';

/** A call as a lens hands it to a command: found again by its id, also after edits above it. */
export interface SiteReference extends SiteArgument {
  uri: string;
  id: string;
}

export interface LocatedSite {
  document: vscode.TextDocument;
  site: Site;
}

export function referenceTo(document: vscode.TextDocument, site: Site): SiteReference {
  const { line, column, id } = site;
  return { file: document.uri.fsPath, line, column, uri: document.uri.toString(), id };
}

export function isSiteReference(value: unknown): value is SiteReference {
  return typeof value === 'object' && value !== null && 'uri' in value && 'id' in value;
}

export function siteRange(site: Site): vscode.Range {
  return new vscode.Range(site.line - 1, site.column - 1, site.endLine - 1, site.endColumn - 1);
}

/** The call that a command is about: the one it was given, else the one at the cursor. */
export async function locate(marked: MarkedSites, argument: unknown): Promise<LocatedSite | undefined> {
  if (isSiteReference(argument)) {
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(argument.uri));
    const site = (await marked.calls(document)).find((call) => call.id === argument.id);
    return site && { document, site };
  }
  const editor = vscode.window.activeTextEditor;
  if (!editor || !isSource(editor.document)) return undefined;
  const { document, selection } = editor;
  const site =
    innermost(await marked.sites(document), selection.active) ??
    callAt(await marked.calls(document), selection.active);
  return site && { document, site };
}

/** The innermost site around a position; undefined outside of all of them. */
export function innermost(sites: readonly Site[], position: vscode.Position): Site | undefined {
  return sites
    .filter((site) => siteRange(site).contains(position))
    .reduce<Site | undefined>((a, b) => (a && siteRange(b).contains(siteRange(a)) ? a : b), undefined);
}

/** The innermost call around a position, else the outermost one that begins on its line. */
export function callAt(calls: readonly Site[], position: vscode.Position): Site | undefined {
  return (
    innermost(calls, position) ??
    calls
      .filter((call) => call.line === position.line + 1)
      .reduce<Site | undefined>((a, b) => (a && siteRange(a).contains(siteRange(b)) ? a : b), undefined)
  );
}
