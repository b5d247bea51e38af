/** What the node types of the Python grammar mean: names, arguments, loops, enclosing functions. */

import { ancestor, child, within, type SyntaxNode } from '../tree';

export const comprehensionTypes: readonly string[] = [
  'list_comprehension',
  'set_comprehension',
  'dictionary_comprehension',
  'generator_expression',
];

export function textOf(node: SyntaxNode, text: string): string {
  return text.slice(node.start, node.end);
}

/** `x`, `(x)`, `((x))` are all x, as in CPython's `ast`. */
export function unwrap(node: SyntaxNode): SyntaxNode {
  let inner = node;
  while (inner.type === 'parenthesized_expression') {
    const next = inner.children.find((each) => each.named && each.type !== 'comment');
    if (!next) break;
    inner = next;
  }
  return inner;
}

/** Tokens of an expression joined without blanks, comments and line continuations; strings stay whole. */
export function compactText(node: SyntaxNode, text: string): string {
  const inner = unwrap(node);
  // Most are a dotted name.
  const whole = textOf(inner, text);
  if (/^[\w.]*$/.test(whole)) return whole;
  const parts: string[] = [];
  // What lies between the nodes are tokens and blanks; a position in the text stands for the former.
  const pending: (SyntaxNode | number)[] = [inner];
  let at = inner.start;
  const gap = (end: number): void => {
    if (end > at) parts.push(text.slice(at, end).replace(/[\s\\]+/g, ''));
    at = Math.max(at, end);
  };
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next === 'number') {
      gap(next);
      continue;
    }
    gap(next.start);
    if (next.children.length > 0 && next.type !== 'string') {
      pending.push(next.end);
      for (let i = next.children.length - 1; i >= 0; i--) pending.push(next.children[i]!);
      continue;
    }
    if (next.type !== 'comment' && next.type !== 'line_continuation') parts.push(textOf(next, text));
    at = next.end;
  }
  return parts.join('');
}

/** Text of an expression for a sentence: on one line and not longer than a reader wants. */
export function shownText(node: SyntaxNode, text: string): string {
  const compact = compactText(node, text);
  return compact.length > 48 ? compact.slice(0, 47) + '…' : compact;
}

/** The name that says what an expression is: `predict` of `a.b[0].predict`, `models` of `ann.models[m]`. */
export function lastName(node: SyntaxNode, text: string): string {
  const inner = unwrap(node);
  if (inner.type === 'identifier') return textOf(inner, text);
  if (inner.type === 'attribute') return lastName(child(inner, 'attribute')!, text);
  if (inner.type === 'subscript') return lastName(child(inner, 'value')!, text);
  return '';
}

export interface Arguments {
  positional: SyntaxNode[];
  keywords: Map<string, SyntaxNode>;
  /** Arguments of any form, also `*args`, `**kwargs` and a bare generator. */
  count: number;
}

export function argumentsOf(call: SyntaxNode, text: string): Arguments {
  const list = child(call, 'arguments');
  const result: Arguments = { positional: [], keywords: new Map(), count: 0 };
  if (!list) return result;
  if (list.type === 'generator_expression') return { ...result, positional: [list], count: 1 };
  for (const each of list.children) {
    if (!each.named || each.type === 'comment' || each.type === 'line_continuation') continue;
    result.count++;
    if (each.type === 'keyword_argument') {
      const name = child(each, 'name');
      const value = child(each, 'value');
      if (name && value) result.keywords.set(textOf(name, text), value);
    } else if (each.type !== 'list_splat' && each.type !== 'dictionary_splat') result.positional.push(each);
  }
  return result;
}

/** Dotted names of the enclosing classes and functions; decorators belong to what is around them. */
export function qualifiedName(node: SyntaxNode, text: string): string {
  const names: string[] = [];
  for (let up = node.parent; up; up = up.parent)
    if (up.type === 'function_definition' || up.type === 'class_definition') {
      const name = child(up, 'name');
      if (name) names.unshift(textOf(name, text));
    }
  return names.join('.');
}

