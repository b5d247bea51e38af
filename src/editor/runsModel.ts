import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { contextKeys } from '../common/ids';
import { Disposables, Emitter, type Disposable } from '../common/disposables';
import type { Log } from '../common/log';
import { changes, setting } from '../common/vscode';
import type { ComparedRun, Comparison } from '../insight/comparison';
import type { RunSummary, SiteSummary } from '../insight/runSummary';
import type { RunNotes } from '../runs/notes';
import { applyRetention } from '../runs/retention';
import { RunStore, type Run } from '../insight/runStore';
import { localFiles } from '../targets/localFiles';
import { notebookOf } from './documents';
import { homeFolders } from './homeFolder';
import { logDirectory } from './logDirectory';
import { programFile } from './notebookRun';

const run = promisify(execFile);

/** The runs of all workspace folders, newest first, and the figures of each site from the newest run that has some. */
export class RunsModel implements Disposable {
  readonly #owned = new Disposables();
  readonly #changed = this.#owned.add(new Emitter<Run | undefined>());
  #stores: RunStore[] = [];
  #running = false;
  #comparison: { comparison: Comparison; title: string } | undefined;
  #wasLive = new Set<string>();

  readonly onDidChange = this.#changed.event;

  constructor(
    private readonly extensionPath: string,
    private readonly log: Log,
  ) {
    // After activation: nothing that others wait for depends on it.
    setImmediate(() => this.#open());
    this.#owned.add(vscode.workspace.onDidChangeWorkspaceFolders(() => this.#open()));
    this.#owned.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (changes(event, 'logDirectory') || changes(event, 'watch')) this.#open();
      }),
    );
  }

  #open(): void {
    if (this.#owned.disposed) return;
    for (const store of this.#stores) store.dispose();
    this.#stores = homeFolders().map((folder) => {
      const store = new RunStore(
        logDirectory(folder),
        localFiles,
        (directory) => this.#complete(directory),
        this.log,
        setting('watch', folder),
      );
      store.onDidChange((changed) => this.#onChange(changed, folder));
      return store;
    });
    this.#changed.fire(undefined);
  }

  #onChange(changed: Run | undefined, folder: vscode.WorkspaceFolder): void {
    const live = new Set(this.liveRuns.map((each) => each.name));
    for (const name of this.#wasLive) if (!live.has(name)) void this.#ended(folder);
    this.#wasLive = live;
    if (live.size > 0 !== this.#running) {
      this.#running = live.size > 0;
      void vscode.commands.executeCommand('setContext', contextKeys.running, this.#running);
    }
    this.#changed.fire(changed);
  }

  async #ended(folder: vscode.WorkspaceFolder): Promise<void> {
    const limits = {
      keepRuns: setting('keepRuns', folder),
      keepBytes: setting('keepGigabytes', folder) * 1e9,
    };
    const removed = await applyRetention(logDirectory(folder), limits, new Set(this.#wasLive));
    if (removed.length > 0) this.log.info(`Removed ${removed.length} old runs: ${removed.join(', ')}`);
    await this.refresh();
  }

  /** Traces are read in a process of their own: a large one must not hold up the editor. */
  async #complete(directory: string): Promise<RunSummary | undefined> {
    const cli = path.join(this.extensionPath, 'dist', 'cli.js');
    const { stdout } = await run(process.execPath, [cli, 'summarize', directory, '--json'], {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      maxBuffer: 1 << 26,
      timeout: 300_000,
    });
    return JSON.parse(stdout) as RunSummary;
  }

  get runs(): readonly Run[] {
    return this.#stores.flatMap((store) => store.runs).sort((a, b) => (a.name < b.name ? 1 : -1));
  }

  get liveRuns(): readonly Run[] {
    return this.runs.filter((each) => each.live);
  }

  find(name: string): Run | undefined {
    return this.runs.find((each) => each.name === name);
  }

  /** Reads parts and traces of a run, if that was not done yet. */
  async completeRun(name: string): Promise<void> {
    for (const store of this.#stores) await store.completeRun(name);
  }

  /** Changes what the user said about a run. */
  async note(name: string, change: Partial<RunNotes>): Promise<void> {
    for (const store of this.#stores) if (await store.note(name, change)) return;
  }

  /** Runs as comparisons take them; those that are gone are left out. */
  compared(names: readonly string[]): ComparedRun[] {
    return names.flatMap((name) => this.#stores.flatMap((store) => store.compared(name) ?? []));
  }

  /** What lenses and hovers are told beside: the comparison that is open, if one is. */
  get comparison(): { comparison: Comparison; title: string } | undefined {
    return this.#comparison;
  }

  set comparison(comparison: { comparison: Comparison; title: string } | undefined) {
    this.#comparison = comparison;
    this.#changed.fire(undefined);
  }

  async refresh(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.scan()));
  }

  /** Figures of a site from the newest run that called it; they are found again by the site's id. */
  figures(files: readonly string[], id: string): { run: Run; site: SiteSummary } | undefined {
    for (const each of this.runs) {
      const site = each.summary.sites.find(
        (s) => s.id === id && (files.includes(s.file) || (s.ranFile !== null && files.includes(s.ranFile))),
      );
      if (site && site.calls + site.unfinished > 0) return { run: each, site };
    }
    return undefined;
  }

  dispose(): void {
    for (const store of this.#stores) store.dispose();
    this.#owned.dispose();
  }
}

/** Figures of a site of an open document; of a cell, those of the program that its notebook was run as. */
export function figuresOf(
  runs: RunsModel,
  document: vscode.TextDocument,
  id: string,
): { run: Run; site: SiteSummary } | undefined {
  const notebook = notebookOf(document);
  const folder =
    notebook && (vscode.workspace.getWorkspaceFolder(notebook.uri) ?? vscode.workspace.workspaceFolders?.[0]);
  return runs.figures(
    folder ? [programFile(notebook, folder), notebook.uri.fsPath] : [document.uri.fsPath],
    id,
  );
}
