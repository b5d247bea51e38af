/** `if onnx: model = A()` and further down `if onnx: model(x)`: the same condition leads to both. */

import { child, type SyntaxNode } from '../tree';
import type { Binding } from './bindings';
import { textOf } from './nodes';

/** Of several bindings those under a condition that holds where the name is used; all when there is none. */
export function inSameBranch(
  bindings: readonly Binding[],
  use: SyntaxNode,
  text: string,
): readonly Binding[] {
  const conditions = conditionsAround(use, text);
  if (conditions.length === 0) return bindings;
  const shapes = conditions.map((each) => textOf(each, text));
  const same = bindings.filter(({ after }) => {
    const around = conditionsAround(after, text);
    // Under the very same `if` all is as without it.
    return around.some((each) => !conditions.includes(each) && shapes.includes(textOf(each, text)));
  });
  return same.length > 0 ? same : bindings;
}

/** Those that may have happened where a name is used: what another branch of the same `if` binds has not. */
export function reachable(bindings: readonly Binding[], use: SyntaxNode): readonly Binding[] {
  const branches = new Map<SyntaxNode, SyntaxNode>();
  let below = use;
  for (let up = use.parent; up && up.type !== 'function_definition'; below = up, up = up.parent) {
    // On the turn before, a loop may have taken the other branch.
    if (up.type === 'for_statement' || up.type === 'while_statement') break;
    if (up.type === 'if_statement' && below.field !== 'condition') branches.set(up, below);
  }
  return branches.size === 0 ? bindings : bindings.filter(({ after }) => !isInOther(after, branches));
}

function isInOther(node: SyntaxNode, branches: ReadonlyMap<SyntaxNode, SyntaxNode>): boolean {
  let below = node;
  for (let up = node.parent; up; below = up, up = up.parent) {
    const taken = branches.get(up);
    if (taken) return below.field !== 'condition' && below !== taken;
  }
  return false;
}

/** Conditions of the branches that a node is in, inside its function; of a conjunction each part. */
function conditionsAround(node: SyntaxNode, text: string): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  let below = node;
  for (let up = node.parent; up && up.type !== 'function_definition'; below = up, up = up.parent)
    if ((up.type === 'if_statement' || up.type === 'elif_clause') && below.field === 'consequence') {
      const condition = child(up, 'condition');
      if (condition) found.push(...conjuncts(condition, text));
    }
  return found;
}

function conjuncts(condition: SyntaxNode, text: string): SyntaxNode[] {
  const left = child(condition, 'left');
  const right = child(condition, 'right');
  if (condition.type !== 'boolean_operator' || !left || !right) return [condition];
  const isAnd = /\band\b/.test(text.slice(left.end, right.start));
  return isAnd ? [...conjuncts(left, text), ...conjuncts(right, text)] : [condition];
}
