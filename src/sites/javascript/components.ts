/** Where components keep a model: the state and the boxes of React, Vue and their like. */

import { child, type SyntaxNode } from '../tree';
import type { Evidence } from './evidence';
import { argumentsOf, partsOf, propertyName, textOf } from './nodes';
import { typeValue } from './types';
import { strongest, type ClassInfo, type Value } from './values';

/** The last type argument of a call or a `new`: `useRef<tf.GraphModel | null>(null)`. */
export function boxOf(call: SyntaxNode, evidence: Evidence): Value | undefined {
  const list = child(call, 'type_arguments');
  return list && typeValue(partsOf(list).at(-1), evidence);
}

/** `this.props` and `this.state` of `class Camera extends React.Component<Props, State>`, as these are declared. */
export function givenToComponent(of: ClassInfo, name: string, evidence: Evidence): Value | undefined {
  const index = ['props', 'state'].indexOf(name);
  const list = of.base?.parent && child(of.base.parent, 'type_arguments');
  return list && index >= 0 ? typeValue(partsOf(list)[index], evidence) : undefined;
}

/**
 * `const [model, setModel] = useState<…>(…)`: the state holds what it is declared as, what it starts with, and
 * whatever the file gives to its setter.
 */
export function stateOf(call: SyntaxNode, evidence: Evidence): Value {
  const declarator = call.parent?.type === 'variable_declarator' ? call.parent : undefined;
  const pattern = child(declarator, 'name');
  const setter = pattern?.type === 'array_pattern' ? partsOf(pattern)[1] : undefined;
  const name = setter?.type === 'identifier' ? textOf(setter, evidence.text) : undefined;
  const initial = evidence.evaluate(argumentsOf(call)[0]);
  const values: (Value | undefined)[] = [
    boxOf(call, evidence),
    initial?.kind === 'function' ? evidence.returned(initial.node) : initial,
  ];
  for (const each of name ? (evidence.bindings.callsByName.get(name) ?? []) : []) {
    const value = evidence.evaluate(argumentsOf(each)[0]);
    values.push(value?.kind === 'function' ? evidence.returned(value.node) : value);
  }
  // `tf.loadGraphModel(url).then(setModel)`
  for (const passed of name ? (evidence.bindings.passed.get(name) ?? []) : []) {
    const callee = child(passed.call, 'function');
    if (callee && propertyName(callee, evidence.text) === 'then')
      values.push(evidence.evaluate(child(callee, 'object')));
  }
  const state = strongest(values);
  return { kind: 'tuple', elements: [state?.kind === 'other' ? undefined : state, undefined] };
}
