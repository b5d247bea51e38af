/** What the functions and collections of the language itself give. */

import type { SyntaxNode } from '../tree';
import { boxOf } from './components';
import { valuesOf } from './elements';
import type { Evidence } from './evidence';
import { madeBy } from './packages';
import { container, elementOf, other, pathOf, strongest, type Value } from './values';

/** `new Map<string, tf.GraphModel>([['a', model]])`; what is added later is found by the collection's name. */
export function collection(
  node: SyntaxNode,
  name: string,
  first: SyntaxNode | undefined,
  evidence: Evidence,
): Value {
  const filled = elementOf(evidence.evaluate(first));
  const typed = boxOf(node, evidence);
  const held = name.endsWith('Map') && filled?.kind === 'tuple' ? filled.elements[1] : filled;
  return container(strongest([typed, held]));
}

/** `Promise.all`, `Object.values`, `Array.from`: of the language, and not of the file. */
export function ofBuiltIn(
  object: string,
  method: string,
  given: SyntaxNode[],
  evidence: Evidence,
): Value | undefined {
  const first = (): Value | undefined => evidence.evaluate(given[0]);
  switch (`${object}.${method}`) {
    case 'Promise.all':
    case 'Promise.resolve':
    case 'Object.freeze':
    case 'Object.seal':
      return first();
    case 'Promise.race':
    case 'Promise.any':
      return elementOf(first());
    case 'Object.values':
      return container(tableOf(first(), evidence));
    case 'Object.entries':
      return container({ kind: 'tuple', elements: [other('a key'), tableOf(first(), evidence)] });
    case 'Array.from':
    case 'Array.of':
      return given[1] ? container(givenBy(given[1], evidence)) : first();
    case 'Object.assign':
      return strongest(given.map((each) => evidence.evaluate(each)));
    default:
      return undefined;
  }
}

function tableOf(value: Value | undefined, evidence: Evidence): Value | undefined {
  return value && valuesOf(value, evidence);
}

/** What a function that is handed over gives back. */
export function givenBy(callback: SyntaxNode | undefined, evidence: Evidence): Value | undefined {
  const value = evidence.evaluate(callback);
  if (value?.kind === 'function') return evidence.returned(value.node);
  // `.then(tf.loadGraphModel)` and the like
  const made = value?.kind === 'import' ? madeBy(pathOf(value)) : undefined;
  if (made?.is !== 'model' || !callback) return undefined;
  const { api, framework, confidence, how } = made;
  return { kind: 'model', api, framework, confidence, origin: evidence.origin(how, callback) };
}
