import { rm } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { commands, customEditors, type CommandId } from '../common/ids';
import { Disposables, type Disposable } from '../common/disposables';
import type { Log } from '../common/log';
import { UserError, errorText, isUserError } from '../common/problem';
import type { Run } from '../insight/runStore';
import { titleOf } from '../insight/runTitle';
import type { RunNode, RunsTree } from './runsTree';
import type { RunsModel } from '../editor/runsModel';
import { homeFolders } from '../editor/homeFolder';
import { stopRecording, stopRun } from '../editor/stopRun';
import { askForTrace } from '../runs/asking';
import type { InsertedCalls } from '../editor/insertedCalls';
import { copyProfilingCommand, profilePredict, requireTrust, type ProfileContext } from './profileCommands';
import type { SiteCommands } from './siteCommands';
import type { TargetContext } from './targetCommands';

export interface CommandContext extends ProfileContext, TargetContext {
  inserted: InsertedCalls;
  runs: RunsModel;
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
  on(commands.chooseProgram, (argument) => profilePredict(context, argument, true));
  on(commands.captureNow, async (argument) => {
    const run = liveRun(context, argument);
    if (!run) return;
    await askForTrace(run.directory);
    vscode.window.setStatusBarMessage(
      vscode.l10n.t('$(record) The next calls of {0} will be traced.', titleOf(run)),
      4000,
    );
  });
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
          titleOf(run),
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
  on(commands.renameRun, async (argument) => {
    const run = runOf(context, argument);
    if (run) await (await import('./runCommands')).renameRun(context.runs, run);
  });
  on(commands.pinRun, (argument) => pin(context, argument, true));
  on(commands.unpinRun, (argument) => pin(context, argument, false));
  on(commands.compareRuns, async (argument) => {
    const { chooseAndCompare } = await import('./compareView');
    await chooseAndCompare(context.runs, argument === undefined ? undefined : runOf(context, argument));
  });
  on(commands.exportReport, async (argument) => {
    const run = runOf(context, argument);
    if (!run) throw noRun();
    await (await import('./runCommands')).exportReport(context.extensionPath, run);
  });
  on(commands.doctor, async (argument) => {
    const { checkEnvironment } = await import('./doctorReport');
    // Asked here: this bundle knows the folder that stands in where none is open.
    await checkEnvironment({ ...context, home: () => homeFolders()[0] }, argument);
  });
  on(commands.selectTarget, async () => {
    requireTrust();
    await (await import('./targetCommands')).selectTarget(context);
  });
  on(commands.openContainerCode, async () => {
    requireTrust();
    await (await import('./targetCommands')).openContainerCode(context);
  });
  onSites(context, on, owned);
  return owned;
}

/** What is done with a call rather than with a run; the code is loaded when first needed. */
function onSites(
  context: CommandContext,
  on: (id: CommandId, run: (...args: unknown[]) => unknown) => void,
  owned: Disposables,
): void {
  let loaded: Promise<SiteCommands> | undefined;
  const names = [
    'siteMenu',
    'insertCalls',
    'insertPlainCalls',
    'removeCalls',
    'dismissSite',
    'treatAsPredict',
    'whyPredict',
  ] as const;
  for (const name of names) {
    on(commands[name], async (argument) => {
      loaded ??= import('./siteCommands').then(({ SiteCommands }) => owned.add(new SiteCommands(context)));
      await (await loaded)[name](argument);
    });
  }
}

async function guarded(context: CommandContext, run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    const known = isUserError(error);
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
  if (!run) throw noRun();
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

function noRun(): UserError {
  return new UserError(vscode.l10n.t('There is no run yet.'), {
    fix: vscode.l10n.t('Use “Predictscope: Profile predict” first.'),
  });
}

async function pin(context: CommandContext, argument: unknown, pinned: boolean): Promise<void> {
  const run = runOf(context, argument);
  if (run) await context.runs.note(run.name, { pinned });
}

async function deleteRun(context: CommandContext, argument: unknown): Promise<void> {
  const run = runOf(context, argument);
  if (!run || run.live) return;
  const yes = vscode.l10n.t('Delete');
  const picked = await vscode.window.showWarningMessage(
    vscode.l10n.t('Delete this run of {0}?', titleOf(run)),
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
