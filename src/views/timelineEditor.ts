/** The custom editor for trace files: one trace worker a document, one webview a panel. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import * as vscode from 'vscode';
import { Disposables } from '../common/disposables';
import { customEditors } from '../common/ids';
import type { Log } from '../common/log';
import { UserError, errorText } from '../common/problem';
import type { FromTimeline, ToTimeline } from '../common/protocol';
import { createTraceClient, type TraceClient } from '../trace/client';
import type { OpenedTrace } from '../trace/engine';

/** An open trace file. The worker lives as long as the document, so that hiding a panel keeps the model. */
class TraceDocument implements vscode.CustomDocument {
  readonly #workerPath: string;
  readonly #cancel = new AbortController();
  readonly #listeners = new Set<(message: ToTimeline) => void>();
  #client: TraceClient | undefined;
  #opening: Promise<OpenedTrace> | undefined;

  constructor(
    readonly uri: vscode.Uri,
    workerPath: string,
  ) {
    this.#workerPath = workerPath;
  }

  get client(): TraceClient {
    if (this.#cancel.signal.aborted) throw new UserError(vscode.l10n.t('The trace was closed.'));
    return (this.#client ??= createTraceClient(this.#workerPath));
  }

  /** The trace, read at most once; `again` starts over with a new worker. */
  open(again = false): Promise<OpenedTrace> {
    if (again) {
      this.#client?.close();
      this.#client = undefined;
      this.#opening = undefined;
    }
    if (this.#opening) return this.#opening;
    if (this.uri.scheme !== 'file') {
      return Promise.reject(
        new UserError(
          vscode.l10n.t('Predictscope reads traces from the disk of the machine that the extension runs on.'),
          { fix: vscode.l10n.t('Save a copy of the file to a folder there and open that.') },
        ),
      );
    }
    this.#opening = this.client.open([this.uri.fsPath], this.#cancel.signal, (_file, fraction) => {
      for (const listener of this.#listeners) {
        listener({ type: 'progress', file: path.basename(this.uri.fsPath), fraction });
      }
    });
    return this.#opening;
  }

  onProgress(listener: (message: ToTimeline) => void): vscode.Disposable {
    this.#listeners.add(listener);
    return new vscode.Disposable(() => this.#listeners.delete(listener));
  }

  dispose(): void {
    this.#cancel.abort(new UserError(vscode.l10n.t('The trace was closed.')));
    this.#client?.close();
    this.#listeners.clear();
  }
}

/** Names go to a webview once each; this knows which it has. */
class SentNames {
  readonly #index = new Map<number, number>();

  /** Replaces name ids by the webview's indices, in place; returns the names that are new to it. */
  async rewrite(ids: Uint32Array, client: TraceClient): Promise<{ from: number; names: string[] }> {
    const from = this.#index.size;
    const fresh: number[] = [];
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      let index = this.#index.get(id);
      if (index === undefined) {
        index = this.#index.size;
        this.#index.set(id, index);
        fresh.push(id);
      }
      ids[i] = index;
    }
    return { from, names: fresh.length > 0 ? await client.names(Uint32Array.from(fresh)) : [] };
  }
}

/** One webview panel: answers its questions from the document's trace. */
class TimelinePanel {
  readonly #document: TraceDocument;
  readonly #panel: vscode.WebviewPanel;
  readonly #log: Log;
  readonly #disposables = new Disposables();
  #names = new SentNames();

  constructor(document: TraceDocument, panel: vscode.WebviewPanel, log: Log) {
    this.#document = document;
    this.#panel = panel;
    this.#log = log;
    this.#disposables.add(
      panel.webview.onDidReceiveMessage((message: FromTimeline) => void this.#receive(message)),
    );
    this.#disposables.add(
      document.onProgress((message) => {
        this.#post(message);
      }),
    );
    panel.onDidDispose(() => {
      this.#disposables.dispose();
    });
  }

  #post(message: ToTimeline): void {
    if (!this.#disposables.disposed) void this.#panel.webview.postMessage(message);
  }

