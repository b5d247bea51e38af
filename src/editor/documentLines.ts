/** Which lines of an open document the newest run says something about, wherever they are by now. */
import * as vscode from 'vscode';
import { Disposables, type Disposable } from '../common/disposables';
import { mapLines } from '../common/lineMap';
import type { HotLine } from '../insight/hotLines';
import type { Run } from '../insight/runStore';
import { keptSource } from '../runs/sources';
import { notebookProgram } from '../sites/notebook';
import { cellIndex, notebookOf } from './documents';
import { programFile } from './notebookRun';
import type { RunsModel } from './runsModel';
import { notebookCells } from './siteCache';

export interface DocumentLines {
  run: Run;
  /** By line of the document, from 1. */
  lines: ReadonlyMap<number, HotLine>;
}

interface Known {
  version: number;
  summary: Run['summary'];
  found: DocumentLines | undefined;
}

/** Answers for open documents; what was found once holds until the text or the run changes. */
export class LinesOfDocuments implements Disposable {
  readonly #owned = new Disposables();
  readonly #known = new Map<string, Known>();
  /** Where lines are, by run, file and version of the text: diffs are not made twice. */
  readonly #maps = new Map<string, { version: number; map: ReadonlyMap<number, number> | undefined }>();

  constructor(private readonly runs: RunsModel) {
    this.#owned.add(
      vscode.workspace.onDidCloseTextDocument((document) => this.#known.delete(document.uri.toString())),
    );
    this.#owned.add({ dispose: () => this.#maps.clear() });
  }

  /** undefined where no run has sampled the file. */
  async of(document: vscode.TextDocument): Promise<DocumentLines | undefined> {
    const place = placeInProgram(document);
    const run = place && this.#runOf(place.file);
    if (!run) return undefined;
    const key = document.uri.toString();
    const known = this.#known.get(key);
    if (known?.version === place.version && known.summary === run.summary) return known.found;
    const map = await this.#map(run, place);
    const lines = new Map<number, HotLine>();
    for (const line of run.summary.hotLines) {
      if (line.file !== place.file) continue;
      const now = (map ? map.get(line.line) : line.line) ?? NaN;
      const here = now - place.firstLine + 1;
      if (here >= 1 && here <= document.lineCount) lines.set(here, line);
    }
    const found = { run, lines };
    this.#known.set(key, { version: place.version, summary: run.summary, found });
    return found;
  }

  /** The newest run that has lines of the file. */
  #runOf(file: string): Run | undefined {
    return this.runs.runs.find(({ summary }) => summary.hotLines.some((line) => line.file === file));
  }

  /** undefined: the text of the run is not known, so its lines are taken as they are. */
  async #map(run: Run, place: Place): Promise<ReadonlyMap<number, number> | undefined> {
    const key = `${run.name}\n${place.file}`;
    const known = this.#maps.get(key);
    if (known?.version === place.version && (known.map !== undefined || run.live)) return known.map;
    const then = await keptSource(run.directory, place.file);
    const map = then === undefined ? undefined : mapLines(then, place.text());
    if (this.#maps.size > 50) this.#maps.clear();
    this.#maps.set(key, { version: place.version, map });
    return map;
  }

  dispose(): void {
    this.#owned.dispose();
  }
}

interface Place {
  file: string;
  version: number;
  text: () => string;
  /** Line of the program that the document begins on. */
  firstLine: number;
}

/** The file that a document is run as: itself, or the program that its notebook is made into. */
function placeInProgram(document: vscode.TextDocument): Place | undefined {
  const notebook = notebookOf(document);
  if (!notebook) {
    const { uri, version } = document;
    return uri.scheme === 'file'
      ? { file: uri.fsPath, version, text: () => document.getText(), firstLine: 1 }
      : undefined;
  }
  const folder = vscode.workspace.getWorkspaceFolder(notebook.uri) ?? vscode.workspace.workspaceFolders?.[0];
  if (!folder) return undefined;
  const program = notebookProgram(notebookCells(notebook));
  const cell = cellIndex(notebook, document);
  return {
    file: programFile(notebook, folder),
    version: notebook.version * 1000 + document.version,
    text: () => program.text,
    firstLine: program.cellStart[cell] ?? 1,
  };
}
