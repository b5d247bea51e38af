/** Follows an expression back through the file to what it holds: a model, a session, an estimator, or neither. */

import type { Framework } from '../site';
import { Guard } from '../guard';
import { child, type SyntaxNode } from '../tree';
import { dominates, type Bindings } from './bindings';
import { inSameBranch, reachable } from './branches';
import { customaryNames, frameworkOfModule, isPackage } from './frameworks';
import { madeBy } from './made';
import { isModelName, isModelPartName } from './names';
import { imported, type Thing } from './things';
import { argumentsOf, comprehensionTypes, decorators, shownText, textOf, unwrap } from './nodes';
import { parameterValue } from './parameters';
import { resultOf } from './results';
import { Attributes } from './attributes';
import { roleOfClass } from './classes';
import { decorated } from './compiled';
import { roleOfBase, type Role } from './roles';
import {
  container,
  elementOf,
  other,
  strongest,
  weaken,
  type ClassInfo,
  type Effect,
  type Model,
  type Origin,
  type Value,
  type ValueSource,
} from './values';

const inOrder: readonly Framework[] = ['keras', 'tensorflow', 'torch', 'jax', 'onnxruntime'];
const inJaxOrder: readonly Framework[] = ['keras', 'jax', 'tensorflow', 'torch', 'onnxruntime'];

function isNeuralJax(imports: readonly string[]): boolean {
  return imports.some((each) => /^(?:flax|haiku|equinox)\b/.test(each));
}

/** For one call: what is not found so far is found by nobody who reads the code either. */
const mostSteps = 300;

