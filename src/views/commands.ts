import { rm } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { commands, customEditors, type CommandId } from '../common/ids';
import { Disposables, type Disposable } from '../common/disposables';
import type { Log } from '../common/log';
import { UserError, errorText } from '../common/problem';
import type { SiteArgument } from '../launch/chooseSites';
import type { Run } from '../insight/runStore';
import { isConfidentPredict } from '../sites/site';
import { runTitle } from '../insight/runTitle';
import type { RunNode, RunsTree } from './runsTree';
import { siteRange } from '../editor/codeLens';
import type { Launcher } from '../editor/launcher';
import type { RunsModel } from '../editor/runsModel';
import type { SiteCache } from '../editor/siteCache';
import { stopRecording, stopRun } from '../editor/stopRun';

export interface CommandContext {
  launcher: Launcher;
  runs: RunsModel;
  cache: SiteCache;
  tree: RunsTree;
  view: vscode.TreeView<RunNode>;
  log: Log & { show(): void };
}

/** Registers every command of the manifest; errors end here, as a sentence with its fix. */
export function registerCommands(context: CommandContext): Disposable {
  const owned = new Disposables();
  const on = (id: CommandId, run: (...args: unknown[]) => unknown): void => {
    owned.add(
      vscode.commands.registerCommand(id, (...args: unknown[]) => guarded(context, () => run(...args))),
    );
  };
  on(commands.profilePredict, (argument) => profilePredict(context, argument, false));
  on(commands.chooseProgram, () => profilePredict(context, undefined, true));
  on(commands.stopRecording, async (argument) => {
    const run = liveRun(context, argument);
    if (run) await stopRecording(run);
  });
  on(commands.stopProgram, async (argument) => {
    const run = liveRun(context, argument);
    if (run && !(await stopRun(run))) {
      void vscode.window.showWarningMessage(
        vscode.l10n.t(
          '{0} was not started by Predictscope; recording was stopped, the program goes on.',
          runTitle(run.summary),
        ),
      );
    }
  });
  on(commands.openTimeline, (argument) => openTimeline(context, argument));
  on(commands.copyProfilingCommand, () => copyProfilingCommand(context));
  on(commands.refreshRuns, () => context.runs.refresh());
  on(commands.deleteRun, (argument) => deleteRun(context, argument));
  on(commands.showRun, (argument) => showRun(context, argument));
  on(commands.revealRun, async (argument) => {
    const run = runOf(context, argument);
    if (run) await vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(run.directory));
  });
  return owned;
}

async function guarded(context: CommandContext, run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    const known = error instanceof UserError;
    context.log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    const text = known
      ? [error.message, error.fix].filter(Boolean).join(' ')
      : vscode.l10n.t('Predictscope failed: {0}', errorText(error));
    const showLog = vscode.l10n.t('Show Log');
    const settings = vscode.l10n.t('Open Settings');
    const key = /\bpredictscope\.[\w.]*\w/.exec(text)?.[0];
    const actions = known && key ? [settings, showLog] : [showLog];
    const picked = await vscode.window.showErrorMessage(text, ...actions);
    if (picked === showLog) context.log.show();
    if (picked === settings && key) await openSetting(key);
  }
}

/** In a remote window the page of the user's settings does not list those of machine scope, such as paths. */
async function openSetting(key: string): Promise<void> {
  const remote = vscode.env.remoteName !== undefined;
  const command = remote ? 'workbench.action.openRemoteSettings' : 'workbench.action.openSettings';
  await vscode.commands.executeCommand(command, { query: key });
}

async function profilePredict(context: CommandContext, argument: unknown, ask: boolean): Promise<void> {
  requireTrust();
  const site = isSiteArgument(argument) ? argument : await siteAtCursor(context);
  const folder = await folderOf(site);
  const started = await context.launcher.profile(folder, site, ask, () => {
    if (site) keepInView(site);
  });
  if (!started) return;
  await context.runs.refresh();
}

/** How long after the start of a task its terminal may take to open. */
const terminalOpensMs = 15_000;

/**
 * The terminal that opens takes half of the window: the line that was clicked must stay visible. Only a
 * view that got shorter without being scrolled is followed, so that nobody's scrolling is undone.
 */
