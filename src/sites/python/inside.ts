/** Calls that are part of a model's own inside: what runs there is timed where the model is called. */

import { ancestor, child, nodesBelow, type SyntaxNode } from '../tree';
import type { Evidence } from './evidence';
import { isModelName, modelMethods, predictMethods, trainMethods } from './names';
import { enclosingMethod, lastName, parametersOf, textOf, unwrap } from './nodes';
import { isModule } from './roles';
import type { ClassInfo } from './values';

/** Methods of a module class in which calls of its parts are the model's own inside. */
const insideNames: readonly string[] = ['forward', 'call', '__call__', '__init__', 'setup', 'build'];

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
  const of = owner && evidence.bindings.classes.get(owner);
  const role = of && evidence.roleOf(of);
  if (!isModule(role)) return 'no';
  const name = textOf(child(method, 'name')!, evidence.text);
  if (role!.is !== 'model' || insideMethods(of!, evidence).has(name)) return 'yes';
  if (stepMethod.test(name)) return 'no';
  const self = parametersOf(method!, evidence.text)[0]?.name;
  const inner = unwrap(callee);
  if (inner.type !== 'attribute' || textOf(child(inner, 'object')!, evidence.text) !== self) return 'no';
  // A wrapper around a whole model keeps it under a model's name: `self.model(x)` in `embed`.
  const part = lastName(inner, evidence.text);
  if (isModelName(part) || predictMethods.has(part) || trainMethods.has(part) || modelMethods.has(part))
    return 'no';
  return 'part';
}

/** Methods that run while the model runs: `forward`, and what it calls of its own. */
function insideMethods(of: ClassInfo, evidence: Evidence): ReadonlySet<string> {
  const known = evidence.insideMethods.get(of);
  if (known) return known;
  const found = new Set(insideNames);
  const pending = [...insideNames];
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
