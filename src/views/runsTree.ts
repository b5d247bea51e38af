import path from 'node:path';
import * as vscode from 'vscode';
import { codeCopy, shownPath } from '../common/codeCopy';
import { commands } from '../common/ids';
import { Disposables, type Disposable } from '../common/disposables';
import { formatCount, formatDuration, formatShare } from '../common/units';
import type { Problem } from '../common/problem';
import type { RunSummary, SiteSummary } from '../insight/runSummary';
import type { Change } from '../insight/comparison';
import { changeOfHeadline, changeText, headline, sameProgram } from '../insight/previousRun';
import { titleOf } from '../insight/runTitle';
import type { Run } from '../insight/runStore';
import { notebookOfProgram } from '../editor/notebookRun';
import type { RunsModel } from '../editor/runsModel';

export type RunNode =
  | { kind: 'run'; name: string }
  | { kind: 'site'; run: string; site: SiteSummary }
  | { kind: 'trace'; run: string; path: string; first: boolean; events: number }
  | { kind: 'problem'; run: string; problem: Problem };

/** Runs by time; below each its sites, traces and problems. */
export class RunsTree implements vscode.TreeDataProvider<RunNode>, Disposable {
  readonly #owned = new Disposables();
  readonly #changed = this.#owned.add(new vscode.EventEmitter<RunNode | undefined>());
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #changes = new Map<string, { change: Change | undefined }>();
  readonly #nodes = new Map<string, RunNode & { kind: 'run' }>();

  constructor(private readonly runs: RunsModel) {
    this.#owned.add(runs.onDidChange((run) => this.#changed.fire(run ? this.node(run.name) : undefined)));
  }

  /** The node of a run; always the same object, so that the view can find it. */
  node(name: string): RunNode & { kind: 'run' } {
    let node = this.#nodes.get(name);
    if (!node) this.#nodes.set(name, (node = { kind: 'run', name }));
    return node;
  }

  getParent(node: RunNode): RunNode | undefined {
    return node.kind === 'run' ? undefined : this.node(node.run);
  }

  getChildren(node?: RunNode): RunNode[] {
    if (!node) return this.runs.runs.map((run) => this.node(run.name));
    if (node.kind !== 'run') return [];
    const run = this.runs.find(node.name);
    if (!run) return [];
    void this.runs.completeRun(run.name);
    return children(run);
  }

  getTreeItem(node: RunNode): vscode.TreeItem {
    switch (node.kind) {
      case 'run': {
        const run = this.runs.find(node.name);
        return run
          ? runItem(run, run === this.runs.runs[0], this.#change(run))
          : new vscode.TreeItem(node.name);
      }
      case 'site':
        return siteItem(node.site);
      case 'trace':
        return traceItem(node);
      case 'problem':
        return problemItem(node.problem);
    }
  }

  /** How a run's headline differs from the run of the same program before it; found out once. */
  #change(run: Run): Change | undefined {
    if (run.live) return undefined;
    const before = this.runs.runs.find(
      (other) => other.name < run.name && !other.live && sameProgram(run.summary, other.summary),
    );
    if (!before) return undefined;
    const key = `${before.name} ${run.name}`;
    const known = this.#changes.get(key);
    if (known) return known.change;
    const [a, b] = this.runs.compared([before.name, run.name]);
    const change = a && b && changeOfHeadline(a, b);
    this.#changes.set(key, { change });
    return change;
  }

  dispose(): void {
    this.#owned.dispose();
  }
}

function children(run: Run): RunNode[] {
  const { summary } = run;
  return [
    ...summary.problems.map((problem): RunNode => ({ kind: 'problem', run: run.name, problem })),
    ...summary.sites
      .filter((site) => site.calls + site.unfinished > 0)
      .map((site): RunNode => ({ kind: 'site', run: run.name, site })),
    ...summary.traces
      .filter((trace) => trace.path.endsWith('.pb') || /\.json(\.gz)?$/.test(trace.path))
      .map((trace): RunNode => ({
        kind: 'trace',
        run: run.name,
        path: trace.path,
        first: trace.path.includes(`${path.sep}trace-0${path.sep}`),
        events: trace.events,
      })),
  ];
}