function keepInView(site: SiteArgument): void {
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

function requireTrust(): void {
  if (vscode.workspace.isTrusted) return;
  throw new UserError(vscode.l10n.t('Profiling runs the code of this workspace, which is not trusted.'), {
    fix: vscode.l10n.t('Trust it with “Workspaces: Manage Workspace Trust”.'),
  });
}

function isSiteArgument(value: unknown): value is SiteArgument {
  return typeof value === 'object' && value !== null && 'file' in value && 'line' in value;
}

/** The predict call that the cursor is in, so that the palette command leads with it. */
async function siteAtCursor({ cache }: CommandContext): Promise<SiteArgument | undefined> {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId !== 'python' || editor.document.uri.scheme !== 'file') return undefined;
  const sites = await cache.sites(editor.document);
  const site = sites.find((s) => isConfidentPredict(s) && siteRange(s).contains(editor.selection.active));
  return site && { file: editor.document.uri.fsPath, line: site.line, column: site.column };
}

async function folderOf(site: SiteArgument | undefined): Promise<vscode.WorkspaceFolder> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const file = site?.file ?? vscode.window.activeTextEditor?.document.uri.fsPath;
  const own = file === undefined ? undefined : vscode.workspace.getWorkspaceFolder(vscode.Uri.file(file));
  const folder = own ?? (folders.length > 1 ? await vscode.window.showWorkspaceFolderPick() : folders[0]);
  if (!folder) {
    throw new UserError(vscode.l10n.t('Open the folder of your project first: runs are kept in it.'), {
      fix: vscode.l10n.t('Use “File: Open Folder”.'),
    });
  }
  return folder;
}

/** The run that a command was called on: by name, by node, else the newest. */
function runOf({ runs }: CommandContext, argument: unknown): Run | undefined {
  if (typeof argument === 'string') return runs.find(argument);
  const node = argument as RunNode | undefined;
  if (node?.kind === 'run') return runs.find(node.name);
  if (node && 'run' in node) return runs.find(node.run);
  return runs.runs[0];
}

function liveRun(context: CommandContext, argument: unknown): Run | undefined {
  const run = argument === undefined ? undefined : runOf(context, argument);
  return run?.live ? run : context.runs.liveRuns[0];
}

async function openTimeline(context: CommandContext, argument: unknown): Promise<void> {
  const node = argument as RunNode | undefined;
  const file = node?.kind === 'trace' ? node.path : await steadyTrace(context, argument);
  await vscode.commands.executeCommand('vscode.openWith', vscode.Uri.file(file), customEditors.timeline);
}

/** The trace of the steady calls, else that of the first call. */
async function steadyTrace(context: CommandContext, argument: unknown): Promise<string> {
  const given = runOf(context, argument);
  const run =
    argument === undefined ? (context.runs.runs.find((r) => r.summary.traces.length > 0) ?? given) : given;
  if (!run)
    throw new UserError(vscode.l10n.t('There is no run yet.'), {
      fix: vscode.l10n.t('Use “Predictscope: Profile predict” first.'),
    });
  await context.runs.completeRun(run.name);
  const { traces } = runOf(context, run.name)?.summary ?? run.summary;
  const trace = [...traces].reverse().find((t) => t.format !== '') ?? traces[0];
  if (!trace) {
    throw new UserError(vscode.l10n.t('This run has no trace.'), {
      fix: vscode.l10n.t(
        'A trace is taken when the program calls the model through TensorFlow and predictscope.tracedCalls is above 0; call times are in the Runs view.',
      ),
    });
  }
  return trace.path;
}

async function copyProfilingCommand(context: CommandContext): Promise<void> {
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

async function deleteRun(context: CommandContext, argument: unknown): Promise<void> {
  const run = runOf(context, argument);
  if (!run || run.live) return;
  const yes = vscode.l10n.t('Delete');
  const picked = await vscode.window.showWarningMessage(
    vscode.l10n.t('Delete this run of {0}?', runTitle(run.summary)),
    {
      modal: true,
      detail: vscode.l10n.t('Its call times and traces are removed from disk: {0}', run.directory),
    },
    yes,
  );
  if (picked !== yes) return;
  await rm(run.directory, { recursive: true, force: true });
  await context.runs.refresh();
}

async function showRun(context: CommandContext, argument: unknown): Promise<void> {
  const run = runOf(context, argument);
  if (!run) return;
  await vscode.commands.executeCommand(`predictscope.runs.focus`);
  await context.view.reveal(context.tree.node(path.basename(run.directory)), {
    expand: true,
    focus: true,
    select: true,
  });
}
