import type * as vscode from 'vscode';
import { Disposables, type Disposable } from '../common/disposables';
import type { DocumentLines } from './documentLines';
import type { LoadedLines } from './lines';
import type { RunsModel } from './runsModel';

/** Lines that runs say something about; their code is loaded with the first such run. */
export class LazyLines implements Disposable {
  readonly #owned = new Disposables();
  #loading: Promise<LoadedLines> | undefined;

  constructor(private readonly runs: RunsModel) {
    this.#owned.add(runs.onDidChange(() => void this.#load()));
  }

  #load(): Promise<LoadedLines> | undefined {
    if (!this.runs.runs.some(({ summary }) => summary.hotLines.length > 0)) return this.#loading;
    this.#loading ??= import('./lines').then(({ createLines }) => this.#owned.add(createLines(this.runs)));
    return this.#loading;
  }

  /** undefined where no run has sampled the file. */
  async of(document: vscode.TextDocument): Promise<DocumentLines | undefined> {
    return (await this.#load())?.lines.of(document);
  }

  dispose(): void {
    this.#owned.dispose();
  }
}
