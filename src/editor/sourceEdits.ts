import path from 'node:path';
import * as vscode from 'vscode';
import { UserError } from '../common/problem';
import type { InsertForm, Leftover, Refusal, TextEdit } from '../instrument/instrument';
import { defaultLogDirectory, prepareLogDirectory } from '../launch/logDirectory';
import type { Site } from '../sites/site';
import { fileUri } from './documents';
import { editable, type InsertedCalls } from './insertedCalls';
import { logDirectory } from './logDirectory';

export interface Inserted {
  inserted: { document: vscode.TextDocument; site: Site }[];
  refused: (Refusal & { document: vscode.TextDocument })[];
}

export interface Removed {
  removed: number;
  left: (Leftover & { document: vscode.TextDocument })[];
}

/** How often the edit is computed anew for somebody who types meanwhile. */
const attempts = 3;

/** Puts profiler calls into documents and takes them out, each in one step that can be undone. */
export class SourceEdits {
  constructor(private readonly calls: InsertedCalls) {}

  /** `sites` is asked again when the text has changed meanwhile. */
  async insert(
    documents: readonly vscode.TextDocument[],
    sites: (document: vscode.TextDocument) => Promise<readonly Site[]>,
    form: InsertForm,
  ): Promise<Inserted> {
    const instrumenter = await this.calls.instrumenter();
    return this.#apply(documents, async (edit) => {
      const result: Inserted = { inserted: [], refused: [] };
      for (const document of documents) {
        const wanted = await sites(document);
        if (wanted.length === 0) continue;
        const directory = await writtenTo(document);
        const { edits, inserted, refused } = instrumenter.insert({
          ...editable(document),
          sites: wanted,
          form,
          logDirectory: directory,
          file: fileUri(document).fsPath,
        });
        addEdits(edit, document, edits);
        result.inserted.push(...inserted.map((site) => ({ document, site })));
        result.refused.push(...refused.map((refusal) => ({ ...refusal, document })));
      }
      return result;
    });
  }

  /** Takes out all, or what stands on these lines. */
  async remove(documents: readonly vscode.TextDocument[], lines?: ReadonlySet<number>): Promise<Removed> {
    const instrumenter = await this.calls.instrumenter();
    return this.#apply(documents, (edit) => {
      const result: Removed = { removed: 0, left: [] };
      for (const document of documents) {
        if (!this.calls.mayHold(document)) continue;
        const { text, language } = editable(document);
        const { edits, removed, left } = instrumenter.remove(text, language, lines);
        addEdits(edit, document, edits);
        result.removed += removed;
        result.left.push(...left.map((each) => ({ ...each, document })));
      }
      return Promise.resolve(result);
    });
  }

  /** Computes and applies to the very same versions: an edit computed for another text would destroy this one. */
  async #apply<T>(
    documents: readonly vscode.TextDocument[],
    compute: (edit: vscode.WorkspaceEdit) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const versions = documents.map((document) => document.version);
      const edit = new vscode.WorkspaceEdit();
      const result = await compute(edit);
      if (documents.some((document, index) => document.version !== versions[index])) continue;
      // Refused by the editor when a text has changed on its side.
      if (edit.size === 0 || (await vscode.workspace.applyEdit(edit))) return result;
    }
    throw new UserError(vscode.l10n.t('The text kept changing, so it was left as it is.'), {
      fix: vscode.l10n.t('Try again.'),
    });
  }
}

function addEdits(
  edit: vscode.WorkspaceEdit,
  document: vscode.TextDocument,
  edits: readonly TextEdit[],
): void {
  for (const { start, end, text } of edits) {
    const range = new vscode.Range(document.positionAt(start), document.positionAt(end));
    edit.replace(document.uri, range, text);
  }
}

/** Where the inserted code writes: where the Runs view looks. */
export function insertedLogDirectory(document: vscode.TextDocument): string {
  const uri = fileUri(document);
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  return folder ? logDirectory(folder) : defaultLogDirectory(path.dirname(uri.fsPath));
}

/** Makes the folder too, so that it has its .gitignore; the program may well run where we cannot write. */
async function writtenTo(document: vscode.TextDocument): Promise<string> {
  const directory = insertedLogDirectory(document);
  await prepareLogDirectory(directory).catch(() => undefined);
  return directory;
}
