import * as vscode from 'vscode';
import { codeCopy } from '../common/codeCopy';
import { commands, type CommandId } from '../common/ids';
import { UserError } from '../common/problem';
import { hasLiveKernel, isScript, lineName, notebookOf } from '../editor/documents';
import type { InsertedCalls } from '../editor/insertedCalls';
import type { MarkedSites } from '../editor/markedSites';
import { locate, referenceTo } from '../editor/siteReference';
import { lensTitle } from '../editor/siteText';
import { isConfidentPredict } from '../sites/site';
import { shortName } from './markCommands';

interface Item extends vscode.QuickPickItem {
  command?: CommandId;
}

/** The “…” of a lens: all that can be done with one call. */
export async function siteMenu(
  marked: MarkedSites,
  inserted: InsertedCalls,
  argument: unknown,
): Promise<void> {
  const found = await locate(marked, argument);
  if (!found) {
    throw new UserError(vscode.l10n.t('There is no call at the cursor.'), {
      fix: vscode.l10n.t('Put it on the name of the call.'),
    });
  }
  const { document, site } = found;
  const notebook = notebookOf(document);
  const item = (icon: string, label: string, command: CommandId, detail?: string): Item => ({
    label: `$(${icon}) ${label}`,
    command,
    ...(detail ? { description: detail } : {}),
  });
  const group = (label: string): Item => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const items: Item[] = [];
  const canRun = vscode.workspace.isTrusted && !isScript(document) && !(notebook && hasLiveKernel(notebook));
  if (canRun) {
    items.push(
      group(vscode.l10n.t('run')),
      item(
        'flame',
        lensTitle(site),
        commands.profilePredict,
        notebook ? vscode.l10n.t('runs the cells up to this one, without the kernel') : undefined,
      ),
    );
    if (!notebook) {
      items.push(item('terminal', vscode.l10n.t('Profile with another program…'), commands.chooseProgram));
    }
  }
  // What is written into a copy of a container's code runs nowhere.
  if (!codeCopy(document.uri.fsPath)) {
    const there = (await inserted.around(document, [site])).size > 0;
    items.push(group(vscode.l10n.t('source')), ...(there ? [removal] : insertions).map((make) => make(item)));
  }
  const isOne = isConfidentPredict(site) && !marked.isDismissed(document, site.id);
  items.push(
    group(vscode.l10n.t('this call')),
    isOne
      ? item('circle-slash', vscode.l10n.t('Not a predict call'), commands.dismissSite)
      : item('check', vscode.l10n.t('Treat as predict call'), commands.treatAsPredict),
    item('question', vscode.l10n.t('Why is this a predict call?'), commands.whyPredict),
  );
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('{0} ({1})', shortName(site), lineName(document, site.line)),
    placeHolder: vscode.l10n.t('What to do with this call'),
  });
  if (picked?.command) {
    await vscode.commands.executeCommand(picked.command, referenceTo(document, site));
  }
}

type Make = (item: (icon: string, label: string, command: CommandId, detail?: string) => Item) => Item;

const removal: Make = (item) => item('discard', vscode.l10n.t('Remove profiler calls'), commands.removeCalls);

const insertions: readonly Make[] = [
  (item) =>
    item(
      'edit',
      vscode.l10n.t('Insert profiler calls'),
      commands.insertCalls,
      vscode.l10n.t('the program then runs anywhere, without VS Code'),
    ),
  (item) =>
    item(
      'list-flat',
      vscode.l10n.t('Insert as plain try/finally'),
      commands.insertPlainCalls,
      vscode.l10n.t('the framework’s own start and stop'),
    ),
];
