/** Where lines go that all sites of a file share: after the docstring and the first imports. */

import type { SyntaxNode } from '../../sites/tree';
import { isStatement, type PythonSource } from './source';

const imports: readonly string[] = ['import_statement', 'import_from_statement', 'future_import_statement'];

/**
 * Start of the line before which the shared lines go, or why there is no such place. Only whole lines are
 * passed: what shares its line with other code stays below.
 */
export function sharedPlace(source: PythonSource): number | string {
  let place: number | undefined;
  /** Last line of the passed statements: whatever else begins on it is not passed with them. */
  let pastLine = -1;
  /** What stands on that line cannot stand below ours. */
  let mustPass = false;
  let first = true;
  for (const node of source.root.children) {
    if (!isStatement(node)) continue;
    if (node.type === 'ERROR') return 'The file cannot be parsed up to its first statement';
    const { first: line, last } = source.logicalLine(node.start);
    const leading = imports.includes(node.type) || (first && isDocstring(node));
    if (!leading || source.lineOf(Math.max(node.start, node.end - 1)) > last) {
      if (line > pastLine) return place ?? source.lines[line]!.start;
      if (mustPass) return 'The docstring or __future__ import shares its line with other code';
      return source.lines[line]!.start;
    }
    const bound = node.type === 'future_import_statement' || isDocstring(node);
    mustPass = line > pastLine ? bound : mustPass || bound;
    pastLine = last;
    place = source.lines[last]!.next;
    first = false;
  }
  return place ?? source.text.length;
}

function isDocstring(node: SyntaxNode): boolean {
  const [only] = node.children;
  return node.type === 'expression_statement' && node.children.length === 1 && isPlainString(only!);
}

/** An f-string is evaluated, and no docstring. */
function isPlainString(node: SyntaxNode): boolean {
  if (node.type === 'concatenated_string') return node.children.every(isPlainString);
  return node.type === 'string' && !node.children.some((each) => each.type === 'interpolation');
}
