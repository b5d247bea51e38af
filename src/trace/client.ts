/** The trace engine as the editor sees it: the engine's calls, answered by a worker thread. */
import { Worker } from 'node:worker_threads';
import { UserError, errorText } from '../common/problem';
import type { OpenedTrace } from './engine';
import type { CallName, FromWorker, ToWorker, TraceCalls } from './rpc';

type Async<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<R> : never;
};

/** One open trace. Times are ticks (`OpenedTrace.tickPs`) from `OpenedTrace.originUnixNs`. */
export interface TraceClient extends Async<TraceCalls> {
  /**
   * Opens files and merges them; replaces what was open. `onProgress` gets a fraction of 0 to 1.
   * Rejects with a `UserError`, or with the signal's reason when cancelled.
   */
  open(
    paths: string[],
    signal?: AbortSignal,
    onProgress?: (file: string, fraction: number) => void,
  ): Promise<OpenedTrace>;
  /** Ends the worker; calls that wait are rejected. */
  close(): void;
}

type Call = (method: CallName, args: unknown[]) => Promise<unknown>;

function calls(call: Call): Async<TraceCalls> {
  // The worker answers with what `TraceCalls` says: both ends are compiled from it.
  const bind = <K extends CallName>(method: K): Async<TraceCalls>[K] =>
    ((...args: unknown[]) => call(method, args)) as Async<TraceCalls>[K];
  return {
    tiles: bind('tiles'),
    names: bind('names'),
    at: bind('at'),
    detail: bind('detail'),
    neighbour: bind('neighbour'),
    select: bind('select'),
    search: bind('search'),
    summary: bind('summary'),
  };
}

const closedMessage = 'The trace was closed.';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  onProgress?: ((file: string, fraction: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

class WorkerConnection {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #ended: string | undefined;

  constructor(workerPath: string) {
    this.#worker = new Worker(workerPath);
    this.#worker.on('message', (message: FromWorker) => {
      this.#receive(message);
    });
    this.#worker.on('error', (error) => {
      this.#end(`The trace reader stopped: ${errorText(error)}. Close the trace and open it again.`);
    });
    this.#worker.on('messageerror', (error) => {
      this.#end(`The trace reader sent an answer that could not be read: ${errorText(error)}.`);
    });
    this.#worker.on('exit', (code) => {
      this.#end(
        `The trace reader stopped unexpectedly (exit code ${code}). Close the trace and open it again.`,
      );
    });
  }

  send(
    message: { type: 'open'; paths: string[] } | { type: 'call'; method: CallName; args: unknown[] },
    extra: Partial<Waiting> = {},
  ): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(new UserError(this.#ended));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, ...extra });
      this.#post({ ...message, id });
      extra.signal?.addEventListener(
        'abort',
        () => {
          // The promise is settled here, not by the answer: a busy worker may take a while to notice.
          if (!this.#waiting.delete(id)) return;
          this.#post({ type: 'cancel', id });
          reject(abortReason(extra.signal!));
        },
        { once: true },
      );
    });
  }

  close(): void {
    this.#end(closedMessage);
    void this.#worker.terminate();
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    const waiting = this.#waiting.get(message.id);
    if (!waiting) return; // cancelled meanwhile
    if (message.type === 'progress') return waiting.onProgress?.(message.file, message.fraction);
    this.#waiting.delete(message.id);
    if (message.type === 'result') return waiting.resolve(message.value);
    if (message.user)
      return waiting.reject(new UserError(message.message, message.fix ? { fix: message.fix } : {}));
    waiting.reject(new Error(message.message));
  }

  #end(message: string): void {
    this.#ended ??= message;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const call of waiting) call.reject(new UserError(this.#ended));
  }
}

function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error(errorText(reason));
}

/** A trace reader in a thread of its own, from the bundled `traceWorker.js`. */
export function createTraceClient(workerPath: string): TraceClient {
  const connection = new WorkerConnection(workerPath);
  return {
    ...calls((method, args) => connection.send({ type: 'call', method, args })),
    async open(paths, signal, onProgress) {
      signal?.throwIfAborted();
      return (await connection.send({ type: 'open', paths }, { signal, onProgress })) as OpenedTrace;
    },
    close() {
      connection.close();
    },
  };
}
