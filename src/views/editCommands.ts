import path from 'node:path';
import * as vscode from 'vscode';
import { codeCopy } from '../common/codeCopy';
import { commands } from '../common/ids';
import { UserError } from '../common/problem';
import { fileUri, isSource, lineName, notebookOf } from '../editor/documents';
import { linesOf, type InsertedCalls } from '../editor/insertedCalls';
import type { MarkedSites } from '../editor/markedSites';
import { innermost, isSiteReference, locate, type LocatedSite } from '../editor/siteReference';
import { insertedLogDirectory, type Inserted, type Removed, type SourceEdits } from '../editor/sourceEdits';
import type { InsertForm } from '../instrument/instrument';
import { isConfidentPredict, type Site } from '../sites/site';
import type { Comparison } from './comparison';
import { shortName } from './markCommands';

export interface EditContext {
  marked: MarkedSites;
  inserted: InsertedCalls;
  edits: SourceEdits;
  comparison: Comparison;
}

/** All predict calls of a file, or of all cells of a notebook; what code actions hand to the commands. */
export interface WholeFile {
  whole: string;
}

/** Profiler calls around one call, or around every predict call of the file. */
export async function insertCalls(context: EditContext, argument: unknown, form: InsertForm): Promise<void> {
  const { marked, edits } = context;
  const one = await oneSite(context, argument);
  const documents = one ? [one.document] : await documentsOf(argument);
  if (documents.some(({ uri }) => codeCopy(uri.fsPath))) {
    throw new UserError(
      vscode.l10n.t('This is a copy of what the container has: calls in it would not run.'),
      {
        fix: vscode.l10n.t('Use “Profile predict”, which needs no change of the source.'),
      },
    );
  }
  const sites = async (document: vscode.TextDocument): Promise<Site[]> =>
    one
      ? (await marked.calls(document)).filter(({ id }) => id === one.site.id)
      : (await marked.sites(document)).filter(isConfidentPredict);
  const result = await edits.insert(documents, sites, form);
  if (result.inserted.length + result.refused.length === 0) {
    throw new UserError(vscode.l10n.t('There is no predict call in {0}.', nameOf(documents)), {
      fix: vscode.l10n.t('Put the cursor on a call to have profiler calls around that one.'),
    });
  }
  await tellInserted(context, result, form);
}

/** The call that was clicked, or that the cursor is in; undefined for the whole file. */
async function oneSite({ marked }: EditContext, argument: unknown): Promise<LocatedSite | undefined> {
  if (isWholeFile(argument)) return undefined;
  if (isSiteReference(argument)) return locate(marked, argument);
  const editor = vscode.window.activeTextEditor;
  if (!editor || !isSource(editor.document)) return undefined;
  const site = innermost(await marked.sites(editor.document), editor.selection.active);
  return site && { document: editor.document, site };
}

function isWholeFile(argument: unknown): argument is WholeFile {
  return typeof argument === 'object' && argument !== null && 'whole' in argument;
}

/** The file, or every Python cell of the notebook. */
async function documentsOf(argument: unknown): Promise<vscode.TextDocument[]> {
  const document = isWholeFile(argument)
    ? await vscode.workspace.openTextDocument(vscode.Uri.parse(argument.whole))
    : vscode.window.activeTextEditor?.document;
  if (!document || !isSource(document)) {
    throw new UserError(vscode.l10n.t('Open the file with the predict call first.'));
  }
  const notebook = notebookOf(document);
  if (!notebook) return [document];
  return notebook
    .getCells()
    .filter((cell) => cell.kind === vscode.NotebookCellKind.Code && isSource(cell.document))
    .map((cell) => cell.document);
}

async function tellInserted(
  { marked }: EditContext,
  { inserted, refused }: Inserted,
  form: InsertForm,
): Promise<void> {
  const [first] = inserted;
  if (first && refused.length === 0) {
    const where = vscode.workspace.asRelativePath(insertedLogDirectory(first.document));
    void vscode.window.showInformationMessage(
      inserted.length === 1
        ? vscode.l10n.t(
            'Profiler calls are around {0}. Runs of this program write to {1}.',
            shortName(first.site),
            where,
          )
        : vscode.l10n.t(
            'Profiler calls are around {0} predict calls. Runs of this program write to {1}.',
            inserted.length,
            where,
          ),
    );
    return;
  }
  const reasons: string[] = [];
  for (const { document, site, reason } of refused) {
    // What was inserted above it has moved it.
    const now = (await marked.calls(document)).find(({ id }) => id === site.id) ?? site;
    reasons.push(`${lineName(document, now.line)}: ${sentence(reason)}`);
  }
  const text = [
    ...(first
      ? [
          vscode.l10n.t(
            '{0} of {1} calls have profiler calls now.',
            inserted.length,
            inserted.length + refused.length,
          ),
        ]
      : []),
    ...reasons,
  ].join(' ');
  const other = vscode.l10n.t('Insert as try/finally');
  const [only] = refused;
  // The other form may be able to say what this one cannot.
  const offer = form === 'compact' && refused.length === 1 && only && !isThere(only.reason) ? [other] : [];
  const picked = await vscode.window.showWarningMessage(text, ...offer);
  if (picked !== other || !only) return;
  const { document, site } = only;
  const uri = document.uri.toString();
  const argument = { file: document.uri.fsPath, line: site.line, column: site.column, uri, id: site.id };
  await vscode.commands.executeCommand(commands.insertPlainCalls, argument);
}

const isThere = (reason: string): boolean => reason.includes('already');

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** Takes profiler calls out: those of one call, or all of the file. */
export async function removeCalls(context: EditContext, argument: unknown): Promise<void> {
  const { marked, edits } = context;
  // From the palette it is the whole file: what was inserted is to be gone.
  const one = isSiteReference(argument) ? await locate(marked, argument) : undefined;
  const documents = one ? [one.document] : await documentsOf(argument);
  const lines = one && linesOf(one.site);
  const result = await edits.remove(documents, lines);
  await tellRemoved(context, result, nameOf(documents));
}

/** How long the status bar says what was done. */
const shownMs = 5000;

async function tellRemoved({ comparison }: EditContext, result: Removed, name: string): Promise<void> {
  const { removed, left } = result;
  const [first] = left;
  if (!first) {
    if (removed === 0) {
      void vscode.window.showInformationMessage(vscode.l10n.t('There are no profiler calls in {0}.', name));
      return;
    }
    // The editor shows it; nobody has to close a message about it.
    const done =
      removed === 1
        ? vscode.l10n.t('Profiler calls were taken out of {0}.', name)
        : vscode.l10n.t('Profiler calls were taken out of {0}, in {1} places.', name, removed);
    vscode.window.setStatusBarMessage(`$(check) ${done}`, shownMs);
    return;
  }
  const lines = left.map((each) => `${lineName(each.document, each.line)}: ${each.message}`);
  const show = vscode.l10n.t('Show Difference');
  const picked = await vscode.window.showWarningMessage(
    vscode.l10n.t('Some of the profiler calls were changed by hand and are left. {0}', lines.join(' ')),
    show,
  );
  if (picked === show) await comparison.show(first.document, first.line);
}

function nameOf(documents: readonly vscode.TextDocument[]): string {
  const [first] = documents;
  return first ? path.basename(fileUri(first).fsPath) : '';
}
