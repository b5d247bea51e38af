import path from 'node:path';
import * as vscode from 'vscode';
import { commands } from '../common/ids';
import { Disposables, type Disposable } from '../common/disposables';
import { changes, setting } from '../common/vscode';
import type { SiteArgument } from '../launch/chooseSites';
import { isConfidentPredict, type Site } from '../sites/site';
import type { RunsModel } from './runsModel';
import type { SiteCache } from './siteCache';
import { lensFigures } from './siteText';

const lensSettings = ['codeLens', 'sites.include', 'sites.exclude'] as const;

/** “Profile predict” on each predict call, and beside it the figures of the newest run that called it. */
export class PredictCodeLensProvider implements vscode.CodeLensProvider, Disposable {
  readonly #owned = new Disposables();
  readonly #changed = this.#owned.add(new vscode.EventEmitter<void>());
  readonly onDidChangeCodeLenses = this.#changed.event;

  constructor(
    private readonly cache: SiteCache,
    private readonly runs: RunsModel,
  ) {
    this.#owned.add(runs.onDidChange(() => this.#changed.fire()));
    this.#owned.add(vscode.workspace.onDidGrantWorkspaceTrust(() => this.#changed.fire()));
    this.#owned.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (lensSettings.some((key) => changes(event, key))) this.#changed.fire();
      }),
    );
  }

  async provideCodeLenses(
    document: vscode.TextDocument,
    token: vscode.CancellationToken,
  ): Promise<vscode.CodeLens[]> {
    const mode = setting('codeLens', document);
    // Nothing can be run in an untrusted workspace, so nothing is offered there.
    if (mode === 'off' || !vscode.workspace.isTrusted || !(await isSearched(document))) return [];
    const sites = await this.cache.sites(document);
    if (token.isCancellationRequested) return [];
    return sites
      .filter(
        (site) =>
          isConfidentPredict(site) || (mode === 'all' && site.kind !== 'symbolic' && site.kind !== 'non-dl'),
      )
      .flatMap((site) => this.#lenses(document, site));
  }

  #lenses(document: vscode.TextDocument, site: Site): vscode.CodeLens[] {
    const range = siteRange(site);
    const argument: SiteArgument = { file: document.uri.fsPath, line: site.line, column: site.column };
    const lenses = [
      new vscode.CodeLens(range, {
        title: vscode.l10n.t('$(flame)\u00a0Profile predict'),
        tooltip: site.reason,
        command: commands.profilePredict,
        arguments: [argument],
      }),
    ];
    const found = this.runs.figures(document.uri.fsPath, site.id);
    if (found) {
      lenses.push(
        new vscode.CodeLens(range, {
          title: `${found.run.live ? '$(sync~spin)\u00a0' : ''}${lensFigures(found.site)}`,
          tooltip: found.run.live
            ? vscode.l10n.t('Running; show it in the Runs view')
            : vscode.l10n.t('Open the timeline of this run'),
          command: found.run.live ? commands.showRun : commands.openTimeline,
          arguments: [found.run.name],
        }),
      );
    }
    return lenses;
  }

  dispose(): void {
    this.#owned.dispose();
  }
}

/** True for the files of the settings `sites.include` and `sites.exclude`. */
async function isSearched(document: vscode.TextDocument): Promise<boolean> {
  const folder = vscode.workspace.getWorkspaceFolder(document.uri);
  if (!folder) return true;
  const { pathFilter } = await import('../sites/filter');
  const filter = pathFilter(setting('sites.include', folder), setting('sites.exclude', folder));
  return filter(path.relative(folder.uri.fsPath, document.uri.fsPath));
}

export function siteRange(site: Site): vscode.Range {
  return new vscode.Range(site.line - 1, site.column - 1, site.endLine - 1, site.endColumn - 1);
}
