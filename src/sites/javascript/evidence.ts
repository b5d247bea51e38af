/** Follows an expression back through the file to what it holds: a model, a session, or something else. */

import { Guard } from '../guard';
import { child, type SyntaxNode } from '../tree';
import type { Bindings } from './bindings';
import { arrayValue, eitherOf, subscriptValue } from './elements';
import { memberOf, propertyOf, someAttribute, thisValue } from './members';
import { partsOf, propertyName, shownText, textOf, unwrap } from './nodes';
import { globalModule, isLocalModule, roleOfBase } from './packages';
import { parameterValue } from './parameters';
import { constructed, resultOf } from './results';
import { dominates } from './scopes';
import { typeValue } from './types';
import {
  container,
  elementOf,
  other,
  pathOf,
  strongest,
  type ClassInfo,
  type Origin,
  type Path,
  type Value,
  type ValueSource,
} from './values';

export class Evidence {
  readonly text: string;
  readonly #known = new Map<SyntaxNode, Value | undefined>();
  readonly #guard = new Guard();

  /** The file imports TensorFlow.js, or a script tag has and the file uses it. */
  readonly usesTensorFlow: boolean;
  /** One of the ready-made models that are built upon it. */
  readonly usesTask: boolean;
  readonly usesOnnx: boolean;

  constructor(readonly bindings: Bindings) {
    this.text = bindings.text;
    const { modules } = bindings;
    this.usesTask = [...modules].some((each) => each.startsWith('task:'));
    this.usesTensorFlow = modules.has('tfjs') || this.usesTask;
    this.usesOnnx = modules.has('ort');
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
    return { how, by: shownText(by, this.text), line: this.bindings.line(by) };
  }

