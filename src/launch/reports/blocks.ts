/** A report as blocks, so that Markdown, a page and the editor's panel say the same. */
import type { Share } from '../../common/units';

export interface RichCell {
  text: string;
  /** Where a click leads, in an editor. */
  place?: { file: string; line: number };
  /** A bar beside the text. */
  share?: Share;
  tone?: 'worse' | 'better' | 'muted';
}

export type Cell = string | RichCell;

export type Block =
  | { kind: 'heading'; level: 1 | 2; text: string }
  | { kind: 'text'; text: string; tone?: 'warning' | 'advice' | 'muted' }
  /** The first `left` columns are words, and the last where `lastIsText`; the others are figures. */
  | {
      kind: 'table';
      label: string;
      heads: readonly string[];
      left: number;
      lastIsText?: boolean;
      rows: readonly (readonly Cell[])[];
    }
  | { kind: 'picture'; svg: string; alt: string }
  | { kind: 'source'; file: string; lines: readonly SourceLine[] };

export interface SourceLine {
  text: string;
  share: Share;
  /** `12 % · 1.2 s`; empty for a line that nothing is known of. */
  note: string;
}

/** Whether a column of a table holds words. */
export function isText(table: Block & { kind: 'table' }, column: number): boolean {
  return column < table.left || (table.lastIsText === true && column === table.heads.length - 1);
}

export function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}
