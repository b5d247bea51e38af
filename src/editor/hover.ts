import * as vscode from 'vscode';
import { commands } from '../common/ids';
import { setting } from '../common/vscode';
import type { Run } from '../insight/runStore';
import { fileUri } from './documents';
import { lineHover, siteHover } from './hoverText';
import type { LazyLines } from './lazyLines';
import type { MarkedSites } from './markedSites';
import { figuresOf, type RunsModel } from './runsModel';
import { innermost, siteRange } from './siteReference';
import { changeSuffix } from './siteText';

/** Timings on hover: of a predict call from the newest run that called it, of any other line that a run has seen. */
export class TimingHoverProvider implements vscode.HoverProvider {
  constructor(
    private readonly marked: MarkedSites,
    private readonly runs: RunsModel,
    private readonly lines: LazyLines,
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
    const found = site && figuresOf(this.runs, document, site.id);
    if (found) {
      // Parts come from the traces, which are read when somebody wants to know.
      void this.runs.completeRun(found.run.name);
      return new vscode.Hover(
        siteHover(found.site, found.run, site.reason, links(found.run), changeSuffix(this.runs, site.id)),
        siteRange(site),
      );
    }
    const seen = await this.lines.of(document);
    const line = seen?.lines.get(position.line + 1);
    if (!seen || !line) return undefined;
    return new vscode.Hover(lineHover(line, seen.run, links(seen.run)), document.lineAt(position.line).range);
  }
}

function links(run: Run): string {
  const argument = encodeURIComponent(JSON.stringify([run.name]));
  const link = (icon: string, text: string, command: string): string =>
    `[$(${icon}) ${text}](command:${command}?${argument})`;
  return [
    ...(run.summary.traces.length > 0
      ? [link('graph-line', vscode.l10n.t('Open timeline'), commands.openTimeline)]
      : []),
    link('list-tree', vscode.l10n.t('Show run'), commands.showRun),
    ...(run.live ? [] : [link('diff', vscode.l10n.t('Compare'), commands.compareRuns)]),
  ].join(' &nbsp; ');
}
