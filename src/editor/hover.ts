import * as vscode from 'vscode';
import { commands } from '../common/ids';
import { setting } from '../common/vscode';
import { siteRange } from './codeLens';
import type { RunsModel } from './runsModel';
import type { SiteCache } from './siteCache';
import { hoverMarkdown } from './siteText';

/** Timings of a predict call on hover, from the newest run that called it. */
export class TimingHoverProvider implements vscode.HoverProvider {
  constructor(
    private readonly cache: SiteCache,
    private readonly runs: RunsModel,
  ) {}

  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.Hover | undefined> {
    if (!setting('hover', document)) return undefined;
    const sites = (await this.cache.sites(document)).filter((site) => siteRange(site).contains(position));
    if (token.isCancellationRequested) return undefined;
    // The innermost call below the pointer: nested calls have ranges of their own.
    const site = sites.sort((a, b) => b.line - a.line || b.column - a.column)[0];
    if (!site) return undefined;
    const found = this.runs.figures(document.uri.fsPath, site.id);
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
