/**
 * The only decoder of call records (`calls-N.bin`). Format: "Run directory, version 1" in
 * docs/run-directory.md; the one writer is media/python/predictscope/record.py.
 */
import { UserError } from '../../common/problem';

export const headerBytes = 4096;
export const slotBytes = 48;

export const slotKind = { empty: 0, call: 1, ownWork: 2, clockPair: 3, request: 4 } as const;
export const callFlags = { raised: 1, traced: 2, enqueued: 4, warmUp: 8, functions: 16 } as const;

export interface CallsHeader {
  headerBytes: number;
  slotBytes: number;
  pid: number;
  /** perf_counter and Unix time of the moment at which the file was made, ns. */
  perfNs: bigint;
  unixNs: bigint;
  /** Number of the first slot over all files of the process; undefined when slots lie in order of their end. */
  firstSlot: number | undefined;
}

/** Reads a header; undefined while the file is still being made. Throws a UserError on another format. */
export function decodeHeader(bytes: Uint8Array, file: string): CallsHeader | undefined {
  if (bytes.length < 48 || bytes[0] === 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = String.fromCharCode(...bytes.subarray(0, 8));
  if (!magic.startsWith('PSCALL1')) {
    throw new UserError(`${file} does not hold call records (it begins with ${JSON.stringify(magic)}).`, {
      fix: 'It was damaged or written by another program; the rest of the run is shown.',
    });
  }
  const header = view.getUint32(8, true);
  const slot = view.getUint32(12, true);
  if (header < 48 || header > 1 << 20 || slot < slotBytes || slot > 4096) {
    throw new UserError(`${file} has a damaged header (header of ${header} bytes, slots of ${slot}).`);
  }
  const first = view.getBigUint64(40, true);
  return {
    headerBytes: header,
    slotBytes: slot,
    pid: Number(view.getBigUint64(16, true)),
    perfNs: view.getBigUint64(24, true),
    unixNs: view.getBigUint64(32, true),
    firstSlot: first <= 0xffffffffn ? Number(first) : undefined,
  };
}

/** One decoded slot; times in ns from `origin` (whole numbers, exact). Reused between calls of `decodeSlot`. */
export interface Slot {
  kind: number;
  beginNs: number;
  /** NaN while the call is open. */
  endNs: number;
  thread: number;
  site: number;
  shape: number;
  /** Slot number of the enclosing call, else of the request that it was made for, -1 for none. */
  parent: number;
  flags: number;
  /** A clock pair's Unix time, exact. */
  unixNs: bigint;
}

export function emptySlot(): Slot {
  return { kind: 0, beginNs: 0, endNs: NaN, thread: 0, site: 0, shape: 0, parent: -1, flags: 0, unixNs: 0n };
}

/** Decodes the slot at `offset` into `into`; `into.kind` is 0 when nothing was written there yet. */
export function decodeSlot(view: DataView, offset: number, originPerfNs: bigint, into: Slot): void {
  into.kind = view.getUint8(offset + 47);
  if (into.kind === slotKind.empty) return;
  into.beginNs = sinceOrigin(view, offset, originPerfNs);
  into.unixNs = 0n;
  if (into.kind === slotKind.clockPair) {
    into.unixNs = view.getBigUint64(offset + 8, true);
    into.endNs = into.beginNs;
  } else if (view.getUint32(offset + 8, true) === 0 && view.getUint32(offset + 12, true) === 0) {
    into.endNs = NaN;
  } else {
    into.endNs = sinceOrigin(view, offset + 8, originPerfNs);
  }
  into.thread = view.getUint32(offset + 16, true) + view.getUint32(offset + 20, true) * 2 ** 32;
  into.site = view.getUint32(offset + 32, true);
  into.shape = view.getUint32(offset + 36, true);
  into.parent = view.getUint32(offset + 40, true) - 1;
  into.flags = view.getUint16(offset + 44, true);
}

/** perf_counter_ns passes 2^53 after 104 days of uptime: subtract before it becomes a double. */
function sinceOrigin(view: DataView, offset: number, origin: bigint): number {
  const low = view.getUint32(offset, true) - Number(origin & 0xffffffffn);
  const high = view.getUint32(offset + 4, true) - Number(origin >> 32n);
  return high * 2 ** 32 + low;
}
