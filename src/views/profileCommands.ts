import * as vscode from 'vscode';
import { UserError } from '../common/problem';
import { notebookOf } from '../editor/documents';
import { homeOf } from '../editor/homeFolder';
import type { Launcher } from '../editor/launcher';
import type { MarkedSites } from '../editor/markedSites';
import { profileNotebook } from '../editor/notebookRun';
import type { RunsModel } from '../editor/runsModel';
import type { SiteCache } from '../editor/siteCache';
import { innermost, isSiteReference, locate } from '../editor/siteReference';
import type { SiteArgument } from '../launch/chooseSites';
import { isConfidentPredict } from '../sites/site';
import { keepCellInView, keepInView } from './keepInView';

export interface ProfileContext {
  launcher: Launcher;
  runs: RunsModel;
  cache: SiteCache;
  marked: MarkedSites;
}

/** Runs the program, or the cells of the notebook, that the call is in. */
export async function profilePredict(
  context: ProfileContext,
  argument: unknown,
  ask: boolean,
): Promise<void> {
  requireTrust();
  if (await inNotebook(context, argument)) return;
  const site = isSiteArgument(argument) ? argument : await siteAtCursor(context);
  const folder = await folderOf(site);
  const started = await context.launcher.profile(folder, site, ask, () => {
    if (site) keepInView(site);
  });
  if (!started) return;
  await context.runs.refresh();
}

/** Runs the cells up to the call, where it is in a notebook. */
async function inNotebook(context: ProfileContext, argument: unknown): Promise<boolean> {
  const document = isSiteReference(argument)
    ? await vscode.workspace.openTextDocument(vscode.Uri.parse(argument.uri))
    : vscode.window.activeTextEditor?.document;
  const notebook = document && notebookOf(document);
  if (!notebook) return false;
  const found = await locate(context.marked, argument);
  if (!found || (!isSiteReference(argument) && !isConfidentPredict(found.site))) return false;
  const folder = await folderOf({ file: notebook.uri.fsPath, line: 1 });
  keepCellInView(notebook, found.site.cell ?? 0);
  await profileNotebook(context.launcher, context.cache, notebook, folder, found.site);
  await context.runs.refresh();
  return true;
}

export function requireTrust(): void {
  if (vscode.workspace.isTrusted) return;
  throw new UserError(vscode.l10n.t('Profiling runs the code of this workspace, which is not trusted.'), {
    fix: vscode.l10n.t('Trust it with “Workspaces: Manage Workspace Trust”.'),
  });
}

function isSiteArgument(value: unknown): value is SiteArgument {
  return typeof value === 'object' && value !== null && 'file' in value && 'line' in value;
}

/** The predict call that the cursor is in, so that the palette command leads with it. */
async function siteAtCursor({ marked }: ProfileContext): Promise<SiteArgument | undefined> {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId !== 'python' || editor.document.uri.scheme !== 'file') return undefined;
  const sites = (await marked.sites(editor.document)).filter(isConfidentPredict);
  const site = innermost(sites, editor.selection.active);
  return site && { file: editor.document.uri.fsPath, line: site.line, column: site.column };
}

async function folderOf(site: SiteArgument | undefined): Promise<vscode.WorkspaceFolder> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const file = site?.file ?? vscode.window.activeTextEditor?.document.uri.fsPath;
  const home = homeOf(file === undefined ? undefined : vscode.Uri.file(file));
  const folder = home ?? (folders.length > 1 ? await vscode.window.showWorkspaceFolderPick() : folders[0]);
  if (!folder) {
    throw new UserError(vscode.l10n.t('Open the folder of your project first: runs are kept in it.'), {
      fix: vscode.l10n.t('Use “File: Open Folder”.'),
    });
  }
  return folder;
}

export async function copyProfilingCommand(context: ProfileContext): Promise<void> {
  requireTrust();
  const folder = await folderOf(undefined);
  const line = await context.launcher.profilingCommand(folder);
  if (line === undefined) return;
  await vscode.env.clipboard.writeText(line);
  void vscode.window.showInformationMessage(
    vscode.l10n.t(
      'Copied. Run it in any shell, in the folder {0} or where a container mounts it; the run shows up here by itself.',
      folder.name,
    ),
  );
}
