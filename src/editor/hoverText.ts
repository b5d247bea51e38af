/** What a hover says: of a call, and of any line that a run has seen. The answer first: a hover shows its first lines. */
import path from 'node:path';
import * as vscode from 'vscode';
import { codeCopy, shownPath } from '../common/codeCopy';
import { commands } from '../common/ids';
import { formatCount, formatDuration, formatShare, formatBytes } from '../common/units';
import { adviceFor, garbageAdvice, idleAdvice } from '../insight/advice';
import { chartColors, distributionChart, distributionText } from '../insight/distributionChart';
import type { HotLine } from '../insight/hotLines';
import { ownerTitle } from '../insight/owners';
import { partMeaning, partOrder, partTitle } from '../insight/partNames';
import { phaseOrder, phaseTitle, phasesTotalNs } from '../insight/phases';
import type { RunSummary, SiteSummary } from '../insight/runSummary';
import type { Run } from '../insight/runStore';
import { lensFigures } from './siteText';

const mostLayers = 6;
const mostOperations = 5;
const mostOwners = 7;
/** Below this nothing is worth a word. */
const leastShare = 0.005;

/** Of a predict call: figures, where its time went, whose it was, what lies between the calls. */
export function siteHover(
  site: SiteSummary,
  run: Run,
  reason: string,
  links: string,
  change = '',
): vscode.MarkdownString {
  const { summary } = run;
  const lines: string[] = [
    `**${escape(site.callee)}** · ${run.live ? '$(sync~spin) ' : ''}${lensFigures(site)}${escape(change)}`,
    '',
  ];
  for (const advice of [adviceFor(site), garbageAdvice(site), idleAdvice(summary)])
    if (advice) lines.push(`$(lightbulb) ${escape(advice)}`, '');
  lines.push(...chart(site), ...figures(site), ...notes(site, run));
  lines.push(
    ...partsTable(site),
    ...ownersOf(site),
    ...phasesOf(site),
    ...layersOf(site),
    ...operations(site),
  );
  lines.push(...between(summary), ...evidence(site, summary));
  if (codeCopy(site.file)) lines.push(`\`${shownPath(site.file)}\``, '');
  else if (site.ranFile && site.ranFile !== site.file)
    lines.push(vscode.l10n.t('The copy that ran: {0}', `\`${site.ranFile}\``), '');
  lines.push(`_${escape(reason)}_`, '', links);
  return markdown(lines);
}

/** Of a line that is no call of a model: its own time, and what it keeps waiting. */
export function lineHover(line: HotLine, run: Run, links: string): vscode.MarkdownString {
  const { summary } = run;
  const rows = [
    [
      vscode.l10n.t('this line and the libraries that it calls'),
      formatShare(line.shareOfRun),
      formatDuration(line.selfNs),
    ],
  ];
  if (line.totalNs > line.selfNs * 1.01)
    rows.push([vscode.l10n.t('with your functions that it calls'), '', formatDuration(line.totalNs)]);
  if (line.exactCount !== undefined)
    rows.push([
      vscode.l10n.t('counted exactly: {0} times', formatCount(line.exactCount)),
      '',
      formatDuration(line.exactNs ?? NaN),
    ]);
  const gap = summary.gaps?.lines.find((one) => one.file === line.file && one.line === line.line);
  if (gap && gap.shareOfRun >= leastShare)
    rows.push([
      vscode.l10n.t('between calls of the model'),
      formatShare(gap.shareOfRun),
      formatDuration(gap.ns),
    ]);
  const idle = summary.deviceIdle?.lines.find((one) => one.file === line.file && one.line === line.line);
  if (idle && idle.shareOfWindow >= leastShare)
    rows.push([
      vscode.l10n.t('the device idle meanwhile, in the traced calls'),
      formatShare(idle.shareOfWindow),
      formatDuration(idle.ns),
    ]);
  const head = vscode.l10n.t('**{0} of run** · line {1}', formatShare(line.shareOfRun), line.line);
  return markdown([
    `${head}${line.function && line.function !== '<module>' ? ` · ${escape(line.function)}` : ''}`,
    '',
    '| | | |',
    '|:--|--:|--:|',
    ...rows.map(row),
    '',
    ...(summary.sampling?.samples
      ? [vscode.l10n.t('From {0} looks at the program.', formatCount(summary.sampling.samples)), '']
      : []),
    links,
  ]);
}

