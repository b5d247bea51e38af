/** Streaming gunzip with a cap against bombs; of a truncated file, what was readable. */
import { Readable } from 'node:stream';
import { constants, createGunzip } from 'node:zlib';
import { UserError, errorText } from '../../common/problem';
import { formatBytes } from '../../common/units';

const chunkSize = 1 << 20;

export interface Gunzipped {
  bytes: Uint8Array;
  /** Why it ended early, or undefined. */
  problem: string | undefined;
}

/** Decompresses `bytes`; throws a `UserError` beyond `limit` bytes of output or when nothing could be read. */
export async function gunzip(bytes: Uint8Array, limit: number, signal: AbortSignal): Promise<Gunzipped> {
  try {
    return { bytes: await inflate(bytes, limit, signal, false), problem: undefined };
  } catch (error) {
    if (error instanceof UserError || signal.aborted) throw error;
    // zlib withholds the last chunk of a broken stream unless it may end anywhere: once more.
    const readable = await inflate(bytes, limit, signal, true);
    if (readable.length === 0) {
      throw new UserError('The file looks compressed by gzip, but nothing in it could be read.', {
        cause: error,
      });
    }
    return {
      bytes: readable,
      problem: `The compressed file is cut off or damaged (${errorText(error)}); what could be read is shown.`,
    };
  }
}

async function inflate(
  bytes: Uint8Array,
  limit: number,
  signal: AbortSignal,
  lenient: boolean,
): Promise<Uint8Array> {
  const stream = createGunzip({
    chunkSize,
    finishFlush: lenient ? constants.Z_SYNC_FLUSH : constants.Z_FINISH,
  });
  const chunks: Uint8Array[] = [];
  let size = 0;
  const input = Readable.from(slices(bytes));
  input.pipe(stream);
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      signal.throwIfAborted();
      size += chunk.length;
      if (size > limit) {
        throw new UserError(
          `The compressed trace grows beyond ${formatBytes(limit)}; this version reads traces up to that size.`,
          { fix: 'Record fewer calls, or open the xplane.pb beside it.' },
        );
      }
      chunks.push(chunk);
    }
  } catch (error) {
    if (!lenient || error instanceof UserError || signal.aborted) throw error;
  } finally {
    input.destroy();
    stream.destroy();
  }
  const result = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    result.set(chunk, at);
    at += chunk.length;
  }
  return result;
}

/** Small pieces, so that what precedes a damaged place is decompressed and kept. */
function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 16_384) yield bytes.subarray(at, at + 16_384);
}
