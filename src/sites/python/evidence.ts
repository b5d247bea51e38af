/** Follows an expression back through the file to what it holds: a model, a session, an estimator, or neither. */

import type { Framework } from '../site';
import { child, type SyntaxNode } from '../tree';
import { dominates, type Bindings } from './bindings';
import { frameworkOfModule, madeBy, roleOfBase, type Role } from './frameworks';
import { isModelName } from './names';
import { argumentsOf, comprehensionTypes, decorators, shownText, textOf, unwrap } from './nodes';
import { parameterValue } from './parameters';
import { resultOf } from './results';
import { roleOfClass } from './classes';
import {
  container,
  elementOf,
  other,
  strongest,
  weaken,
  type ClassInfo,
  type Model,
  type Origin,
  type Value,
  type ValueSource,
} from './values';

/** Enough for real chains of calls; beyond it a file is generated, or a loop of definitions. */
const maxDepth = 40;

export class Evidence {
  /** Frameworks that the file imports. */
  readonly frameworks: ReadonlySet<Framework>;
  readonly text: string;
  readonly #known = new Map<SyntaxNode, Value | undefined>();
  readonly #roles = new Map<ClassInfo, Role | undefined>();
  readonly #active = new Set<object>();
  #depth = 0;
  /** How often something was left out because it was being asked for already. */
  #cuts = 0;

  constructor(readonly bindings: Bindings) {
    this.text = bindings.source.text;
    const frameworks = new Set<Framework>();
    for (const path of bindings.imports) {
      const framework = frameworkOfModule(path);
      if (framework) frameworks.add(framework);
    }
    this.frameworks = frameworks;
  }

  /** The deep-learning framework that the file most likely means where nothing is said. */
  get mainFramework(): Framework {
    const order: Framework[] = ['keras', 'tensorflow', 'torch', 'jax', 'onnxruntime'];
    return order.find((each) => this.frameworks.has(each)) ?? 'unknown';
  }

  get hasDeepLearning(): boolean {
    return this.mainFramework !== 'unknown';
  }

  get hasClassical(): boolean {
    return this.frameworks.has('sklearn') || this.frameworks.has('xgboost');
  }

