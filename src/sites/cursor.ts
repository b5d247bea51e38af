/** Walks a parsed tree node by node, as fast as tree-sitter lets us. */

import type { Tree, TreeCursor } from 'web-tree-sitter';

/** The node that a walk is at, and the ways from there. */
export interface TreeWalk {
  gotoFirstChild(): boolean;
  gotoNextSibling(): boolean;
  gotoParent(): boolean;
  typeId(): number;
  typeName(): string;
  isNamed(): boolean;
  isMissing(): boolean;
  /** 0 for none. */
  fieldId(): number;
  start(): number;
  end(): number;
  dispose(): void;
}

/** The functions of tree-sitter's WebAssembly that a walk needs; each takes the address of the tree. */
const functionNames = [
  'tree_root_node',
  'tree_cursor_new',
  'tree_cursor_delete',
  'tree_cursor_goto_first_child',
  'tree_cursor_goto_next_sibling',
  'tree_cursor_goto_parent',
  'tree_cursor_current_node_type_id',
  'tree_cursor_current_node_is_named',
  'tree_cursor_current_node_is_missing',
  'tree_cursor_current_field_id',
  'tree_cursor_start_index',
  'tree_cursor_end_index',
] as const;

type Functions = Record<(typeof functionNames)[number], (tree: number) => number>;

let functions: Functions | undefined;

/**
 * The object that was given to `Parser.init`, which tree-sitter fills with its functions. The public cursor copies
 * its state into WebAssembly's memory and back at each question; asked directly, it stays there, which is five
 * times as fast. Where a version names them otherwise, the public cursor is used: nothing but speed is lost.
 */
export function useFunctionsOf(module: object): void {
  const named = module as Record<string, unknown>;
  const found = functionNames.map((name) => [name, named[`_ts_${name}_wasm`]] as const);
  if (found.every(([, value]) => typeof value === 'function'))
    functions = Object.fromEntries(found) as Functions;
}

/** A walk that begins at the root. Until it is disposed, tree-sitter must not be asked anything else. */
export function walkTree(tree: Tree, direct = functions): TreeWalk {
  const address = (tree as unknown as Record<0, unknown>)[0];
  return direct && typeof address === 'number' ? directWalk(tree, address, direct) : publicWalk(tree.walk());
}

function directWalk(tree: Tree, address: number, ask: Functions): TreeWalk {
  // Each leaves what the next one needs in the buffer by which tree-sitter passes structures.
  ask.tree_root_node(address);
  ask.tree_cursor_new(address);
  const typeId = (): number => ask.tree_cursor_current_node_type_id(address);
  return {
    gotoFirstChild: () => ask.tree_cursor_goto_first_child(address) === 1,
    gotoNextSibling: () => ask.tree_cursor_goto_next_sibling(address) === 1,
    gotoParent: () => ask.tree_cursor_goto_parent(address) === 1,
    typeId,
    typeName: () => {
      const id = typeId();
      return id === errorId ? 'ERROR' : (tree.language.types[id] ?? 'ERROR');
    },
    isNamed: () => ask.tree_cursor_current_node_is_named(address) === 1,
    isMissing: () => ask.tree_cursor_current_node_is_missing(address) === 1,
    fieldId: () => ask.tree_cursor_current_field_id(address),
    start: () => ask.tree_cursor_start_index(address),
    end: () => ask.tree_cursor_end_index(address),
    dispose: () => ask.tree_cursor_delete(address),
  };
}

/** Tree-sitter's symbol for what it could not parse, the same in all grammars. */
const errorId = 0xffff;

/** The same by the documented way. */
export function publicWalk(cursor: TreeCursor): TreeWalk {
  return {
    gotoFirstChild: () => cursor.gotoFirstChild(),
    gotoNextSibling: () => cursor.gotoNextSibling(),
    gotoParent: () => cursor.gotoParent(),
    typeId: () => cursor.nodeTypeId,
    typeName: () => cursor.nodeType,
    isNamed: () => cursor.nodeIsNamed,
    isMissing: () => cursor.nodeIsMissing,
    fieldId: () => cursor.currentFieldId,
    start: () => cursor.startIndex,
    end: () => cursor.endIndex,
    dispose: () => cursor.delete(),
  };
}
