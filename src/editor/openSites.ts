import * as vscode from 'vscode';
import { Disposables, type Disposable } from '../common/disposables';
import type { OpenFile, SiteFinder } from '../sites/finder';
import type { Site } from '../sites/site';

/** Beyond this a file is generated, and nobody reads its lenses. */
const maxCharacters = 2 << 20;

interface Opened {
  file: OpenFile;
  version: number;
  sites: Site[];
}

/**
 * Sites of the documents that are open in editors: each is followed from version to version, at the cost of what
 * was edited. Imports are read from the disk meanwhile; where they tell more, `onDidLearn` says so.
 */
export class OpenSites implements Disposable {
  readonly #owned = new Disposables();
  readonly #opened = new Map<vscode.TextDocument, Opened>();
  readonly #learnt = this.#owned.add(new vscode.EventEmitter<void>());
  readonly onDidLearn = this.#learnt.event;

  constructor(private readonly finder: () => Promise<SiteFinder>) {
    this.#owned.add(vscode.workspace.onDidCloseTextDocument((document) => this.#close(document)));
    this.#owned.add(
      vscode.workspace.onDidSaveTextDocument((document) => {
        if (document.languageId === 'python') void this.#forgetImports();
      }),
    );
  }

  async sites(document: vscode.TextDocument): Promise<Site[]> {
    if (document.getText().length > maxCharacters) return [];
    const known = this.#opened.get(document);
    if (known?.version === document.version) return known.sites;
    const finder = await this.finder();
    await finder.prepare(document.uri.fsPath);
    if (this.#owned.disposed || document.isClosed) return [];
    const { version } = document;
    let opened = this.#opened.get(document);
    if (!opened) {
      opened = { file: finder.open(document.uri.fsPath), version: -1, sites: [] };
      this.#opened.set(document, opened);
    }
    // Another call may have done it while this one waited.
    if (opened.version === version) return opened.sites;
    opened.version = version;
    opened.sites = opened.file.update(document.getText()).sites;
    void this.#follow(opened);
    return opened.sites;
  }

  async #follow(opened: Opened): Promise<void> {
    const better = await opened.file.followImports().catch(() => undefined);
    if (!better) return;
    opened.sites = better.sites;
    this.#learnt.fire();
  }

  /** What others import from a file that was saved may be something else now. */
  async #forgetImports(): Promise<void> {
    if (this.#opened.size === 0) return;
    (await this.finder()).forgetImports();
    for (const document of [...this.#opened.keys()]) this.#close(document);
    this.#learnt.fire();
  }

  #close(document: vscode.TextDocument): void {
    this.#opened.get(document)?.file.dispose();
    this.#opened.delete(document);
  }

  dispose(): void {
    for (const document of [...this.#opened.keys()]) this.#close(document);
    this.#owned.dispose();
  }
}
