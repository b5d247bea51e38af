import * as vscode from 'vscode';
import { commands } from '../common/ids';
import { UserError } from '../common/problem';
import { lineName } from '../editor/documents';
import type { MarkedSites } from '../editor/markedSites';
import { locate, referenceTo, type LocatedSite } from '../editor/siteReference';
import { isConfidentPredict, type Site } from '../sites/site';

/** “Not a predict call”: the lens goes, and the call is not timed any more. */
export async function dismissSite(marked: MarkedSites, argument: unknown): Promise<void> {
  const { document, site } = await located(marked, argument);
  const undo = await marked.dismiss(document, site);
  await offerUndo(
    vscode.l10n.t(
      '{0} ({1}) is no predict call from now on.',
      shortName(site),
      lineName(document, site.line),
    ),
    undo,
  );
}

/** “Treat as predict call”, for aliases and wrappers that the source says too little about. */
export async function treatAsPredict(marked: MarkedSites, argument: unknown): Promise<void> {
  const { document, site } = await located(marked, argument);
  const where = lineName(document, site.line);
  if (isConfidentPredict(site) && !marked.isDismissed(document, site.id)) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('{0} ({1}) is taken for a predict call already.', shortName(site), where),
    );
    return;
  }
  const undo = await marked.add(document, site);
  await offerUndo(vscode.l10n.t('{0} ({1}) is a predict call from now on.', shortName(site), where), undo);
}

/** Why a call has a lens, or has none. */
export async function whyPredict(marked: MarkedSites, argument: unknown): Promise<void> {
  const { document, site } = await located(marked, argument);
  const where = lineName(document, site.line);
  const found = await marked.unmarked(document, site.id);
  const isOne = isConfidentPredict(site) && !marked.isDismissed(document, site.id);
  const answer = isOne
    ? vscode.l10n.t('{0} ({1}) is a predict call. {2}', shortName(site), where, site.reason)
    : found
      ? vscode.l10n.t('{0} ({1}) is not taken for a predict call. {2}', shortName(site), where, found.reason)
      : vscode.l10n.t(
          '{0} ({1}) is not taken for a predict call: the source does not say that it runs a model.',
          shortName(site),
          where,
        );
  const change = isOne ? vscode.l10n.t('Not a Predict Call') : vscode.l10n.t('Treat as Predict Call');
  if ((await vscode.window.showInformationMessage(answer, change)) !== change) return;
  const command = isOne ? commands.dismissSite : commands.treatAsPredict;
  await vscode.commands.executeCommand(command, referenceTo(document, site));
}

async function located(marked: MarkedSites, argument: unknown): Promise<LocatedSite> {
  const found = await locate(marked, argument);
  if (found) return found;
  throw new UserError(vscode.l10n.t('There is no call at the cursor.'), {
    fix: vscode.l10n.t('Put it on the name of the call.'),
  });
}

async function offerUndo(message: string, undo: () => Promise<void>): Promise<void> {
  const label = vscode.l10n.t('Undo');
  if ((await vscode.window.showInformationMessage(message, label)) === label) await undo();
}

/** A callee may be any expression. */
export function shortName({ callee }: Site): string {
  return callee.length > 40 ? `${callee.slice(0, 39)}…` : callee;
}
