/**
 * A syntax tree in plain objects. Asking tree-sitter node by node crosses into WebAssembly each time and a
 * parent is a search from the root, so one walk of the cursor copies what the finder needs. It holds for any
 * grammar; what a node type means is the language's own affair (`python/`).
 */

import type { Tree } from 'web-tree-sitter';
import { walkTree, type TreeWalk } from './cursor';

export interface SyntaxNode {
  readonly type: string;
  readonly named: boolean;
  /** Name of the field of the parent that holds this node. */
  readonly field: string | undefined;
  /** UTF-16 indices into the text; `end` is exclusive. They move when the text before the node is edited. */
  start: number;
  end: number;
  parent: SyntaxNode | undefined;
  children: SyntaxNode[];
  /** The parser met something here that the grammar does not allow. */
  readonly broken: boolean;
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
export function copyTree(tree: Tree, rootType: string, tokens: Tokens = 'all'): SyntaxTree {
  const root = copyNodes(tree, rootType, () => undefined, tokens);
  return { root, nodes: nodesBelow(root), firstError: firstError(tree, root) };
}

/** Index of the first place that could not be parsed. */
function firstError(tree: Tree, root: SyntaxNode): number | undefined {
  if (!tree.rootNode.hasError) return undefined;
  // A text that makes no sense at all is one error, and says nothing about where.
  return nodesBelow(root).find((node) => node.broken)?.start ?? root.start;
}

/** Every node, parents before children, in source order. */
export function nodesBelow(root: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  // Without recursion: a sum of ten thousand terms is a tree ten thousand deep.
  const pending = [root];
  for (let node = pending.pop(); node; node = pending.pop()) {
    found.push(node);
    for (let i = node.children.length - 1; i >= 0; i--) pending.push(node.children[i]!);
  }
  return found;
}

/**
 * Whether brackets, operators and keywords are copied too: they are half of all nodes. Those that the parser had to
 * make up always are, as they tell where the text breaks off.
 */
export type Tokens = 'all' | 'none';

/** A node that an earlier copy made of the same text; what lies below it need not be read again. */
export type Reuse = (type: string, start: number, end: number) => SyntaxNode | undefined;

/** Copies a whole tree but for what `reuse` has from an earlier copy. */
export function copyNodes(tree: Tree, rootType: string, reuse: Reuse, tokens: Tokens): SyntaxNode {
  const take = new Copier(tree, reuse, tokens === 'none');
  const walk = walkTree(tree);
  try {
    return take.copy(walk, rootType);
  } finally {
    walk.dispose();
  }
}

/** What is asked of tree-sitter by number crosses its border once, each name once a grammar. */
class Copier {
  readonly #names: (string | undefined)[] = [];
  readonly #named: boolean[] = [];
  readonly #fields: (string | null)[];
  readonly #mayBeBroken: boolean;

  constructor(
    tree: Tree,
    private readonly reuse: Reuse,
    private readonly skipTokens: boolean,
  ) {
    this.#fields = tree.language.fields;
    this.#mayBeBroken = tree.rootNode.hasError;
  }

  copy(walk: TreeWalk, rootType: string): SyntaxNode {
    const root: SyntaxNode = {
      type: rootType,
      named: true,
      field: undefined,
      start: walk.start(),
      end: walk.end(),
      parent: undefined,
      children: [],
      broken: false,
    };
    let here = root;
    if (!walk.gotoFirstChild()) return root;
    for (;;) {
      const node = this.#take(walk, here);
      if (node?.children.length === 0 && !opaque.has(node.type) && walk.gotoFirstChild()) {
        node.children = [];
        here = node;
        continue;
      }
      while (!walk.gotoNextSibling()) {
        if (here === root || !walk.gotoParent()) return root;
        here = here.parent!;
      }
    }
  }

  #take(walk: TreeWalk, parent: SyntaxNode): SyntaxNode | undefined {
    const id = walk.typeId();
    const named = (this.#named[id] ??= walk.isNamed());
    if (!named && this.skipTokens && !(this.#mayBeBroken && walk.isMissing())) return undefined;
    const type = (this.#names[id] ??= walk.typeName());
    const start = walk.start();
    const end = walk.end();
    const field = this.#fields[walk.fieldId()] ?? undefined;
    const known = named ? this.reuse(type, start, end) : undefined;
    const same = known?.field === field ? known : undefined;
    if (same) same.parent = parent;
    const node = same ?? {
      type,
      named,
      field,
      start,
      end,
      parent,
      children: leaf,
      broken: type === 'ERROR' || (this.#mayBeBroken && walk.isMissing()),
    };
    parent.children.push(node);
    return node;
  }
}

/** Leaves to us: what is in them is text, or nothing. */
const opaque: ReadonlySet<string> = new Set([
  'comment',
  'string_start',
  'string_content',
  'string_end',
  'escape_sequence',
  'identifier',
  'integer',
  'float',
]);

/** Shared by all leaves, which are most nodes; never filled. */
const leaf: SyntaxNode[] = [];

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
