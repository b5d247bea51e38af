import { randomUUID } from 'node:crypto';
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import type { Log } from '../common/log';
import { UserError, errorText, isUserError } from '../common/problem';
import type { DoctorStrings, FromDoctor, ToDoctor } from '../common/protocol';
import type { Launcher } from '../editor/launcher';
import { logDirectory } from '../editor/logDirectory';
import { kindName, type ChosenTarget, type TargetChooser } from '../editor/targetChooser';
import { activationEnvironment } from '../launch/interpreter';
import { devcontainerFiles, insertDevcontainerLine } from './devcontainerEdit';
import { runDoctor, type DoctorAnswer } from './doctorRun';
import { requireTrust } from './profileCommands';

interface DoctorContext {
  extensionPath: string;
  launcher: Launcher;
  targets: TargetChooser;
  log: Log;
  /** The first folder of the window, or what stands in for it. */
  home: () => vscode.WorkspaceFolder | undefined;
}

/** Examines the place where programs run and shows what was found. `argument`: another place, as `--target` takes it. */
export async function checkEnvironment(context: DoctorContext, argument: unknown): Promise<void> {
  requireTrust();
  const { current } = context.targets;
  const named = typeof argument === 'string' && argument !== current.id ? argument : undefined;
  await check(context, named === undefined ? current : { id: named, kind: 'local', label: named });
}

async function check(context: DoctorContext, place: ChosenTarget): Promise<void> {
  const folder = await folderToCheck(context);
  const answer = await examineWithProgress(context, folder, place);
  if (answer) await DoctorPanel.show(context, answer, place);
}

/** Containers can be examined without a folder too. undefined: none was picked of several. */
async function folderToCheck({ home }: DoctorContext): Promise<vscode.WorkspaceFolder | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const active = vscode.window.activeTextEditor?.document.uri;
  const own = active && vscode.workspace.getWorkspaceFolder(active);
  if (own || folders.length < 2) return own ?? home();
  return vscode.window.showWorkspaceFolderPick();
}

/** undefined: the user gave up. */
async function examineWithProgress(
  { extensionPath, launcher, targets, log }: DoctorContext,
  folder: vscode.WorkspaceFolder | undefined,
  place: ChosenTarget,
): Promise<DoctorAnswer | undefined> {
  const python = place.id === 'local' && folder ? (await launcher.interpreter(folder)).path : undefined;
  const environment = python === undefined ? {} : await activationEnvironment(python, process.env);
  const title = vscode.l10n.t('Checking the profiling environment of {0}', placeName(place));
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (progress, token) => {
      const cancel = new AbortController();
      token.onCancellationRequested(() => {
        cancel.abort();
      });
      try {
        return await runDoctor({
          extensionPath,
          options: [...targets.options(place), ...(folder ? ['--log-dir', logDirectory(folder)] : [])],
          words: place.prefix ?? (python === undefined ? [] : [python]),
          cwd: await startFolder(folder),
          environment,
          signal: cancel.signal,
          onStep: (message) => {
            progress.report({ message });
          },
        });
      } catch (error) {
        if (cancel.signal.aborted) return undefined;
        log.error(`predictscope doctor, ${place.id}: ${errorText(error)}`);
        throw error;
      }
    },
  );
}

async function startFolder(folder: vscode.WorkspaceFolder | undefined): Promise<string> {
  if (!folder) return homedir();
  await vscode.workspace.fs.createDirectory(folder.uri); // the one that stands in may not be there yet
  return folder.uri.fsPath;
}

function placeName({ id, kind, label }: ChosenTarget): string {
  return id !== 'local' && kind === 'local' ? label : kindName(kind, label);
}

function extension(): vscode.Extension<unknown> {
  const found = vscode.extensions.getExtension('predictscope.predictscope');
  if (!found) throw new UserError(vscode.l10n.t('Predictscope was removed from this window.'));
  return found;
}

/** The report's panel: one, which the next examination writes anew. */
class DoctorPanel {
  static #current: DoctorPanel | undefined;
  #canInsert = false;

