/** What `object.name` holds, by what the object is and what the file assigns to attributes of that name. */

import { child, within, type SyntaxNode } from '../tree';
import type { Evidence } from './evidence';
import { canonicalPath } from './frameworks';
import { isModelName, isModelPartName } from './names';
import { argumentsOf, decorators, lastName, textOf } from './nodes';
import { imported, valueOf } from './things';
import { container, strongest, weaken, type ClassInfo, type Value, type ValueSource } from './values';

/** What an unknown object is asked for by these is a number of it, whatever another object keeps by the name. */
const tensorMethods: ReadonlySet<string> = new Set(
  'mean var std sum min max norm pow exp log abs sqrt item numpy detach cpu'.split(' '),
);

export class Attributes {
  constructor(private readonly evidence: Evidence) {}

  /** `object.name`. */
  of(object: Value | undefined, name: string, node: SyntaxNode): Value | undefined {
    if (!object) return this.#any(name, node);
    switch (object.kind) {
      case 'import':
        return imported(`${object.path}.${name}`, this.evidence);
      case 'tuple':
        return object.whole ? this.of(object.whole, name, node) : { kind: 'method', receiver: object, name };
      case 'model':
        if (object.of) {
          const own = this.member(object.of, name);
          if (own) return own.kind === 'function' ? { kind: 'method', receiver: object, name } : own;
          // An attribute that holds we know not what: the name is to decide.
          if (object.of.attributes.has(name)) return undefined;
        }
        if (['module', '_orig_mod', 'base_model'].includes(name)) return object;
        if (name === 'signatures') return container(weaken({ ...object, framework: 'tensorflow' }, 0.97));
        if (name === 'layers' && object.framework === 'keras')
          return container({ kind: 'layer', framework: 'keras' });
        if (['input', 'output', 'inputs', 'outputs'].includes(name)) return { kind: 'symbol' };
        return { kind: 'method', receiver: object, name };
      case 'instance': {
        const own = this.member(object.of, name);
        // Set from outside of the class: `server.net = load(...)`.
        return own ?? (object.of.attributes.has(name) ? undefined : this.#any(name, node));
      }
      case 'class':
        return this.member(object.of, name) ?? { kind: 'method', receiver: object, name };
      case 'object':
        return (
          object.member(name) ??
          // A base that cannot be seen may give it what is asked for.
          (object.of.open && !object.of.own.includes(name)
            ? this.#any(name, node)
            : { kind: 'method', receiver: object, name })
        );
      case 'trainer':
        return this.#ofOwnClass(object, name);
      case 'estimator':
        if (object.of) return this.#ofOwnClass(object, name);
        // What a fitted search or pipeline holds: `best_estimator_`, `named_steps`.
        return /_$|^(?:named_steps|steps|estimators)$/.test(name)
          ? object
          : { kind: 'method', receiver: object, name };
      case 'session':
        // `exec_net.requests[0].infer(...)`
        return name === 'requests' ? container(object) : { kind: 'method', receiver: object, name };
      case 'symbol':
        return object;
      case 'container': {
        // Dictionaries whose keys are attributes too: `nets.generator` of a Munch.
        const { element } = object;
        const isKey = element?.kind === 'model' && (isModelName(name) || isModelPartName(name));
        return isKey ? weaken(element, 0.9) : { kind: 'method', receiver: object, name };
      }
      default:
        return { kind: 'method', receiver: object, name };
    }
  }

  /** Of a class of this file that derives from scikit-learn's or a trainer: it may keep a network all the same. */
  #ofOwnClass(object: Value & { kind: 'estimator' | 'trainer' }, name: string): Value | undefined {
    const { of } = object;
    const own = of && this.member(of, name);
    if (own && own.kind !== 'function') return own;
    // A trainer has its model from its base, of which nothing shows but the name.
    if (!own && of && (of.attributes.has(name) || isModelName(name))) return undefined;
    return { kind: 'method', receiver: object, name };
  }

