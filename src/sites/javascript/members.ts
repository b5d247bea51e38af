/** What `object.name` and `this` hold. */

import { child, type SyntaxNode } from '../tree';
import type { Evidence } from './evidence';
import { classTypes, functionTypes, keyName, lastName, partsOf, textOf } from './nodes';
import { givenToComponent } from './components';
import { typeValue } from './types';
import { container, other, strongest, weaken, type ClassInfo, type Value } from './values';

/** What arrays, maps and sets have themselves. */
const ofCollections =
  /^(?:length|size|get|set|has|add|delete|clear|at|concat|copyWithin|entries|every|fill|filter|find\w*|flat\w*|forEach|includes|\w*[iI]ndexOf|join|keys|map|pop|push|reduce\w*|reverse|shift|slice|some|sort|splice|to[A-Z]\w*|unshift|values|with|constructor|prototype|then|catch|finally)$/;

/** `node` is the expression itself, to know the object by its name; a destructuring pattern has none. */
export function propertyOf(
  object: Value | undefined,
  name: string,
  node: SyntaxNode | undefined,
  evidence: Evidence,
): Value | undefined {
  switch (object?.kind) {
    case undefined: {
      const root = node && child(node, 'object');
      // `window.tf`, `globalThis.tf`
      const isGlobal =
        root?.type === 'identifier' &&
        /^(?:window|globalThis|self|global)$/.test(textOf(root, evidence.text));
      const named = someAttribute(name, node, evidence);
      if (named || !isGlobal || name !== 'tf') return named;
      return { kind: 'import', module: 'tfjs', names: [] };
    }
    case 'import':
      return { ...object, names: [...object.names, name] };
    case 'model':
      return ofModel(object, name, evidence);
    case 'layer':
      return /^(?:in|out)puts?$/.test(name) ? { kind: 'symbol' } : { kind: 'method', receiver: object, name };
    case 'class':
    case 'instance':
      return atLeast(evidence.member(object.of, name), () =>
        strongest([givenToComponent(object.of, name, evidence), someAttribute(name, node, evidence)]),
      );
    case 'object':
      return atLeast(ofObject(object.node, name, evidence), () => someAttribute(name, node, evidence));
    case 'shape':
      return ofShape(object.node, name, evidence) ?? someAttribute(name, node, evidence);
    case 'box':
      return strongest([object.inner, someAttribute(name, node, evidence)]);
    case 'container':
    case 'tuple':
      // `models.digits` of a `Record`
      if (object.kind === 'container' && object.element?.kind === 'model' && !ofCollections.test(name))
        return object.element;
      return name === 'length' || name === 'size'
        ? other('a count')
        : { kind: 'method', receiver: object, name };
    case 'function':
      return someAttribute(name, node, evidence) ?? { kind: 'method', receiver: object, name };
    case 'other':
      return object;
    case 'method':
    case 'symbol':
      return { kind: 'method', receiver: object, name };
  }
}

/** A field that starts empty, or as we know not what, is what is put there elsewhere. */
function atLeast(value: Value | undefined, elsewhere: () => Value | undefined): Value | undefined {
  if (value && value.kind !== 'other') return value;
  return elsewhere() ?? value;
}

function ofModel(model: Value & { kind: 'model' }, name: string, evidence: Evidence): Value | undefined {
  const own = model.of && evidence.member(model.of, name);
  if (own && own.kind !== 'function') return own;
  if (/^(?:in|out)puts?$/.test(name)) return { kind: 'symbol' };
  if (name === 'layers') return container({ kind: 'layer' });
  return { kind: 'method', receiver: model, name };
}

/** What anything of the file assigns to `OBJECT.name`: to this object by its name, or else to another. */
export function someAttribute(
  name: string,
  node: SyntaxNode | undefined,
  evidence: Evidence,
): Value | undefined {
  const all = evidence.bindings.attributes.get(name);
  if (!all) return undefined;
  const object = node && lastName(child(node, 'object'), evidence.text);
  const same = all.filter((each) => object !== undefined && object !== '' && each.object === object);
  // Every box has a `current`; one tells nothing about another.
  if (same.length === 0 && (name === 'current' || name === 'value')) return undefined;
  const sources = same.length > 0 ? same : all;
  const value = evidence.guarded(all, () =>
    evidence.withElements(
      strongest(sources.map((each) => evidence.source(each.source))),
      evidence.bindings.attributeElements.get(name) ?? [],
    ),
  );
  return value?.kind === 'other' ? undefined : weaken(value, same.length > 0 ? 0.97 : 0.9);
}

/** A member of a class, its bases included. */
export function memberOf(of: ClassInfo, name: string, evidence: Evidence): Value | undefined {
  const sources = of.attributes.get(name);
  const method = of.methods.get(name);
  return evidence.guarded(sources ?? method?.children ?? of.methods, () => {
    if (sources) {
      const value = strongest(sources.map((each) => evidence.source(each)));
      return evidence.withElements(
        value,
        evidence.bindings.attributeElements.get(name.replace(/^#/, '')) ?? [],
      );
    }
    if (method) return isGetter(method) ? evidence.returned(method) : { kind: 'function', node: method };
    const base = evidence.evaluate(of.base);
    return base?.kind === 'class' ? memberOf(base.of, name, evidence) : undefined;
  });
}

function isGetter(method: SyntaxNode): boolean {
  return method.children.some((each) => each.type === 'get');
}

function ofObject(object: SyntaxNode, name: string, evidence: Evidence): Value | undefined {
  for (const each of partsOf(object)) {
    if (each.type === 'spread_element') {
      const spread = propertyOf(evidence.evaluate(partsOf(each)[0]), name, undefined, evidence);
      if (spread && spread.kind !== 'method') return spread;
    } else if (each.type === 'shorthand_property_identifier') {
      if (textOf(each, evidence.text) === name) return evidence.evaluate(each);
    } else if (keyName(child(each, 'key') ?? child(each, 'name'), evidence.text) === name) {
      if (each.type === 'pair') return evidence.evaluate(child(each, 'value'));
      return isGetter(each) ? evidence.returned(each) : { kind: 'function', node: each };
    }
  }
  return undefined;
}

/** A member of an interface or an object type. */
function ofShape(body: SyntaxNode, name: string, evidence: Evidence): Value | undefined {
  const member = partsOf(body).find((each) => keyName(child(each, 'name'), evidence.text) === name);
  return typeValue(child(member, 'type'), evidence);
}

/** The object that `this` is: an instance of the class, or the object literal, whose method holds it. */
export function thisValue(node: SyntaxNode, evidence: Evidence): Value | undefined {
  for (let up = node.parent; up; up = up.parent) {
    if (classTypes.has(up.type)) {
      const of = evidence.bindings.classes.get(up);
      return of && evidence.instanceOf(of);
    }
    if (!functionTypes.has(up.type) || up.type === 'arrow_function') continue;
    const holder = up.parent?.type === 'pair' ? up.parent.parent : up.parent;
    if (holder?.type === 'object') return { kind: 'object', node: holder };
  }
  return undefined;
}
