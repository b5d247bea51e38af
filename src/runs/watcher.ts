import { existsSync } from 'node:fs';
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
 * process folders. The directory need not exist yet: the nearest folder that does is watched for it.
 */
export function watchLogDirectory(
  directory: string,
  mode: WatchMode,
  onChange: () => void,
  log: Log,
): Disposable {
  if (mode === 'off') return { dispose: () => undefined };
  let closed = false;
  let close: (() => Promise<void>) | undefined;
  let timer: NodeJS.Timeout | undefined;
  const soon = (): void => {
    if (closed) return; // the watcher takes a moment to close
    timer ??= setTimeout(() => {
      timer = undefined;
      onChange();
    }, settleMs);
  };
  // Loaded when first needed: activation does not pay for it.
  const start = async (): Promise<void> => {
    const { watch } = await import('chokidar');
    if (closed) return;
    const from = nearestExisting(directory);
    const levels = path.relative(from, directory).split(path.sep).filter(Boolean).length;
    const watcher = watch(from, {
      depth: levels + depth,
      ignoreInitial: true,
      usePolling: mode === 'polling',
      interval: 1000,
      ignored: (file) => !onTheWay(file, directory) || isNoise(file, directory),
    });
    watcher.on('all', soon);
    // What came after the caller's own look and before the watcher stood is announced by no event.
    watcher.on('ready', soon);
    watcher.on('error', (error) => log.warn(`Watching ${directory}: ${errorText(error)}`));
    close = () => watcher.close();
  };
  start().catch((error: unknown) => log.warn(`Watching ${directory}: ${errorText(error)}`));
  return {
    dispose: () => {
      closed = true;
      if (timer !== undefined) clearTimeout(timer);
      void close?.();
    },
  };
}

function nearestExisting(directory: string): string {
  let folder = directory;
  while (!existsSync(folder) && path.dirname(folder) !== folder) folder = path.dirname(folder);
  return folder;
}

/** The framework's trace folders, and files that are about to be renamed. */
function isNoise(file: string, directory: string): boolean {
  return file.startsWith(directory + path.sep) && /^(trace-|\.)/.test(path.basename(file));
}

/** True for the directory, what lies in it, and the folders that lead to it. */
function onTheWay(file: string, directory: string): boolean {
  return (
    file === directory ||
    file.startsWith(directory + path.sep) ||
    (directory + path.sep).startsWith(file + path.sep)
  );
}
