/** One pass over a file that notes what is declared, assigned, called, returned and passed on. */

import type { SourceText } from '../positions';
import { child, type SyntaxNode, type SyntaxTree } from '../tree';
import {
  argumentsOf,
  classTypes,
  core,
  enclosingFunction,
  functionTypes,
  isPlainCall,
  keyName,
  lastName,
  partsOf,
  propertyName,
  push,
  stringValue,
  textOf,
} from './nodes';
import { importsOf } from './imports';
import { canonicalModule, globalModule, isTensorFlowName } from './packages';
import { classOf } from './classes';
import { parameterSources, targetsOf } from './patterns';
import { blockOf, Scopes } from './scopes';
import type { ClassInfo, Path, ValueSource } from './values';

const propertiesOfModels: ReadonlySet<string> = new Set([
  'inputs',
  'outputs',
  'getLayer',
  'layers',
  'loadWeights',
  'countParams',
]);

/** Something that is assigned to `OBJECT.name`, by the last name of the object. */
interface Assigned {
  object: string;
  source: ValueSource;
}

/** A function that is handed on by its name: `load().then(setup)`. */
interface Passed {
  call: SyntaxNode;
  index: number;
}

export class Bindings {
  readonly scopes: Scopes;
  readonly calls: SyntaxNode[] = [];
  /** Calls, and constructions of objects, by the last name of what is called. */
  readonly callsByName = new Map<string, SyntaxNode[]>();
  readonly classes = new Map<SyntaxNode, ClassInfo>();
  readonly attributes = new Map<string, Assigned[]>();
  /** `this.name.push(x)` and the like, by name. */
  readonly attributeElements = new Map<string, SyntaxNode[]>();
  readonly returns = new Map<SyntaxNode, SyntaxNode[]>();
  readonly passed = new Map<string, Passed[]>();
  /** Bodies of interfaces and type aliases, by name. */
  readonly types = new Map<string, SyntaxNode>();
  /** Canonical names of imported modules. */
  readonly modules = new Set<string>();
  /** Names of which something is asked that only models of TensorFlow.js have: `trunk.outputs`. */
  readonly modelProperties = new Set<string>();
  readonly text: string;

  constructor(
    tree: SyntaxTree,
    readonly source: SourceText,
  ) {
    this.text = source.text;
    this.scopes = new Scopes(tree.root);
    // A function may assign to what is declared further down, so assignments come second.
    for (const node of tree.nodes) if (node.named) this.#declare(node);
    for (const node of tree.nodes) if (node.named) this.#use(node);
    this.scopes.sort();
  }

  line(node: SyntaxNode): number {
    return this.source.line(node.start);
  }

