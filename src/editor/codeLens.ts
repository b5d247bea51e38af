import * as vscode from 'vscode';
import { commands } from '../common/ids';
import { Disposables, type Disposable } from '../common/disposables';
import { changes, setting } from '../common/vscode';
import type { Site } from '../sites/site';
import { fileUri, hasLiveKernel, isScript, isSearched, notebookOf } from './documents';
import type { InsertedCalls } from './insertedCalls';
import { getsLens } from './lensFilter';
import type { MarkedSites } from './markedSites';
import { figuresOf, type RunsModel } from './runsModel';
import { referenceTo, siteRange, type SiteReference } from './siteReference';
import { changeSuffix, lensFigures, lensTitle } from './siteText';

const lensSettings = [
  'codeLens',
  'trainingLens',
  'sites.include',
  'sites.exclude',
  'sites.dismissed',
  'sites.added',
] as const;

/** Cells tell each other what a call is; after this pause in typing all lenses of a notebook are asked anew. */
const notebookPauseMs = 400;

/** “Profile predict” on each predict call, beside it the figures of the newest run that called it, and a menu. */
export class PredictCodeLensProvider implements vscode.CodeLensProvider, Disposable {
  readonly #owned = new Disposables();
  readonly #changed = this.#owned.add(new vscode.EventEmitter<void>());
  readonly onDidChangeCodeLenses = this.#changed.event;
  #pause: NodeJS.Timeout | undefined;

  constructor(
    private readonly marked: MarkedSites,
    private readonly inserted: InsertedCalls,
    private readonly runs: RunsModel,
    /** Told of each document's sites, for what is offered because of them. */
    private readonly seen: (document: vscode.TextDocument, sites: readonly Site[]) => void,
  ) {
    const fire = (): void => this.#changed.fire();
    this.#owned.add(runs.onDidChange(fire));
    this.#owned.add(marked.onDidLearn(fire));
    this.#owned.add(vscode.workspace.onDidGrantWorkspaceTrust(fire));
    this.#owned.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (lensSettings.some((key) => changes(event, key))) fire();
      }),
    );
    this.#owned.add(
      vscode.workspace.onDidChangeNotebookDocument(() => {
        clearTimeout(this.#pause);
        this.#pause = setTimeout(fire, notebookPauseMs);
      }),
    );
    this.#owned.add({ dispose: () => clearTimeout(this.#pause) });
  }

  async provideCodeLenses(
    document: vscode.TextDocument,
    token: vscode.CancellationToken,
  ): Promise<vscode.CodeLens[]> {
    const scope = fileUri(document);
    const mode = setting('codeLens', scope);
    // Nothing can be run in an untrusted workspace, so nothing is offered there.
    if (mode === 'off' || !vscode.workspace.isTrusted || !(await isSearched(document))) return [];
    const sites = await this.marked.sites(document);
    if (token.isCancellationRequested) return [];
    this.seen(document, sites);
    const shown = sites.filter((site) => getsLens(site, mode, setting('trainingLens', scope)));
    if (shown.length === 0) return [];
    const inserted = await this.inserted.around(document, shown);
    return shown.flatMap((site) => this.#lenses(document, site, inserted));
  }

  #lenses(document: vscode.TextDocument, site: Site, inserted: ReadonlySet<string>): vscode.CodeLens[] {
    const range = siteRange(site);
    const argument = referenceTo(document, site);
    const lenses = [new vscode.CodeLens(range, primary(document, site, argument, inserted))];
    const found = figuresOf(this.runs, document, site.id);
    if (found) {
      lenses.push(
        new vscode.CodeLens(range, {
          title: `${found.run.live ? '$(sync~spin)\u00a0' : ''}${lensFigures(found.site)}${changeSuffix(this.runs, site.id)}`,
          tooltip: found.run.live
            ? vscode.l10n.t('Running; show it in the Runs view')
            : vscode.l10n.t('Open the timeline of this run'),
          command: found.run.live ? commands.showRun : commands.openTimeline,
          arguments: [found.run.name],
        }),
      );
    }
    lenses.push(
      new vscode.CodeLens(range, {
        // Blanks around it, or it would be hard to hit.
        title: '\u00a0$(ellipsis)\u00a0',
        tooltip: vscode.l10n.t('More for this call'),
        command: commands.siteMenu,
        arguments: [argument],
      }),
    );
    return lenses;
  }

  dispose(): void {
    this.#owned.dispose();
  }
}

/** What a click does first: run the program, or edit the source where we cannot run it. */
function primary(
  document: vscode.TextDocument,
  site: Site,
  argument: SiteReference,
  inserted: ReadonlySet<string>,
): vscode.Command {
  const notebook = notebookOf(document);
  if (isScript(document) || (notebook && hasLiveKernel(notebook))) {
    const done = inserted.has(site.id);
    return {
      title: done
        ? vscode.l10n.t('$(flame)\u00a0Remove profiler calls')
        : vscode.l10n.t('$(flame)\u00a0Insert profiler calls'),
      tooltip: site.reason,
      command: done ? commands.removeCalls : commands.insertCalls,
      arguments: [argument],
    };
  }
  return {
    title: `$(flame)\u00a0${lensTitle(site)}`,
    tooltip: site.reason,
    command: commands.profilePredict,
    arguments: [argument],
  };
}
