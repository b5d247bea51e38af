/** Which names a destructuring pattern binds, and which part of the value each gets. */

import { child, type SyntaxNode } from '../tree';
import { keyName, parametersOf, partsOf, textOf, unwrap } from './nodes';
import type { Path, ValueSource } from './values';

export interface Target {
  /** An identifier, or a member or subscript expression that is assigned to. */
  node: SyntaxNode;
  path: Path;
  /** What it gets where the value has nothing for it. */
  fallback: SyntaxNode | undefined;
}

/** Without recursion, in source order. A rest element stands for the whole that it is the rest of. */
export function targetsOf(pattern: SyntaxNode | undefined, text: string): Target[] {
  const found: Target[] = [];
  if (!pattern) return found;
  const pending: Target[] = [{ node: pattern, path: [], fallback: undefined }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const node = unwrap(next.node);
    switch (node.type) {
      case 'shorthand_property_identifier_pattern':
        found.push({ ...next, path: [...next.path, textOf(node, text)] });
        break;
      case 'identifier':
      case 'member_expression':
      case 'subscript_expression':
        found.push({ ...next, node });
        break;
      default:
        pending.push(...insideOf(node, next, text).reverse());
    }
  }
  return found;
}

function insideOf(node: SyntaxNode, { path, fallback }: Target, text: string): Target[] {
  const at = (part: SyntaxNode | undefined, where: Path, otherwise?: SyntaxNode): Target[] =>
    part ? [{ node: part, path: where, fallback: otherwise }] : [];
  switch (node.type) {
    case 'array_pattern':
      return items(node).flatMap(([part, index]) =>
        at(part, part.type === 'rest_pattern' ? path : [...path, index], fallback),
      );
    case 'object_pattern':
      return partsOf(node).flatMap((each) => at(each, path, fallback));
    case 'pair_pattern': {
      const key = keyName(child(node, 'key'), text);
      // A computed key may be any: the value of the whole is then as good as that of its elements.
      return at(child(node, 'value'), key === undefined ? path : [...path, key]);
    }
    case 'object_assignment_pattern':
    case 'assignment_pattern':
      return at(child(node, 'left'), path, child(node, 'right'));
    case 'rest_pattern':
      return at(partsOf(node)[0], path);
    default:
      return [];
  }
}

/** Elements of an array pattern with their indices; a hole counts. */
function items(pattern: SyntaxNode): [SyntaxNode, number][] {
  const found: [SyntaxNode, number][] = [];
  let index = 0;
  for (const each of pattern.children)
    if (each.type === ',') index++;
    else if (each.named && each.type !== 'comment') found.push([each, index]);
  return found;
}

/** The names that a function's parameters bind, and what each may hold. */
export function parameterSources(node: SyntaxNode, text: string): { name: string; source: ValueSource }[] {
  return parametersOf(node).flatMap((parameter, index) => {
    const annotation = child(parameter, 'type');
    const fallback = child(parameter, 'value');
    return targetsOf(child(parameter, 'pattern') ?? parameter, text).flatMap((target) => {
      const { path } = target;
      const sources: ValueSource[] = [{ from: 'parameter', function: node, index, path, annotation }];
      if (fallback) sources.push({ from: 'expression', node: fallback, path });
      if (target.fallback) sources.push({ from: 'expression', node: target.fallback, path: [] });
      return sources.map((source) => ({ name: textOf(target.node, text), source }));
    });
  });
}
