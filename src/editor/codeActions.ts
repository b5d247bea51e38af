import * as vscode from 'vscode';
import { codeCopy } from '../common/codeCopy';
import { commands, type CommandId } from '../common/ids';
import { isConfidentPredict, type Site } from '../sites/site';
import { isSearched, notebookOf } from './documents';
import type { InsertedCalls } from './insertedCalls';
import type { MarkedSites } from './markedSites';
import { callAt, innermost, referenceTo } from './siteReference';

const rewrite = vscode.CodeActionKind.RefactorRewrite.append('predictscope');
const mark = vscode.CodeActionKind.Refactor.append('predictscope');

/** The source edit, and what the user may say about a call, where the cursor is. */
export class SiteCodeActions implements vscode.CodeActionProvider {
  static readonly kinds = [rewrite, mark];

  constructor(
    private readonly marked: MarkedSites,
    private readonly inserted: InsertedCalls,
  ) {}

  async provideCodeActions(
    document: vscode.TextDocument,
    range: vscode.Range,
    context: vscode.CodeActionContext,
    token: vscode.CancellationToken,
  ): Promise<vscode.CodeAction[]> {
    if (!(await isSearched(document))) return [];
    const sites = await this.marked.sites(document);
    if (token.isCancellationRequested) return [];
    const site = innermost(sites, range.start);
    // No light bulb on every call of every file: elsewhere than on a site only when asked for.
    const asked = context.triggerKind === vscode.CodeActionTriggerKind.Invoke;
    if (!site && !asked) return [];
    const around = await this.inserted.around(document, sites);
    const actions = site ? this.#onSite(document, site, around) : [];
    if (asked) {
      if (!codeCopy(document.uri.fsPath)) actions.push(...this.#onFile(document, sites, around));
      const call = site ?? callAt(await this.marked.calls(document), range.start);
      if (call && !isConfidentPredict(call)) {
        actions.push(
          action(
            mark,
            vscode.l10n.t('Treat {0} as predict call', call.callee),
            commands.treatAsPredict,
            referenceTo(document, call),
          ),
        );
      }
    }
    return actions;
  }

  #onSite(document: vscode.TextDocument, site: Site, around: ReadonlySet<string>): vscode.CodeAction[] {
    const argument = referenceTo(document, site);
    const edits = codeCopy(document.uri.fsPath)
      ? [] // what is written into a copy runs nowhere
      : around.has(site.id)
        ? [
            action(
              rewrite,
              vscode.l10n.t('Remove profiler calls around {0}', site.callee),
              commands.removeCalls,
              argument,
            ),
          ]
        : [
            action(
              rewrite,
              vscode.l10n.t('Insert profiler calls around {0}', site.callee),
              commands.insertCalls,
              argument,
            ),
            action(
              rewrite,
              vscode.l10n.t('Insert profiler calls around {0} as try/finally', site.callee),
              commands.insertPlainCalls,
              argument,
            ),
          ];
    if (!isConfidentPredict(site)) return edits;
    return [
      ...edits,
      action(mark, vscode.l10n.t('{0} is not a predict call', site.callee), commands.dismissSite, argument),
    ];
  }

  #onFile(
    document: vscode.TextDocument,
    sites: readonly Site[],
    around: ReadonlySet<string>,
  ): vscode.CodeAction[] {
    const argument = { whole: document.uri.toString() };
    const notebook = notebookOf(document);
    const actions: vscode.CodeAction[] = [];
    if (notebook || sites.filter((site) => isConfidentPredict(site) && !around.has(site.id)).length > 1) {
      const title = notebook
        ? vscode.l10n.t('Insert profiler calls around every predict call of the notebook')
        : vscode.l10n.t('Insert profiler calls around every predict call of the file');
      actions.push(action(rewrite, title, commands.insertCalls, argument));
    }
    const documents = notebook?.getCells().map((cell) => cell.document) ?? [document];
    if (documents.some((each) => this.inserted.mayHold(each))) {
      const title = notebook
        ? vscode.l10n.t('Remove all profiler calls of the notebook')
        : vscode.l10n.t('Remove all profiler calls of the file');
      actions.push(action(rewrite, title, commands.removeCalls, argument));
    }
    return actions;
  }
}

function action(
  kind: vscode.CodeActionKind,
  title: string,
  command: CommandId,
  argument: object,
): vscode.CodeAction {
  const made = new vscode.CodeAction(title, kind);
  made.command = { title, command, arguments: [argument] };
  return made;
}
