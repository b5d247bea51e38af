/** Functions whose calls are traced into a graph, or differentiated, and not run one by one. */

import { ancestor, child, type SyntaxNode } from '../tree';
import { higherOrder } from './bindings';
import type { Evidence } from './evidence';
import { canonicalPath } from './frameworks';
import { madeBy } from './made';
import { lastName, textOf } from './nodes';
import type { Value } from './values';

/** What happens to a function that is passed to another. */
type Use = 'traced' | 'differentiated' | 'handed on' | undefined;

const jaxControl =
  /^jax\.(?:lax\.(?:scan|while_loop|fori_loop|cond|switch|map|associative_scan)|checkpoint|remat|experimental\.\w+\.shard_map)$/;

export class Tracing {
  readonly #traced = new Map<SyntaxNode, boolean>();
  readonly #differentiated = new Map<SyntaxNode, boolean>();

  constructor(private readonly evidence: Evidence) {}

  forget(): void {
    this.#traced.clear();
    this.#differentiated.clear();
  }

  /** The traced function around a node, the innermost one. */
  around(node: SyntaxNode): SyntaxNode | undefined {
    return functionsAround(node).find((each) => this.isTraced(each));
  }

  differentiatedAround(node: SyntaxNode): SyntaxNode | undefined {
    return functionsAround(node).find((each) => this.isDifferentiated(each));
  }

  isTraced(definition: SyntaxNode): boolean {
    return this.#is(definition, 'traced', this.#traced, (node) => this.around(node) !== undefined);
  }