  #evaluate(node: SyntaxNode): Value | undefined {
    switch (node.type) {
      case 'identifier':
      case 'shorthand_property_identifier':
        return this.name(textOf(node, this.text), node);
      case 'this':
        return thisValue(node, this);
      case 'member_expression':
        return propertyOf(
          this.evaluate(child(node, 'object')),
          propertyName(node, this.text) ?? '',
          node,
          this,
        );
      case 'subscript_expression':
        return subscriptValue(node, this);
      case 'call_expression':
        return resultOf(node, this);
      case 'new_expression':
        return constructed(node, this);
      case 'await_expression':
        return this.evaluate(partsOf(node)[0]);
      case 'as_expression':
      case 'satisfies_expression': {
        const [inner, type] = partsOf(node);
        return typeValue(type, this) ?? this.evaluate(inner);
      }
      case 'type_assertion': {
        const [types, inner] = partsOf(node);
        return typeValue(types && partsOf(types)[0], this) ?? this.evaluate(inner);
      }
      case 'assignment_expression':
        return this.evaluate(child(node, 'right'));
      case 'augmented_assignment_expression':
      case 'binary_expression':
        return eitherOf(node, this);
      case 'ternary_expression':
        return strongest([
          this.evaluate(child(node, 'consequence')),
          this.evaluate(child(node, 'alternative')),
        ]);
      case 'sequence_expression':
        return this.evaluate(partsOf(node).at(-1));
      case 'array':
        return arrayValue(node, this);
      case 'object':
        return { kind: 'object', node };
      case 'arrow_function':
      case 'function_expression':
      case 'generator_function':
        return { kind: 'function', node };
      case 'class': {
        const of = this.bindings.classes.get(node);
        return of && { kind: 'class', of };
      }
      case 'string':
      case 'template_string':
      case 'number':
      case 'regex':
      case 'true':
      case 'false':
        return other('a literal');
      default:
        return undefined;
    }
  }

  /** What a name means where it is used. */
  name(name: string, use: SyntaxNode): Value | undefined {
    const found = this.bindings.scopes.find(name, use);
    const module = globalModule(name);
    if (!found) return module === undefined ? undefined : { kind: 'import', module, names: [] };
    const candidates: (Value | undefined)[] = found.bindings
      .filter((each) => each.source.from === 'type')
      .map((each) => this.source(each.source));
    const given = found.bindings.filter((each) => each.source.from !== 'type');
    const before = found.deferred ? given : given.filter((each) => each.from <= use.start);
    // In a loop a name may hold what is assigned to it further down. A default has the place of what it stands in for.
    let settled = -1;
    for (const binding of (before.length > 0 ? before : given).toReversed()) {
      if (settled >= 0 && binding.from !== settled) break;
      candidates.push(this.source(binding.source));
      if (!found.deferred && !isNothing(binding.source) && dominates(binding, use)) settled = binding.from;
    }
    const value = this.withElements(strongest(candidates), found.elements);
    // `tf` that is handed in, or comes from another file: it keeps its name.
    const isLocal = value === undefined || (value.kind === 'import' && isLocalModule(value.module));
    return name === 'tf' && isLocal ? { kind: 'import', module: 'tfjs', names: [] } : value;
  }

  /** A collection, with what is put into it elsewhere. */
  withElements(value: Value | undefined, added: SyntaxNode[]): Value | undefined {
    const holds = value?.kind === 'container' || value?.kind === 'tuple';
    if (added.length === 0 || (value !== undefined && !holds)) return value;
    return container(strongest([elementOf(value), ...added.map((each) => this.evaluate(each))]));
  }

  /** The value that one way of binding gives. */
  source(source: ValueSource): Value | undefined {
    switch (source.from) {
      case 'import':
        return { kind: 'import', module: source.module, names: source.names };
      case 'function':
        return { kind: 'function', node: source.node };
      case 'class':
        return { kind: 'class', of: source.of };
      case 'type':
        return typeValue(source.node, this);
      case 'parameter':
        return parameterValue(source, this);
      case 'iteration':
        return this.unpack(elementOf(this.evaluate(source.node)), source.path);
      case 'expression':
        return this.unpack(this.evaluate(source.node), source.path);
    }
  }

  /** The part of a value that a destructuring pattern picks out. */
  unpack(value: Value | undefined, path: Path): Value | undefined {
    let part = value;
    for (const step of path)
      // `for (const [name, model] of models)`: a map gives each with its key.
      if (typeof step === 'number' && part?.kind === 'model') part = step === 1 ? part : undefined;
      else if (typeof step === 'number') part = elementOf(part, step);
      else part = part ? propertyOf(part, step, undefined, this) : someAttribute(step, undefined, this);
    return part;
  }

  /** An object of a class of this file. */
  instanceOf(of: ClassInfo, origin?: Origin): Value {
    const role = this.guarded(of, () => this.#role(of));
    if (role === 'layer') return { kind: 'layer' };
    if (role === undefined) return { kind: 'instance', of };
    const by = origin ?? { how: 'derived by', by: `class ${of.name}`, line: this.bindings.line(of.node) };
    return { kind: 'model', api: 'tfjs', framework: 'tfjs', confidence: 0.95, origin: by, of };
  }

  #role(of: ClassInfo): 'model' | 'layer' | undefined {
    const base = this.evaluate(of.base);
    if (base?.kind === 'import') return roleOfBase(pathOf(base));
    if (base?.kind !== 'class') return undefined;
    const value = this.instanceOf(base.of);
    return value.kind === 'model' || value.kind === 'layer' ? value.kind : undefined;
  }

  /** A member of a class of this file, its bases included. */
  member(of: ClassInfo, name: string): Value | undefined {
    return memberOf(of, name, this);
  }

  /** What a function of this file gives back. */
  returned(node: SyntaxNode): Value | undefined {
    const body = child(node, 'body');
    if (body && body.type !== 'statement_block') return this.evaluate(body);
    return this.guarded(this.bindings.returns.get(node) ?? node, () =>
      strongest((this.bindings.returns.get(node) ?? []).map((each) => this.evaluate(each))),
    );
  }
}

/** `let model = null` says nothing about what the name will hold. */
function isNothing(source: ValueSource): boolean {
  return source.from === 'expression' && ['null', 'undefined'].includes(source.node.type);
}
