/** Names of functions and classes, also of those that get theirs from what they are assigned to. */

import { child, type SyntaxNode } from '../tree';
import { classTypes, functionTypes, keyName, propertyName, textOf } from './nodes';

/** The name of a function or class; undefined for an anonymous one. */
export function nameOf(node: SyntaxNode, text: string): string | undefined {
  const own = child(node, 'name');
  if (own) return keyName(own, text);
  let value = node;
  while (value.parent?.type === 'parenthesized_expression') value = value.parent;
  const holder = value.parent;
  switch (holder?.type) {
    case 'variable_declarator': {
      const name = child(holder, 'name');
      return name?.type === 'identifier' ? textOf(name, text) : undefined;
    }
    case 'assignment_expression': {
      const left = child(holder, 'left');
      if (left?.type === 'identifier') return textOf(left, text);
      return left && propertyName(left, text);
    }
    case 'pair':
      return keyName(child(holder, 'key'), text);
    case 'public_field_definition':
    case 'field_definition':
      return keyName(child(holder, 'name') ?? child(holder, 'property'), text);
    default:
      return undefined;
  }
}

/** Dotted names of the classes and functions around a node, outermost first. */
export class QualifiedNames {
  readonly #known = new Map<SyntaxNode, string>();

  constructor(private readonly text: string) {}

  of(node: SyntaxNode): string {
    const owner = this.#owner(node);
    if (!owner) return '';
    // From the outside in, so that every prefix is joined once.
    const chain: SyntaxNode[] = [];
    for (let at: SyntaxNode | undefined = owner; at && !this.#known.has(at); at = this.#owner(at))
      chain.push(at);
    for (const each of chain.reverse()) {
      const outer = this.#owner(each);
      const prefix = outer ? this.#known.get(outer)! : '';
      const name = nameOf(each, this.text);
      this.#known.set(each, name === undefined ? prefix : prefix ? `${prefix}.${name}` : name);
    }
    return this.#known.get(owner)!;
  }

  /** Decorators, base classes and computed names are evaluated outside of what they belong to. */
  #owner(node: SyntaxNode): SyntaxNode | undefined {
    let below = node;
    for (let up = node.parent; up; below = up, up = up.parent) {
      if (!functionTypes.has(up.type) && !classTypes.has(up.type)) continue;
      if (below.type === 'class_heritage' || below.field === 'decorator' || below.field === 'name') continue;
      return up;
    }
    return undefined;
  }
}
