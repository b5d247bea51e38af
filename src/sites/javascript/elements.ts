/** What collections hold: arrays, maps and objects that are used as tables. */

import { child, type SyntaxNode } from '../tree';
import type { Evidence } from './evidence';
import { propertyOf } from './members';
import { core, lastName, partsOf, stringValue, textOf } from './nodes';
import { container, elementOf, other, strongest, type Value } from './values';

/** Positions beyond this are not told apart. */
const maxElements = 100;

/** `a || b`, `a ?? b`, `a && b`, `a ??= b`. */
export function eitherOf(node: SyntaxNode, evidence: Evidence): Value | undefined {
  const operator = child(node, 'operator')?.type ?? '';
  if (!/^(?:\|\||\?\?|&&)=?$/.test(operator)) return other('a calculation');
  return strongest([evidence.evaluate(child(node, 'left')), evidence.evaluate(child(node, 'right'))]);
}

/** `[a, b]`, `[...models, c]`. */
export function arrayValue(node: SyntaxNode, evidence: Evidence): Value {
  const parts = partsOf(node).slice(0, maxElements);
  if (!parts.some((each) => each.type === 'spread_element'))
    return { kind: 'tuple', elements: parts.map((each) => evidence.evaluate(each)) };
  const values = parts.map((each) =>
    each.type === 'spread_element' ? elementOf(evidence.evaluate(partsOf(each)[0])) : evidence.evaluate(each),
  );
  return container(strongest(values));
}

/** `models[i]`, `this['model']`, `cache[url]`. */
export function subscriptValue(node: SyntaxNode, evidence: Evidence): Value | undefined {
  const object = child(node, 'object');
  const index = child(node, 'index');
  const value = evidence.evaluate(object);
  if (value?.kind === 'container' || value?.kind === 'tuple')
    return elementOf(value, index?.type === 'number' ? Number(textOf(index, evidence.text)) : undefined);
  // `model.outputs[0]`
  if (value?.kind === 'symbol') return value;
  const name = stringValue(index, evidence.text);
  if (name !== undefined) {
    const held = propertyOf(value, name, node, evidence);
    if (held && held.kind !== 'other') return held;
  }
  return (object && addedTo(object, evidence)) ?? (value && valuesOf(value, evidence));
}

/** What is put into a collection that is only known by its name: `cache[k] = model`. */
function addedTo(holder: SyntaxNode, evidence: Evidence): Value | undefined {
  const inner = core(holder);
  const elements =
    inner.type === 'identifier'
      ? evidence.bindings.scopes.find(textOf(inner, evidence.text), inner)?.elements
      : evidence.bindings.attributeElements.get(lastName(inner, evidence.text));
  return (
    elements && evidence.guarded(elements, () => strongest(elements.map((each) => evidence.evaluate(each))))
  );
}

/** Any of the values of an object that is used as a table. */
export function valuesOf(value: Value, evidence: Evidence): Value | undefined {
  if (value.kind !== 'object') return elementOf(value);
  return strongest(partsOf(value.node).map((each) => evidence.evaluate(child(each, 'value') ?? each)));
}
