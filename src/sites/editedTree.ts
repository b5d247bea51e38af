/** A syntax tree that follows a text from version to version, at the cost of what has changed. */

import { Edit as TreeEdit, type Parser, type Tree } from 'web-tree-sitter';
import type { SourceText } from './positions';
import { copyNodes, nodesBelow, type Reuse, type SyntaxNode } from './tree';

/** Half-open, in indices of the text. */
interface Range {
  start: number;
  end: number;
}

/** What one version is over the one before. */
export interface TreeChange {
  /** Where the parser met something that the grammar does not allow: the first such place. */
  firstError: number | undefined;
  /** Top-level nodes that are gone, and those that are new. */
  removed: SyntaxNode[];
  added: SyntaxNode[];
}

/**
 * Holds the parser's own tree between versions, so it must be disposed. The root stays the same object; the
 * top-level nodes that an edit did not touch stay the same objects too, at their new places. Tokens are left out.
 */
export class EditedTree {
  readonly root: SyntaxNode;
  #text = '';
  #tree: Tree | undefined;
  #lineOf: SourceText | undefined;
  readonly #below = new WeakMap<SyntaxNode, SyntaxNode[]>();
  /** The first node in a top-level one that could not be parsed. */
  readonly #broken = new WeakMap<SyntaxNode, SyntaxNode | 'none'>();

  constructor(
    private readonly parser: Parser,
    rootType: string,
  ) {
    this.root = {
      type: rootType,
      named: true,
      field: undefined,
      start: 0,
      end: 0,
      parent: undefined,
      children: [],
      broken: false,
    };
  }

  /** Parses the next version. Undefined when the parser gave up. */
  update(source: SourceText): TreeChange | undefined {
    const before = new Set(this.root.children);
    const edit = this.#tree && difference(this.#text, source.text);
    if (edit) this.#announce(edit, source);
    const parsed = this.parser.parse(source.text, this.#tree);
    if (!parsed) return undefined;
    const dirty = edit && this.#tree ? dirtyRanges(this.#tree, parsed, edit) : undefined;
    const candidates = edit && dirty ? cleanNodes(this.root, edit, dirty) : undefined;
    const reuse: Reuse = (type, start, end) => {
      const found = candidates?.get(start)?.find((each) => each.node.type === type && each.end === end);
      if (!found) return undefined;
      this.#shift(found.node, start - found.node.start);
      return found.node;
    };
    const copy = copyNodes(parsed, this.root.type, reuse, 'none');
    this.root.children = copy.children;
    for (const node of copy.children) node.parent = this.root;
    this.root.start = copy.start;
    this.root.end = copy.end;
    this.#tree?.delete();
    this.#tree = parsed;
    this.#text = source.text;
    this.#lineOf = source;
    const after = new Set(this.root.children);
    return {
      firstError: parsed.rootNode.hasError ? this.#firstError() : undefined,
      removed: [...before].filter((node) => !after.has(node)),
      added: this.root.children.filter((node) => !before.has(node)),
    };
  }

  dispose(): void {
    this.#tree?.delete();
    this.#tree = undefined;
  }

  #firstError(): number {
    for (const node of this.root.children) {
      let broken = this.#broken.get(node);
      if (!broken) {
        broken = nodesBelow(node).find((each) => each.broken) ?? 'none';
        this.#broken.set(node, broken);
      }
      if (broken !== 'none') return broken.start;
    }
    // A text that makes no sense at all is one error, and says nothing about where.
    return this.root.start;
  }

  #shift(node: SyntaxNode, by: number): void {
    if (by === 0) return;
    let nodes = this.#below.get(node);
    if (!nodes) {
      nodes = nodesBelow(node);
      // An edit in one function moves all that follow it, so those are listed once.
      if (node.parent === this.root) this.#below.set(node, nodes);
    }
    for (const each of nodes) {
      each.start += by;
      each.end += by;
    }
  }

  #announce({ start, oldEnd, newEnd }: Edit, source: SourceText): void {
    const old = this.#lineOf!;
    this.#tree!.edit(
      new TreeEdit({
        startIndex: start,
        oldEndIndex: oldEnd,
        newEndIndex: newEnd,
        startPosition: point(old, start),
        oldEndPosition: point(old, oldEnd),
        newEndPosition: point(source, newEnd),
      }),
    );
  }
}

function point(source: SourceText, index: number): { row: number; column: number } {
  return { row: source.line(index) - 1, column: source.column(index) - 1 };
}

interface Edit {
  start: number;
  oldEnd: number;
  newEnd: number;
}

/** The smallest single replacement that makes one text the other; undefined when they are equal. */
export function difference(old: string, text: string): Edit | undefined {
  const shorter = Math.min(old.length, text.length);
  let start = 0;
  while (start < shorter && old.charCodeAt(start) === text.charCodeAt(start)) start++;
  if (start === old.length && start === text.length) return undefined;
  let oldEnd = old.length;
  let newEnd = text.length;
  while (oldEnd > start && newEnd > start && old.charCodeAt(oldEnd - 1) === text.charCodeAt(newEnd - 1)) {
    oldEnd--;
    newEnd--;
  }
  return { start, oldEnd, newEnd };
}

/** Where the new tree says something else than the old one, in indices of the new text. */
function dirtyRanges(old: Tree, parsed: Tree, edit: Edit): Range[] {
  const changed = old.getChangedRanges(parsed).map(({ startIndex, endIndex }) => ({
    start: startIndex,
    end: endIndex,
  }));
  return [{ start: edit.start, end: edit.newEnd }, ...changed];
}

/** Nodes smaller than these cost less to read again than to look for. */
const worthReusing = /_definition$|_statement$|^block$/;

/**
 * Nodes of the old copy that lie wholly outside of what has changed, by their start in the new text. Looked for
 * only along the path to the change: what contains a clean node that is taken is not asked about what is inside.
 */
function cleanNodes(
  root: SyntaxNode,
  edit: Edit,
  dirty: readonly Range[],
): Map<number, { node: SyntaxNode; end: number }[]> {
  const delta = edit.newEnd - edit.oldEnd;
  const found = new Map<number, { node: SyntaxNode; end: number }[]>();
  const pending = [...root.children];
  for (let node = pending.pop(); node; node = pending.pop()) {
    // A node that ends or begins where the edit is may have grown by it.
    const isBefore = node.end < edit.start;
    const isAfter = node.start > edit.oldEnd;
    const start = node.start + (isAfter ? delta : 0);
    const end = node.end + (isBefore ? 0 : delta);
    const isClean =
      (isBefore || isAfter) &&
      worthReusing.test(node.type) &&
      !dirty.some((range) => range.start <= end && range.end >= start);
    if (!isClean) {
      if (node.children.length > 0 && !node.broken) pending.push(...node.children);
      continue;
    }
    const here = found.get(start);
    if (here) here.push({ node, end });
    else found.set(start, [{ node, end }]);
  }
  return found;
}
