/** Which calls a loss that goes backward was computed from: followed from `loss.backward()` back through the file. */

import { ancestor, child, within, type SyntaxNode } from '../tree';
import { dominates, type Binding } from './bindings';
import type { Evidence } from './evidence';
import { argumentsOf, enclosingFunction, lastName, loopsAround, parametersOf, textOf } from './nodes';
import type { ValueSource } from './values';

/** Last names of the methods that send a loss backward. */
const senders = ['backward', 'manual_backward'];

/** Beyond these no gradient flows: numbers for a report, an action for the next step of a game. */
const cutting: ReadonlySet<string> = new Set(
  (
    'detach detach_ item tolist numpy data argmax argmin sample rsample_n multinomial randint step reset topk_ ' +
    'size shape no_grad stop_gradient len print log_dict format backward'
  ).split(' '),
);

/** Real losses are far nearer to their models. */
const mostNodes = 4000;
const mostCallers = 12;

/** Calls that send a loss backward; not every method of this name does: the user may have a `backward()` too. */
export function backwardCalls(evidence: Evidence): SyntaxNode[] {
  return senders
    .flatMap((name) => evidence.bindings.callsByName.get(name) ?? [])
    .filter((each) => child(each, 'function')?.type === 'attribute');
}

/** All calls that feed a `backward()` of the file. */
export function callsFeedingBackward(evidence: Evidence): ReadonlySet<SyntaxNode> {
  const slice = new Slice(evidence);
  for (const call of backwardCalls(evidence)) {
    slice.visit(child(child(call, 'function')!, 'object'));
    for (const each of argumentsOf(call, evidence.text).positional) slice.visit(each);
  }
  return slice.run();
}

/** Bindings whose value a name may have where it is used: in one function the last ones before, or of a turn before. */
function reaching(bindings: readonly Binding[], use: SyntaxNode): Binding[] {
  const here = enclosingFunction(use);
  const found: Binding[] = bindings.filter((each) => enclosingFunction(each.after) !== here);
  const own = bindings.filter((each) => enclosingFunction(each.after) === here);
  for (const each of own.filter(({ after }) => after.end <= use.start).toReversed()) {
    found.push(each);
    if (dominates(each, use)) return found;
  }
  const loops = loopsAround(use);
  const later = own.filter(({ after }) => after.end > use.start);
  return [...found, ...later.filter(({ after }) => loops.some((loop) => within(after, loop)))];
}

class Slice {
  readonly #seen = new Set<object>();
  readonly #calls = new Set<SyntaxNode>();
  #pending: SyntaxNode[] = [];

  constructor(private readonly evidence: Evidence) {}

  visit(node: SyntaxNode | undefined): void {
    if (node) this.#pending.push(node);
  }

  run(): ReadonlySet<SyntaxNode> {
    for (let left = mostNodes; left > 0; left--) {
      const node = this.#pending.pop();
      if (!node) break;
      if (!this.#seen.has(node)) this.#take(node);
    }
    this.#pending = [];
    return this.#calls;
  }

  #take(node: SyntaxNode): void {
    this.#seen.add(node);
    const { text } = this.evidence;
    switch (node.type) {
      case 'identifier':
        return this.#name(textOf(node, text), node);
      case 'attribute': {
        const name = textOf(child(node, 'attribute')!, text);
        if (cutting.has(name)) return;
        if (this.#attribute(name)) return;
        return this.visit(child(node, 'object'));
      }
      case 'call':
        return this.#call(node);
      case 'lambda':
        return this.visit(child(node, 'body'));
      case 'keyword_argument':
        return this.visit(child(node, 'value'));
      default:
        for (const each of node.children) if (each.named && each.type !== 'comment') this.visit(each);
    }
  }

  #call(call: SyntaxNode): void {
    const callee = child(call, 'function');
    if (!callee || cutting.has(lastName(callee, this.evidence.text))) return;
    this.#calls.add(call);
    const value = this.evidence.evaluate(callee);
    if (value?.kind === 'function') this.#results(value.node);
    else if (value?.kind === 'method') {
      const { receiver } = value;
      const of = receiver.kind === 'instance' || receiver.kind === 'model' ? receiver.of : undefined;
      const method = of?.methods.get(value.name);
      if (method) this.#results(method);
    }
    if (callee.type !== 'identifier') this.visit(callee);
    this.visit(child(call, 'arguments'));
  }

  #results(definition: SyntaxNode): void {
    if (definition.type === 'lambda') return this.visit(child(definition, 'body'));
    for (const each of this.evidence.bindings.returns.get(definition) ?? []) this.visit(each);
  }

  #name(name: string, use: SyntaxNode): void {
    const found = this.evidence.bindings.find(name, use);
    for (const each of reaching(found?.bindings ?? [], use)) this.#source(each.source, name);
    for (const each of found?.elements ?? []) this.visit(each);
    const here = enclosingFunction(use);
    for (const each of this.evidence.bindings.augmented.get(name) ?? [])
      if (enclosingFunction(each) === here) this.visit(each);
  }

  #attribute(name: string): boolean {
    const { bindings } = this.evidence;
    const sources = bindings.attributes.get(name);
    const elements = bindings.attributeElements.get(name);
    if (!sources && !elements) return false;
    if (this.#seen.has(sources ?? elements!)) return true;
    this.#seen.add(sources ?? elements!);
    for (const source of sources ?? []) this.#source(source, name);
    for (const each of elements ?? []) this.visit(each);
    for (const each of bindings.augmented.get(name) ?? []) this.visit(each);
    return true;
  }

  #source(source: ValueSource, name: string): void {
    if (source.from === 'expression' || source.from === 'iteration') this.visit(source.node);
    else if (source.from === 'parameter') this.#parameter(source.function, source.index, name);
  }

  /** `def step(loss): loss.backward()`: what its callers give. */
  #parameter(definition: SyntaxNode, index: number, name: string): void {
    const { bindings, text } = this.evidence;
    const nameNode = child(definition, 'name');
    if (!nameNode) return;
    const first = parametersOf(definition, text)[0]?.name;
    const isMethod = ancestor(definition, 'class_definition', 'function_definition')?.type === 'class_definition';
    const position = index - (isMethod && first === 'self' ? 1 : 0);
    if (position < 0) return;
    for (const call of (bindings.callsByName.get(textOf(nameNode, text)) ?? []).slice(0, mostCallers)) {
      const given = argumentsOf(call, text);
      this.visit(given.keywords.get(name) ?? given.positional[position]);
    }
  }
}
