/** Heat on the lines that time goes to: shared, themeable decorations by bucket, for every visible editor. */
import * as vscode from 'vscode';
import { Disposables, type Disposable } from '../common/disposables';
import { formatDuration, formatShare, type Share } from '../common/units';
import { changes, setting } from '../common/vscode';
import type { HotLine } from '../insight/hotLines';
import type { LinesOfDocuments } from './documentLines';
import { fileUri, isSource } from './documents';
import type { RunsModel } from './runsModel';

/** Lower bounds of the buckets; what lies below the first is not shown. */
const bucketShares: readonly Share[] = [0.01, 0.025, 0.05, 0.1, 0.2, 0.4];
type Mode = 'gutter' | 'inline' | 'ruler';

/** Lines move while one types; their heat follows after this pause. */
const editPauseMs = 300;
/** A living run changes several times a second. */
const runPauseMs = 1000;
/** From here on a line's own time and that with its functions are two figures. */
const tellingDifference: Share = 0.01;

/** Owns the decorations; `refresh` is asked for by what changes them. */
export class LineHeat implements Disposable {
  readonly #owned = new Disposables();
  #types: { mode: Mode; types: vscode.TextEditorDecorationType[] } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Infinity;
  #shown = new Map<
    vscode.TextEditor,
    { line: number; bucket: number; options: vscode.DecorationOptions }[]
  >();

  constructor(
    private readonly lines: LinesOfDocuments,
    runs: RunsModel,
  ) {
    this.#owned.add(runs.onDidChange(() => this.#soon(runPauseMs)));
    this.#owned.add(vscode.window.onDidChangeVisibleTextEditors(() => this.#soon(0)));
    this.#owned.add(vscode.window.onDidChangeVisibleNotebookEditors(() => this.#soon(0)));
    this.#owned.add(
      vscode.workspace.onDidChangeTextDocument((event) => {
        if (event.contentChanges.length === 0) return;
        this.#clearEdited(event);
        this.#soon(editPauseMs);
      }),
    );
    this.#owned.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (changes(event, 'lineHeat')) this.#soon(0);
      }),
    );
    this.#owned.add({ dispose: () => this.#dropTypes() });
    this.#owned.add({ dispose: () => clearTimeout(this.#timer) });
    this.#soon(0);
  }

  #soon(ms: number): void {
    const at = Date.now() + ms;
    if (at >= this.#dueAt && ms >= runPauseMs) return; // a run that keeps changing must not put it off for good
    clearTimeout(this.#timer);
    this.#dueAt = at;
    this.#timer = setTimeout(() => {
      this.#dueAt = Infinity;
      void this.#refresh();
    }, ms);
  }

  async #refresh(): Promise<void> {
    const editors = vscode.window.visibleTextEditors.filter(({ document }) => isSource(document));
    this.#shown = new Map([...this.#shown].filter(([editor]) => editors.includes(editor)));
    for (const editor of editors) {
      const { document } = editor;
      const mode = setting('lineHeat', fileUri(document));
      if (mode === 'off') {
        this.#set(editor, []);
        continue;
      }
      const version = document.version;
      const found = await this.lines.of(document);
      if (document.version !== version) continue; // typed meanwhile: asked again
      const types = this.#typesOf(mode);
      const options = found ? heatOf(document, found.lines, mode) : [];
      if (types.length > 0) this.#set(editor, options);
    }
  }

  /** A line that is being edited is no longer the one that ran. */
  #clearEdited({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    for (const [editor, shown] of this.#shown) {
      if (editor.document !== document) continue;
      const edited = contentChanges.filter(({ range, text }) => {
        // A new line after the last character leaves the line as it is.
        const before = range.isEmpty && /^\r?\n/.test(text);
        return !before;
      });
      const rest = shown.filter(
        ({ line }) => !edited.some(({ range }) => line - 1 >= range.start.line && line - 1 <= range.end.line),
      );
      if (rest.length < shown.length) this.#set(editor, moved(rest, contentChanges));
    }
  }

  #set(
    editor: vscode.TextEditor,
    heat: { line: number; bucket: number; options: vscode.DecorationOptions }[],
  ): void {
    this.#shown.set(editor, heat);
    this.#types?.types.forEach((type, bucket) => {
      editor.setDecorations(
        type,
        heat.filter((one) => one.bucket === bucket).map(({ options }) => options),
      );
    });
  }

  #typesOf(mode: Mode): vscode.TextEditorDecorationType[] {
    if (this.#types?.mode !== mode) {
      this.#dropTypes();
      this.#types = { mode, types: bucketShares.map((_, bucket) => decorationType(mode, bucket)) };
    }
    return this.#types.types;
  }

  #dropTypes(): void {
    for (const type of this.#types?.types ?? []) type.dispose();
    this.#types = undefined;
  }

  dispose(): void {
    this.#owned.dispose();
  }
}