  #declare(node: SyntaxNode): void {
    if (functionTypes.has(node.type)) this.#function(node);
    else if (classTypes.has(node.type)) this.#class(node);
    switch (node.type) {
      case 'import_statement':
        for (const each of importsOf(node, this.text)) {
          this.modules.add(each.module);
          if (each.name !== undefined)
            this.#bind(each.name, node, { from: 'import', module: each.module, names: each.names }, 0);
        }
        return;
      case 'variable_declarator': {
        const hoisted = node.parent?.type === 'variable_declaration';
        for (const { node: target } of targetsOf(child(node, 'name'), this.text))
          this.scopes.declare(textOf(target, this.text), node, hoisted);
        return;
      }
      case 'for_in_statement':
      case 'catch_clause': {
        // `for (m of models)` binds nothing of its own.
        const bound = node.type === 'catch_clause' ? 'parameter' : child(node, 'kind') && 'left';
        for (const { node: target } of bound ? targetsOf(child(node, bound), this.text) : [])
          this.scopes.declareInside(textOf(target, this.text), node);
        return;
      }
      case 'interface_declaration':
      case 'type_alias_declaration': {
        const name = child(node, 'name');
        const body = child(node, 'body') ?? child(node, 'value');
        if (name && body) this.types.set(textOf(name, this.text), body);
        return;
      }
      default:
    }
  }

  #function(node: SyntaxNode): void {
    const name = child(node, 'name');
    if (name && node.type.endsWith('_declaration'))
      this.#bind(textOf(name, this.text), node, { from: 'function', node }, 0);
    else if (name && node.type !== 'method_definition')
      this.scopes
        .declareInside(textOf(name, this.text), node)
        .bindings.push({ source: { from: 'function', node }, from: 0, block: node });
    for (const { name: of, source } of parameterSources(node, this.text))
      this.scopes.declareInside(of, node).bindings.push({ source, from: node.start, block: node });
  }

  #class(node: SyntaxNode): void {
    const of = classOf(node, this.text);
    this.classes.set(node, of);
    if (node.type !== 'class') this.#bind(of.name, node, { from: 'class', of }, 0);
  }

  #use(node: SyntaxNode): void {
    switch (node.type) {
      case 'variable_declarator': {
        const type = child(node, 'type');
        const pattern = child(node, 'name');
        if (type)
          for (const { node: target } of targetsOf(pattern, this.text))
            this.#bind(textOf(target, this.text), target, { from: 'type', node: type }, node.end);
        return this.#assign(pattern, child(node, 'value'), node.end);
      }
      case 'assignment_expression':
      case 'augmented_assignment_expression':
        return this.#assign(child(node, 'left'), child(node, 'right'), node.end);
      case 'for_in_statement':
        if (child(node, 'operator')?.type !== 'of') return;
        return this.#assign(
          child(node, 'left'),
          child(node, 'right'),
          child(node, 'body')?.start ?? 0,
          'iteration',
        );
      case 'pair': {
        const name = keyName(child(node, 'key'), this.text);
        const value = child(node, 'value');
        if (name !== undefined && value)
          push(this.attributes, name, { object: '', source: { from: 'expression', node: value, path: [] } });
        return;
      }
      case 'return_statement': {
        const owner = enclosingFunction(node);
        const value = partsOf(node)[0];
        if (owner && value) push(this.returns, owner, value);
        return;
      }
      case 'new_expression':
        push(this.callsByName, lastName(child(node, 'constructor'), this.text), node);
        return;
      case 'call_expression':
        return this.#call(node);
      case 'nested_type_identifier':
      case 'member_expression':
        return this.#global(node);
      default:
    }
  }

  #assign(
    pattern: SyntaxNode | undefined,
    value: SyntaxNode | undefined,
    from: number,
    how: 'expression' | 'iteration' = 'expression',
  ): void {
    if (!pattern || !value) return;
    for (const target of targetsOf(pattern, this.text)) {
      this.#target(target.node, value, target.path, from, how);
      if (target.fallback) this.#target(target.node, target.fallback, [], from, 'expression');
    }
  }

  #target(
    node: SyntaxNode,
    value: SyntaxNode,
    path: Path,
    from: number,
    how: 'expression' | 'iteration',
  ): void {
    const source: ValueSource = { from: how, node: value, path };
    if (node.type === 'subscript_expression' && path.length === 0)
      this.#element(child(node, 'object')!, value);
    const name = propertyName(node, this.text);
    if (name !== undefined) {
      const object = child(node, 'object')!;
      const owner = core(object).type === 'this' ? this.#classAround(node) : undefined;
      if (owner) push(owner.attributes, name, source);
      push(this.attributes, name, { object: lastName(object, this.text), source });
    } else if (node.type !== 'subscript_expression') this.#bind(textOf(node, this.text), node, source, from);
  }

  #classAround(node: SyntaxNode): ClassInfo | undefined {
    for (let up = node.parent; up; up = up.parent) if (classTypes.has(up.type)) return this.classes.get(up);
    return undefined;
  }

  #call(node: SyntaxNode): void {
    const callee = child(node, 'function');
    if (!callee) return;
    const inner = core(callee);
    const name = propertyName(inner, this.text) ?? lastName(inner, this.text);
    if (isPlainCall(node)) this.calls.push(node);
    push(this.callsByName, name, node);
    const given = argumentsOf(node);
    given.forEach((each, index) => {
      const passed = lastName(each, this.text);
      if (passed && !functionTypes.has(each.type)) push(this.passed, passed, { call: node, index });
    });
    // `require('x')` counts as an import wherever it stands.
    const module = stringValue(given[0], this.text);
    if (module !== undefined && (inner.type === 'import' || name === 'require'))
      this.modules.add(canonicalModule(module));
    const holder = child(inner, 'object');
    const added = ['push', 'unshift', 'add'].includes(name) ? given : name === 'set' ? given.slice(1) : [];
    if (holder) for (const each of added) this.#element(holder, each);
  }

  /** `tf.tensor(…)` where nobody defines `tf`: a script tag does. */
  #global(node: SyntaxNode): void {
    const object = child(node, 'object') ?? child(node, 'module');
    if (object && propertiesOfModels.has(propertyName(node, this.text) ?? ''))
      this.modelProperties.add(lastName(object, this.text));
    if (object?.type !== 'identifier') return;
    const name = textOf(object, this.text);
    const module = globalModule(name);
    if (module === undefined || this.modules.has(module)) return;
    const isKnown = name === 'tf' && isTensorFlowName(textOf(node.children.at(-1)!, this.text));
    if (isKnown || !this.scopes.find(name, object)) this.modules.add(module);
  }

  #element(holder: SyntaxNode, value: SyntaxNode): void {
    const inner = core(holder);
    if (inner.type === 'identifier')
      this.scopes.assigned(textOf(inner, this.text), inner).elements.push(value);
    else push(this.attributeElements, lastName(inner, this.text), value);
  }

  #bind(name: string, at: SyntaxNode, source: ValueSource, from: number): void {
    const declares = ['import', 'function', 'class'].includes(source.from);
    const found = declares ? this.scopes.declare(name, at) : this.scopes.assigned(name, at);
    found.bindings.push({ source, from, block: blockOf(at) ?? at });
  }
}
