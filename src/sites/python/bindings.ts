/** Which names exist in a file, where each gets its values, and which one a use of the name means. */

import { ancestor, child, childrenOf, nodesBelow, within, type SyntaxNode } from '../tree';
import type { Framework } from '../site';
import { customary, frameworkOfModule } from './frameworks';
import { comprehensionTypes, enclosingMethod, lastName, parametersOf, textOf, unwrap } from './nodes';
import { SharedLists } from './shared';
import type { ClassInfo, ValueSource } from './values';

export interface Binding {
  source: ValueSource;
  /** From the end of this on the name has the value. */
  after: SyntaxNode;
  /** What must run for the binding to happen: the block that holds it. */
  block: SyntaxNode;
}

interface Scope {
  kind: 'class' | 'function' | 'expression';
  names: Map<string, Binding[]>;
  /** `NAME.append(x)` and `NAME[k] = x`. */
  elements?: Map<string, SyntaxNode[]>;
  /** Names declared `global` or `nonlocal`. */
  outer?: Set<string>;
}

export interface Found {
  bindings: readonly Binding[];
  elements: readonly SyntaxNode[];
  /** The use runs when a function is called, so that the order in the text says nothing. */
  deferred: boolean;
}

const scopeTypes: ReadonlySet<string> = new Set([
  'class_definition',
  'function_definition',
  'lambda',
  ...comprehensionTypes,
]);