function decorationType(mode: Mode, bucket: number): vscode.TextEditorDecorationType {
  const color = new vscode.ThemeColor(`predictscope.heat${bucket + 1}`);
  const range = { rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed };
  switch (mode) {
    case 'gutter':
      // Icons of the gutter take no colour of the theme; a border at its edge does.
      return vscode.window.createTextEditorDecorationType({
        ...range,
        isWholeLine: true,
        borderStyle: 'solid',
        borderWidth: '0 0 0 4px',
        borderColor: color,
      });
    case 'inline':
      return vscode.window.createTextEditorDecorationType({
        ...range,
        after: { color, margin: '0 0 0 3em', fontStyle: 'normal' },
      });
    case 'ruler':
      return vscode.window.createTextEditorDecorationType({
        ...range,
        isWholeLine: true,
        overviewRulerColor: color,
        overviewRulerLane: vscode.OverviewRulerLane.Right,
      });
  }
}

/** `37 % · 5.9 s`, and in total where that is more. */
export function heatText(line: HotLine): string {
  const own = `${formatShare(line.shareOfRun)} · ${formatDuration(line.selfNs)}`;
  const more = line.selfNs > 0 ? (line.totalNs / line.selfNs - 1) * line.shareOfRun : 0;
  return more >= tellingDifference
    ? vscode.l10n.t('{0} · {1} with its functions', own, formatDuration(line.totalNs))
    : own;
}

function heatOf(
  document: vscode.TextDocument,
  lines: ReadonlyMap<number, HotLine>,
  mode: Mode,
): { line: number; bucket: number; options: vscode.DecorationOptions }[] {
  return [...lines].flatMap(([line, hot]) => {
    const bucket = bucketShares.findLastIndex((least) => hot.shareOfRun >= least);
    if (bucket < 0) return [];
    const end = document.lineAt(line - 1).range.end;
    const range = mode === 'inline' ? new vscode.Range(end, end) : document.lineAt(line - 1).range;
    return [
      {
        line,
        bucket,
        options: {
          range,
          ...(mode === 'inline' ? { renderOptions: { after: { contentText: heatText(hot) } } } : {}),
        },
      },
    ];
  });
}

/** The same heat where the lines are after an edit. */
function moved(
  heat: readonly { line: number; bucket: number; options: vscode.DecorationOptions }[],
  edits: readonly vscode.TextDocumentContentChangeEvent[],
): { line: number; bucket: number; options: vscode.DecorationOptions }[] {
  return heat.map((one) => {
    const by = edits
      .filter(
        ({ range }) => range.end.line < one.line - 1 || (range.isEmpty && range.start.line < one.line - 1),
      )
      .reduce((sum, { range, text }) => {
        const added = text.split(/\r\n|\r|\n/).length - 1;
        return sum + added - (range.end.line - range.start.line);
      }, 0);
    if (by === 0) return one;
    const { range } = one.options;
    return {
      ...one,
      line: one.line + by,
      options: {
        ...one.options,
        range: new vscode.Range(range.start.translate(by), range.end.translate(by)),
      },
    };
  });
}
