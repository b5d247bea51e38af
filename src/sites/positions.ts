/** Positions in decoded text: the editor's (UTF-16 columns from 1) and CPython's (UTF-8 columns from 0). */

import type { SourceRange } from './site';

/**
 * Text as the parser sees it. The byte order mark is taken off, because neither the editor nor `ast` counts
 * it, and a lone carriage return becomes a line feed, because both end a line there and tree-sitter does not.
 */
export class SourceText {
  readonly text: string;
  /** Index of the first character of each line. */
  readonly #starts: number[] = [0];

  constructor(decoded: string) {
    const text = decoded.startsWith('\uFEFF') ? decoded.slice(1) : decoded;
    this.text = text.includes('\r') ? text.replace(/\r(?!\n)/g, '\n') : text;
    for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1))
      this.#starts.push(at + 1);
  }

  /** Line of an index, from 1. */
  line(index: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= index) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  /** Column of an index in UTF-16 units, from 1. */
  column(index: number): number {
    return index - this.#lineStart(index) + 1;
  }

  /** Column of an index in UTF-8 bytes, from 0. */
  utf8Column(index: number): number {
    return Buffer.byteLength(this.text.slice(this.#lineStart(index), index), 'utf8');
  }

  range(start: number, end: number): SourceRange {
    return {
      line: this.line(start),
      column: this.column(start),
      endLine: this.line(end),
      endColumn: this.column(end),
    };
  }

  #lineStart(index: number): number {
    return this.#starts[this.line(index) - 1]!;
  }
}
