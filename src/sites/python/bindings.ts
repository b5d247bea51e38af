/** Which names exist in a file, where each gets its values, and which one a use of the name means. */

import { ancestor, child, childrenOf, within, type SyntaxNode, type SyntaxTree } from '../tree';
import type { SourceText } from '../positions';
import { comprehensionTypes, enclosingMethod, lastName, parametersOf, textOf, unwrap } from './nodes';
import type { ClassInfo, ValueSource } from './values';

export interface Binding {
  source: ValueSource;
  /** Index in the text from which the name has the value. */
  from: number;
  /** What must run for the binding to happen: the block that holds it. */
  block: SyntaxNode;
}

interface Scope {
  kind: 'module' | 'class' | 'function' | 'expression';
  names: Map<string, Binding[]>;
  /** `NAME.append(x)` and `NAME[k] = x`. */
  elements: Map<string, SyntaxNode[]>;
  /** Names declared `global` or `nonlocal`. */
  outer: Set<string>;
}

export interface Found {
  bindings: Binding[];
  elements: SyntaxNode[];
  /** The use runs when a function is called, so that the order in the text says nothing. */
  deferred: boolean;
}

const scopeTypes: readonly string[] = [
  'module',
  'class_definition',
  'function_definition',
  'lambda',
  ...comprehensionTypes,
];

export class Bindings {
  readonly classes = new Map<SyntaxNode, ClassInfo>();
  /** Everything assigned to `ANYTHING.name` in the file. */
  readonly attributes = new Map<string, ValueSource[]>();
  /** `self.name.append(x)` and `self.name[k] = x`, by name. */
  readonly attributeElements = new Map<string, SyntaxNode[]>();
  /** Calls by the last name of the callee. */
  readonly callsByName = new Map<string, SyntaxNode[]>();
  readonly calls: SyntaxNode[] = [];
  /** Imported paths, in source order. */
  readonly imports: string[] = [];
  readonly starImports: string[] = [];
  /** Methods called on a receiver, by the last name of the receiver. */
  readonly methodsUsed = new Map<string, Set<string>>();
  readonly returns = new Map<SyntaxNode, SyntaxNode[]>();
  readonly #scopes = new Map<SyntaxNode, Scope>();
  readonly #text: string;

  constructor(
    tree: SyntaxTree,
    readonly source: SourceText,
  ) {
    this.#text = source.text;
    for (const node of tree.nodes) {
      if (scopeTypes.includes(node.type)) this.#openScope(node);
      if (node.named) this.#read(node);
    }
  }

  /** All bindings that a name at `use` may mean, in source order. */
  find(name: string, use: SyntaxNode): Found | undefined {
    let deferred = false;
    let first = true;
    for (let at = this.#scopeNode(use); at; at = this.#scopeNode(at)) {
      const scope = this.#scopes.get(at)!;
      const visible = scope.kind !== 'class' || first;
      const bindings = scope.outer.has(name) ? undefined : scope.names.get(name);
      if (visible && bindings) return { bindings, elements: scope.elements.get(name) ?? [], deferred };
      if (scope.kind === 'function') deferred = true;
      if (scope.kind !== 'expression') first = false;
    }
    return undefined;
  }

  line(node: SyntaxNode): number {
    return this.source.line(node.start);
  }