  private constructor(
    private readonly panel: vscode.WebviewPanel,
    private context: DoctorContext,
    private answer: DoctorAnswer,
    private place: ChosenTarget,
  ) {
    panel.webview.onDidReceiveMessage((message: FromDoctor) => void this.#receive(message));
    panel.onDidDispose(() => (DoctorPanel.#current = undefined));
    panel.webview.html = reportHtml(panel.webview);
  }

  static async show(context: DoctorContext, answer: DoctorAnswer, place: ChosenTarget): Promise<void> {
    const shown = DoctorPanel.#current;
    if (shown) {
      shown.context = context;
      shown.answer = answer;
      shown.place = place;
      shown.panel.reveal();
      await shown.#send();
      return;
    }
    const panel = vscode.window.createWebviewPanel(
      'predictscope.doctor',
      vscode.l10n.t('Profiling Environment'),
      vscode.ViewColumn.Active,
      { enableScripts: true, localResourceRoots: [webviewRoot()] },
    );
    DoctorPanel.#current = new DoctorPanel(panel, context, answer, place);
  }

  async #receive(message: FromDoctor): Promise<void> {
    try {
      await this.#answer(message);
    } catch (error) {
      this.context.log.error(errorText(error));
      const fix = isUserError(error) ? error.fix : undefined;
      void vscode.window.showErrorMessage([errorText(error), fix].filter(Boolean).join(' '));
    }
  }

  async #answer(message: FromDoctor): Promise<void> {
    if (message.type === 'ready') return this.#send();
    if (message.type === 'again') return check(this.context, this.place);
    const fix = this.answer.findings[message.finding]?.fix;
    if (message.type === 'insert') {
      if (fix?.devcontainer) await insertDevcontainerLine(fix.devcontainer);
      return;
    }
    const text = message.what === 'command' ? fix?.command : fix?.devcontainer?.snippet;
    if (text) await vscode.env.clipboard.writeText(text);
  }

  async #send(): Promise<void> {
    this.#canInsert = (await devcontainerFiles()).length > 0;
    const { target, findings } = this.answer;
    const message: ToDoctor = {
      type: 'report',
      target,
      findings,
      canInsert: this.#canInsert,
      strings: strings(placeName(this.place)),
    };
    await this.panel.webview.postMessage(message);
  }
}

function strings(place: string): DoctorStrings {
  return {
    heading: vscode.l10n.t('Profiling environment of {0}', place),
    groups: {
      problem: vscode.l10n.t('Problems'),
      warning: vscode.l10n.t('Warnings'),
      note: vscode.l10n.t('Notes'),
      unknown: vscode.l10n.t('Not known'),
      ok: vscode.l10n.t('All right'),
    },
    copyCommand: vscode.l10n.t('Copy command'),
    copied: vscode.l10n.t('Copied'),
    copyLine: vscode.l10n.t('Copy line'),
    insert: vscode.l10n.t('Insert into devcontainer.json'),
    insertLabel: vscode.l10n.t('Insert into devcontainer.json; the file is shown and not saved'),
    again: vscode.l10n.t('Check Again'),
  };
}

function webviewRoot(): vscode.Uri {
  return vscode.Uri.joinPath(extension().extensionUri, 'dist', 'webview');
}

function reportHtml(webview: vscode.Webview): string {
  // The toolkit tries out one style element and takes its nonce from `csp-nonce`.
  const nonce = randomUUID();
  const uri = (name: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(webviewRoot(), name)).toString();
  return `<!DOCTYPE html>
<html lang="${vscode.env.language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'nonce-${nonce}'; style-src ${webview.cspSource} 'nonce-${nonce}';">
<meta property="csp-nonce" content="${nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${uri('doctor.css')}">
<title>${vscode.l10n.t('Profiling Environment')}</title>
</head>
<body>
<main id="app"></main>
<script nonce="${nonce}" src="${uri('doctor.js')}"></script>
</body>
</html>`;
}
