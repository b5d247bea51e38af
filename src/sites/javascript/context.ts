/** What a call runs inside of: a loop, a step of training, a profiler session of the user's own. */

import { child, type SyntaxNode } from '../tree';
import type { Evidence } from './evidence';
import {
  argumentsOf,
  callOfCallback,
  core,
  functionTypes,
  lastName,
  parametersOf,
  propertyName,
  textOf,
  unwrap,
} from './nodes';
import { isGradient, isProfiler } from './packages';
import { eachMethods } from './parameters';
import { nameOf } from './qualname';
import { pathOf } from './values';

/** Callers of callers are asked this far. */
const maxDepth = 3;

export class Context {
  constructor(private readonly evidence: Evidence) {}

  /** In the turn of a loop, or in a callback that is called for each element; a named function ends the search. */
  inLoop(call: SyntaxNode): boolean {
    let below = call;
    for (let up = call.parent; up; below = up, up = up.parent) {
      if (repeats(up, below)) return true;
      if (!functionTypes.has(up.type)) continue;
      const use = callOfCallback(up);
      if (!use) return false;
      const name = this.#calleeName(use.call);
      if (eachMethods.has(name) || (name === 'from' && use.index === 1)) return true;
    }
    return false;
  }

  /** In a function that is given to `tf.profile` or `tf.time`. */
  inProfiler(call: SyntaxNode): boolean {
    return this.#runsUnder(call, (caller) => isProfiler(this.#path(caller)), 1) !== undefined;
  }

  /** Name of what takes a gradient of the function that the call is in: "minimize". */
  gradient(call: SyntaxNode): string | undefined {
    const takes = (caller: SyntaxNode): boolean =>
      /^(?:minimize|computeGradients)$/.test(this.#calleeName(caller)) || isGradient(this.#path(caller));
    const caller = this.#runsUnder(call, takes, maxDepth);
    return caller && !this.#explains(caller, call) ? this.#calleeName(caller) : undefined;
  }

  /** `tf.grad((x) => model.predict(x))`: the gradient of an input shows what the model looks at, and trains nothing. */
  #explains(caller: SyntaxNode, call: SyntaxNode): boolean {
    if (!/^tfjs\.(?:grads?|valueAndGrads?)$/.test(this.#path(caller))) return false;
    const { text } = this.evidence;
    const given = new Set(argumentsOf(call).map((each) => textOf(unwrap(each), text)));
    for (let up = call.parent; up; up = up.parent)
      if (
        functionTypes.has(up.type) &&
        parametersOf(up).some((each) => given.has(nameOfParameter(each, text)))
      )
        return true;
    return false;
  }

  /**
   * The call that one of the functions around `node` is given to, if `wanted` says so. With a depth of more than
   * one, also when the function is called, and is only ever called, from within such functions.
   */
  #runsUnder(
    node: SyntaxNode,
    wanted: (caller: SyntaxNode) => boolean,
    depth: number,
  ): SyntaxNode | undefined {
    for (let up = node.parent; up; up = up.parent) {
      if (!functionTypes.has(up.type)) continue;
      const use = callOfCallback(up);
      if (use && wanted(use.call)) return use.call;
      const name = use ? undefined : nameOf(up, this.evidence.text)?.replace(/^#/, '');
      if (name === undefined || name === '') continue;
      const passed = this.evidence.bindings.passed.get(name)?.find((each) => wanted(each.call));
      if (passed) return passed.call;
      if (depth <= 1) continue;
      const callers = this.evidence.bindings.callsByName.get(name) ?? [];
      const found = callers.slice(0, 8).map((each) => this.#runsUnder(each, wanted, depth - 1));
      if (found.length > 0 && found.every((each) => each !== undefined)) return found[0];
    }
    return undefined;
  }

  #calleeName(call: SyntaxNode): string {
    const callee = child(call, 'function');
    const inner = callee && core(callee);
    return inner ? (propertyName(inner, this.evidence.text) ?? lastName(inner, this.evidence.text)) : '';
  }

  #path(call: SyntaxNode): string {
    const value = this.evidence.evaluate(child(call, 'function'));
    return value?.kind === 'import' ? pathOf(value) : '';
  }
}

/** `x` of `x` and of TypeScript's `x: tf.Tensor`. */
function nameOfParameter(parameter: SyntaxNode, text: string): string {
  return textOf(child(parameter, 'pattern') ?? parameter, text);
}

/** Whether what is in `below` is run again on each turn of `loop`. */
function repeats(loop: SyntaxNode, below: SyntaxNode): boolean {
  switch (loop.type) {
    case 'for_statement':
      return below.field !== 'initializer';
    case 'for_in_statement':
      return below.field === 'body';
    case 'while_statement':
    case 'do_statement':
      return true;
    default:
      return false;
  }
}
