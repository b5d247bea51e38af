/**
 * The only decoder of folded calls (`folded-SITE.bin`): what a process counts once its call records have
 * reached their limit. Format: docs/run-directory.md; the one writer is media/python/predictscope/folded.py.
 */

/** Calls of one site of one process that were not kept one by one. Times in ns. */
export interface FoldedCalls {
  calls: number;
  errors: number;
  totalNs: number;
  maxNs: number;
  /** Occupied buckets, ascending: the middle of each, and the calls in it. */
  durations: { ns: number; calls: number }[];
}

const fixed = 4;

/** Undefined while the file is still being made, and for what is no such file. */
export function decodeFolded(bytes: Uint8Array): FoldedCalls | undefined {
  if (bytes.length < 64) return undefined;
  if (String.fromCharCode(...bytes.subarray(0, 7)) !== 'PSFOLD1') return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = view.getUint32(8, true);
  const subBits = view.getUint32(12, true);
  if (header > bytes.length || subBits > 16) return undefined;
  const count = Math.floor((bytes.length - header) / 8);
  if (count < fixed) return undefined;
  const value = (at: number): number => Number(view.getBigUint64(header + at * 8, true));
  const durations: FoldedCalls['durations'] = [];
  for (let bucket = 0; bucket < count - fixed; bucket++) {
    const calls = value(fixed + bucket);
    if (calls > 0) durations.push({ ns: middle(bucket, subBits), calls });
  }
  return { calls: value(0), errors: value(1), totalNs: value(2), maxNs: value(3), durations };
}

/** A bucket is as wide as 2^(power of two of its octave - subBits); below 2^subBits ns it is one ns. */
function middle(bucket: number, subBits: number): number {
  const perOctave = 2 ** subBits;
  if (bucket < 2 * perOctave) return bucket;
  const shift = Math.floor(bucket / perOctave) - 1;
  const width = 2 ** shift;
  return (bucket - shift * perOctave) * width + (width - 1) / 2;
}