  /** Some object of the file has a model under this name; this one may be another object. */
  #any(name: string, node: SyntaxNode): Value | undefined {
    if (this.#isSymbolic(name, node)) return { kind: 'symbol' };
    const sources = this.evidence.bindings.attributes.get(name);
    const value = sources && this.evidence.guarded(sources, () => this.#fromSources(sources, name));
    if (!value) return undefined;
    // `net.half()` is no call of the flag that another object keeps as `self.half`, nor `x.mean()` one of a model.
    if (node.field === 'function' && (value.kind === 'other' || tensorMethods.has(name))) return undefined;
    return weaken(value, child(node, 'object')?.type === 'identifier' ? 0.95 : 0.9);
  }

  /** `model.inputs` of a model that was handed in, in a file of Keras that builds graphs. */
  #isSymbolic(name: string, node: SyntaxNode): boolean {
    const { frameworks, mayBuildGraphs, text } = this.evidence;
    if (!/^(?:in|out)puts?$/.test(name) || !mayBuildGraphs || !frameworks.has('keras')) return false;
    const object = child(node, 'object');
    return object !== undefined && isModelName(lastName(object, text));
  }

  /** Any attribute of objects of a class: which one is asked for shows only when the program runs. */
  anyMember(of: ClassInfo): Value | undefined {
    return strongest([...of.attributes.keys()].map((name) => this.member(of, name)));
  }

  member(of: ClassInfo, name: string): Value | undefined {
    const { evidence } = this;
    const sources = of.attributes.get(name);
    return evidence.guarded(sources ?? of.methods.get(name)?.children ?? of.methods, () => {
      if (sources) return this.#fromSources(sources, name);
      const method = of.methods.get(name);
      if (method) return this.#isProperty(method) ? evidence.returned(method) : evidence.definition(method);
      const handed = isModelName(name) && of.bases.length > 0 ? this.#handedUp(of) : undefined;
      if (handed) return handed;
      for (const base of of.bases) {
        const value = evidence.evaluate(base);
        const inherited =
          value?.kind === 'class'
            ? this.member(value.of, name)
            : value?.kind === 'import'
              ? this.#ofForeignBase(value.path, name)
              : undefined;
        if (inherited) return inherited;
      }
      return undefined;
    });
  }

  /** `cls(SVC())`, `super().__init__(net)`: what a class gives its base to keep is its model, whatever others give. */
  #handedUp(of: ClassInfo): Value | undefined {
    const { bindings, text } = this.evidence;
    const given = ['cls', '__init__', of.name]
      .flatMap((name) => bindings.callsByName.get(name) ?? [])
      .filter((call) => within(call, of.node))
      .flatMap((call) => {
        const { positional, keywords } = argumentsOf(call, text);
        return [...positional, ...keywords.values()];
      })
      .map((each) => this.evidence.evaluate(each))
      .filter((each) => each?.kind === 'model' || each?.kind === 'estimator' || each?.kind === 'session');
    return given.length > 0 ? strongest(given) : undefined;
  }

  #ofForeignBase(path: string, name: string): Value | undefined {
    if (name === 'model' && canonicalPath(path).startsWith('keras.callbacks.'))
      return this.evidence.model('keras', 0.9, { how: 'defined by', by: path, at: undefined });
    const thing = this.evidence.outside(path);
    const member = thing?.is === 'plain' ? thing.members.get(name) : undefined;
    return member && valueOf(member, path, 'built by');
  }

  #isProperty(method: SyntaxNode): boolean {
    return decorators(method).some((each) => textOf(each, this.evidence.text).endsWith('property'));
  }

  #fromSources(sources: readonly ValueSource[], name: string): Value | undefined {
    const value = strongest(sources.map((source) => this.evidence.source(source, name)));
    return this.evidence.withElements(value, this.evidence.bindings.attributeElements.get(name) ?? []);
  }
}
