import * as vscode from 'vscode';
import { contextKeys, taskType, views } from './common/ids';
import { SiteCodeActions } from './editor/codeActions';
import { PredictCodeLensProvider } from './editor/codeLens';
import { keepCopiesReadOnly } from './editor/codeCopies';
import { sourceSelector } from './editor/documents';
import { registerCommands } from './views/commands';
import { useStorage } from './editor/homeFolder';
import { TimingHoverProvider } from './editor/hover';
import { InsertedCalls } from './editor/insertedCalls';
import { Launcher } from './editor/launcher';
import { LazyLines } from './editor/lazyLines';
import { MarkedSites } from './editor/markedSites';
import { ProgramChooser } from './editor/programChooser';
import { RunProgress } from './editor/runProgress';
import { RunsModel } from './editor/runsModel';
import { SiteCache } from './editor/siteCache';
import { ProfileTaskProvider } from './editor/taskProvider';
import { TargetChooser } from './editor/targetChooser';
import { TrainingOffer } from './editor/trainingOffer';
import { RunsTree } from './views/runsTree';
import { TimelineEditorProvider } from './views/timelineEditor';

/** Builds the rooms and connects them; no logic. */
export function activate(context: vscode.ExtensionContext): void {
  const begin = performance.now();
  const log = vscode.window.createOutputChannel('Predictscope', { log: true });
  // A key of our own: VS Code sets its isWorkspaceTrusted late, or not at all where trust is switched off.
  const showTrust = (): void =>
    void vscode.commands.executeCommand('setContext', contextKeys.untrusted, !vscode.workspace.isTrusted);
  showTrust();
  const cache = new SiteCache(context.extensionPath);
  const marked = new MarkedSites(cache);
  const inserted = new InsertedCalls(context.extensionPath);
  useStorage(context.globalStorageUri);
  const runs = new RunsModel(context.extensionPath, log);
  const targets = new TargetChooser(context.extensionPath, context.workspaceState);
  const chooser = new ProgramChooser(context.workspaceState, targets);
  const launcher = new Launcher(context.extensionPath, chooser, targets, cache.finder, log);
  const tree = new RunsTree(runs);
  const view = vscode.window.createTreeView(views.runs, { treeDataProvider: tree });
  const lines = new LazyLines(runs);
  const offer = new TrainingOffer(context.workspaceState);
  const lenses = new PredictCodeLensProvider(marked, inserted, runs, offer.consider);
  const actions = new SiteCodeActions(marked, inserted);
  context.subscriptions.push(
    log,
    cache,
    runs,
    tree,
    view,
    lenses,
    lines,
    targets,
    keepCopiesReadOnly(),
    new RunProgress(runs),
    vscode.workspace.onDidGrantWorkspaceTrust(showTrust),
    chooser.watchTerminals(),
    vscode.languages.registerCodeLensProvider(sourceSelector, lenses),
    vscode.languages.registerHoverProvider(sourceSelector, new TimingHoverProvider(marked, runs, lines)),
    vscode.languages.registerCodeActionsProvider(sourceSelector, actions, {
      providedCodeActionKinds: SiteCodeActions.kinds,
    }),
    vscode.tasks.registerTaskProvider(taskType, new ProfileTaskProvider(launcher, chooser)),
    TimelineEditorProvider.register(context, log),
    registerCommands({
      extensionPath: context.extensionPath,
      launcher,
      targets,
      chooser,
      runs,
      cache,
      marked,
      inserted,
      tree,
      view,
      log,
    }),
  );
  log.info(`Activated in ${(performance.now() - begin).toFixed(1)} ms`);
}
