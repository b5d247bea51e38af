import path from 'node:path';
import type * as vscode from 'vscode';
import type { SiteFinder } from '../sites/finder';
import type { Site } from '../sites/site';

/** Sites of open documents, found once for each version of a text; the grammar is loaded when first needed. */
export class SiteCache {
  readonly #known = new WeakMap<vscode.TextDocument, { version: number; sites: Site[] }>();
  #finder: Promise<SiteFinder> | undefined;

  constructor(private readonly extensionPath: string) {}

  finder = (): Promise<SiteFinder> => {
    // A bundle of its own: activation does not pay for the parser.
    this.#finder ??= import('../sites/finder').then(({ createSiteFinder }) =>
      createSiteFinder({ wasmDirectory: path.join(this.extensionPath, 'dist') }),
    );
    return this.#finder;
  };

  async sites(document: vscode.TextDocument): Promise<Site[]> {
    const known = this.#known.get(document);
    if (known?.version === document.version) return known.sites;
    const finder = await this.finder();
    const { version } = document;
    const { sites } = finder.find(document.uri.fsPath, document.getText());
    this.#known.set(document, { version, sites });
    return sites;
  }
}
