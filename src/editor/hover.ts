import * as vscode from 'vscode';
import { commands } from '../common/ids';
import { setting } from '../common/vscode';
import { fileUri } from './documents';
import type { MarkedSites } from './markedSites';
import { figuresOf, type RunsModel } from './runsModel';
import { innermost, siteRange } from './siteReference';
import { hoverMarkdown } from './siteText';

/** Timings of a predict call on hover, from the newest run that called it. */
export class TimingHoverProvider implements vscode.HoverProvider {
  constructor(
    private readonly marked: MarkedSites,
    private readonly runs: RunsModel,
  ) {}

  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.Hover | undefined> {
    if (!setting('hover', fileUri(document))) return undefined;
    const sites = await this.marked.sites(document);
    if (token.isCancellationRequested) return undefined;
    const site = innermost(sites, position);
    if (!site) return undefined;
    const found = figuresOf(this.runs, document, site.id);
    if (!found) return undefined;
    const argument = encodeURIComponent(JSON.stringify([found.run.name]));
    const links = [
      ...(found.run.summary.traces.length > 0
        ? [`[$(graph-line) ${vscode.l10n.t('Open timeline')}](command:${commands.openTimeline}?${argument})`]
        : []),
      `[$(list-tree) ${vscode.l10n.t('Show run')}](command:${commands.showRun}?${argument})`,
    ].join(' &nbsp; ');
    return new vscode.Hover(hoverMarkdown(found.site, found.run, site.reason, links), siteRange(site));
  }
}