function runItem(run: Run, newest: boolean, change: Change | undefined): vscode.TreeItem {
  const { summary, live, notes } = run;
  const calls = summary.sites.reduce((sum, site) => sum + site.calls, 0);
  const item = new vscode.TreeItem(
    titleOf(run),
    newest || live ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed,
  );
  item.id = run.name;
  const time = new Date(summary.run.startedAt).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  const count = calls === 1 ? vscode.l10n.t('1 call') : vscode.l10n.t('{0} calls', formatCount(calls));
  const median = headline(summary)?.p50Ns;
  item.description = [
    // In a narrow view the end is cut off.
    median ? `p50 ${formatDuration(median)}` : '',
    change && (change.verdict === 'slower' || change.verdict === 'faster') ? changeText(change) : '',
    count,
    time,
    live ? vscode.l10n.t('running') : outcome(summary),
    placeName(summary),
  ]
    .filter(Boolean)
    .join(' · ');
  item.tooltip = tooltip(summary, change);
  item.iconPath = live
    ? new vscode.ThemeIcon('sync~spin', new vscode.ThemeColor('predictscope.running'))
    : new vscode.ThemeIcon(failed(summary) ? 'error' : summary.problems.length > 0 ? 'warning' : 'pass');
  item.contextValue = [
    'run',
    live ? 'running' : 'ended',
    ...(summary.traces.length > 0 ? ['traced'] : []),
    ...(!live && median ? ['comparable'] : []),
    notes.pinned ? 'pinned' : 'unpinned',
  ].join(' ');
  return item;
}

/** Where it ran, unless that was here. */
function placeName({ run }: RunSummary): string {
  return run.target === 'local' ? '' : run.target.replace(/^[a-z]+:/, '').replace(/^.*\/(?=[^/]+$)/, '');
}

function failed({ run }: RunSummary): boolean {
  return run.state === 'failed' || run.signal !== null || (run.exitCode !== null && run.exitCode !== 0);
}

function outcome({ run }: RunSummary): string {
  if (run.state === 'failed') return vscode.l10n.t('not started');
  if (run.state === 'lost') return vscode.l10n.t('end not seen');
  if (run.signal) return run.signal;
  if (run.exitCode) return vscode.l10n.t('exit code {0}', run.exitCode);
  return formatDuration(run.wallNs);
}

function tooltip(summary: RunSummary, change: Change | undefined): vscode.MarkdownString {
  const { run } = summary;
  const text = new vscode.MarkdownString();
  text.appendCodeblock(run.command.join(' '), 'sh');
  if (run.target !== 'local') text.appendMarkdown(vscode.l10n.t('In {0}', `\`${run.target}\``) + '\n\n');
  const software = [
    `Python ${run.python}`,
    ...Object.entries(run.frameworks).map(([name, version]) => `${name} ${version}`),
  ];
  text.appendMarkdown(
    `${software.join(' · ')}\n\n${run.devices.join(', ')}\n\n${run.startedAt} · ${formatDuration(run.wallNs)}`,
  );
  if (change)
    text.appendMarkdown(
      `\n\n${vscode.l10n.t('Against the run of the same program before it: {0}', changeText(change))}`,
    );
  return text;
}

function siteItem(site: SiteSummary): vscode.TreeItem {
  const notebook = notebookOfProgram(site.file);
  // A line of the program that was made from a notebook is no line that anybody knows.
  const item = new vscode.TreeItem(
    notebook ? `${path.basename(notebook)} · ${site.callee}` : `${path.basename(site.file)}:${site.line}`,
  );
  const median = site.p50Ns === null ? '' : `p50 ${formatDuration(site.p50Ns)}`;
  item.description = [
    site.calls === 1 ? vscode.l10n.t('1 call') : vscode.l10n.t('{0} calls', formatCount(site.calls)),
    median,
    vscode.l10n.t('{0} of run', formatShare(site.shareOfRun)),
  ]
    .filter(Boolean)
    .join(' · ');
  item.tooltip = codeCopy(site.file) ? `${site.callee}\n${shownPath(site.file)}` : site.callee;
  item.iconPath = new vscode.ThemeIcon('symbol-method');
  const range = new vscode.Range(site.line - 1, site.column - 1, site.line - 1, site.column - 1);
  item.command = {
    title: vscode.l10n.t('Go to call'),
    command: 'vscode.open',
    arguments: notebook
      ? [vscode.Uri.file(notebook)]
      : [vscode.Uri.file(site.file), { selection: range } satisfies vscode.TextDocumentShowOptions],
  };
  item.contextValue = 'site';
  return item;
}

function traceItem(node: RunNode & { kind: 'trace' }): vscode.TreeItem {
  const item = new vscode.TreeItem(
    node.first ? vscode.l10n.t('Timeline: first call') : vscode.l10n.t('Timeline: steady calls'),
  );
  item.description = node.events > 0 ? vscode.l10n.t('{0} events', formatCount(node.events)) : '';
  item.iconPath = new vscode.ThemeIcon('graph-line');
  item.tooltip = node.path;
  item.command = { title: vscode.l10n.t('Open timeline'), command: commands.openTimeline, arguments: [node] };
  item.contextValue = 'trace';
  return item;
}

function problemItem(problem: Problem): vscode.TreeItem {
  const item = new vscode.TreeItem(problem.message);
  item.iconPath = new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
  item.tooltip = new vscode.MarkdownString().appendText(
    problem.fix ? `${problem.message}\n\n${problem.fix}` : problem.message,
  );
  item.contextValue = 'problem';
  return item;
}
