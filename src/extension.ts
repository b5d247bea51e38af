import * as vscode from 'vscode';
import { contextKeys, taskType, views } from './common/ids';
import { PredictCodeLensProvider } from './editor/codeLens';
import { registerCommands } from './views/commands';
import { TimingHoverProvider } from './editor/hover';
import { Launcher } from './editor/launcher';
import { ProgramChooser } from './editor/programChooser';
import { RunProgress } from './editor/runProgress';
import { RunsModel } from './editor/runsModel';
import { SiteCache } from './editor/siteCache';
import { ProfileTaskProvider } from './editor/taskProvider';
import { RunsTree } from './views/runsTree';
import { TimelineEditorProvider } from './views/timelineEditor';

const python: vscode.DocumentSelector = { language: 'python', scheme: 'file' };

/** Builds the rooms and connects them; no logic. */
export function activate(context: vscode.ExtensionContext): void {
  const begin = performance.now();
  const log = vscode.window.createOutputChannel('Predictscope', { log: true });
  // A key of our own: VS Code sets its isWorkspaceTrusted late, or not at all where trust is switched off.
  const showTrust = (): void =>
    void vscode.commands.executeCommand('setContext', contextKeys.untrusted, !vscode.workspace.isTrusted);
  showTrust();
  const cache = new SiteCache(context.extensionPath);
  const runs = new RunsModel(context.extensionPath, log);
  const chooser = new ProgramChooser(context.workspaceState);
  const launcher = new Launcher(context.extensionPath, chooser, cache.finder, log);
  const tree = new RunsTree(runs);
  const view = vscode.window.createTreeView(views.runs, { treeDataProvider: tree });
  const lenses = new PredictCodeLensProvider(cache, runs);
  context.subscriptions.push(
    log,
    runs,
    tree,
    view,
    lenses,
    new RunProgress(runs),
    vscode.workspace.onDidGrantWorkspaceTrust(showTrust),
    chooser.watchTerminals(),
    vscode.languages.registerCodeLensProvider(python, lenses),
    vscode.languages.registerHoverProvider(python, new TimingHoverProvider(cache, runs)),
    vscode.tasks.registerTaskProvider(taskType, new ProfileTaskProvider(launcher, chooser)),
    TimelineEditorProvider.register(context, log),
    registerCommands({ launcher, runs, cache, tree, view, log }),
  );
  log.info(`Activated in ${(performance.now() - begin).toFixed(1)} ms`);
}
