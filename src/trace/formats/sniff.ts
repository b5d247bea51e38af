/** Tells a file's format by its content: torch 1.8 writes plain JSON under `.json.gz`, and users rename. */
import { Fields } from './protobuf';

export type Content =
  'gzip' | 'json' | 'xplane' | 'empty' | 'calls' | 'sqlite' | 'zip' | 'perfetto' | 'unknown';

/** Wire types of XSpace and XPlane by field number. */
const spaceWires: readonly (number | undefined)[] = [undefined, 2, 2, 2, 2];
const planeWires: readonly (number | undefined)[] = [undefined, 0, 2, 2, 2, 2, 2];

/** Format of a whole file's bytes, or of its beginning. */
export function sniff(bytes: Uint8Array): Content {
  if (bytes.length === 0) return 'empty';
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip';
  if (startsWith(bytes, 'PSCALL1\n') || startsWith(bytes, 'PSSAMP1\n')) return 'calls';
  if (startsWith(bytes, 'SQLite format 3')) return 'sqlite';
  if (startsWith(bytes, 'PK\u0003\u0004')) return 'zip';
  const first = firstVisible(bytes);
  const braced = first === 0x7b || first === 0x5b;
  if (braced && isText(bytes)) return 'json';
  if (isXspace(bytes)) return 'xplane';
  if (braced) return 'json';
  // Perfetto's Trace is `repeated TracePacket packet = 1` as well, but a packet is not a plane.
  if (bytes[0] === 0x0a) return 'perfetto';
  return first < 0 ? 'empty' : 'unknown';
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[i] !== text.charCodeAt(i)) return false;
  return true;
}

/** First byte after a byte order mark and blanks, or -1. */
function firstVisible(bytes: Uint8Array): number {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (at < bytes.length && (bytes[at] === 0x20 || (bytes[at]! >= 0x09 && bytes[at]! <= 0x0d))) at++;
  return at < bytes.length ? bytes[at]! : -1;
}

/**
 * Whether it begins as text: `\n{` is how torch 1.8 begins its JSON, and also a plane of 123 bytes,
 * but a plane has a control byte (the tag of its id or name) soon.
 */
function isText(bytes: Uint8Array): boolean {
  const begin = bytes.subarray(0, 48);
  return begin.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d));
}

function isXspace(bytes: Uint8Array): boolean {
  const space = new Fields(bytes);
  let fields = 0;
  while (fields < 8 && space.next()) {
    // A later proto may add fields, but not at the front.
    if (space.field > (fields === 0 ? 4 : 15) || (spaceWires[space.field] ?? space.wire) !== space.wire)
      return false;
    if (space.field === 1 && !isPlane(bytes, space.from, space.to)) return false;
    fields++;
  }
  return fields > 0;
}

function isPlane(bytes: Uint8Array, from: number, to: number): boolean {
  const plane = new Fields(bytes, from, to);
  for (let fields = 0; fields < 8 && plane.next(); fields++) {
    if (planeWires[plane.field] !== plane.wire) return false;
  }
  return true;
}
