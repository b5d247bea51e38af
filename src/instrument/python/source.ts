/** A Python file ready for edits: its tree, its comments and brackets, and what kind of line each line is. */

import type { Parser } from 'web-tree-sitter';
import { SourceText } from '../../sites/positions';
import { copyTree, type SyntaxNode } from '../../sites/tree';

/**
 * `logical`: a logical line begins here. `inside`: the line begins in a string or bracket or continues a
 * backslash. `comment` and `blank` hold nothing else.
 */
export type LineKind = 'logical' | 'inside' | 'comment' | 'blank';

export interface Line {
  start: number;
  /** Without the line's ending. */
  end: number;
  /** Start of the next line, or the end of the text. */
  next: number;
  kind: LineKind;
  /** Blanks and tabs (and form feeds) at the start. */
  indent: string;
}

/** Of the children of a block or module: neither a comment nor punctuation. */
export function isStatement(node: SyntaxNode): boolean {
  return node.named && node.type !== 'comment' && node.type !== 'line_continuation';
}

export class PythonSource {
  /** Without byte order mark, lone carriage returns as line feeds; all offsets are into this. */
  readonly text: string;
  /** What to add to an offset to get one into the original text. */
  readonly shift: number;
  readonly root: SyntaxNode;
  readonly nodes: SyntaxNode[];
  readonly comments: SyntaxNode[];
  /** True where the parser found something that is no Python. */
  readonly broken: boolean;
  readonly lines: Line[];
  /** Opening and closing brackets outside of strings, in order. */
  readonly #brackets: { at: number; opens: boolean }[] = [];
  /** Strings that are in no other string. */
  readonly #strings: SyntaxNode[] = [];
  readonly #newline: string;

  constructor(parser: Parser, original: string) {
    this.text = new SourceText(original).text;
    this.shift = original.length - this.text.length;
    const parsed = parser.parse(this.text);
    if (!parsed) throw new Error('The Python parser gave up.');
    try {
      const tree = copyTree(parsed, 'module');
      this.root = tree.root;
      this.nodes = tree.nodes;
      this.broken = tree.firstError !== undefined;
    } finally {
      parsed.delete();
    }
    this.comments = this.nodes.filter((node) => node.type === 'comment');
    this.#collect();
    this.lines = this.#classify();
    this.#newline = this.#ending(/\r\n|\r|\n/.exec(original)?.[0] ?? '\n', original);
  }

  #collect(): void {
    let stringEnd = -1;
    for (const node of this.nodes) {
      if (node.start < stringEnd) continue;
      if (node.type === 'string') {
        this.#strings.push(node);
        stringEnd = node.end;
      } else if (!node.named && /^[([{]$/.test(node.type))
        this.#brackets.push({ at: node.start, opens: true });
      else if (!node.named && /^[)\]}]$/.test(node.type))
        this.#brackets.push({ at: node.start, opens: false });
    }
    this.#brackets.sort((a, b) => a.at - b.at);
  }

  #classify(): Line[] {
    const { text } = this;
    const lines: Line[] = [];
    let bracket = 0;
    let depth = 0;
    let string = 0;
    let comment = 0;
    for (let start = 0; start < text.length || lines.length === 0;) {
      const feed = text.indexOf('\n', start);
      const next = feed < 0 ? text.length : feed + 1;
      const end = feed < 0 ? text.length : feed > start && text[feed - 1] === '\r' ? feed - 1 : feed;
      for (; bracket < this.#brackets.length && this.#brackets[bracket]!.at < start; bracket++)
        depth = Math.max(0, depth + (this.#brackets[bracket]!.opens ? 1 : -1));
      while (string < this.#strings.length && this.#strings[string]!.end <= start) string++;
      while (comment < this.comments.length && this.comments[comment]!.end <= start) comment++;
      const inString = string < this.#strings.length && this.#strings[string]!.start < start;
      const indent = /^[ \t\f]*/.exec(text.slice(start, end))![0];
      const before = lines.at(-1);
      const continued =
        before !== undefined &&
        text[before.end - 1] === '\\' &&
        !(comment > 0 && this.comments[comment - 1]!.end >= before.end) &&
        before.kind !== 'comment';
      let kind: LineKind = 'logical';
      if (inString || depth > 0 || continued) kind = 'inside';
      else if (start + indent.length === end) kind = 'blank';
      else if (text[start + indent.length] === '#') kind = 'comment';
      lines.push({ start, end, next, kind, indent });
      if (next === text.length) break;
      start = next;
    }
    return lines;
  }

  /** Index into `lines` of an offset. */
  lineOf(offset: number): number {
    let low = 0;
    let high = this.lines.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.lines[middle]!.start <= offset) low = middle;
      else high = middle;
    }
    return low;
  }

  /** First and last physical line of the logical line that an offset lies on. */
  logicalLine(offset: number): { first: number; last: number } {
    let first = this.lineOf(offset);
    while (first > 0 && this.lines[first]!.kind === 'inside') first--;
    let last = this.lineOf(offset);
    while (this.lines[last + 1]?.kind === 'inside') last++;
    return { first, last };
  }

  /** The ending of a line as the original has it, or the file's first where the line has none. */
  newlineAt(line: Line | undefined, original: string): string {
    if (!line || line.next === line.end) return this.#newline;
    return this.#ending(original.slice(line.end + this.shift, line.next + this.shift), original);
  }

  /** A lone carriage return would become one ending with a line feed that comes after it. */
  #ending(found: string, original: string): string {
    return found === '\r' && original.includes('\n') ? '\n' : found;
  }

  /** Bracket depth at an offset; brackets that `ignored` names by their offsets do not count. */
  depthAt(offset: number, ignored: ReadonlySet<number>): number {
    let depth = 0;
    for (const { at, opens } of this.#brackets) {
      if (at >= offset) break;
      if (!ignored.has(at)) depth += opens ? 1 : -1;
    }
    return depth;
  }

  /** The string, outside of any other, that an offset lies in. */
  stringAt(offset: number): SyntaxNode | undefined {
    return this.#strings.find((each) => each.start < offset && offset < each.end);
  }

  /** End of the last token of a node: blocks also hold the comments that come after their last statement. */
  codeEnd(node: SyntaxNode): number {
    const last = node.children.findLast((each) => each.type !== 'comment' && each.end > each.start);
    return last ? this.codeEnd(last) : node.end;
  }

  textOf(node: SyntaxNode): string {
    return this.text.slice(node.start, node.end);
  }
}
