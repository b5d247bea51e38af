/** XStat: one of double, uint64, int64, string, bytes, reference, gzip-compressed string. */
import { gunzipSync } from 'node:zlib';
import type { StatValue } from '../builder';
import type { Fields } from './protobuf';

/** Largest text that a compressed stat may grow to, bytes. */
const compressedLimit = 1 << 20;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Decodes one stat; undefined when it is broken or holds no value. */
export function decodeStat(
  fields: Fields,
  names: ReadonlyMap<number | bigint, string>,
): { name: string; value: StatValue } | undefined {
  let id: number | bigint = 0;
  let value: StatValue | undefined;
  while (fields.next()) {
    const { field, wire } = fields;
    if (field === 1 && wire === 0) id = fields.key;
    else if (field === 2 && wire === 1) value = fields.double;
    else if (field === 3 && wire === 0) value = fields.key;
    else if (field === 4 && wire === 0) value = fields.signed;
    else if (field === 5 && wire === 2) value = fields.text;
    else if (field === 6 && wire === 2) value = bytesText(fields.payload);
    else if (field === 7 && wire === 0) value = names.get(fields.key) ?? `#${fields.key}`;
    else if (field === 8 && wire === 2) value = inflate(fields.payload);
  }
  if (value === undefined || fields.broken >= 0) return undefined;
  return { name: names.get(id) ?? `#${id}`, value };
}

/** Bytes as text where they are text, else their size: a proto of a million bytes helps nobody as hex. */
function bytesText(bytes: Uint8Array): string {
  try {
    const text = utf8.decode(bytes);

    if (!/[\u0000-\u0008\u000e-\u001f]/.test(text)) return text;
  } catch {
    // not UTF-8
  }
  return `${bytes.length} bytes`;
}

function inflate(bytes: Uint8Array): string {
  try {
    return gunzipSync(bytes, { maxOutputLength: compressedLimit }).toString('utf8');
  } catch {
    return `${bytes.length} bytes, compressed`;
  }
}
