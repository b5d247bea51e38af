/** What a function's parameter holds: by its type, by what it is a callback of, and by what callers give. */

import { child, within, type SyntaxNode } from '../tree';
import type { Evidence } from './evidence';
import { argumentsOf, callOfCallback, core, propertyName, unwrap } from './nodes';
import { nameOf } from './qualname';
import { typeValue } from './types';
import { elementOf, strongest, type Value, type ValueSource } from './values';

type ParameterSource = ValueSource & { from: 'parameter' };

/** A parameter's value is looked for at this many uses of its function. */
const maxUses = 12;

export function parameterValue(source: ParameterSource, evidence: Evidence): Value | undefined {
  return evidence.guarded(source, () => {
    const declared = typeValue(source.annotation, evidence);
    const known = evidence.unpack(declared, source.path);
    if (known) return known;
    const given = strongest([ofCallback(source, evidence), ...ofCallers(source, evidence)]);
    // A literal that one caller gives says nothing about the others.
    const part = source.path.length > 0 || given ? evidence.unpack(given, source.path) : undefined;
    return part?.kind === 'other' ? undefined : part;
  });
}

/** The function is written where it is handed on: `load().then((model) => …)`. */
function ofCallback(source: ParameterSource, evidence: Evidence): Value | undefined {
  const use = callOfCallback(source.function);
  return use && handedTo(use.call, use.index, source.index, evidence);
}

/** The function has a name, by which it is called, constructed or handed on. */
function ofCallers(source: ParameterSource, evidence: Evidence): (Value | undefined)[] {
  const { bindings } = evidence;
  let name = nameOf(source.function, evidence.text);
  if (name === 'constructor') {
    const owner = source.function.parent?.parent;
    name = owner && bindings.classes.get(owner)?.name;
  }
  if (!name) return [];
  const bare = name.replace(/^#/, '');
  const calls = [...(bindings.callsByName.get(name) ?? [])].filter((call) => !within(call, source.function));
  const passed = bindings.passed.get(bare) ?? [];
  return [
    ...calls.slice(0, maxUses).map((call) => {
      const given = argumentsOf(call);
      const spread = given.findIndex((each) => each.type === 'spread_element');
      if (spread >= 0 && spread <= source.index) return undefined;
      return evidence.evaluate(given[source.index]);
    }),
    ...passed.slice(0, maxUses).map(({ call, index }) => handedTo(call, index, source.index, evidence)),
  ];
}

/** Array methods that call back with each element, and which of the callback's parameters that is. */
export const eachMethods: ReadonlyMap<string, number> = new Map([
  ['map', 0],
  ['forEach', 0],
  ['filter', 0],
  ['flatMap', 0],
  ['some', 0],
  ['every', 0],
  ['find', 0],
  ['findIndex', 0],
  ['findLast', 0],
  ['reduce', 1],
  ['reduceRight', 1],
  ['forEachAsync', 0],
  ['mapAsync', 0],
]);

/** What a call gives to the function that is its argument number `index`, as parameter number `parameter`. */
function handedTo(call: SyntaxNode, index: number, parameter: number, evidence: Evidence): Value | undefined {
  const callee = child(call, 'function');
  const inner = callee && core(callee);
  const method = inner && propertyName(inner, evidence.text);
  if (!inner || method === undefined) return undefined;
  const object = child(inner, 'object');
  if (method === 'then' && index === 0 && parameter === 0) return evidence.evaluate(object);
  if (method === 'from' && index === 1 && parameter === 0)
    return elementOf(evidence.evaluate(argumentsOf(call)[0]));
  if (eachMethods.get(method) !== parameter || index !== 0 || !object) return undefined;
  return elementOf(evidence.evaluate(unwrap(object)));
}
