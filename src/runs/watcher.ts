import path from 'node:path';
import type { Disposable } from '../common/disposables';
import type { Log } from '../common/log';
import { errorText } from '../common/problem';

export type WatchMode = 'recommended' | 'polling' | 'off';

/** Run folder, process folder, and the files in it: what lies deeper is the framework's. */
const depth = 2;
const settleMs = 100;

/**
 * Calls back, shortly after, when files or folders appear or vanish in the log directory or up to its
 * process folders. The directory need not exist yet: chokidar waits for it.
 */
export function watchLogDirectory(directory: string, mode: WatchMode, onChange: () => void, log: Log): Disposable {
  if (mode === 'off') return { dispose: () => undefined };
  let closed = false;
  let close: (() => Promise<void>) | undefined;
  let timer: NodeJS.Timeout | undefined;
  const soon = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      onChange();
    }, settleMs);
  };
  // Loaded when first needed: activation does not pay for it.
  void import('chokidar').then(({ watch }) => {
    if (closed) return;
    const watcher = watch(directory, {
      depth,
      ignoreInitial: true,
      usePolling: mode === 'polling',
      interval: 1000,
      ignored: (file) => path.basename(file).startsWith('trace-') || path.basename(file).startsWith('.run.json'),
    });
    watcher.on('all', soon);
    watcher.on('error', (error) => log.warn(`Watching ${directory}: ${errorText(error)}`));
    close = () => watcher.close();
  });
  return {
    dispose: () => {
      closed = true;
      if (timer !== undefined) clearTimeout(timer);
      void close?.();
    },
  };
}
