import * as vscode from 'vscode';
import { commands } from '../common/ids';
import { Disposables, type Disposable } from '../common/disposables';
import { formatCount, formatDuration } from '../common/units';
import type { Run } from '../insight/runStore';
import { headline } from '../insight/previousRun';
import { runTitle, titleOf } from '../insight/runTitle';
import type { RunsModel } from './runsModel';
import { stopRun } from './stopRun';

/** Shows living runs: phase and call count in a progress with cancel, and in the status bar. */
export class RunProgress implements Disposable {
  readonly #owned = new Disposables();
  readonly #status = this.#owned.add(
    vscode.window.createStatusBarItem('predictscope.run', vscode.StatusBarAlignment.Left, 10),
  );
  #last: string | undefined;
  readonly #shown = new Map<string, (run: Run) => void>();

  constructor(private readonly runs: RunsModel) {
    this.#status.name = 'Predictscope';
    this.#owned.add(runs.onDidChange(() => this.#update()));
  }

  #update(): void {
    const live = this.runs.liveRuns;
    this.#last = live[0]?.name ?? this.#last;
    for (const run of live) {
      const report = this.#shown.get(run.name);
      if (report) report(run);
      else this.#show(run);
    }
    for (const [name, report] of this.#shown) {
      const run = this.runs.find(name);
      if (run && !run.live) report(run);
      if (!run) this.#shown.delete(name);
    }
    const [first] = live;
    if (!first) {
      this.#showLast();
      return;
    }
    this.#status.text = `$(sync~spin) ${runTitle(first.summary)} · ${phase(first)}`;
    this.#status.tooltip = vscode.l10n.t('Predictscope: show this run');
    this.#status.command = { title: '', command: commands.showRun, arguments: [first.name] };
    this.#status.show();
  }

  /** The newest run of this window, once it has ended: what its call takes. */
  #showLast(): void {
    const last = this.#last === undefined ? undefined : this.runs.find(this.#last);
    const site = last && headline(last.summary);
    if (!last || !site) {
      this.#status.hide();
      return;
    }
    const median = site.p50Ns ?? site.firstNs;
    this.#status.text = `$(flame) ${titleOf(last)}${median === null ? '' : ` · p50 ${formatDuration(median)}`}`;
    this.#status.tooltip = vscode.l10n.t('Predictscope: show the last run');
    this.#status.command = { title: '', command: commands.showRun, arguments: [last.name] };
    this.#status.show();
  }

  /** Only for runs of ours: a run that was started elsewhere has its own terminal. */
  #show(run: Run): void {
    if (run.summary.run.state !== 'running' && run.summary.run.state !== 'starting') return;
    void vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: vscode.l10n.t('Profiling {0}', runTitle(run.summary)),
        cancellable: true,
      },
      (progress, token) =>
        new Promise<void>((done) => {
          token.onCancellationRequested(() => {
            const current = this.runs.find(run.name);
            if (current) void stopRun(current);
          });
          this.#shown.set(run.name, (current) => {
            progress.report({ message: phase(current) });
            if (!current.live) {
              this.#shown.delete(run.name);
              done();
            }
          });
          progress.report({ message: phase(run) });
        }),
    );
  }

  dispose(): void {
    this.#owned.dispose();
  }
}

/** What the run is doing, in a few words. */
export function phase(run: Run): string {
  const { summary } = run;
  const calls = summary.sites.reduce((sum, site) => sum + site.calls, 0);
  if (calls > 0)
    return calls === 1 ? vscode.l10n.t('1 call') : vscode.l10n.t('{0} calls', formatCount(calls));
  if (summary.sites.some((site) => site.unfinished > 0)) return vscode.l10n.t('first call');
  return summary.run.processes > 0
    ? vscode.l10n.t('before the first call')
    : vscode.l10n.t('starting Python');
}
