import * as vscode from 'vscode';
import { setting } from '../common/vscode';
import { ours } from '../launch/insertedNames';
import {
  applyMarks,
  isMarked,
  markText,
  missingCalls,
  noMarks,
  withoutMark,
  type Marks,
} from '../launch/marks';
import { isConfidentPredict, type Site } from '../sites/site';
import { fileUri, placeOf } from './documents';
import type { SiteCache } from './siteCache';

/** Marks that hold for a file or folder. */
export function marksOf(scope: vscode.ConfigurationScope | undefined): Marks {
  return { dismissed: setting('sites.dismissed', scope), added: setting('sites.added', scope) };
}

/** Sites of documents as the user sees them: without what was dismissed, with what was added. */
export class MarkedSites {
  constructor(private readonly cache: SiteCache) {}

  get onDidLearn(): vscode.Event<void> {
    return this.cache.onDidLearn;
  }

  async sites(document: vscode.TextDocument): Promise<Site[]> {
    const found = await this.cache.sites(document);
    const marks = marksOf(fileUri(document));
    if (marks.added.length === 0 && marks.dismissed.length === 0) return found;
    const file = fileUri(document).fsPath;
    const missing = missingCalls(found, marks, file).size > 0;
    const calls = missing ? await this.cache.calls(document) : [];
    return applyMarks(found, marks, file, () => calls);
  }

  /** Every call, sites first as they are marked: what a command may be about. */
  async calls(document: vscode.TextDocument): Promise<Site[]> {
    const sites = await this.sites(document);
    const known = new Set(sites.map((site) => site.id));
    const others = (await this.cache.calls(document)).filter(
      (call) => !known.has(call.id) && !ours.test(call.callee),
    );
    return [...sites, ...others];
  }

  /** The site as it was found, whatever the user said about it. */
  async unmarked(document: vscode.TextDocument, id: string): Promise<Site | undefined> {
    return (await this.cache.sites(document)).find((site) => site.id === id);
  }

  /** “Not a predict call”. Returns the undo. */
  async dismiss(document: vscode.TextDocument, site: Site): Promise<() => Promise<void>> {
    const found = await this.unmarked(document, site.id);
    return this.#change(document, (marks) => ({
      added: withoutMark(marks.added, site.id),
      // A call that only a mark made a site needs no mark against it.
      dismissed: found
        ? [...withoutMark(marks.dismissed, site.id), markText(site, placeOf(document))]
        : withoutMark(marks.dismissed, site.id),
    }));
  }

  /** “Treat as predict call”. Returns the undo. */
  async add(document: vscode.TextDocument, site: Site): Promise<() => Promise<void>> {
    const found = await this.unmarked(document, site.id);
    return this.#change(document, (marks) => ({
      dismissed: withoutMark(marks.dismissed, site.id),
      // One that was only dismissed is a predict call again by itself.
      added:
        found && isConfidentPredict(found)
          ? withoutMark(marks.added, site.id)
          : [...withoutMark(marks.added, site.id), markText(site, placeOf(document))],
    }));
  }

  isDismissed(document: vscode.TextDocument, id: string): boolean {
    return isMarked(marksOf(fileUri(document)).dismissed, id);
  }

  async #change(
    document: vscode.TextDocument,
    change: (marks: Marks) => Marks,
  ): Promise<() => Promise<void>> {
    const scope = fileUri(document);
    const before = marksOf(scope);
    await writeMarks(scope, before, change(before));
    return () => writeMarks(scope, marksOf(scope), before);
  }
}

async function writeMarks(scope: vscode.Uri, before: Marks, after: Marks): Promise<void> {
  const configuration = vscode.workspace.getConfiguration('predictscope', scope);
  // Without a folder there are no settings of the workspace.
  const target = vscode.workspace.workspaceFolders
    ? vscode.ConfigurationTarget.Workspace
    : vscode.ConfigurationTarget.Global;
  for (const key of Object.keys(noMarks) as (keyof Marks)[]) {
    if (before[key].join('\n') === after[key].join('\n')) continue;
    await configuration.update(`sites.${key}`, after[key].length > 0 ? after[key] : undefined, target);
  }
}
