/** Calls that are part of a model's own inside: what runs there is timed where the model is called. */

import { ancestor, child, nodesBelow, within, type SyntaxNode } from '../tree';
import type { Evidence } from './evidence';
import { isModelName, modelMethods, predictMethods, trainMethods } from './names';
import { enclosingFunction, enclosingMethod, lastName, parametersOf, textOf, unwrap } from './nodes';
import { isModule } from './roles';
import type { ClassInfo } from './values';

/** Methods of a module class in which calls of its parts are the model's own inside. */
const insideNames: readonly string[] = ['forward', 'call', '__call__', '__init__', 'setup', 'build'];

/** `forward_features`, `_forward_impl`, `forward_intermediates`. */
const insidePrefix = /^_?forward(?:_|$)/;

/** Methods that a trainer or `fit` calls: in these the parts of a module are called from outside of it. */
export const stepMethod = /^(?:training|train|validation|val|test|predict|prediction)_step$/;

/** What the method that a call runs in says of it. */
export type Inside =
  | 'no'
  /** Part of a model. */
  | 'yes'
  /** A part of a module is called by a method that is none of a model's own. */
  | 'part';

export function insideModel(call: SyntaxNode, callee: SyntaxNode, evidence: Evidence): Inside {
  const method = enclosingMethod(call);
  const owner = method && ancestor(method, 'class_definition');
  if (!owner) return isPartInForward(call, callee, evidence) ? 'part' : 'no';
  const of = evidence.bindings.classes.get(owner);
  const role = of && evidence.roleOf(of);
  const name = textOf(child(method, 'name')!, evidence.text);
  // A module whose base is not shown tries its parts out where it makes them.
  if (!role && of && of.bases.length > 0 && name === '__init__' && unwrap(callee).type === 'identifier')
    return 'part';
  if (!isModule(role)) return 'no';
  if (role!.is !== 'model' || insideMethods(of!, evidence).has(name)) return 'yes';
  if (stepMethod.test(name)) return 'no';
  const self = parametersOf(method, evidence.text)[0]?.name;
  const inner = unwrap(callee);
  if (inner.type !== 'attribute' || textOf(child(inner, 'object')!, evidence.text) !== self) return 'no';
  // A wrapper around a whole model keeps it under a model's name: `self.model(x)` in `embed`.
  const part = lastName(inner, evidence.text);
  if (isModelName(part) || predictMethods.has(part) || trainMethods.has(part) || modelMethods.has(part))
    return 'no';
  return 'part';
}

/** `def forward_features(net, x): return net.stem(x)`: a model's own inside, written out of its class. */
function isPartInForward(call: SyntaxNode, callee: SyntaxNode, { text, bindings }: Evidence): boolean {
  const around = enclosingFunction(call);
  const name = around && child(around, 'name');
  if (!name || !insidePrefix.test(textOf(name, text))) return false;
  let inner = unwrap(callee);
  if (inner.type === 'identifier') {
    // `block = nn.Sequential(...)` of the function itself.
    const found = bindings.find(textOf(inner, text), inner);
    return (
      found?.bindings.every(({ source, after }) => source.from === 'expression' && within(after, around)) ??
      false
    );
  }
  while (inner.type === 'attribute' || inner.type === 'subscript')
    inner = unwrap(child(inner, inner.type === 'attribute' ? 'object' : 'value')!);
  const root = inner.type === 'identifier' ? textOf(inner, text) : undefined;
  return root !== undefined && parametersOf(around, text).some((each) => each.name === root);
}

/** Methods that run while the model runs: `forward`, and what it calls of its own. */
function insideMethods(of: ClassInfo, evidence: Evidence): ReadonlySet<string> {
  const known = evidence.insideMethods.get(of);
  if (known) return known;
  const forwards = [...of.methods.keys()].filter((name) => insidePrefix.test(name));
  const found = new Set([...insideNames, ...forwards]);
  const pending = [...found];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const method = of.methods.get(name);
    if (!method) continue;
    const self = parametersOf(method, evidence.text)[0]?.name;
    for (const node of nodesBelow(method)) {
      if (node.type !== 'attribute' || textOf(child(node, 'object')!, evidence.text) !== self) continue;
      const used = textOf(child(node, 'attribute')!, evidence.text);
      if (!of.methods.has(used) || found.has(used)) continue;
      found.add(used);
      pending.push(used);
    }
  }
  evidence.insideMethods.set(of, found);
  return found;
}