const graphWords = /\bInput(?:Layer)?\s*\(|placeholder|\blayers\b|\bslim\b|KerasTensor/;

const importsKey = 'all';

/** Last names of functions that compile, differentiate, map or otherwise call the functions that they are given. */
export const higherOrder: ReadonlySet<string> = new Set(
  (
    'jit pmap vmap xmap pjit shard_map filter_jit filter_pmap filter_vmap function compile script trace ' +
    'grad value_and_grad filter_grad filter_value_and_grad grad_and_value jacfwd jacrev hessian checkpoint remat ' +
    'filter_checkpoint scan while_loop fori_loop cond switch associative_scan map interleave partial run ' +
    'experimental_run_v2 run_v2 transform transform_with_state multi_transform ' +
    'symbolic_trace implicit_gradients implicit_value_and_gradients gradients_function'
  ).split(' '),
);
/** Attributes that of all models only those of Keras have. */
export const tellingAttributes: ReadonlySet<string> = new Set([
  'layers',
  'input_shape',
  'output_shape',
  'trainable_weights',
  'trainable_variables',
  'stop_training',
]);
const lengths = [...tellingAttributes].map((each) => each.length + 1);
const shortestTelling = Math.min(...lengths);
const longestTelling = Math.max(...lengths);

const none: readonly string[] = [];
const noNodes: readonly SyntaxNode[] = [];
const noFrameworks: readonly Framework[] = [];

/**
 * The names of one file, read part by part: a part is a top-level node. Everything that the answer to a question
 * may depend on outside of the part that asks goes by a key (`onRead`); `keysOf` are those that a part touches.
 */
export class Bindings {
  readonly classes = new Map<SyntaxNode, ClassInfo>();
  readonly returns = new Map<SyntaxNode, SyntaxNode[]>();
  readonly yields = new Map<SyntaxNode, SyntaxNode[]>();
  /** Everything assigned to `ANYTHING.name` in the file. */
  readonly attributes: SharedLists<ValueSource>;
  /** `self.name.append(x)` and `self.name[k] = x`, by name. */
  readonly attributeElements: SharedLists<SyntaxNode>;
  /** Calls by the last name of the callee. */
  readonly callsByName: SharedLists<SyntaxNode>;
  /** Methods called on a receiver, by the last name of the receiver. */
  readonly methodsUsed: SharedLists<string>;
  /** Calls of functions that take functions (`higherOrder`), by the names that they are given. */
  readonly passedOn: SharedLists<SyntaxNode>;
  /** Right sides of `name += x`, by the last name of the left one. */
  readonly augmented: SharedLists<SyntaxNode>;
  readonly #roots: SharedLists<string>;
  readonly #imports: SharedLists<string>;
  /** What they stand for: many more rest on this than on the paths. */
  readonly #frameworks: SharedLists<Framework>;
  readonly #starImports: SharedLists<string>;
  readonly #moduleNames: SharedLists<Binding>;
  readonly #moduleElements: SharedLists<SyntaxNode>;
  readonly #scopes = new Map<SyntaxNode, Scope>();
  readonly #parts = new Map<SyntaxNode, { nodes: SyntaxNode[]; calls: SyntaxNode[] }>();
  readonly #shared: readonly SharedLists<unknown>[];
  #part: SyntaxNode;

  /** `text` is that of the newest version: parts keep their nodes, and those move with it. */
  constructor(
    private readonly root: SyntaxNode,
    public text: string,
    onRead: (key: string) => void = () => undefined,
  ) {
    this.#part = root;
    this.attributes = new SharedLists('attribute ', onRead);
    this.attributeElements = new SharedLists('elements ', onRead);
    this.callsByName = new SharedLists('calls ', onRead);
    this.methodsUsed = new SharedLists('methods ', onRead, true);
    this.passedOn = new SharedLists('passed ', onRead);
    this.augmented = new SharedLists('augmented ', onRead);
    this.#roots = new SharedLists('roots ', onRead, true);
    this.#imports = new SharedLists('imports ', onRead, true);
    this.#frameworks = new SharedLists('frameworks ', onRead, true);
    this.#starImports = new SharedLists('star imports ', onRead, true);
    this.#moduleNames = new SharedLists('name ', onRead);
    this.#moduleElements = new SharedLists('elements of name ', onRead);
    this.#shared = [
      this.attributes,
      this.attributeElements,
      this.callsByName,
      this.methodsUsed,
      this.passedOn,
      this.augmented,
      this.#roots,
      this.#imports,
      this.#frameworks,
      this.#starImports,
      this.#moduleNames,
      this.#moduleElements,
    ];
  }

  /** What a file must say somewhere that builds a graph of symbolic tensors. */
  mayBuildGraphs = true;

  /** Takes the next version of the text. True when what it may hold at all is another thing than before. */
  take(text: string): boolean {
    const before = this.mayBuildGraphs;
    this.text = text;
    this.mayBuildGraphs = graphWords.test(text);
    return this.mayBuildGraphs !== before;
  }

  /** Reads a top-level node. */
  add(part: SyntaxNode): void {
    this.#part = part;
    const nodes = nodesBelow(part);
    this.#parts.set(part, { nodes, calls: [] });
    for (const node of nodes) {
      if (!node.named) continue;
      if (scopeTypes.has(node.type)) this.#openScope(node);
      this.#read(node);
    }
  }

  /** Forgets a top-level node. */
  remove(part: SyntaxNode): void {
    for (const node of this.#parts.get(part)?.nodes ?? []) {
      this.#scopes.delete(node);
      this.classes.delete(node);
      this.returns.delete(node);
      this.yields.delete(node);
    }
    for (const lists of this.#shared) lists.remove(part);
    this.#parts.delete(part);
  }

  /**
   * What parts contribute together, by key: text that is equal when the contribution is, or nothing where that lies
   * in nodes, which are others after each edit.
   */
  contributionsOf(parts: readonly SyntaxNode[]): Map<string, string | undefined> {
    const among = new Set(parts);
    const all = new Map<string, unknown[]>();
    for (const lists of this.#shared)
      for (const part of parts)
        for (const [key, values] of lists.contributionsOf(part, among))
          all.set(
            key,
            lists.asSet
              ? [...new Set([...(all.get(key) ?? []), ...values])].sort()
              : [...(all.get(key) ?? []), ...values],
          );
    const isText = (values: unknown[]): values is string[] =>
      values.every((each) => typeof each === 'string');
    return new Map([...all].map(([key, values]) => [key, isText(values) ? values.join('\n') : undefined]));
  }

  /** Calls in a part, in source order, an outer one before those inside of it. */
  callsOf(part: SyntaxNode): readonly SyntaxNode[] {
    return this.#parts.get(part)?.calls ?? [];
  }

  /**
   * Calls by the last name of the callee, as far as they can mean a name that is bound beside `node`: what is
   * inside a function is seen in that function only, and no other part of the file is asked for it.
   */
  callsNear(node: SyntaxNode, name: string): readonly SyntaxNode[] {
    return this.#near(this.callsByName, node, name);
  }

  /** Calls that are given a name as an argument, likewise. */
  passedOnNear(node: SyntaxNode, name: string): readonly SyntaxNode[] {
    return this.#near(this.passedOn, node, name);
  }

  #near(lists: SharedLists<SyntaxNode>, node: SyntaxNode, name: string): readonly SyntaxNode[] {
    const around = ancestor(node, 'function_definition');
    if (!around) return lists.get(name) ?? noNodes;
    let part = around;
    while (part.parent && part.parent !== this.root) part = part.parent;
    const here = lists.ofPart(part, name) ?? noNodes;
    return here.filter((each) => each.start >= around.start && each.end <= around.end);
  }

  /** Imported paths, in source order. */
  get imports(): readonly string[] {
    return this.#imports.get(importsKey) ?? none;
  }

  /** Frameworks of the imported paths. */
  get frameworks(): readonly Framework[] {
    return this.#frameworks.get(importsKey) ?? noFrameworks;
  }

  get starImports(): readonly string[] {
    return this.#starImports.get(importsKey) ?? none;
  }

  /** Packages whose customary names the file uses, and `tensorflow.keras` where it says `tf.keras`. */
  get customaryRoots(): readonly string[] {
    return this.#roots.get(importsKey) ?? none;
  }

  /** All bindings that a name at `use` may mean, in source order. */
  find(name: string, use: SyntaxNode): Found | undefined {
    let deferred = false;
    let first = true;
    for (let at = this.#scopeNode(use); at; at = this.#scopeNode(at)) {
      const scope = this.#scopes.get(at);
      if (!scope) return this.#findInModule(name, deferred);
      const visible = scope.kind !== 'class' || first;
      const bindings = scope.outer?.has(name) ? undefined : scope.names.get(name);
      if (visible && bindings) return { bindings, elements: scope.elements?.get(name) ?? noNodes, deferred };
      if (scope.kind === 'function') deferred = true;
      if (scope.kind !== 'expression') first = false;
    }
    return undefined;
  }

  /** Bindings of a name at the top level of the file. */
  atTop(name: string): Found | undefined {
    return this.#findInModule(name, true);
  }

  /** Whether the file itself binds the customary name of a package. */
  isBound(root: string): boolean {
    for (const [name, path] of customary) if (path === root && this.atTop(name)) return true;
    return false;
  }

  #findInModule(name: string, deferred: boolean): Found | undefined {
    const bindings = this.#moduleNames.get(name);
    if (!bindings) return undefined;
    return { bindings, elements: this.#moduleElements.get(name) ?? noNodes, deferred };
  }

  /** The node of the scope around; the root for the module's. */
  #scopeNode(node: SyntaxNode): SyntaxNode | undefined {
    let below = node;
    for (let up = node.parent; up; below = up, up = up.parent) {
      if (up === this.root) return up;
      if (!scopeTypes.has(up.type)) continue;
      // Defaults, annotations and base classes are evaluated outside of what they belong to.
      const outside = up.type.endsWith('_definition') && below.field !== 'body';
      if (!outside) return up;
    }
    return undefined;
  }

  #openScope(node: SyntaxNode): void {
    const kind =
      node.type === 'class_definition'
        ? 'class'
        : node.type === 'function_definition'
          ? 'function'
          : 'expression';
    this.#scopes.set(node, { kind, names: new Map() });
    if (kind !== 'function') return;
    parametersOf(node, this.text).forEach((parameter, index) => {
      const source: ValueSource = {
        from: 'parameter',
        function: node,
        index,
        ...(parameter.annotation && { annotation: parameter.annotation }),
        ...(parameter.fallback && { fallback: parameter.fallback }),
      };
      const body = child(node, 'body') ?? node;
      this.#bind(node, parameter.name, source, child(node, 'parameters') ?? node, body);
    });
  }

  #read(node: SyntaxNode): void {
    switch (node.type) {
      case 'assignment':
        return this.#assign(node);
      case 'named_expression':
        return this.#target(child(node, 'name'), child(node, 'value'), 'expression', node);
      case 'for_statement':
      case 'for_in_clause':
        return this.#target(
          child(node, 'left'),
          child(node, 'right'),
          'iteration',
          child(node, 'right') ?? node,
        );
      case 'as_pattern': {
        if (node.parent?.type !== 'with_item' && node.parent?.parent?.type !== 'with_item') return;
        const target = child(node, 'alias')?.children[0];
        return this.#target(target, node.children[0], 'expression', node);
      }
      case 'import_statement':
      case 'import_from_statement':
        return this.#import(node);
      case 'function_definition':
      case 'class_definition':
        return this.#define(node);
      case 'global_statement':
      case 'nonlocal_statement':
        return this.#declareOuter(node);
      case 'call':
        return this.#call(node);
      case 'attribute':
        return this.#root(node);
      case 'augmented_assignment': {
        const value = child(node, 'right');
        const name = lastName(child(node, 'left') ?? node, this.text);
        if (value && name) this.augmented.add(this.#part, name, value);
        return;
      }
      case 'yield': {
        const owner = ancestor(node, 'function_definition');
        const value = node.children.find((each) => each.named && each.type !== 'comment');
        if (owner && value) push(this.yields, owner, value);
        return;
      }
      case 'return_statement': {
        const owner = ancestor(node, 'function_definition');
        const value = node.children.find((each) => each.named && each.type !== 'comment');
        if (owner && value) push(this.returns, owner, value);
        return;
      }
      default:
    }
  }

  #assign(node: SyntaxNode): void {
    // `a = b = f()`: the value of both is the innermost right side.
    let value = child(node, 'right');
    while (value?.type === 'assignment') value = child(value, 'right');
    this.#target(child(node, 'left'), value, 'expression', node);
  }

  /** Binds a target, also an unpacking one, to (an element of) a value. */
  #target(
    target: SyntaxNode | undefined,
    value: SyntaxNode | undefined,
    from: 'expression' | 'iteration',
    after: SyntaxNode,
    path: number[] = [],
  ): void {
    if (!target || !value) return;
    const source: ValueSource = { from, node: value, path };
    const inner = unwrap(target);
    if (inner.type === 'identifier') {
      const owner = this.#scopeNode(inner);
      const block = blockAround(inner);
      if (owner && block) this.#bind(owner, textOf(inner, this.text), source, after, block);
    } else if (
      ['pattern_list', 'tuple_pattern', 'list_pattern', 'tuple', 'list', 'expression_list'].includes(
        inner.type,
      )
    ) {
      inner.children
        .filter((each) => each.named && each.type !== 'comment')
        .forEach((each, index) => this.#target(each, value, from, after, [...path, index]));
    } else if (inner.type === 'attribute') {
      const name = textOf(child(inner, 'attribute')!, this.text);
      this.attributes.add(this.#part, name, source);
      const owner = this.#selfClass(inner);
      if (owner) push(owner.attributes, name, source);
    } else if (inner.type === 'subscript' && path.length === 0 && from === 'expression') {
      this.#element(child(inner, 'value')!, value);
    }
  }

  /** The class of `self` in `self.name`, if that is what the object is. */
  #selfClass(attribute: SyntaxNode): ClassInfo | undefined {
    const object = child(attribute, 'object');
    const method = enclosingMethod(attribute);
    const owner = method && ancestor(method, 'class_definition');
    if (object?.type !== 'identifier' || !owner) return undefined;
    return parametersOf(method, this.text)[0]?.name === textOf(object, this.text)
      ? this.classes.get(owner)
      : undefined;
  }

  #element(holder: SyntaxNode, value: SyntaxNode): void {
    let inner = unwrap(holder);
    // `results['models'].append(model)`: of what is in a list of a dict it is in the dict.
    while (inner.type === 'subscript') inner = unwrap(child(inner, 'value')!);
    if (inner.type === 'attribute') this.attributeElements.add(this.#part, lastName(inner, this.text), value);
    if (inner.type !== 'identifier') return;
    const name = textOf(inner, this.text);
    for (let at = this.#scopeNode(inner); at; at = this.#scopeNode(at)) {
      const scope = this.#scopes.get(at);
      if (scope && (scope.kind === 'expression' || !scope.names.has(name))) continue;
      if (scope) push((scope.elements ??= new Map<string, SyntaxNode[]>()), name, value);
      else this.#moduleElements.add(this.#part, name, value);
      return;
    }
  }

  #import(node: SyntaxNode): void {
    const module = child(node, 'module_name');
    const prefix = module ? textOf(module, this.text).replace(/\s/g, '') : undefined;
    const owner = this.#scopeNode(node);
    const block = blockAround(node);
    if (!owner || !block) return;
    for (const each of childrenOf(node, 'name')) {
      const aliased = each.type === 'aliased_import';
      const dotted = aliased ? child(each, 'name') : each;
      if (!dotted) continue;
      const path = textOf(dotted, this.text).replace(/\s/g, '');
      const full = prefix === undefined ? path : prefix + (prefix.endsWith('.') ? '' : '.') + path;
      const alias = aliased ? child(each, 'alias') : undefined;
      // `import a.b` binds a, `import a.b as c` binds c to a.b.
      const name = alias ? textOf(alias, this.text) : prefix === undefined ? path.split('.')[0]! : path;
      const bound = alias || prefix !== undefined ? full : name;
      this.#imported(full);
      this.#bind(owner, name, { from: 'import', path: bound }, node, block);
    }
    if (prefix !== undefined && node.children.some((each) => each.type === 'wildcard_import')) {
      this.#starImports.add(this.#part, importsKey, prefix);
      this.#imported(prefix);
    }
  }

  #imported(path: string): void {
    this.#imports.add(this.#part, importsKey, path);
    const framework = frameworkOfModule(path);
    if (framework) this.#frameworks.add(this.#part, importsKey, framework);
  }

  #define(node: SyntaxNode): void {
    const nameNode = child(node, 'name');
    const owner = this.#scopeNode(node);
    const block = blockAround(node);
    if (!nameNode || !owner || !block) return;
    const name = textOf(nameNode, this.text);
    if (node.type === 'function_definition') {
      this.#bind(owner, name, { from: 'function', node }, node, block);
      if (owner.type === 'class_definition') this.classes.get(owner)?.methods.set(name, node);
      return;
    }
    const bases = (child(node, 'superclasses')?.children ?? []).filter(
      (each) => each.named && !['keyword_argument', 'comment'].includes(each.type),
    );
    const of: ClassInfo = { name, node, bases, methods: new Map(), attributes: new Map() };
    this.classes.set(node, of);
    this.#bind(owner, name, { from: 'class', of }, node, block);
  }

  /** `model.input_shape`: like a method that is called, it tells what the model is of. */
  #telling(attribute: SyntaxNode, object: SyntaxNode): void {
    const length = attribute.end - object.end;
    if (length < shortestTelling || length > longestTelling) return;
    const name = textOf(child(attribute, 'attribute')!, this.text);
    if (!tellingAttributes.has(name)) return;
    const of = lastName(object, this.text);
    if (of && of !== 'self' && !this.methodsUsed.ofPart(this.#part, of)?.includes(name))
      this.methodsUsed.add(this.#part, of, name);
  }

  /** `tf` of `tf.keras`: a file that binds no such name means the package all the same. */
  #root(attribute: SyntaxNode): void {
    const object = attribute.children[0]!;
    this.#telling(attribute, object);
    if (object.type !== 'identifier' || object.end - object.start > 5) return;
    const path = customary.get(textOf(object, this.text));
    if (path === undefined) return;
    const isKeras = textOf(child(attribute, 'attribute')!, this.text) === 'keras';
    const root = isKeras ? `${path}.keras` : path;
    if (!this.#roots.ofPart(this.#part, importsKey)?.includes(root))
      this.#roots.add(this.#part, importsKey, root);
  }

  #declareOuter(node: SyntaxNode): void {
    const owner = this.#scopeNode(node);
    const scope = owner && this.#scopes.get(owner);
    for (const each of node.children)
      if (scope && each.type === 'identifier')
        (scope.outer ??= new Set<string>()).add(textOf(each, this.text));
  }

  #call(node: SyntaxNode): void {
    this.#parts.get(this.#part)!.calls.push(node);
    const callee = child(node, 'function');
    if (!callee) return;
    const name = lastName(callee, this.text);
    if (name) this.callsByName.add(this.#part, name, node);
    if (higherOrder.has(name)) this.#passOn(node);
    if (callee.type !== 'attribute') return;
    const receiver = child(callee, 'object')!;
    const used = lastName(receiver, this.text);
    if (used && !this.methodsUsed.ofPart(this.#part, used)?.includes(name))
      this.methodsUsed.add(this.#part, used, name);
    const last = child(node, 'arguments')
      ?.children.filter((each) => each.named && each.type !== 'comment')
      .at(-1);
    if (last && ['append', 'add', 'appendleft', 'insert'].includes(name)) this.#element(receiver, last);
  }

  #passOn(call: SyntaxNode): void {
    for (const each of child(call, 'arguments')?.children ?? []) {
      if (!each.named) continue;
      const value = unwrap(each.type === 'keyword_argument' ? (child(each, 'value') ?? each) : each);
      if (value.type !== 'identifier' && value.type !== 'attribute') continue;
      this.passedOn.add(this.#part, lastName(value, this.text), call);
    }
  }

  #bind(owner: SyntaxNode, name: string, source: ValueSource, after: SyntaxNode, block: SyntaxNode): void {
    let at: SyntaxNode = owner;
    if (this.#scopes.get(owner)?.outer?.has(name))
      for (let up = this.#scopeNode(owner); up; up = this.#scopeNode(up)) {
        const scope = this.#scopes.get(up);
        if (!scope || (scope.kind !== 'class' && scope.names.has(name))) {
          at = up;
          break;
        }
      }
    const scope = this.#scopes.get(at);
    if (scope) push(scope.names, name, { source, after, block });
    else this.#moduleNames.add(this.#part, name, { source, after, block });
    const of = at.type === 'class_definition' ? this.classes.get(at) : undefined;
    if (of && source.from === 'expression') push(of.attributes, name, source);
  }
}

/** The block that must run for a node to run; that of a `with` runs whenever what is around it does. */
function blockAround(node: SyntaxNode): SyntaxNode | undefined {
  let block = ancestor(node, 'block', 'module', ...comprehensionTypes);
  while (block?.parent?.type === 'with_statement')
    block = ancestor(block, 'block', 'module', ...comprehensionTypes);
  return block;
}

/** True when the binding has happened whenever control reaches `use`. */
export function dominates(binding: Binding, use: SyntaxNode): boolean {
  return within(use, binding.block);
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