/** What a checkpoint holds beside the model, by its key. */
const besideModel =
  /(?:cls|class|type|fn|func|args?|config|cfg|opts?|options|name|path|step|epoch|vocab|classes|labels?|words|tags|size|loss|acc|history|version|normali[sz]e|norm|tfm|transform|mean|std|scaler|optimi[sz]er|scheduler)s?['"]$/i;

/** An element of something, as opposed to what is made anew. */
function isPartOfResult(source: ValueSource): boolean {
  return source.from === 'expression' && (source.path.length > 0 || unwrap(source.node).type === 'subscript');
}

function mayNameModel(name: string): boolean {
  return isModelName(name) || isModelPartName(name);
}

export class Evidence {
  readonly #known = new Map<SyntaxNode, Value | undefined>();
  readonly #roles = new Map<ClassInfo, Role | undefined>();
  readonly #definitions = new Map<SyntaxNode, Value>();
  /** What functions do, as `effectOf` has found; kept here to be forgotten with the rest. */
  readonly effects = new Map<SyntaxNode, Effect>();
  /** Methods that run while their module runs, as `insideModel` has found. */
  readonly insideMethods = new Map<ClassInfo, ReadonlySet<string>>();
  /** Functions that build graphs, as `putsLayersOnTensors` has found. */
  readonly building = new Map<SyntaxNode, boolean>();
  readonly #attributes = new Attributes(this);
  readonly #guard = new Guard(mostSteps);
  #frameworks:
    { of: readonly Framework[]; roots: readonly string[]; are: ReadonlySet<Framework> } | undefined;

  constructor(
    readonly bindings: Bindings,
    /** What a path stands for that is imported from the project's own files. */
    readonly outside: (path: string) => Thing | undefined = () => undefined,
  ) {}

  get text(): string {
    return this.bindings.text;
  }

  /** False where nothing could be a symbolic tensor: most files, and every argument would be followed in vain. */
  get mayBuildGraphs(): boolean {
    return this.bindings.mayBuildGraphs;
  }

  /** Before another question, which is not to pay for how long the one before took. */
  begin(): void {
    this.#guard.begin();
  }

  /** Forgets all answers, so that what is read for the next ones is told anew. */
  forget(): void {
    this.begin();
    this.#known.clear();
    this.#roles.clear();
    this.#definitions.clear();
    this.effects.clear();
    this.insideMethods.clear();
    this.building.clear();
  }

  /** Frameworks that the file imports, or means by names that are the custom where it is part of a program. */
  get frameworks(): ReadonlySet<Framework> {
    const { frameworks, customaryRoots: roots } = this.bindings;
    if (this.#frameworks?.of !== frameworks || this.#frameworks.roots !== roots) {
      const meant = roots.filter((root) => root.endsWith('.keras') || !this.bindings.isBound(root));
      const are = new Set([
        ...frameworks,
        ...meant.map(frameworkOfModule).filter((each) => each !== undefined),
      ]);
      this.#frameworks = { of: frameworks, roots, are };
    }
    return this.#frameworks.are;
  }

  /** The deep-learning framework that the file most likely means where nothing is said. */
  get mainFramework(): Framework {
    // A file that trains networks in JAX may take its data from TensorFlow.
    const { frameworks } = this;
    const order = frameworks.has('jax') && isNeuralJax(this.bindings.imports) ? inJaxOrder : inOrder;
    return order.find((each) => frameworks.has(each)) ?? 'unknown';
  }

  /** That of a model from somewhere else: what is not run by a session in TensorFlow is mostly a Keras model. */
  get foreignFramework(): Framework {
    const main = this.mainFramework;
    return main === 'tensorflow' && !this.hasGraphs ? 'keras' : main;
  }

  /** TensorFlow 1: sessions and placeholders. */
  get hasGraphs(): boolean {
    return ['Session', 'InteractiveSession', 'placeholder'].some((name) =>
      this.bindings.callsByName.get(name),
    );
  }

  /** Modules that Keras had before it could run a model by calling it. */
  get isOldKeras(): boolean {
    return this.bindings.imports.some((each) =>
      /^keras\.(?:engine\b|layers\.(?:merge|advanced_activations|normalization|convolutional|core|pooling|recurrent|wrappers|embeddings|noise|local)\b|utils\.np_utils\b)/.test(
        each,
      ),
    );
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
    const { cuts } = this.#guard;
    const value = this.guarded(node, () => this.#evaluate(node));
    // What was cut short by a cycle may be known better when asked from outside of it.
    if (value !== undefined || this.#guard.cuts === cuts) this.#known.set(node, value);
    return value;
  }

  /** Runs `body` unless it is running for the same thing already. */
  guarded<T>(key: object, body: () => T | undefined): T | undefined {
    return this.#guard.run(key, body);
  }

  origin(how: Origin['how'], by: SyntaxNode): Origin {
    return { how, by: shownText(by, this.text), at: by };
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
    if (value?.kind === 'model') {
      if (index?.type !== 'string') return value;
      return besideModel.test(textOf(index, this.text)) ? other('a note') : weaken(value, 0.9);
    }
    return value?.kind === 'symbol' || value?.kind === 'estimator' ? value : undefined;
  }

  /** What a name means where it is used. */
  name(name: string, use: SyntaxNode): Value | undefined {
    const found = this.bindings.find(name, use);
    if (!found) {
      const star = this.bindings.starImports
        .map((module) => `${module}.${name}`)
        .find((path) => madeBy(path) ?? roleOfBase(path));
      const path = star ?? this.#meant(name);
      return path === undefined ? undefined : { kind: 'import', path };
    }
    if (found.bindings.length === 1)
      return this.withElements(this.source(found.bindings[0]!.source, name), found.elements);
    const before = found.deferred
      ? found.bindings
      : reachable(
          found.bindings.filter((each) => each.after.end <= use.start),
          use,
        );
    const candidates: (Value | undefined)[] = [];
    let isHandedBack = false;
    // In a loop a name may hold what is assigned to it further down.
    const possible = before.length > 0 ? before : found.bindings;
    for (const binding of (possible.length > 1
      ? inSameBranch(possible, use, this.text)
      : possible
    ).toReversed()) {
      const value = this.source(binding.source, name);
      candidates.push(isHandedBack ? weaken(value, 0.85) : value);
      // `actor = state[0]` after a step that gives back the actor: what it was is what it is.
      if (value === undefined && !found.deferred && isPartOfResult(binding.source) && mayNameModel(name)) {
        isHandedBack = true;
        continue;
      }
      const isNone = binding.source.from === 'expression' && binding.source.node.type === 'none';
      if (!found.deferred && !isNone && dominates(binding, use)) break;
    }
    return this.withElements(strongest(candidates), found.elements);
  }

  /** A name that the file does not bind means what it mostly does, unless it comes out of a star import. */
  #meant(name: string): string | undefined {
    const path = customaryNames.get(name);
    if (path === undefined || isPackage(path)) return path;
    return this.bindings.starImports.length === 0 ? path : undefined;
  }

  /** With what is put into a list later on. */
  withElements(value: Value | undefined, added: readonly SyntaxNode[]): Value | undefined {
    if (added.length === 0 || (value && value.kind !== 'container')) return value;
    return container(strongest([value?.element, ...added.map((each) => this.evaluate(each))]));
  }

  /** What a name at the top level of the file holds when all of it has run. */
  exported(name: string): Value | undefined {
    const found = this.bindings.atTop(name);
    const values = found?.bindings.map((each) => this.source(each.source, name)) ?? [];
    return this.withElements(strongest(values), found?.elements ?? []);
  }

  /** The value that one way of binding gives. */
  source(source: ValueSource, name: string): Value | undefined {
    switch (source.from) {
      case 'import':
        return imported(source.path, this);
      case 'function':
        return this.definition(source.node);
      case 'class':
        return { kind: 'class', of: source.of };
      case 'parameter':
        return parameterValue(source, name, this);
      case 'iteration':
        return this.#unpack(elementOf(this.evaluate(source.node)), source.path, name);
      case 'expression': {
        const value = this.#unpack(this.evaluate(source.node), source.path, name);
        if (source.path.length > 0) return value;
        if (value?.kind === 'tuple' && value.whole) return value.whole;
        return value ?? this.#wrapped(source.node, name);
      }
    }
  }

  #unpack(value: Value | undefined, path: number[], name: string): Value | undefined {
    let part = value;
    for (const index of path) {
      // `model, preprocess = load(...)`: one call hands out both, and the names tell which is which.
      if (part?.kind === 'model')
        return isModelName(name) ? weaken(part, 0.95) : index === 0 ? weaken(part, 0.85) : undefined;
      if (part?.kind === 'symbol') return part;
      if (part?.kind === 'estimator' && part.pickled && (index === 0 || isModelName(name))) continue;
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
      at: of.node,
    };
    if (role?.is === 'model') return this.model(role.framework, 0.95, from, of);
    if (role?.is === 'layer') return { kind: 'layer', framework: role.framework };
    if (role?.is === 'estimator') return { kind: 'estimator', framework: role.framework, origin: from, of };
    if (role?.is === 'trainer') return { kind: 'trainer', framework: role.framework, origin: from, of };
    if (role?.is === 'loss') return other('a loss');
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
    return this.#attributes.of(object, name, node);
  }

  member(of: ClassInfo, name: string): Value | undefined {
    return this.#attributes.member(of, name);
  }

  anyMember(of: ClassInfo): Value | undefined {
    return this.#attributes.anyMember(of);
  }

  /** A function of this file, as its decorators leave it. */
  definition(node: SyntaxNode): Value {
    let value = this.#definitions.get(node);
    if (!value) {
      value = this.guarded(child(node, 'name') ?? node, () => decorated(node, this)) ?? {
        kind: 'function',
        node,
      };
      this.#definitions.set(node, value);
    }
    return value;
  }

  /** What a function of this file gives back; what a context manager or a fixture yields. */
  returned(definition: SyntaxNode): Value | undefined {
    if (definition.type === 'lambda') return this.evaluate(child(definition, 'body'));
    const { returns, yields } = this.bindings;
    return this.guarded(definition, () => {
      const given = returns.get(definition) ?? [];
      const yielded = yields.get(definition) ?? [];
      const isHandedOut =
        yielded.length > 0 &&
        decorators(definition).some((each) =>
          /contextmanager|fixture/.test(textOf(each, this.text).split('(')[0]!),
        );
      return strongest([...given, ...(isHandedOut ? yielded : [])].map((each) => this.evaluate(each)));
    });
  }
}