  evaluate(expression: SyntaxNode | undefined): Value | undefined {
    if (!expression) return undefined;
    const node = unwrap(expression);
    if (this.#known.has(node)) return this.#known.get(node);
    const cuts = this.#cuts;
    const value = this.guarded(node, () => this.#evaluate(node));
    // What was cut short by a cycle may be known better when asked from outside of it.
    if (value !== undefined || this.#cuts === cuts) this.#known.set(node, value);
    return value;
  }

  /** Runs `body` unless it is running for the same thing already, or too deep. */
  guarded<T>(key: object, body: () => T | undefined): T | undefined {
    if (this.#active.has(key) || this.#depth >= maxDepth) {
      this.#cuts++;
      return undefined;
    }
    this.#active.add(key);
    this.#depth++;
    try {
      return body();
    } finally {
      this.#depth--;
      this.#active.delete(key);
    }
  }

  origin(how: Origin['how'], by: SyntaxNode): Origin {
    return { how, by: shownText(by, this.text), line: this.bindings.line(by) };
  }

  #evaluate(node: SyntaxNode): Value | undefined {
    switch (node.type) {
      case 'identifier':
        return this.name(textOf(node, this.text), node);
      case 'attribute':
        return this.attribute(
          this.evaluate(child(node, 'object')),
          textOf(child(node, 'attribute')!, this.text),
          node,
        );
      case 'call':
        return resultOf(node, this);
      case 'subscript':
        return this.#subscript(node);
      case 'await':
        return this.evaluate(node.children.find((each) => each.named));
      case 'assignment':
        return this.evaluate(child(node, 'right'));
      case 'named_expression':
        return this.evaluate(child(node, 'value'));
      case 'conditional_expression': {
        const [then, , otherwise] = node.children.filter((each) => each.named && each.type !== 'comment');
        return strongest([this.evaluate(then), this.evaluate(otherwise)]);
      }
      case 'boolean_operator':
        return strongest([this.evaluate(child(node, 'left')), this.evaluate(child(node, 'right'))]);
      case 'binary_operator': {
        const sides = [this.evaluate(child(node, 'left')), this.evaluate(child(node, 'right'))];
        return (
          sides.find((side) => side?.kind === 'symbol') ?? sides.find((side) => side?.kind === 'container')
        );
      }
      case 'tuple':
      case 'expression_list':
        return { kind: 'tuple', elements: this.#parts(node).map((each) => this.evaluate(each)) };
      case 'list':
      case 'set':
        return container(strongest(this.#parts(node).map((each) => this.evaluate(each))));
      case 'dictionary':
        return container(strongest(this.#parts(node).map((each) => this.evaluate(child(each, 'value')))));
      case 'dictionary_comprehension':
        return container(this.evaluate(child(child(node, 'body'), 'value')));
      case 'lambda':
        return { kind: 'function', node };
      case 'string':
      case 'concatenated_string':
      case 'integer':
      case 'float':
      case 'true':
      case 'false':
        return other('a literal');
      default:
        return comprehensionTypes.includes(node.type)
          ? container(this.evaluate(child(node, 'body')))
          : undefined;
    }
  }

  #parts(node: SyntaxNode): SyntaxNode[] {
    return node.children.filter((each) => each.named && each.type !== 'comment');
  }

  #subscript(node: SyntaxNode): Value | undefined {
    const value = this.evaluate(child(node, 'value'));
    const index = child(node, 'subscript');
    if (value?.kind === 'container' || value?.kind === 'tuple') {
      if (index?.type === 'slice') return value;
      const position = index?.type === 'integer' ? Number(textOf(index, this.text)) : undefined;
      return elementOf(value, position);
    }
    // A checkpoint that holds the model beside other things, an nn.Sequential's first block.
    if (value?.kind === 'model') return index?.type === 'string' ? weaken(value, 0.85) : value;
    return value?.kind === 'symbol' ? value : undefined;
  }

  /** What a name means where it is used. */
  name(name: string, use: SyntaxNode): Value | undefined {
    const found = this.bindings.find(name, use);
    if (!found) {
      const star = this.bindings.starImports
        .map((module) => `${module}.${name}`)
        .find((path) => madeBy(path) ?? roleOfBase(path));
      return star ? { kind: 'import', path: star } : undefined;
    }
    const before = found.deferred ? found.bindings : found.bindings.filter((each) => each.from <= use.start);
    const candidates: (Value | undefined)[] = [];
    // In a loop a name may hold what is assigned to it further down.
    for (const binding of (before.length > 0 ? before : found.bindings).toReversed()) {
      const value = this.source(binding.source, name);
      candidates.push(value);
      const isNone = binding.source.from === 'expression' && binding.source.node.type === 'none';
      if (!found.deferred && !isNone && dominates(binding, use)) break;
    }
    return this.#withElements(strongest(candidates), found.elements);
  }

  #withElements(value: Value | undefined, added: SyntaxNode[]): Value | undefined {
    if (added.length === 0 || (value && value.kind !== 'container')) return value;
    return container(strongest([value?.element, ...added.map((each) => this.evaluate(each))]));
  }

  /** The value that one way of binding gives. */
  source(source: ValueSource, name: string): Value | undefined {
    switch (source.from) {
      case 'import':
        return { kind: 'import', path: source.path };
      case 'function':
        return { kind: 'function', node: source.node };
      case 'class':
        return { kind: 'class', of: source.of };
      case 'parameter':
        return parameterValue(source, name, this);
      case 'iteration':
        return this.#unpack(elementOf(this.evaluate(source.node)), source.path, name);
      case 'expression': {
        const value = this.#unpack(this.evaluate(source.node), source.path, name);
        if (value ?? source.path.length > 0) return value;
        return this.#wrapped(source.node, name);
      }
    }
  }

  #unpack(value: Value | undefined, path: number[], name: string): Value | undefined {
    let part = value;
    for (const index of path) {
      // `model, preprocess = load(...)`: one call hands out both, and the names tell which is which.
      if (part?.kind === 'model') return isModelName(name) ? weaken(part, 0.95) : undefined;
      part = elementOf(part, index);
    }
    return part;
  }

  /** `model = prepare(model)`: a function we cannot see gives back the model under a model's name. */
  #wrapped(node: SyntaxNode, name: string): Value | undefined {
    const call = unwrap(node);
    if (call.type !== 'call' || !isModelName(name)) return undefined;
    const first = this.evaluate(argumentsOf(call, this.text).positional[0]);
    return first?.kind === 'model' ? weaken(first, 0.85) : undefined;
  }

  model(framework: Framework, confidence: number, origin: Origin, of?: ClassInfo): Model {
    return { kind: 'model', framework, confidence, origin, callable: true, of };
  }

  /** An object of a class of this file. */
  instanceOf(of: ClassInfo, origin?: Origin): Value {
    const role = this.roleOf(of);
    const from: Origin = origin ?? {
      how: 'defined by',
      by: `class ${of.name}`,
      line: this.bindings.line(of.node),
    };
    if (role?.is === 'model') return this.model(role.framework, 0.95, from, of);
    if (role?.is === 'layer') return { kind: 'layer', framework: role.framework };
    if (role?.is === 'estimator') return { kind: 'estimator', framework: role.framework, origin: from };
    if (role?.is === 'other') return other('no model');
    return { kind: 'instance', of };
  }

  /** What a class is by what it derives from. */
  roleOf(of: ClassInfo): Role | undefined {
    if (!this.#roles.has(of))
      this.#roles.set(
        of,
        this.guarded(of, () => roleOfClass(of, this)),
      );
    return this.#roles.get(of);
  }

  /** `object.name`. */
  attribute(object: Value | undefined, name: string, node: SyntaxNode): Value | undefined {
    if (!object) return this.#anyAttribute(name, node);
    switch (object.kind) {
      case 'import':
        return { kind: 'import', path: `${object.path}.${name}` };
      case 'model':
        if (object.of) {
          const own = this.#member(object.of, name);
          if (own) return own.kind === 'function' ? { kind: 'method', receiver: object, name } : own;
          // An attribute that holds we know not what: the name is to decide.
          if (object.of.attributes.has(name)) return undefined;
        }
        if (['module', '_orig_mod', 'base_model'].includes(name)) return object;
        if (name === 'signatures') return container(weaken(object, 0.97));
        if (['input', 'output', 'inputs', 'outputs'].includes(name)) return { kind: 'symbol' };
        return { kind: 'method', receiver: object, name };
      case 'instance':
      case 'class':
        return (
          this.#member(object.of, name) ??
          (object.kind === 'class' ? { kind: 'method', receiver: object, name } : undefined)
        );
      case 'symbol':
        return object;
      default:
        return { kind: 'method', receiver: object, name };
    }
  }

  /** Some object of the file has a model under this name; this one may be another object. */
  #anyAttribute(name: string, node: SyntaxNode): Value | undefined {
    const sources = this.bindings.attributes.get(name);
    const value = sources && this.guarded(sources, () => this.#fromSources(sources, name));
    return weaken(value, child(node, 'object')?.type === 'identifier' ? 0.95 : 0.9);
  }

  #member(of: ClassInfo, name: string): Value | undefined {
    const sources = of.attributes.get(name);
    return this.guarded(sources ?? of.methods.get(name)?.children ?? of.methods, () => {
      if (sources) return this.#fromSources(sources, name);
      const method = of.methods.get(name);
      if (method)
        return this.#isProperty(method) ? this.returned(method) : { kind: 'function', node: method };
      for (const base of of.bases) {
        const value = this.evaluate(base);
        const inherited = value?.kind === 'class' ? this.#member(value.of, name) : undefined;
        if (inherited) return inherited;
      }
      return undefined;
    });
  }

  #isProperty(method: SyntaxNode): boolean {
    return decorators(method).some((each) => textOf(each, this.text).endsWith('property'));
  }

  #fromSources(sources: ValueSource[], name: string): Value | undefined {
    const value = strongest(sources.map((source) => this.source(source, name)));
    return this.#withElements(value, this.bindings.attributeElements.get(name) ?? []);
  }

  /** What a function of this file gives back. */
  returned(definition: SyntaxNode): Value | undefined {
    if (definition.type === 'lambda') return this.evaluate(child(definition, 'body'));
    return this.guarded(definition, () =>
      strongest((this.bindings.returns.get(definition) ?? []).map((each) => this.evaluate(each))),
    );
  }
}
