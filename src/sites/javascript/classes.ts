/** What a class of the file holds, read off its definition. */

import { child, type SyntaxNode } from '../tree';
import { keyName, parametersOf, partsOf, push, textOf } from './nodes';
import { nameOf } from './qualname';
import type { ClassInfo } from './values';

/** What methods assign to `this.NAME` is added where the assignments are read. */
export function classOf(node: SyntaxNode, text: string): ClassInfo {
  const of: ClassInfo = {
    name: nameOf(node, text) ?? '',
    node,
    base: baseOf(node),
    methods: new Map(),
    attributes: new Map(),
  };
  for (const member of partsOf(child(node, 'body') ?? node)) {
    const key = keyName(child(member, 'name') ?? child(member, 'property'), text);
    if (key === undefined) continue;
    if (member.type === 'method_definition') of.methods.set(key, member);
    if (!member.type.endsWith('field_definition')) continue;
    const type = child(member, 'type');
    const value = child(member, 'value');
    if (type) push(of.attributes, key, { from: 'type', node: type });
    if (value) push(of.attributes, key, { from: 'expression', node: value, path: [] });
  }
  addParameterProperties(of, text);
  return of;
}

function baseOf(node: SyntaxNode): SyntaxNode | undefined {
  const heritage = node.children.find((each) => each.type === 'class_heritage');
  const clause = heritage?.children.find((each) => each.type === 'extends_clause');
  // JavaScript's grammar has the expression there, TypeScript's a clause for each of extends and implements.
  return clause ? child(clause, 'value') : heritage && partsOf(heritage)[0];
}

/** `constructor(private readonly model: tf.GraphModel)` declares a field. */
function addParameterProperties(of: ClassInfo, text: string): void {
  const maker = of.methods.get('constructor');
  if (!maker) return;
  parametersOf(maker).forEach((parameter, index) => {
    const isField = parameter.children.some((each) =>
      ['accessibility_modifier', 'override_modifier', 'readonly'].includes(each.type),
    );
    const pattern = child(parameter, 'pattern');
    if (!isField || !pattern) return;
    const annotation = child(parameter, 'type');
    const name = textOf(pattern, text);
    push(of.attributes, name, { from: 'parameter', function: maker, index, path: [], annotation });
  });
}