/** The enclosing function, if the node is in its body; lambdas and comprehensions do not count. */
export function enclosingFunction(node: SyntaxNode): SyntaxNode | undefined {
  return ancestor(node, 'function_definition');
}

/** The class whose method, however deeply nested inside, holds the node. */
export function enclosingClass(node: SyntaxNode): SyntaxNode | undefined {
  return ancestor(node, 'class_definition');
}

/** Outermost function between the node and its class: the method that the node runs in. */
export function enclosingMethod(node: SyntaxNode): SyntaxNode | undefined {
  let method: SyntaxNode | undefined;
  for (let up = node.parent; up && up.type !== 'class_definition'; up = up.parent)
    if (up.type === 'function_definition') method = up;
  return method && ancestor(method, 'class_definition') ? method : undefined;
}

/** Loops around a node inside its function, innermost first, where the node is run again on each turn. */
export function loopsAround(node: SyntaxNode): SyntaxNode[] {
  const loops: SyntaxNode[] = [];
  let below = node;
  for (let up = node.parent; up && up.type !== 'function_definition'; below = up, up = up.parent) {
    if (up.type === 'class_definition') break;
    if (up.type === 'for_statement' && below.field === 'body') loops.push(up);
    else if (up.type === 'while_statement' && below.field !== 'alternative') loops.push(up);
    else if (comprehensionTypes.includes(up.type) && repeats(up, below, node)) loops.push(up);
  }
  return loops;
}

/** The first iterable of a comprehension is evaluated once, all else on each turn. */
function repeats(comprehension: SyntaxNode, below: SyntaxNode, node: SyntaxNode): boolean {
  if (below.type !== 'for_in_clause') return true;
  const first = comprehension.children.find((each) => each.type === 'for_in_clause');
  const iterable = child(below, 'right');
  return below !== first || iterable === undefined || !within(node, iterable);
}

/** Expressions of the `with` items around a node, innermost first, inside its function. */
export function withItems(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  let below = node;
  for (let up = node.parent; up && up.type !== 'function_definition'; below = up, up = up.parent) {
    if (up.type !== 'with_statement' || below.field !== 'body') continue;
    const clause = up.children.find((each) => each.type === 'with_clause');
    for (const item of clause?.children ?? []) {
      const value = child(item, 'value');
      const expression = value?.type === 'as_pattern' ? value.children[0] : value;
      if (!expression) continue;
      // `with (a, b):` is one item, a tuple.
      if (expression.type === 'tuple')
        for (const each of expression.children)
          found.push(each.type === 'as_pattern' ? each.children[0]! : each);
      else found.push(unwrap(expression));
    }
  }
  return found;
}

/** Expressions of a function's or class's decorators. */
export function decorators(definition: SyntaxNode): SyntaxNode[] {
  if (definition.parent?.type !== 'decorated_definition') return [];
  return definition.parent.children
    .filter((each) => each.type === 'decorator')
    .flatMap((each) => each.children.filter((part) => part.named && part.type !== 'comment'));
}

export interface Parameter {
  name: string;
  annotation: SyntaxNode | undefined;
  fallback: SyntaxNode | undefined;
}

/** Parameters that can be given one value; `*args` and `**kwargs` are left out. */
export function parametersOf(definition: SyntaxNode, text: string): Parameter[] {
  const found: Parameter[] = [];
  for (const each of child(definition, 'parameters')?.children ?? []) {
    const annotation = child(each, 'type');
    const fallback = child(each, 'value');
    const name =
      each.type === 'identifier'
        ? each
        : each.type === 'typed_parameter'
          ? each.children[0]
          : (child(each, 'name') ?? undefined);
    if (name?.type === 'identifier') found.push({ name: textOf(name, text), annotation, fallback });
  }
  return found;
}
