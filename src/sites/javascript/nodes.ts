/** What the node types of the JavaScript and TypeScript grammars mean: names, arguments, functions, wrappers. */

import { child, type SyntaxNode } from '../tree';

export const functionTypes: ReadonlySet<string> = new Set([
  'function_declaration',
  'generator_function_declaration',
  'function_expression',
  'generator_function',
  'arrow_function',
  'method_definition',
]);

export const classTypes: ReadonlySet<string> = new Set([
  'class_declaration',
  'abstract_class_declaration',
  'class',
]);

const commentTypes: ReadonlySet<string> = new Set(['comment', 'html_comment']);

export function textOf(node: SyntaxNode, text: string): string {
  return text.slice(node.start, node.end);
}

/** Named children without the comments between them. */
export function partsOf(node: SyntaxNode): SyntaxNode[] {
  return node.children.filter((each) => each.named && !commentTypes.has(each.type));
}

/** What parentheses stand around: they make no difference to what is called. */
export function bare(node: SyntaxNode): SyntaxNode {
  let inner = node;
  for (let next; inner.type === 'parenthesized_expression' && (next = partsOf(inner)[0]);) inner = next;
  return inner;
}

/** What parentheses and `!` stand around; a type that is claimed by `as` is kept. */
export function unwrap(node: SyntaxNode): SyntaxNode {
  let inner = node;
  while (inner.type === 'parenthesized_expression' || inner.type === 'non_null_expression') {
    const next = partsOf(inner)[0];
    if (!next) break;
    inner = next;
  }
  return inner;
}

/** The expression below parentheses, `!`, `await` and claimed types: what a reader would point at. */
export function core(node: SyntaxNode): SyntaxNode {
  for (let inner = unwrap(node); ;) {
    const parts = partsOf(inner);
    const next =
      inner.type === 'type_assertion'
        ? parts.at(-1)
        : ['as_expression', 'satisfies_expression', 'await_expression'].includes(inner.type)
          ? parts[0]
          : undefined;
    if (!next) return inner;
    inner = unwrap(next);
  }
}

/** Tokens of an expression without blanks and comments; strings and templates stay whole. */
export function compactText(node: SyntaxNode, text: string): string {
  return tokens(node, text).join('');
}

/** Text of an expression for a sentence: on one line, words apart, not longer than a reader wants. */
export function shownText(node: SyntaxNode, text: string): string {
  let shown = '';
  for (const token of tokens(node, text)) {
    shown += /[\w$]$/.test(shown) && /^[\w$]/.test(token) ? ` ${token}` : token;
    if (shown.length > 48) return shown.slice(0, 47) + '…';
  }
  return shown;
}

function tokens(node: SyntaxNode, text: string): string[] {
  const found: string[] = [];
  const pending = [bare(node)];
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (commentTypes.has(next.type)) continue;
    const isWhole = next.children.length === 0 || next.type === 'string' || next.type === 'template_string';
    if (isWhole) found.push(textOf(next, text));
    else for (let i = next.children.length - 1; i >= 0; i--) pending.push(next.children[i]!);
  }
  return found;
}

/** What a string literal says, when it says it without substitutions. */
export function stringValue(node: SyntaxNode | undefined, text: string): string | undefined {
  if (node?.type !== 'string' && node?.type !== 'template_string') return undefined;
  if (node.children.some((each) => each.type === 'template_substitution')) return undefined;
  return text.slice(node.start + 1, node.end - 1);
}

/** The name of a property where it is defined; a computed one has a name when it is a string. */
export function keyName(key: SyntaxNode | undefined, text: string): string | undefined {
  if (!key) return undefined;
  if (key.type === 'computed_property_name') return stringValue(partsOf(key)[0], text);
  if (key.type === 'string') return stringValue(key, text);
  return textOf(key, text);
}

/** `name` of `object.name`, `object?.name`, `object.#name` and `object['name']`. */
export function propertyName(node: SyntaxNode, text: string): string | undefined {
  if (node.type === 'member_expression') return keyName(child(node, 'property'), text);
  return node.type === 'subscript_expression' ? stringValue(child(node, 'index'), text) : undefined;
}

/** Methods of collections that hand out one of what they hold. */
export const elementMethods: ReadonlySet<string> = new Set(['get', 'at', 'find', 'findLast', 'pop', 'shift']);

/** The name that says what an expression is: `models` of `this.models.get(k)!`, `modelRef` of `modelRef.current`. */
export function lastName(node: SyntaxNode | undefined, text: string): string {
  let inner = node && core(node);
  while (inner) {
    if (inner.type === 'identifier' || inner.type === 'shorthand_property_identifier')
      return textOf(inner, text);
    const name = propertyName(inner, text);
    if (inner.type === 'member_expression' && name !== undefined) {
      const isBox = name === 'current' || name === 'value';
      if (!isBox) return name.replace(/^#/, '');
    }
    const callee = inner.type === 'call_expression' ? child(inner, 'function') : undefined;
    const method = callee && propertyName(core(callee), text);
    if (callee && !(method !== undefined && elementMethods.has(method))) return '';
    const next: SyntaxNode | undefined = child(callee ? core(callee) : inner, 'object');
    inner = next && core(next);
  }
  return '';
}

/** Arguments of a call or a `new`, spreads among them. */
export function argumentsOf(call: SyntaxNode): SyntaxNode[] {
  const list = child(call, 'arguments');
  return list?.type === 'arguments' ? partsOf(list) : [];
}

/** A call with parentheses that can be timed: no `import()`, no `super()`, no tagged template, no function on the spot. */
export function isPlainCall(node: SyntaxNode): boolean {
  if (node.type !== 'call_expression' || child(node, 'arguments')?.type !== 'arguments') return false;
  const callee = child(node, 'function');
  if (!callee || callee.type === 'import' || callee.type === 'super') return false;
  return !functionTypes.has(core(callee).type);
}

export function enclosingFunction(node: SyntaxNode): SyntaxNode | undefined {
  for (let up = node.parent; up; up = up.parent) if (functionTypes.has(up.type)) return up;
  return undefined;
}

/** The call that a function is written into as an argument, and the argument's index. */
export function callOfCallback(node: SyntaxNode): { call: SyntaxNode; index: number } | undefined {
  let argument = node;
  while (argument.parent?.type === 'parenthesized_expression') argument = argument.parent;
  const call = argument.parent?.type === 'arguments' ? argument.parent.parent : undefined;
  if (!call) return undefined;
  return { call, index: argumentsOf(call).indexOf(argument) };
}

/** Parameters of a function as nodes, TypeScript's `this` left out. */
export function parametersOf(node: SyntaxNode): SyntaxNode[] {
  const single = child(node, 'parameter');
  if (single) return [single];
  const list = child(node, 'parameters');
  return list ? partsOf(list).filter((each) => child(each, 'pattern')?.type !== 'this') : [];
}

export function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
