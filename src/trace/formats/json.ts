/**
 * A JSON scanner over bytes that skips values without building them and forgives what profilers
 * write wrongly: NaN, inf, raw control characters in strings, trailing commas. Structure is checked,
 * because an unescaped quote would otherwise swallow everything after it (pytorch/kineto #1459).
 */
import type { StatValue } from '../builder';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const deepest = 200;
const utf8 = new TextDecoder();
const psOfPlace = [100_000, 10_000, 1000, 100, 10, 1];

export type Scan = 'ok' | 'end' | 'bad';

export class JsonScanner {
  at: number;
  /** Range of the last scanned value; for a string, without its quotes. */
  from = 0;
  to = 0;
  /** Whether the last scanned value was a string. */
  string = false;

  constructor(
    readonly bytes: Uint8Array,
    at = 0,
  ) {
    this.at = at;
  }

  /** Skips blanks and returns the next byte, or -1 at the end. */
  peek(): number {
    const { bytes } = this;
    while (this.at < bytes.length) {
      const byte = bytes[this.at]!;
      if (byte > 0x20) return byte;
      this.at++;
    }
    return -1;
  }

  /** Consumes the byte after blanks if it is the one that is given. */
  take(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at++;
    return true;
  }

  /** Scans a string at the opening quote. */
  scanString(): Scan {
    const { bytes } = this;
    const end = bytes.length;
    let at = this.at + 1;
    this.from = at;
    for (; at < end; at++) {
      const byte = bytes[at]!;
      if (byte === quote) {
        this.to = at;
        this.at = at + 1;
        this.string = true;
        return 'ok';
      }
      if (byte === backslash) at++;
    }
    this.at = end;
    return 'end';
  }

  /** Scans any value; `from`, `to` and `string` then describe it. */
  scanValue(depth = 0): Scan {
    const first = this.peek();
    if (first < 0) return 'end';
    if (first === quote) return this.scanString();
    if (first === openBrace || first === openBracket) {
      const from = this.at;
      const result = first === openBrace ? this.scanObject(undefined, depth) : this.#scanArray(depth);
      this.from = from;
      this.to = this.at;
      this.string = false;
      return result;
    }
    return this.#scanBare();
  }

  /** Scans an object at its brace; `visit` is told the range of each key when the scanner describes its value. */
  scanObject(visit: ((keyFrom: number, keyTo: number) => void) | undefined, depth = 0): Scan {
    if (depth > deepest) return 'bad';
    this.at++;
    for (;;) {
      const next = this.peek();
      if (next < 0) return 'end';
      if (next === closeBrace) {
        this.at++;
        return 'ok';
      }
      if (next === comma) {
        this.at++;
        continue;
      }
      if (next !== quote) return 'bad';
      const key = this.scanString();
      if (key !== 'ok') return key;
      const keyFrom = this.from;
      const keyTo = this.to;
      if (!this.take(colon)) return this.peek() < 0 ? 'end' : 'bad';
      const value = this.scanValue(depth + 1);
      if (value !== 'ok') return value;
      visit?.(keyFrom, keyTo);
      const after = this.peek();
      if (after < 0) return 'end';
      if (after !== comma && after !== closeBrace) return 'bad';
    }
  }

  /** The text of a string's range, escapes resolved as far as they make sense. */
  text(from: number, to: number): string {
    const raw = utf8.decode(this.bytes.subarray(from, to));
    if (!raw.includes('\\')) return raw;
    try {
      return JSON.parse(
        `"${raw.replace(/[\u0000-\u001f]/g, (c) => JSON.stringify(c).slice(1, -1))}"`,
      ) as string;
    } catch {
      return raw;
    }
  }

  /** The described value: text, a number, a bigint where a number would lose digits, else its source. */
  value(limit = 10_000): StatValue {
    const { from, to } = this;
    if (this.string) return this.text(from, Math.min(to, from + limit));
    const raw = utf8.decode(this.bytes.subarray(from, Math.min(to, from + limit)));
    if (/^-?\d{16,}$/.test(raw)) {
      const exact = BigInt(raw);
      return exact > Number.MAX_SAFE_INTEGER || exact < Number.MIN_SAFE_INTEGER ? exact : Number(exact);
    }
    const number = Number(raw);
    return raw !== '' && Number.isFinite(number) ? number : raw.replace(/\s+/g, ' ');
  }

  #scanArray(depth: number): Scan {
    if (depth > deepest) return 'bad';
    this.at++;
    for (;;) {
      const next = this.peek();
      if (next < 0) return 'end';
      if (next === closeBracket) {
        this.at++;
        return 'ok';
      }
      if (next === comma) {
        this.at++;
        continue;
      }
      const value = this.scanValue(depth + 1);
      if (value !== 'ok') return value;
      const after = this.peek();
      if (after < 0) return 'end';
      if (after !== comma && after !== closeBracket) return 'bad';
    }
  }

  /** A number, true, NaN, -nan(ind), N/A …: everything up to a blank or a structural byte. */
  #scanBare(): Scan {
    const { bytes } = this;
    const from = this.at;
    let at = from;
    for (; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (
        byte <= 0x20 ||
        byte === comma ||
        byte === closeBrace ||
        byte === closeBracket ||
        byte === colon ||
        byte === quote
      )
        break;
      if (byte === openBrace || byte === openBracket) return 'bad';
    }
    if (at === from) return 'bad';
    this.at = at;
    // A number at the end of the file may go on in the part that is missing.
    if (at === bytes.length) return 'end';
    this.from = from;
    this.to = at;
    this.string = false;
    return 'ok';
  }
}

/** A decimal number of microseconds as whole µs and ps, read from its digits: doubles lose them (1.8e15 µs since 1970). */
export function parseMicroseconds(
  bytes: Uint8Array,
  from: number,
  to: number,
): { us: number; ps: number } | undefined {
  let at = from;
  const negative = bytes[at] === 0x2d;
  if (negative || bytes[at] === 0x2b) at++;
  let us = 0;
  let digits = 0;
  for (; at < to; at++, digits++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) break;
    us = us * 10 + digit;
  }
  let ps = 0;
  if (at < to && bytes[at] === 0x2e) {
    at++;
    for (let place = 0; at < to; at++, digits++, place++) {
      const digit = bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) break;
      if (place < 6) ps += digit * psOfPlace[place]!;
      // The seventh digit rounds: 257.8039999999 is float noise around .804.
      else if (place === 6 && digit >= 5) ps += 1;
    }
  }
  if (at !== to || digits === 0) return parseFloating(bytes, from, to);
  if (!Number.isSafeInteger(us)) return undefined;
  if (negative && ps > 0) return { us: -us - 1, ps: 1_000_000 - ps };
  return { us: negative ? -us : us, ps };
}

function parseFloating(bytes: Uint8Array, from: number, to: number): { us: number; ps: number } | undefined {
  const value = from === to ? NaN : Number(utf8.decode(bytes.subarray(from, to)));
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) return undefined;
  const us = Math.floor(value);
  return { us, ps: Math.round((value - us) * 1e6) };
}
