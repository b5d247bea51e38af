/** Finds the syntax nodes of sites, and what no form of the source edit can do there. */

import type { Site } from '../../sites/site';
import { ancestor, type SyntaxNode } from '../../sites/tree';
import type { PythonSource } from './source';

export const timedAnyway = 'Profile predict times it without an edit.';

/** Ends every refusal: `what` names the call and says why. */
export function refusal(what: string): string {
  return `${what}, so it is not source-edited; ${timedAnyway}`;
}

/** The call expression that a site names, if the text is still the one that it was found in. */
export function findCall(source: PythonSource, site: Site): SyntaxNode | undefined {
  const at = (line: number, column: number): number =>
    (source.lines[line - 1]?.start ?? Number.NaN) + column - 1;
  const start = at(site.line, site.column);
  const end = at(site.endLine, site.endColumn);
  return source.nodes.find((node) => node.type === 'call' && node.start === start && node.end === end);
}

/** Why neither form can be used at a call; undefined when one can. */
export function hindrance(source: PythonSource, call: SyntaxNode, site: Site): string | undefined {
  if (nearError(source, call)) return refusal(`The syntax around ${site.callee} could not be parsed`);
  if (ancestor(call, 'case_pattern', 'class_pattern'))
    return refusal(`${site.callee} stands in a match pattern`);
  const compiled = compiler(source, call);
  if (compiled) return refusal(`${compiled} compiles the function around ${site.callee} from its source`);
  return undefined;
}

/** An error before the statement, at its level or in it: what the parser says about it is a guess. */
function nearError(source: PythonSource, call: SyntaxNode): boolean {
  if (!source.broken) return false;
  let top = call;
  while (top.parent && top.parent !== source.root) top = top.parent;
  return source.nodes.some(
    (node) =>
      (node.type === 'ERROR' || (node.start === node.end && node.children.length === 0)) &&
      ((node.start <= top.end && node.end >= top.start) ||
        (node.parent === source.root && node.end <= top.start)),
  );
}

function compiler(source: PythonSource, call: SyntaxNode): string | undefined {
  for (let up = call.parent; up; up = up.parent) {
    if (up.type !== 'decorated_definition') continue;
    for (const each of up.children)
      if (each.type === 'decorator') {
        const found = /\b(jit\.script(_method)?|script_method|numba|njit)\b/.exec(source.textOf(each));
        if (found) return found[0];
      }
  }
  return undefined;
}

/** The expression to wrap: the call, or the `await` of it. */
export function awaited(call: SyntaxNode): SyntaxNode {
  let node = call;
  while (node.parent?.type === 'parenthesized_expression') node = node.parent;
  return node.parent?.type === 'await' ? node.parent : call;
}
