/** From a path to a filled builder: reads the file, tells its format, runs the reader. */
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { UserError, errorText } from '../common/problem';
import { formatBytes } from '../common/units';
import { TraceBuilder, type ReadContext, type TraceFormat } from './builder';
import type { Strings } from './columns';
import { readChromeJson } from './formats/chromeJson';
import { gunzip } from './formats/gunzip';
import { sniff, type Content } from './formats/sniff';
import { readXplane } from './formats/xplane';

/** Largest JSON text, bytes; version 1 keeps it in memory as it is. */
export const jsonLimit = 512 * 1024 * 1024;
/** Largest file that Node reads into one buffer here, bytes. */
const fileLimit = 2 ** 31 - 1;
const readSize = 8 << 20;

export interface OpenOptions {
  signal?: AbortSignal | undefined;
  /** `fraction` is 0 to 1 over all files. */
  onProgress?: ((file: string, fraction: number) => void) | undefined;
}

export interface FileTrace {
  path: string;
  format: TraceFormat;
  builder: TraceBuilder;
}

const refusals: Partial<Record<Content, string>> = {
  empty: 'The file is empty; the program was probably ended before the profiler could write it.',
  calls: "This is Predictscope's own list of calls, not a trace; open the run that it belongs to.",
  sqlite:
    'This is an SQLite database (an Nsight Systems export?); Predictscope reads xplane.pb and Chrome trace JSON.',
  zip: 'This is a zip archive; unpack it and open the trace inside.',
  perfetto: 'This looks like a Perfetto trace; Predictscope reads xplane.pb and Chrome trace JSON.',
  unknown: 'The file is neither an XSpace profile (xplane.pb) nor Chrome trace JSON.',
};

/** Reads one trace file. Throws a `UserError` that names the file, or the signal's reason. */
export async function readTraceFile(
  file: string,
  strings: Strings,
  { signal = new AbortController().signal, onProgress }: OpenOptions,
): Promise<FileTrace> {
  try {
    const raw = await readWhole(file, signal, (fraction) => onProgress?.(file, fraction * 0.2));
    const builder = new TraceBuilder(strings);
    const context = readContext(signal, (fraction) => onProgress?.(file, 0.2 + fraction * 0.8));
    let bytes = raw;
    let content = sniff(bytes);
    if (content === 'gzip') {
      const { bytes: inflated, problem } = await gunzip(raw, jsonLimit, signal);
      if (problem) builder.damage(problem);
      bytes = inflated;
      content = sniff(bytes);
    }
    if (content === 'xplane') {
      await readXplane(bytes, builder, context);
      return { path: file, format: 'xplane', builder };
    }
    if (content !== 'json') throw new UserError(refusals[content] ?? refusals.unknown!);
    if (bytes.length > jsonLimit) {
      throw new UserError(
        `The trace is ${formatBytes(bytes.length)} of JSON; this version reads up to ${formatBytes(jsonLimit)}.`,
        { fix: 'Record fewer calls.' },
      );
    }
    await readChromeJson(bytes, builder, context);
    return { path: file, format: 'chrome-json', builder };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UserError) {
      throw new UserError(`${path.basename(file)}: ${error.message}`, {
        ...(error.fix && { fix: error.fix }),
        cause: error,
      });
    }
    throw new UserError(`${path.basename(file)} could not be read: ${errorText(error)}`, { cause: error });
  }
}

async function readWhole(
  file: string,
  signal: AbortSignal,
  onProgress: (fraction: number) => void,
): Promise<Uint8Array> {
  signal.throwIfAborted();
  const handle: FileHandle = await open(file, 'r');
  try {
    const stat = await handle.stat();
    if (stat.isDirectory()) throw new UserError('This is a folder; open the trace file in it.');
    if (stat.size > fileLimit) {
      throw new UserError(
        `The file is ${formatBytes(stat.size)}; this version reads up to ${formatBytes(fileLimit)}.`,
        {
          fix: 'Record fewer calls.',
        },
      );
    }
    const bytes = new Uint8Array(stat.size);
    let at = 0;
    while (at < bytes.length) {
      signal.throwIfAborted();
      const { bytesRead } = await handle.read(bytes, at, Math.min(readSize, bytes.length - at), at);
      if (bytesRead === 0) break; // the file was cut while we read it
      at += bytesRead;
      onProgress(at / bytes.length);
    }
    return bytes.subarray(0, at);
  } finally {
    await handle.close();
  }
}

/** Lets timers and messages in at most every 20 ms, so that a cancellation arrives while a reader is busy. */
function readContext(signal: AbortSignal, onProgress: (fraction: number) => void): ReadContext {
  let last = performance.now();
  return {
    async pulse(fraction) {
      const now = performance.now();
      if (now - last < 20) return;
      onProgress(fraction);
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      last = performance.now();
    },
  };
}
