/** Which names exist where, what each is given, and which one a use of the name means. */

import { within, type SyntaxNode } from '../tree';
import { functionTypes } from './nodes';
import type { ValueSource } from './values';

export interface Binding {
  source: ValueSource;
  /** Index in the text from which the name has the value. */
  from: number;
  /** What must run for the binding to happen. */
  block: SyntaxNode;
}

interface Name {
  bindings: Binding[];
  /** `NAME.push(x)`, `NAME.set(k, x)` and `NAME[k] = x`. */
  elements: SyntaxNode[];
}

export interface Found extends Name {
  /** The use runs when a function is called, so that the order in the text says nothing. */
  deferred: boolean;
}

const scopeTypes: ReadonlySet<string> = new Set([
  ...functionTypes,
  'program',
  'statement_block',
  'for_statement',
  'for_in_statement',
  'catch_clause',
  'switch_body',
]);

/** What is inside of one of these may not happen although what is around it does. */
const conditionalTypes: ReadonlySet<string> = new Set([
  ...functionTypes,
  'program',
  'statement_block',
  'if_statement',
  'else_clause',
  'for_statement',
  'for_in_statement',
  'while_statement',
  'switch_case',
  'switch_default',
  'ternary_expression',
  'binary_expression',
]);

export class Scopes {
  readonly #scopes = new Map<SyntaxNode, Map<string, Name>>();

  constructor(private readonly root: SyntaxNode) {}

  /** Makes a name known in the innermost scope, or in that of the function for `var`. */
  declare(name: string, at: SyntaxNode, hoisted = false): Name {
    let owner = scopeOf(at) ?? this.root;
    while (hoisted && !functionTypes.has(owner.type) && owner.type !== 'program')
      owner = scopeOf(owner) ?? this.root;
    return this.#name(owner, name);
  }

  /** Makes a name known in the scope that a node opens itself. */
  declareInside(name: string, owner: SyntaxNode): Name {
    return this.#name(owner, name);
  }

  /** The name that an assignment at `at` means; a global where nobody declares one. */
  assigned(name: string, at: SyntaxNode): Name {
    for (let scope = scopeOf(at); scope; scope = scopeOf(scope)) {
      const found = this.#scopes.get(scope)?.get(name);
      if (found) return found;
    }
    return this.#name(this.root, name);
  }

  find(name: string, use: SyntaxNode): Found | undefined {
    let deferred = false;
    for (let scope = scopeOf(use); scope; scope = scopeOf(scope)) {
      const found = this.#scopes.get(scope)?.get(name);
      if (found) return { ...found, deferred };
      if (functionTypes.has(scope.type)) deferred = true;
    }
    return undefined;
  }

  /** Assignments are read after all declarations; afterwards they are put in the order of the text. */
  sort(): void {
    for (const names of this.#scopes.values())
      for (const { bindings } of names.values())
        if (bindings.length > 1) bindings.sort((a, b) => a.from - b.from);
  }

  #name(owner: SyntaxNode, name: string): Name {
    const names = this.#scopes.get(owner) ?? new Map<string, Name>();
    this.#scopes.set(owner, names);
    let found = names.get(name);
    if (!found) names.set(name, (found = { bindings: [], elements: [] }));
    return found;
  }
}

function scopeOf(node: SyntaxNode): SyntaxNode | undefined {
  for (let up = node.parent; up; up = up.parent) if (scopeTypes.has(up.type)) return up;
  return undefined;
}

export function blockOf(node: SyntaxNode): SyntaxNode | undefined {
  for (let up = node.parent; up; up = up.parent) if (conditionalTypes.has(up.type)) return up;
  return undefined;
}

/** True when the binding has happened whenever control reaches `use`. */
export function dominates(binding: Binding, use: SyntaxNode): boolean {
  return within(use, binding.block);
}
