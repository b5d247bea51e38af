/** UTF-8 columns that stay cheap in minified files, where a single line holds thousands of calls. */

import type { SourceText } from '../positions';

const step = 1024;

export class Utf8Columns {
  /** Bytes before every `step`th character; empty where every character is one byte. */
  readonly #bytes: Uint32Array;

  constructor(private readonly source: SourceText) {
    const { text } = source;
    const isAscii = /^[\x00-\x7f]*$/.test(text);
    this.#bytes = new Uint32Array(isAscii ? 0 : Math.floor(text.length / step) + 1);
    for (let i = 1; i < this.#bytes.length; i++)
      this.#bytes[i] = this.#bytes[i - 1]! + bytesOf(text, (i - 1) * step, i * step);
  }

  /** Column of an index in UTF-8 bytes, from 0. */
  column(index: number): number {
    const units = this.source.column(index) - 1;
    if (this.#bytes.length === 0) return units;
    return this.#before(index) - this.#before(index - units);
  }

  #before(index: number): number {
    const block = Math.floor(index / step);
    return this.#bytes[block]! + bytesOf(this.source.text, block * step, index);
  }
}

/** Half of a surrogate pair counts two, so that a pair may be cut. */
function bytesOf(text: string, from: number, to: number): number {
  let bytes = 0;
  for (let i = from; i < to; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800 || (unit >= 0xd800 && unit < 0xe000)) bytes += 2;
    else bytes += 3;
  }
  return bytes;
}
