import * as vscode from 'vscode';
import { codeCopy, shownPath } from '../common/codeCopy';
import { formatCount, formatDuration, formatShare } from '../common/units';
import { adviceFor } from '../insight/advice';
import { partMeaning, partOrder, partTitle } from '../insight/partNames';
import type { SiteSummary } from '../insight/runSummary';
import type { Run } from '../insight/runStore';
import type { Site } from '../sites/site';

/** What a click on the lens of a site starts. */
export function lensTitle(site: Site): string {
  switch (site.kind) {
    case 'predict':
      return vscode.l10n.t('Profile predict');
    case 'train':
      return vscode.l10n.t('Profile training step');
    default:
      return vscode.l10n.t('Profile this call');
  }
}

/** `3,120 calls · p50 34 ms · p95 41 ms · 52 % of run`. */
export function lensFigures(site: SiteSummary): string {
  if (site.calls === 0) return vscode.l10n.t('first call running');
  const calls =
    site.calls === 1 ? vscode.l10n.t('1 call') : vscode.l10n.t('{0} calls', formatCount(site.calls));
  const share = vscode.l10n.t('{0} of run', formatShare(site.shareOfRun));
  if (site.calls === 1) return [calls, formatDuration(site.firstNs ?? NaN), share].join(' · ');
  return [
    calls,
    `p50 ${formatDuration(site.p50Ns ?? NaN)}`,
    `p95 ${formatDuration(site.p95Ns ?? NaN)}`,
    share,
  ].join(' · ');
}

/** The table of the hover: figures, parts, problems that touch the site, links. */
export function hoverMarkdown(
  site: SiteSummary,
  run: Run,
  reason: string,
  links: string,
): vscode.MarkdownString {
  const text = new vscode.MarkdownString(undefined, true);
  text.isTrusted = { enabledCommands: ['predictscope.openTimeline', 'predictscope.showRun'] };
  const lines: string[] = [];
  lines.push(`**${escape(site.callee)}** · ${run.live ? '$(sync~spin) ' : ''}${lensFigures(site)}`, '');
  // The answer first: a hover shows only its first lines.
  const advice = adviceFor(site);
  if (advice) lines.push(`$(lightbulb) ${escape(advice)}`, '');
  lines.push(
    `| ${vscode.l10n.t('calls')} | ${vscode.l10n.t('first')} | p50 | p95 | ${vscode.l10n.t('max')} | ${vscode.l10n.t('total')} |`,
  );
  lines.push('|--:|--:|--:|--:|--:|--:|');
  lines.push(
    row([
      formatCount(site.calls),
      duration(site.firstNs),
      duration(site.p50Ns),
      duration(site.p95Ns),
      duration(site.maxNs),
      formatDuration(site.totalNs),
    ]),
    '',
  );
  const notes: string[] = [];
  if (site.batchShapes.length > 0) {
    notes.push(
      vscode.l10n.t('input {0}', site.batchShapes.slice(0, 3).map(shape).join(', ')) +
        (site.batchShapes.length > 3 ? ' …' : ''),
    );
  }
  if (site.errors > 0) notes.push(vscode.l10n.t('{0} raised', formatCount(site.errors)));
  if (site.unfinished > 0)
    notes.push(
      run.live
        ? vscode.l10n.t('{0} running', site.unfinished)
        : vscode.l10n.t('{0} never returned', site.unfinished),
    );
  if (notes.length > 0) lines.push(notes.join(' · '), '');
  lines.push(...partsTable(site));
  if (codeCopy(site.file)) lines.push(`\`${shownPath(site.file)}\``, '');
  else if (site.ranFile && site.ranFile !== site.file)
    lines.push(vscode.l10n.t('The copy that ran: {0}', `\`${site.ranFile}\``), '');
  lines.push(`_${escape(reason)}_`, '', links);
  text.appendMarkdown(lines.join('\n'));
  return text;
}

function partsTable(site: SiteSummary): string[] {
  if (site.partsTotalNs <= 0) return [];
  const calls = site.partsCalls;
  const lines = [
    calls === 1
      ? vscode.l10n.t('Where the time of the traced call went:')
      : vscode.l10n.t(
          'Where the time of {0} traced calls went ({1} a call):',
          calls,
          formatDuration(site.partsTotalNs / calls),
        ),
    '',
    '| | | | | |',
    '|:--|--:|--:|:--|:--|',
  ];
  for (const name of partOrder) {
    const ns = site.parts[name] ?? 0;
    if (ns <= 0) continue;
    const share = ns / site.partsTotalNs;
    const bar = '█'.repeat(Math.max(1, Math.round(share * 10)));
    lines.push(
      row([partTitle(name), formatShare(share), formatDuration(ns / calls), bar, partMeaning(name)]),
    );
  }
  if (site.retraces > 0)
    lines.push(
      '',
      vscode.l10n.t(
        'The model was traced anew in {0} of them: its input shape or type changed.',
        site.retraces,
      ),
    );
  return [...lines, ''];
}

/** A row of the table; blanks in it do not break, so that a number keeps its unit beside it. */
function row(cells: readonly string[]): string {
  const gap = '\u00a0\u00a0';
  return `| ${cells.map((cell) => cell.replaceAll(' ', '\u00a0') + gap).join(' | ')} |`;
}

function shape({ dims, calls }: { dims: (number | null)[]; calls: number }): string {
  return `(${dims.map((d) => d ?? '?').join(', ')}) × ${formatCount(calls)}`;
}

function duration(ns: number | null): string {
  return ns === null ? '–' : formatDuration(ns);
}

function escape(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>]/g, '\\$&').replaceAll('\\`', '`');
}