  isDifferentiated(definition: SyntaxNode): boolean {
    return this.#is(
      definition,
      'differentiated',
      this.#differentiated,
      (node) => this.differentiatedAround(node) !== undefined,
    );
  }

  /** By its decorators, by what it is passed to, or because all that use it are. */
  #is(
    definition: SyntaxNode,
    wanted: 'traced' | 'differentiated',
    known: Map<SyntaxNode, boolean>,
    inside: (node: SyntaxNode) => boolean,
  ): boolean {
    const before = known.get(definition);
    if (before !== undefined) return before;
    known.set(definition, false); // A function that calls itself says nothing of itself.
    const answer = this.#ask(definition, wanted, inside);
    known.set(definition, answer);
    return answer;
  }

  #ask(
    definition: SyntaxNode,
    wanted: 'traced' | 'differentiated',
    inside: (node: SyntaxNode) => boolean,
  ): boolean {
    if (definition.type !== 'lambda' && isUnder(this.evidence.definition(definition), wanted)) return true;
    const { called, passedTo } = this.#uses(definition);
    let settled = called.length + passedTo.length > 0;
    for (const call of passedTo) {
      const use = this.#useBy(call);
      if (use === wanted) return true;
      if (this.#resultIs(call, use, wanted, inside)) return true;
      if (!inside(call)) settled = false;
    }
    return settled && called.every(inside);
  }

  /** `jit(vmap(f))`, `grad_fn = value_and_grad(loss)` that is compiled further down. */
  #resultIs(
    call: SyntaxNode,
    use: Use,
    wanted: 'traced' | 'differentiated',
    inside: (node: SyntaxNode) => boolean,
  ): boolean {
    if (use === undefined) return false;
    const outer = call.parent?.type === 'keyword_argument' ? call.parent.parent : call.parent;
    if (outer?.type === 'argument_list' && outer.parent) {
      const next = this.#useBy(outer.parent);
      return next === wanted || this.#resultIs(outer.parent, next, wanted, inside);
    }
    if (outer?.type !== 'assignment') return false;
    const target = child(outer, 'left');
    if (target?.type !== 'identifier') return false;
    const name = textOf(target, this.evidence.text);
    const { bindings } = this.evidence;
    const passed = bindings.passedOnNear(call, name);
    if (passed.some((each) => each.start > call.end && this.#useBy(each) === wanted)) return true;
    const called = bindings
      .callsNear(call, name)
      .filter((each) => child(each, 'function')?.type === 'identifier');
    return called.length > 0 && called.every(inside);
  }

  /** Where a function is called, and the functions that it is given to. */
  #uses(definition: SyntaxNode): { called: readonly SyntaxNode[]; passedTo: readonly SyntaxNode[] } {
    if (definition.type === 'lambda') {
      const call = definition.parent?.type === 'argument_list' ? definition.parent.parent : undefined;
      return { called: [], passedTo: call?.type === 'call' ? [call] : [] };
    }
    const nameNode = child(definition, 'name');
    if (!nameNode) return { called: [], passedTo: [] };
    const name = textOf(nameNode, this.evidence.text);
    const isMethod =
      ancestor(definition, 'class_definition', 'function_definition')?.type === 'class_definition';
    const called = this.evidence.bindings
      .callsNear(definition, name)
      .filter((each) => (child(each, 'function')?.type === 'attribute') === isMethod);
    return { called, passedTo: this.evidence.bindings.passedOnNear(definition, name) };
  }

  #useBy(call: SyntaxNode): Use {
    const callee = child(call, 'function');
    if (!callee) return undefined;
    const name = lastName(callee, this.evidence.text);
    if (!higherOrder.has(name)) return undefined;
    const value = this.evidence.evaluate(callee);
    if (value?.kind === 'import') return ofPath(canonicalPath(value.path));
    const receiver =
      callee.type === 'attribute' ? lastName(child(callee, 'object')!, this.evidence.text) : '';
    if (/^(?:experimental_)?run(?:_v2)?$/.test(name))
      return this.#isStrategy(value, receiver) ? 'traced' : undefined;
    if (name === 'map' || name === 'interleave')
      return this.#isDataset(value, receiver) ? 'traced' : undefined;
    return undefined;
  }

  #isStrategy(value: Value | undefined, receiver: string): boolean {
    if (value?.kind === 'method' && value.receiver.kind === 'other')
      return value.receiver.what.startsWith('tensorflow.distribute');
    return value === undefined && /strategy$/i.test(receiver);
  }

  /** `tf.data` traces what it maps; other data sets, pools and series call it. */
  #isDataset(value: Value | undefined, receiver: string): boolean {
    if (value?.kind === 'method' && value.receiver.kind === 'other')
      return value.receiver.what.startsWith('tensorflow.data');
    const { frameworks, bindings } = this.evidence;
    if (value !== undefined || !(frameworks.has('tensorflow') || frameworks.has('keras'))) return false;
    return (
      /(?:^|_)(?:ds|datasets?|train|test|val|valid)\d*$/.test(receiver) &&
      !bindings.imports.some((each) => /^(?:datasets|pandas|torch)\b/.test(each))
    );
  }
}

function ofPath(path: string): Use {
  const made = madeBy(path);
  if (made?.is === 'compiled') return 'traced';
  if (made?.is === 'differentiated') return 'differentiated';
  if (made?.is === 'model')
    return made.how === 'compiled by' || made.framework === 'jax' ? 'traced' : undefined;
  if (jaxControl.test(path)) return 'traced';
  return made?.is === 'argument' ? 'handed on' : undefined;
}

function isUnder(value: Value, wanted: 'traced' | 'differentiated'): boolean {
  for (let at: Value | undefined = value; at;) {
    if (at.kind === 'compiled') {
      if (wanted === 'traced') return true;
      at = at.body;
    } else if (at.kind === 'differentiated') {
      if (wanted === 'differentiated') return true;
      at = at.of;
    } else return wanted === 'traced' && (at.kind === 'model' || at.kind === 'other');
  }
  return false;
}

function functionsAround(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let at = ancestor(node, 'function_definition', 'lambda'); at;) {
    found.push(at);
    at = ancestor(at, 'function_definition', 'lambda');
  }
  return found;
}
