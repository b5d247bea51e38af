/** What is done with the result of a `predict`: an estimator gives classes, a network of Keras scores. */

import { child, type SyntaxNode } from '../tree';
import type { Evidence } from './evidence';
import { argumentsOf, lastName, textOf, unwrap } from './nodes';

/** A score is looked at, or the largest one taken. */
export function givesScores(call: SyntaxNode, evidence: Evidence): boolean {
  return isIndexedTwice(call) || isTakenByArgmax(call, evidence);
}

/** `np.argmax(model.predict(x), axis=1)`: an estimator gives classes, a network scores. */
export function isTakenByArgmax(call: SyntaxNode, evidence: Evidence): boolean {
  const { text } = evidence;
  const target = call.parent?.type === 'assignment' ? child(call.parent, 'left') : undefined;
  const name = target?.type === 'identifier' ? textOf(target, text) : undefined;
  return evidence.bindings.callsNear(call, 'argmax').some((each) => {
    const first = argumentsOf(each, text).positional[0] ?? each;
    const receiver = child(child(each, 'function'), 'object');
    const isCall = unwrap(first) === call || (receiver && unwrap(receiver) === call);
    return (
      isCall === true ||
      (name !== undefined &&
        (lastName(first, text) === name || (receiver !== undefined && lastName(receiver, text) === name)))
    );
  });
}

/** `model.predict(x)[0, :]`, `model.predict(x)[0][1]`: a score of one of the classes. */
function isIndexedTwice(call: SyntaxNode): boolean {
  const outer = call.parent;
  if (outer?.type !== 'subscript' || child(outer, 'value') !== call) return false;
  if (outer.parent?.type === 'subscript' && child(outer.parent, 'value') === outer) return true;
  return outer.children.filter((each) => each.field === 'subscript').length > 1;
}