function chart(site: SiteSummary): string[] {
  const kinds = {
    [vscode.ColorThemeKind.Light]: 'light',
    [vscode.ColorThemeKind.Dark]: 'dark',
    [vscode.ColorThemeKind.HighContrast]: 'highContrast',
    [vscode.ColorThemeKind.HighContrastLight]: 'highContrastLight',
  } as const;
  const colors = chartColors[kinds[vscode.window.activeColorTheme.kind]];
  const svg = distributionChart(site.distribution, site, colors);
  if (!svg) return [];
  const data = `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
  return [`![${distributionText(site.distribution)}](${data})`, ''];
}

function figures(site: SiteSummary): string[] {
  return [
    `| ${vscode.l10n.t('calls')} | ${vscode.l10n.t('first')} | p50 | p95 | ${vscode.l10n.t('max')} | ${vscode.l10n.t('total')} |`,
    '|--:|--:|--:|--:|--:|--:|',
    row([
      formatCount(site.calls),
      duration(site.firstNs),
      duration(site.p50Ns),
      duration(site.p95Ns),
      duration(site.maxNs),
      formatDuration(site.totalNs),
    ]),
    '',
  ];
}

function notes(site: SiteSummary, run: Run): string[] {
  const found: string[] = [];
  if (site.batchShapes.length > 0) {
    found.push(
      vscode.l10n.t('input {0}', site.batchShapes.slice(0, 3).map(shape).join(', ')) +
        (site.batchShapes.length > 3 ? ' …' : ''),
    );
  }
  if (site.enqueued > 0)
    found.push(vscode.l10n.t('{0} only enqueued their work', formatCount(site.enqueued)));
  if (site.errors > 0) found.push(vscode.l10n.t('{0} raised', formatCount(site.errors)));
  if (site.unfinished > 0)
    found.push(
      run.live
        ? vscode.l10n.t('{0} running', site.unfinished)
        : vscode.l10n.t('{0} never returned', site.unfinished),
    );
  const memory = Math.max(0, ...run.summary.run.deviceUse.map(({ memoryMostBytes }) => memoryMostBytes ?? 0));
  if (memory > 0) found.push(vscode.l10n.t('{0} of device memory at most', formatBytes(memory)));
  return found.length > 0 ? [found.join(' · '), ''] : [];
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
    // What nothing explains is always told, also when it is nothing.
    if (ns <= 0 && name !== 'unexplained') continue;
    const share = ns / site.partsTotalNs;
    const bar = ns > 0 ? '█'.repeat(Math.max(1, Math.round(share * 10))) : '';
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

/** Whose functions: the half that is Python, told apart. */
function ownersOf({ inside }: SiteSummary): string[] {
  if (!inside || inside.totalNs <= 0) return [];
  const shown = inside.owners
    .map((each) => ({ ...each, share: each.ns / inside.totalNs }))
    .filter(({ share, owner }) => share >= leastShare || owner === 'yours')
    .slice(0, mostOwners)
    .map((each) => `${escape(ownerTitle(each))} ${formatShare(each.share)}`);
  return [
    vscode.l10n.t('Whose functions ({0} calls under Python’s function profiler):', inside.calls),
    '',
    shown.join(' · '),
    '',
  ];
}

function phasesOf(site: SiteSummary): string[] {
  const total = phasesTotalNs(site.phases);
  if (total <= 0) return [];
  const shown = phaseOrder
    .map((name) => ({ name, share: (site.phases[name] ?? 0) / total }))
    .filter(({ share, name }) => share >= leastShare && name !== 'other');
  // Where a trace tells the same more exactly, only what it cannot tell is said.
  const news =
    site.partsTotalNs > 0 ? shown.filter(({ name }) => name === 'results' || name === 'callbacks') : shown;
  if (news.length === 0) return [];
  return [
    vscode.l10n.t(
      'Of all calls, as sampled: {0}',
      news.map(({ name, share }) => `${phaseTitle(name)} ${formatShare(share)}`).join(' · '),
    ),
    '',
  ];
}

/** The model function by layer, each linked to the line that defines it. */
function layersOf(site: SiteSummary): string[] {
  const total = site.layers.reduce(
    (sum, { hostNs, deviceNs, pythonNs }) => sum + hostNs + deviceNs + pythonNs,
    0,
  );
  const named = site.layers.filter(({ layer }) => layer !== '');
  if (total <= 0 || named.length === 0) return [];
  const device = site.layers.some(({ deviceNs }) => deviceNs > 0);
  const per = Math.max(1, site.partsCalls);
  const heads = [vscode.l10n.t('layer'), vscode.l10n.t('host'), ...(device ? [vscode.l10n.t('device')] : [])];
  const lines = [`| ${heads.join(' | ')} |`, `|:--${'|--:'.repeat(heads.length - 1)}|`];
  for (const { layer, kind, hostNs, pythonNs, deviceNs, file, line } of named.slice(0, mostLayers)) {
    const title = escape(layer === '.' ? (kind ?? layer) : kind ? `${layer} (${kind})` : layer);
    const name =
      file && line
        ? `[${title}](${vscode.Uri.file(file)
            .with({ fragment: `L${line}` })
            .toString()})`
        : title;
    lines.push(
      row([
        name,
        formatDuration((hostNs + pythonNs) / per),
        ...(device ? [formatDuration(deviceNs / per)] : []),
      ]),
    );
  }
  const rest = named.length - mostLayers;
  if (rest > 0) lines.push('', vscode.l10n.t('and {0} more layers', rest));
  return [...lines, ''];
}

function operations(site: SiteSummary): string[] {
  const told = (where: 'host' | 'device'): string =>
    site.topOperations
      .filter((each) => each.where === where)
      .slice(0, mostOperations)
      .map(
        ({ name, count, selfNs }) =>
          `${code(shorten(name))} ${formatDuration(selfNs)} (${formatCount(count)} ×)`,
      )
      .join(' · ');
  const [device, host] = [told('device'), told('host')];
  return [
    ...(device ? [vscode.l10n.t('Kernels: {0}', device), ''] : []),
    ...(host ? [vscode.l10n.t('Operations: {0}', host), ''] : []),
  ];
}

/** What the program does between its calls, where that is something. */
function between({ gaps }: RunSummary): string[] {
  if (!gaps || gaps.shareOfRun < 0.01) return [];
  const lines = gaps.lines
    .filter(({ shareOfGaps }) => shareOfGaps >= 0.05)
    .slice(0, 3)
    .map(({ file, line, shareOfGaps }) => {
      const uri = vscode.Uri.file(file).with({ fragment: `L${line}` });
      return `[${escape(`${path.basename(file)}:${line}`)}](${uri.toString()}) ${formatShare(shareOfGaps)}`;
    });
  const head = vscode.l10n.t(
    'Between the calls: {0} of the run ({1})',
    formatShare(gaps.shareOfRun),
    formatDuration(gaps.totalNs),
  );
  return [lines.length > 0 ? `${head}: ${lines.join(' · ')}` : `${head}.`, ''];
}

/** How far the parts can be believed. */
function evidence(site: SiteSummary, { evidence: all }: RunSummary): string[] {
  const notes = all.flatMap((each) => each.notes.map(({ message }) => message));
  const lines = [...new Set(notes)].map((note) => `$(warning) ${escape(note)}`);
  if (site.partsCalls > 0 && site.calls > site.partsCalls)
    lines.push(
      vscode.l10n.t(
        '$(info) Parts, layers and operations are of {0} of {1} calls.',
        formatCount(site.partsCalls),
        formatCount(site.calls),
      ),
    );
  return lines.flatMap((line) => [line, '']);
}

function markdown(lines: readonly string[]): vscode.MarkdownString {
  const text = new vscode.MarkdownString(undefined, true);
  text.isTrusted = { enabledCommands: [commands.openTimeline, commands.showRun, commands.compareRuns] };
  text.appendMarkdown(lines.join('\n'));
  return text;
}

/** A row of the table; blanks in it do not break, so that a number keeps its unit beside it. */
function row(cells: readonly string[]): string {
  const gap = '\u00a0\u00a0';
  return `| ${cells.map((cell) => (cell.startsWith('[') ? cell : cell.replaceAll(' ', '\u00a0')) + gap).join(' | ')} |`;
}

function shape({ dims, calls }: { dims: (number | null)[]; calls: number }): string {
  return `(${dims.map((d) => d ?? '?').join(', ')}) × ${formatCount(calls)}`;
}

function duration(ns: number | null): string {
  return ns === null ? '–' : formatDuration(ns);
}

function code(text: string): string {
  return `\`${text.replaceAll('`', '')}\``;
}

function shorten(name: string): string {
  return name.length <= 48 ? name : `${name.slice(0, 47)}…`;
}

function escape(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>]/g, '\\$&').replaceAll('\\`', '`');
}
