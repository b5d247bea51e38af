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
const mostNodes = 2000;
const mostCallers = 12;

/** What the `backward()` calls of one part of the file rest on. */
interface PartSlice {
  backward: readonly SyntaxNode[];
  calls: ReadonlySet<SyntaxNode>;
  reads: ReadonlySet<string>;
}

/**
 * The calls of a file that feed a loss which goes backward. Kept from version to version, part by part: to follow
 * all losses anew for each part that asks would take longer than everything else.
 */
export class Feeding {
  readonly #slices = new Map<SyntaxNode, PartSlice>();
  #fed: ReadonlySet<SyntaxNode> = new Set();
  readonly #fedIn = new Map<SyntaxNode | undefined, SyntaxNode[]>();
  readonly #backwardIn = new Map<SyntaxNode | undefined, SyntaxNode[]>();

  constructor(private readonly evidence: Evidence) {}

  /** Everything is to be followed anew. */
  forget(): void {
    this.#slices.clear();
  }

  has(call: SyntaxNode): boolean {
    return this.#fed.has(call);
  }

  /** Those of a function, or of the top level. */
  fedIn(definition: SyntaxNode | undefined): readonly SyntaxNode[] {
    return this.#fedIn.get(definition) ?? [];
  }

  /** Calls of a function that send a loss backward. */
  backwardIn(definition: SyntaxNode | undefined): readonly SyntaxNode[] {
    return this.#backwardIn.get(definition) ?? [];
  }

  /**
   * Brings the slices up to date with the parts of the file. `read` runs a question with a clean memory and tells
   * what it read. Returns the calls that feed a loss now and did not before, or the other way round.
   */
  update(
    parts: readonly SyntaxNode[],
    isStale: (reads: ReadonlySet<string>) => boolean,
    read: <T>(ask: () => T) => { answer: T; reads: ReadonlySet<string> },
  ): SyntaxNode[] {
    const before = this.#fed;
    let changed = false;
    const present = new Set(parts);
    for (const part of this.#slices.keys())
      if (!present.has(part)) changed = this.#slices.delete(part) || changed;
    for (const part of parts) {
      const known = this.#slices.get(part);
      if (known && !isStale(known.reads)) continue;
      const backward = known?.backward ?? backwardCalls(part, this.evidence);
      if (backward.length === 0) continue;
      const { answer: calls, reads } = read(() => sliceFrom(backward, this.evidence));
      this.#slices.set(part, { backward, calls, reads });
      changed = true;
    }
    if (!changed) return [];
    this.#fed = new Set([...this.#slices.values()].flatMap(({ calls }) => [...calls]));
    this.#byFunction();
    return [...this.#fed, ...before].filter((call) => this.#fed.has(call) !== before.has(call));
  }

  #byFunction(): void {
    this.#fedIn.clear();
    this.#backwardIn.clear();
    const add = (to: Map<SyntaxNode | undefined, SyntaxNode[]>, call: SyntaxNode): void => {
      const here = enclosingFunction(call);
      const list = to.get(here);
      if (list) list.push(call);
      else to.set(here, [call]);
    };
    for (const call of this.#fed) add(this.#fedIn, call);
    for (const { backward } of this.#slices.values())
      for (const call of backward) add(this.#backwardIn, call);
  }
}

/** Calls that send a loss backward; not every method of this name does: the user may have a `backward()` too. */
function backwardCalls(part: SyntaxNode, { bindings }: Evidence): SyntaxNode[] {
  return senders
    .flatMap((name) => bindings.callsByName.ofPart(part, name) ?? [])
    .filter((each) => child(each, 'function')?.type === 'attribute');
}

function sliceFrom(backward: readonly SyntaxNode[], evidence: Evidence): ReadonlySet<SyntaxNode> {
  const slice = new Slice(evidence);
  for (const call of backward) {
    evidence.begin();
    slice.visit(child(child(call, 'function'), 'object'));
    for (const each of argumentsOf(call, evidence.text).positional) slice.visit(each);
    slice.run();
  }
  return slice.calls;
}

/** Bindings whose value a name may have where it is used: in one function the last ones before, or of a turn before. */
function reaching(bindings: readonly Binding[], use: SyntaxNode): Binding[] {
  const here = enclosingFunction(use);
  const found: Binding[] = bindings.filter((each) => enclosingFunction(each.after) !== here);
  const own = bindings.filter((each) => enclosingFunction(each.after) === here);
  const ways: Binding[] = [];
  for (const each of own.filter(({ after }) => after.end <= use.start).toReversed()) {
    found.push(each);
    ways.push(each);
    if (dominates(each, use) || coverAll(ways, use)) return found;
  }
  const loops = loopsAround(use);
  const later = own.filter(({ after }) => after.end > use.start);
  return [...found, ...later.filter(({ after }) => loops.some((loop) => within(after, loop)))];
}

/** One of the bindings has happened in each branch of an `if` with an `else` before the use. */
function coverAll(bindings: readonly Binding[], use: SyntaxNode): boolean {
  for (const { block } of bindings) {
    // An `else` is a clause of the `if`.
    const statement = block.parent?.type === 'if_statement' ? block.parent : block.parent?.parent;
    if (statement?.type !== 'if_statement' || !statement.parent || !within(use, statement.parent)) continue;
    const blocks = branchesOf(statement);
    if (blocks?.every((each) => bindings.some((other) => within(other.after, each)))) return true;
  }
  return false;
}

/** The blocks of which one runs, if one does in any case. */
function branchesOf(statement: SyntaxNode): SyntaxNode[] | undefined {
  const others = statement.children.filter((each) => ['elif_clause', 'else_clause'].includes(each.type));
  if (others.at(-1)?.type !== 'else_clause') return undefined;
  return [
    child(statement, 'consequence'),
    ...others.map((each) => child(each, 'consequence') ?? child(each, 'body')),
  ].filter((each) => each !== undefined);
}

class Slice {
  readonly calls = new Set<SyntaxNode>();
  readonly #seen = new Set<object>();
  #pending: SyntaxNode[] = [];

  constructor(private readonly evidence: Evidence) {}

  visit(node: SyntaxNode | undefined): void {
    if (node) this.#pending.push(node);
  }

  /** Follows what was given to `visit`, the nearest first: where it ends, what is left is far from the loss. */
  run(): void {
    for (let next = 0; next < mostNodes; next++) {
      const node = this.#pending[next];
      if (!node) break;
      if (!this.#seen.has(node)) this.#take(node);
    }
    this.#pending = [];
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
        const isKept = this.#attribute(name);
        // Another object may keep something as `self.mean`: of `error.mean()` the error counts as well.
        if (!isKept || node.field === 'function') this.visit(child(node, 'object'));
        return;
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
    this.calls.add(call);
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
    const isMethod =
      ancestor(definition, 'class_definition', 'function_definition')?.type === 'class_definition';
    const position = index - (isMethod && first === 'self' ? 1 : 0);
    if (position < 0) return;
    for (const call of bindings.callsNear(definition, textOf(nameNode, text)).slice(0, mostCallers)) {
      const given = argumentsOf(call, text);
      this.visit(given.keywords.get(name) ?? given.positional[position]);
    }
  }
}
