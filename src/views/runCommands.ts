/** What is done with an ended run: naming, keeping, comparing, reporting. */
import path from 'node:path';
import * as vscode from 'vscode';
import { UserError } from '../common/problem';
import { askCommandLineText } from '../editor/askCommandLine';
import type { RunsModel } from '../editor/runsModel';
import type { Run } from '../insight/runStore';
import { runTitle, titleOf } from '../insight/runTitle';

/** Asks for a name; an empty one gives the run its own back. */
export async function renameRun(runs: RunsModel, run: Run): Promise<void> {
  const title = await vscode.window.showInputBox({
    title: vscode.l10n.t('Name of the run'),
    value: titleOf(run),
    prompt: vscode.l10n.t('Empty: {0}', runTitle(run.summary)),
  });
  if (title === undefined) return;
  await runs.note(run.name, { title: title.trim() });
}

/** Saves a report where the user says: one page, Markdown or JSON by its ending. */
export async function exportReport(extensionPath: string, run: Run): Promise<void> {
  if (run.live)
    throw new UserError(vscode.l10n.t('The run still goes on.'), {
      fix: vscode.l10n.t('Save its report when it has ended.'),
    });
  const withPaths: vscode.QuickPickItem = {
    label: vscode.l10n.t('$(file-code) With paths and arguments'),
    detail: vscode.l10n.t('For yourself and those who work on the same machine'),
  };
  const without: vscode.QuickPickItem = {
    label: vscode.l10n.t('$(eye-closed) Without'),
    detail: vscode.l10n.t('No absolute path, no argument of the program: to be shown to others'),
  };
  const picked = await vscode.window.showQuickPick([withPaths, without], {
    title: vscode.l10n.t('Report of {0}', titleOf(run)),
  });
  if (!picked) return;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(path.dirname(run.directory));
  const name = titleOf(run).replace(/[^\w.-]+/g, '-');
  const target = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.joinPath(folder, `predictscope-${name}.html`),
    filters: { [vscode.l10n.t('Page')]: ['html'], Markdown: ['md'], JSON: ['json'] },
  });
  if (!target) return;
  await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t('Writing the report of {0}', titleOf(run)),
      cancellable: true,
    },
    async (_, token) => {
      await askCommandLineText(
        extensionPath,
        [
          'report',
          run.directory,
          '--output',
          target.fsPath,
          ...(picked === without ? ['--without-paths'] : []),
        ],
        token,
      );
    },
  );
  const open = vscode.l10n.t('Open');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('The report is in {0}.', path.basename(target.fsPath)),
    open,
  );
  if (answer !== open) return;
  if (target.fsPath.endsWith('.html')) await vscode.env.openExternal(target);
  else await vscode.window.showTextDocument(target);
}
