/** Entry of the trace worker (`dist/traceWorker.js`): one worker holds one trace. */
import { parentPort } from 'node:worker_threads';
import { UserError, errorText } from '../common/problem';
import { openTrace, type TraceModel } from './engine';
import { answer, describeOpened, transferable, type FromWorker, type ToWorker } from './rpc';

const port = parentPort;
if (!port) throw new Error('traceWorker.js runs as a worker thread only.');

let model: TraceModel | undefined;
const opening = new Map<number, AbortController>();

function post(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port!.postMessage(message, transfer);
}

function fail(id: number, error: unknown, cancelled = false): void {
  const user = error instanceof UserError;
  post({ type: 'error', id, message: errorText(error), fix: user ? error.fix : undefined, user, cancelled });
}

async function open(id: number, paths: string[]): Promise<void> {
  const controller = new AbortController();
  opening.set(id, controller);
  try {
    model = await openTrace(paths, {
      signal: controller.signal,
      onProgress: (file, fraction) => {
        post({ type: 'progress', id, file, fraction });
      },
    });
    post({ type: 'result', id, value: describeOpened(model) });
  } catch (error) {
    fail(id, error, controller.signal.aborted);
  } finally {
    opening.delete(id);
  }
}

port.on('message', (message: ToWorker) => {
  if (message.type === 'open') {
    void open(message.id, message.paths);
  } else if (message.type === 'cancel') {
    opening.get(message.id)?.abort();
  } else {
    try {
      if (!model) throw new UserError('No trace is open.');
      const value = answer(model, message.method, message.args);
      post({ type: 'result', id: message.id, value }, transferable(message.method, value));
    } catch (error) {
      fail(message.id, error);
    }
  }
});