  async #receive(message: FromTimeline): Promise<void> {
    if (message.type === 'ready' || message.type === 'reopen') {
      // A webview that was hidden starts anew and has no names.
      this.#names = new SentNames();
      await this.#open(message.type === 'reopen');
      return;
    }
    try {
      this.#post(await this.#answer(message));
    } catch (error) {
      this.#log.warn(`Timeline of ${this.#document.uri.fsPath}: ${message.type}: ${errorText(error)}`);
      this.#post({ type: 'refused', request: message.request, message: errorText(error) });
    }
  }

  async #open(again: boolean): Promise<void> {
    const file = path.basename(this.#document.uri.path);
    try {
      this.#post({ type: 'progress', file, fraction: 0 });
      const opened = await this.#document.open(again);
      this.#post({
        type: 'opened',
        title: file,
        tracks: opened.tracks.map(({ index, process, thread, events, depth }) => ({
          index,
          process,
          thread,
          events,
          depth,
        })),
        originUnixNs: String(opened.originUnixNs),
        clock: opened.files.every((entry) => entry.clock),
        tickPs: opened.tickPs,
        spanTicks: opened.spanTicks,
        events: opened.events,
        problems: opened.problems,
      });
    } catch (error) {
      this.#log.error(`${this.#document.uri.toString()} could not be opened: ${errorText(error)}`);
      const fix = error instanceof UserError ? error.fix : undefined;
      this.#post({ type: 'failed', message: errorText(error), ...(fix && { fix }) });
    }
  }

  async #answer(message: Exclude<FromTimeline, { type: 'ready' | 'reopen' }>): Promise<ToTimeline> {
    await this.#document.open();
    const { client } = this.#document;
    const { request } = message;
    switch (message.type) {
      case 'tiles': {
        const tiles = await client.tiles(message);
        // Taken before the next await, so that two answers never number the same name twice.
        const newNames = await this.#names.rewrite(tiles.name, client);
        return { type: 'tiles', request, tiles, newNames };
      }
      case 'detailAt': {
        const { track, depth, time, toleranceTicks } = message;
        return this.#detail(request, await client.at(track, depth, time, toleranceTicks));
      }
      case 'detail':
        return this.#detail(request, message.event);
      case 'neighbour':
        return this.#detail(request, await client.neighbour(message.event, message.direction));
      case 'select':
        return {
          type: 'selection',
          request,
          ...(await client.select(message.t0, message.t1, message.tracks)),
        };
      case 'search':
        return { type: 'found', request, ...(await client.search(message.text)) };
    }
  }

  async #detail(request: number, event: number | undefined): Promise<ToTimeline> {
    const detail = event === undefined ? undefined : await this.#document.client.detail(event);
    return { type: 'detail', request, detail };
  }
}

export class TimelineEditorProvider implements vscode.CustomReadonlyEditorProvider<TraceDocument> {
  readonly #context: { extensionUri: vscode.Uri };
  readonly #log: Log;

  constructor(context: { extensionUri: vscode.Uri }, log: Log) {
    this.#context = context;
    this.#log = log;
  }

  /** Registers the editor for `*.xplane.pb`, `*.trace.json` and `*.trace.json.gz`. */
  static register(context: { extensionUri: vscode.Uri }, log: Log): vscode.Disposable {
    return vscode.window.registerCustomEditorProvider(
      customEditors.timeline,
      new TimelineEditorProvider(context, log),
      // The model is in the worker and the view's state in setState, so a hidden webview costs nothing.
      { supportsMultipleEditorsPerDocument: true, webviewOptions: { retainContextWhenHidden: false } },
    );
  }

  openCustomDocument(uri: vscode.Uri): TraceDocument {
    return new TraceDocument(
      uri,
      vscode.Uri.joinPath(this.#context.extensionUri, 'dist', 'traceWorker.js').fsPath,
    );
  }

  resolveCustomEditor(document: TraceDocument, panel: vscode.WebviewPanel): void {
    const root = vscode.Uri.joinPath(this.#context.extensionUri, 'dist', 'webview');
    panel.webview.options = { enableScripts: true, localResourceRoots: [root] };
    new TimelinePanel(document, panel, this.#log);
    panel.webview.html = timelineHtml(panel.webview, root);
  }
}

function timelineHtml(webview: vscode.Webview, root: vscode.Uri): string {
  // The toolkit tries out one style element and takes its nonce from `csp-nonce`.
  const nonce = randomUUID();
  const uri = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(root, name)).toString();
  return `<!DOCTYPE html>
<html lang="${vscode.env.language}" data-state="loading">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'nonce-${nonce}'; style-src ${webview.cspSource} 'nonce-${nonce}';">
<meta property="csp-nonce" content="${nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${uri('timeline.css')}">
<title>${vscode.l10n.t('Trace timeline')}</title>
</head>
<body>
<main id="app"></main>
<script nonce="${nonce}" src="${uri('timeline.js')}"></script>
</body>
</html>`;
}