  #scopeNode(node: SyntaxNode): SyntaxNode | undefined {
    let below = node;
    for (let up = node.parent; up; below = up, up = up.parent) {
      if (!scopeTypes.includes(up.type)) continue;
      // Defaults, annotations and base classes are evaluated outside of what they belong to.
      const outside = up.type.endsWith('_definition') && below.field !== 'body';
      if (!outside) return up;
    }
    return undefined;
  }

  #openScope(node: SyntaxNode): void {
    const kind =
      node.type === 'module'
        ? 'module'
        : node.type === 'class_definition'
          ? 'class'
          : node.type === 'function_definition'
            ? 'function'
            : 'expression';
    this.#scopes.set(node, { kind, names: new Map(), elements: new Map(), outer: new Set() });
    if (kind !== 'function') return;
    parametersOf(node, this.#text).forEach((parameter, index) => {
      const source: ValueSource = {
        from: 'parameter',
        function: node,
        index,
        ...(parameter.annotation && { annotation: parameter.annotation }),
        ...(parameter.fallback && { fallback: parameter.fallback }),
      };
      this.#bind(node, parameter.name, source, node.start, child(node, 'body') ?? node);
    });
  }

  #read(node: SyntaxNode): void {
    switch (node.type) {
      case 'assignment':
        return this.#assign(node);
      case 'named_expression':
        return this.#target(child(node, 'name'), child(node, 'value'), 'expression', node.end);
      case 'for_statement':
      case 'for_in_clause':
        return this.#target(
          child(node, 'left'),
          child(node, 'right'),
          'iteration',
          child(node, 'right')?.end ?? 0,
        );
      case 'as_pattern': {
        if (node.parent?.type !== 'with_item' && node.parent?.parent?.type !== 'with_item') return;
        const target = child(node, 'alias')?.children[0];
        return this.#target(target, node.children[0], 'expression', node.end);
      }
      case 'import_statement':
      case 'import_from_statement':
        return this.#import(node);
      case 'function_definition':
      case 'class_definition':
        return this.#define(node);
      case 'global_statement':
      case 'nonlocal_statement':
        return this.#declareOuter(node);
      case 'call':
        return this.#call(node);
      case 'return_statement': {
        const owner = ancestor(node, 'function_definition');
        const value = node.children.find((each) => each.named && each.type !== 'comment');
        if (owner && value) push(this.returns, owner, value);
        return;
      }
      default:
    }
  }

  #assign(node: SyntaxNode): void {
    // `a = b = f()`: the value of both is the innermost right side.
    let value = child(node, 'right');
    while (value?.type === 'assignment') value = child(value, 'right');
    this.#target(child(node, 'left'), value, 'expression', node.end);
  }

  /** Binds a target, also an unpacking one, to (an element of) a value. */
  #target(
    target: SyntaxNode | undefined,
    value: SyntaxNode | undefined,
    from: 'expression' | 'iteration',
    at: number,
    path: number[] = [],
  ): void {
    if (!target || !value) return;
    const line = this.line(value);
    const source: ValueSource = { from, node: value, path, line };
    const inner = unwrap(target);
    if (inner.type === 'identifier') {
      const owner = this.#scopeNode(inner);
      const block = ancestor(inner, 'block', 'module', ...comprehensionTypes);
      if (owner && block) this.#bind(owner, textOf(inner, this.#text), source, at, block);
    } else if (
      ['pattern_list', 'tuple_pattern', 'list_pattern', 'tuple', 'list', 'expression_list'].includes(
        inner.type,
      )
    ) {
      inner.children
        .filter((each) => each.named && each.type !== 'comment')
        .forEach((each, index) => this.#target(each, value, from, at, [...path, index]));
    } else if (inner.type === 'attribute') {
      const name = textOf(child(inner, 'attribute')!, this.#text);
      push(this.attributes, name, source);
      const owner = this.#selfClass(inner);
      if (owner) push(owner.attributes, name, source);
    } else if (inner.type === 'subscript' && path.length === 0 && from === 'expression') {
      this.#element(child(inner, 'value')!, value);
    }
  }

  /** The class of `self` in `self.name`, if that is what the object is. */
  #selfClass(attribute: SyntaxNode): ClassInfo | undefined {
    const object = child(attribute, 'object');
    const method = enclosingMethod(attribute);
    const owner = method && ancestor(method, 'class_definition');
    if (object?.type !== 'identifier' || !owner) return undefined;
    return parametersOf(method, this.#text)[0]?.name === textOf(object, this.#text)
      ? this.classes.get(owner)
      : undefined;
  }

  #element(holder: SyntaxNode, value: SyntaxNode): void {
    const inner = unwrap(holder);
    if (inner.type === 'attribute') push(this.attributeElements, lastName(inner, this.#text), value);
    if (inner.type !== 'identifier') return;
    const name = textOf(inner, this.#text);
    for (let at = this.#scopeNode(inner); at; at = this.#scopeNode(at)) {
      const scope = this.#scopes.get(at)!;
      if (scope.kind === 'expression' || (!scope.names.has(name) && scope.kind !== 'module')) continue;
      push(scope.elements, name, value);
      return;
    }
  }

  #import(node: SyntaxNode): void {
    const module = child(node, 'module_name');
    const prefix = module ? textOf(module, this.#text).replace(/\s/g, '') : undefined;
    const owner = this.#scopeNode(node);
    const block = ancestor(node, 'block', 'module');
    if (!owner || !block) return;
    for (const each of childrenOf(node, 'name')) {
      const aliased = each.type === 'aliased_import';
      const dotted = aliased ? child(each, 'name') : each;
      if (!dotted) continue;
      const path = textOf(dotted, this.#text).replace(/\s/g, '');
      const full = prefix === undefined ? path : prefix + (prefix.endsWith('.') ? '' : '.') + path;
      const alias = aliased ? child(each, 'alias') : undefined;
      // `import a.b` binds a, `import a.b as c` binds c to a.b.
      const name = alias ? textOf(alias, this.#text) : prefix === undefined ? path.split('.')[0]! : path;
      const bound = alias || prefix !== undefined ? full : name;
      this.imports.push(full);
      this.#bind(owner, name, { from: 'import', path: bound }, node.end, block);
    }
    if (prefix !== undefined && node.children.some((each) => each.type === 'wildcard_import')) {
      this.starImports.push(prefix);
      this.imports.push(prefix);
    }
  }

  #define(node: SyntaxNode): void {
    const nameNode = child(node, 'name');
    const owner = this.#scopeNode(node);
    const block = ancestor(node, 'block', 'module');
    if (!nameNode || !owner || !block) return;
    const name = textOf(nameNode, this.#text);
    if (node.type === 'function_definition') {
      this.#bind(owner, name, { from: 'function', node }, node.end, block);
      if (owner.type === 'class_definition') this.classes.get(owner)?.methods.set(name, node);
      return;
    }
    const bases = (child(node, 'superclasses')?.children ?? []).filter(
      (each) => each.named && !['keyword_argument', 'comment'].includes(each.type),
    );
    const of: ClassInfo = { name, node, bases, methods: new Map(), attributes: new Map() };
    this.classes.set(node, of);
    this.#bind(owner, name, { from: 'class', of }, node.end, block);
  }

  #declareOuter(node: SyntaxNode): void {
    const owner = this.#scopeNode(node);
    const scope = owner && this.#scopes.get(owner);
    for (const each of node.children)
      if (each.type === 'identifier') scope?.outer.add(textOf(each, this.#text));
  }

  #call(node: SyntaxNode): void {
    this.calls.push(node);
    const callee = child(node, 'function');
    if (!callee) return;
    const name = lastName(callee, this.#text);
    if (name) push(this.callsByName, name, node);
    if (callee.type !== 'attribute') return;
    const receiver = child(callee, 'object')!;
    const used = lastName(receiver, this.#text);
    if (used) {
      const methods = this.methodsUsed.get(used) ?? new Set();
      this.methodsUsed.set(used, methods.add(name));
    }
    const last = child(node, 'arguments')
      ?.children.filter((each) => each.named && each.type !== 'comment')
      .at(-1);
    if (last && ['append', 'add', 'appendleft', 'insert'].includes(name)) this.#element(receiver, last);
  }

  #bind(owner: SyntaxNode, name: string, source: ValueSource, from: number, block: SyntaxNode): void {
    let at: SyntaxNode = owner;
    if (this.#scopes.get(owner)!.outer.has(name))
      for (let up = this.#scopeNode(owner); up; up = this.#scopeNode(up)) {
        const kind = this.#scopes.get(up)!.kind;
        if (kind !== 'class' && (this.#scopes.get(up)!.names.has(name) || kind === 'module')) {
          at = up;
          break;
        }
      }
    push(this.#scopes.get(at)!.names, name, { source, from, block });
    const of = at.type === 'class_definition' ? this.classes.get(at) : undefined;
    if (of && source.from === 'expression') push(of.attributes, name, source);
  }
}

/** True when the binding has happened whenever control reaches `use`. */
export function dominates(binding: Binding, use: SyntaxNode): boolean {
  return within(use, binding.block);
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
