/** Choosing runs to compare, and the panel that shows what changed. Loaded when first asked for. */
import * as vscode from 'vscode';
import { UserError } from '../common/problem';
import { formatCount, formatDuration } from '../common/units';
import { headline, sameProgram } from '../insight/previousRun';
import { compareRuns, type Comparison } from '../insight/comparison';
import type { Run } from '../insight/runStore';
import { titleOf } from '../insight/runTitle';
import type { RunsModel } from '../editor/runsModel';
import { compareBlocks } from '../launch/reports/compareBlocks';
import { toHtml } from '../launch/reports/html';

interface RunItem extends vscode.QuickPickItem {
  run?: Run;
}

/** Compares a run with one or several others that the user picks; the newest where none is given. */
export async function chooseAndCompare(runs: RunsModel, given: Run | undefined): Promise<void> {
  const ended = runs.runs.filter(({ live, summary }) => !live && headline(summary) !== undefined);
  const after = given ?? ended[0];
  const others = ended.filter(({ name }) => name !== after?.name);
  if (!after || others.length === 0)
    throw new UserError(vscode.l10n.t('There are no two runs to compare yet.'), {
      fix: vscode.l10n.t('Profile a program twice: before and after a change, or on two devices.'),
    });
  const picked = await pickRuns(after, others);
  if (picked.length === 0) return;
  // Parts come from the traces.
  await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t('Reading the traces of the runs'),
    },
    async () => {
      for (const { name } of [...picked, after]) await runs.completeRun(name);
    },
  );
  showComparison(runs, picked.map(({ name }) => name).reverse(), [after.name]);
}

async function pickRuns(after: Run, others: readonly Run[]): Promise<Run[]> {
  const item = (run: Run): RunItem => ({
    label: titleOf(run),
    description: [
      new Date(run.summary.run.startedAt).toLocaleString(),
      formatDuration(headline(run.summary)?.p50Ns ?? NaN),
    ].join(' · '),
    run,
  });
  const same = others.filter(({ summary }) => sameProgram(after.summary, summary));
  const rest = others.filter((run) => !same.includes(run));
  const group = (label: string, of: readonly Run[]): RunItem[] =>
    of.length > 0 ? [{ label, kind: vscode.QuickPickItemKind.Separator }, ...of.map(item)] : [];
  const picked = await vscode.window.showQuickPick(
    [...group(vscode.l10n.t('the same program'), same), ...group(vscode.l10n.t('other programs'), rest)],
    {
      title: vscode.l10n.t('Compare {0} with', titleOf(after)),
      placeHolder: vscode.l10n.t('One run, or several of the same kind: their spread is then known'),
      canPickMany: true,
      matchOnDescription: true,
    },
  );
  return (picked ?? []).flatMap(({ run }) => run ?? []);
}

/** Compares runs by name and shows the panel; lenses and hovers tell the change while it is open. */
export function showComparison(runs: RunsModel, a: readonly string[], b: readonly string[]): void {
  const comparison = compareRuns(runs.compared(a), runs.compared(b));
  const titleOfSet = (names: readonly string[]): string => {
    const found = names.flatMap((name) => runs.find(name) ?? []);
    const titles = [...new Set(found.map(titleOf))].join(', ');
    const first = found[0];
    if (!first) return titles;
    const time = new Date(first.summary.run.startedAt).toLocaleTimeString([], {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    return found.length === 1
      ? vscode.l10n.t('{0} of {1}', titles, time)
      : vscode.l10n.t('{0} ({1} runs)', titles, formatCount(found.length));
  };
  showPanel(runs, comparison, { a: titleOfSet(a), b: titleOfSet(b) });
}

const settledMs = 500;
let current: vscode.WebviewPanel | undefined;

function showPanel(runs: RunsModel, comparison: Comparison, titles: { a: string; b: string }): void {
  const root = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
  const panel = (current ??= openPanel(runs));
  panel.title = vscode.l10n.t('Compare: {0}', titles.b);
  panel.webview.html = toHtml(compareBlocks(comparison, titles, root), {
    title: panel.title,
    css: panelCss,
    policy: "default-src 'none'; style-src 'unsafe-inline'",
    link: ({ file, line }) => openLine(file, line),
  });
  panel.reveal();
  // Lenses of an editor that is being made narrower are not asked for again.
  setTimeout(() => {
    if (panel === current) runs.comparison = { comparison, title: titles.a };
  }, settledMs);
}

function openPanel(runs: RunsModel): vscode.WebviewPanel {
  const panel = vscode.window.createWebviewPanel(
    'predictscope.compare',
    vscode.l10n.t('Compare'),
    vscode.ViewColumn.Beside,
    // No script: links are commands, and only that which opens a file.
    {
      enableScripts: false,
      enableCommandUris: ['vscode.open'],
      enableFindWidget: true,
      localResourceRoots: [],
    },
  );
  panel.onDidDispose(() => {
    current = undefined;
    runs.comparison = undefined;
  });
  return panel;
}

function openLine(file: string, line: number): string {
  const options = {
    selection: new vscode.Range(line - 1, 0, line - 1, 0),
    viewColumn: vscode.ViewColumn.One,
  };
  const args = [vscode.Uri.file(file), options];
  return `command:vscode.open?${encodeURIComponent(JSON.stringify(args))}`;
}

const panelCss = `
:root { --line: var(--vscode-panel-border, #8886); --accent: var(--vscode-charts-blue); --worse: #ff8a80; --better: #6fdd8b; --muted: var(--vscode-descriptionForeground); --link: var(--vscode-textLink-foreground); }
/* The theme’s own red and green are made for icons: as text they are too pale on white. */
body.vscode-light, body.vscode-high-contrast-light { --worse: #b3261e; --better: #1a7f37; }
body { font: var(--vscode-font-size)/1.5 var(--vscode-font-family); color: var(--vscode-foreground); padding: 0; }
pre { font-family: var(--vscode-editor-font-family); }
body.vscode-high-contrast th, body.vscode-high-contrast-light th { border-bottom-color: var(--vscode-contrastBorder); }
:focus-visible { outline: 1px solid var(--vscode-focusBorder); outline-offset: 2px; }
`;
