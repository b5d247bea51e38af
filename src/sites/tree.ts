/**
 * A syntax tree in plain objects. Asking tree-sitter node by node crosses into WebAssembly each time and a
 * parent is a search from the root, so one walk of the cursor copies what the finder needs. It holds for any
 * grammar; what a node type means is the language's own affair (`python/`).
 */

import type { Tree, TreeCursor } from 'web-tree-sitter';

export interface SyntaxNode {
  readonly type: string;
  readonly named: boolean;
  /** Name of the field of the parent that holds this node. */
  readonly field: string | undefined;
  /** UTF-16 indices into the text; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
  readonly parent: SyntaxNode | undefined;
  readonly children: SyntaxNode[];
}

export interface SyntaxTree {
  root: SyntaxNode;
  /** Every node, parents before children, in source order. */
  nodes: SyntaxNode[];
  /** Where the parser met something that the grammar does not allow: the first such place. */
  firstError: number | undefined;
}

/**
 * Copies the tree; the caller may free it afterwards. The root keeps the type that the grammar gives to a whole
 * file even when the parser could make nothing of the file and calls it an error.
 */
export function copyTree(tree: Tree, rootType: string): SyntaxTree {
  const cursor = tree.walk();
  const nodes: SyntaxNode[] = [];
  let firstError: number | undefined;
  const take = (parent: SyntaxNode | undefined): SyntaxNode => {
    const node: SyntaxNode = {
      type: parent ? cursor.nodeType : rootType,
      named: cursor.nodeIsNamed,
      field: cursor.currentFieldName ?? undefined,
      start: cursor.startIndex,
      end: cursor.endIndex,
      parent,
      children: [],
    };
    if (firstError === undefined && parent && (node.type === 'ERROR' || cursor.nodeIsMissing))
      firstError = node.start;
    parent?.children.push(node);
    nodes.push(node);
    return node;
  };
  try {
    const root = take(undefined);
    walk(cursor, root, take);
    // A text that makes no sense at all is one error, and says nothing about where.
    if (tree.rootNode.isError) firstError ??= root.start;
    return { root, nodes, firstError };
  } finally {
    cursor.delete();
  }
}

/** Without recursion: a sum of ten thousand terms is a tree ten thousand deep. */
function walk(cursor: TreeCursor, root: SyntaxNode, take: (parent: SyntaxNode) => SyntaxNode): void {
  let here: SyntaxNode = root;
  for (;;) {
    if (cursor.gotoFirstChild()) {
      here = take(here);
      continue;
    }
    while (!cursor.gotoNextSibling()) {
      if (!cursor.gotoParent() || here.parent === undefined) return;
      here = here.parent;
    }
    if (here.parent === undefined) return;
    here = take(here.parent);
  }
}

/** The child in a field, if any. */
export function child(node: SyntaxNode | undefined, field: string): SyntaxNode | undefined {
  return node?.children.find((each) => each.field === field);
}

/** All children in a field. */
export function childrenOf(node: SyntaxNode, field: string): SyntaxNode[] {
  return node.children.filter((each) => each.field === field);
}

/** The nearest ancestor, the node itself left out, of one of these types. */
export function ancestor(node: SyntaxNode, ...types: string[]): SyntaxNode | undefined {
  for (let up = node.parent; up; up = up.parent) if (types.includes(up.type)) return up;
  return undefined;
}

/** True when `inner` is `outer` or lies below it. */
export function within(inner: SyntaxNode, outer: SyntaxNode): boolean {
  for (let up: SyntaxNode | undefined = inner; up; up = up.parent) if (up === outer) return true;
  return false;
}
