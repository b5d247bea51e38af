/** What a variable holds by the type that it is declared with. */

import { child, type SyntaxNode } from '../tree';
import type { Evidence } from './evidence';
import { partsOf, textOf } from './nodes';
import { madeBy, madeByType } from './packages';
import { container, pathOf, strongest, type Value } from './values';

/** Generic types that stand for many of their last argument. */
const collections =
  /^(?:Readonly)?(?:Array|Map|Set|Record|WeakMap|Iterable|AsyncIterable|Generator|AsyncGenerator)$/;
const boxes = /^(?:\w+\.)?(?:(?:Mutable)?RefObject|(?:Shallow)?Ref|WritableSignal|BehaviorSubject)$/;

export function typeValue(type: SyntaxNode | undefined, evidence: Evidence): Value | undefined {
  if (!type) return undefined;
  // Not by the node itself, which is asked for as an expression where a type is `import('x').Y`.
  return evidence.guarded(type.children, () => ofType(type, evidence));
}

function ofType(type: SyntaxNode, evidence: Evidence): Value | undefined {
  switch (type.type) {
    case 'type_annotation':
    case 'readonly_type':
    case 'parenthesized_type':
      return typeValue(partsOf(type).at(-1), evidence);
    case 'type_identifier':
    case 'nested_type_identifier':
    case 'member_expression':
      return ofName(type, evidence);
    case 'union_type':
    case 'intersection_type':
      return strongest(partsOf(type).map((each) => typeValue(each, evidence)));
    case 'array_type':
      return holding(typeValue(partsOf(type)[0], evidence));
    case 'tuple_type':
      return { kind: 'tuple', elements: partsOf(type).map((each) => typeValue(each, evidence)) };
    case 'object_type':
    case 'interface_body':
      return { kind: 'shape', node: type };
    case 'type_query':
      return evidence.evaluate(partsOf(type)[0]);
    case 'generic_type':
      return ofGeneric(type, evidence);
    default:
      return undefined;
  }
}

function holding(element: Value | undefined): Value | undefined {
  return element && container(element);
}

function ofGeneric(type: SyntaxNode, evidence: Evidence): Value | undefined {
  const nameNode = child(type, 'name');
  const list = child(type, 'type_arguments');
  const name = nameNode ? textOf(nameNode, evidence.text) : '';
  const last = list && partsOf(list).at(-1);
  const inner = typeValue(last, evidence);
  if (collections.test(name)) return holding(inner);
  if (boxes.test(name)) return inner && { kind: 'box', inner };
  if (name === 'ReturnType') {
    if (inner?.kind === 'function') return evidence.returned(inner.node);
    return inner?.kind === 'import'
      ? declared(pathOf(inner), madeBy(pathOf(inner)), last!, evidence)
      : undefined;
  }
  // Promise, Awaited, Partial, Readonly, NonNullable …: what is inside is what counts.
  return strongest([nameNode && ofName(nameNode, evidence), inner?.kind === 'import' ? undefined : inner]);
}

/** `GraphModel`, `tf.GraphModel`, `import('x').GraphModel`, a class, interface or alias of this file. */
function ofName(node: SyntaxNode, evidence: Evidence): Value | undefined {
  const text = textOf(node, evidence.text);
  if (node.type === 'type_identifier') {
    const own = evidence.bindings.types.get(text);
    if (own) return typeValue(own, evidence);
  }
  const value = named(node, evidence);
  if (value?.kind === 'class') return evidence.instanceOf(value.of);
  if (value?.kind !== 'import') return undefined;
  return declared(pathOf(value), madeByType(pathOf(value)), node, evidence);
}

function named(node: SyntaxNode, evidence: Evidence): Value | undefined {
  if (node.type === 'member_expression') return evidence.evaluate(node);
  const [root = '', ...rest] = textOf(node, evidence.text).split(/\s*\.\s*/);
  const value = evidence.name(root, node);
  if (rest.length === 0) return value;
  return value?.kind === 'import' ? { ...value, names: [...value.names, ...rest] } : undefined;
}

function declared(
  path: string,
  made: ReturnType<typeof madeBy>,
  node: SyntaxNode,
  evidence: Evidence,
): Value | undefined {
  switch (made?.is) {
    case 'model': {
      const { api, framework, confidence } = made;
      return { kind: 'model', api, framework, confidence, origin: evidence.origin('declared as', node) };
    }
    case 'layer':
      return { kind: 'layer' };
    case 'symbol':
      return { kind: 'symbol' };
    case 'other':
      return { kind: 'other', what: path };
    default:
      return undefined;
  }
}
