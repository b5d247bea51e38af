/** The statement that the plain form puts between start and stop: whole lines, or the reason why there are none. */

import type { Site } from '../../sites/site';
import type { SyntaxNode } from '../../sites/tree';
import { isStatement, type PythonSource } from './source';

/** Physical lines that are indented together. */
export interface StatementLines {
  first: number;
  last: number;
  indent: string;
  /** One step of indentation, as the file does it. */
  unit: string;
}

const definitions: readonly string[] = ['function_definition', 'class_definition', 'decorated_definition'];

/** Lines of the statement around a call, or what hinders it (the beginning of a sentence). */
export function enclosingStatement(
  source: PythonSource,
  call: SyntaxNode,
  site: Site,
): StatementLines | string {
  if (site.inProfiler) return `${site.callee} runs in a profiler session of your own`;
  let node = call;
  for (;;) {
    const { parent } = node;
    if (!parent) return `The statement of ${site.callee} begins in the middle of a line`;
    if (parent.type === 'module' || parent.type === 'block') {
      const lines = wholeLines(source, node, parent);
      if (lines) return check(source, node, lines, site) ?? lines;
      // `if x: y = model.predict(z)`: the compound statement is what begins the line.
      const header = compoundOf(parent);
      if (!header || source.logicalLine(header.start).first !== source.logicalLine(node.start).first)
        return `The statement of ${site.callee} begins in the middle of a line`;
      if (definitions.includes(header.type)) return `${site.callee} stands on the line of its definition`;
      if (/^(for|while)_/.test(header.type)) return `${site.callee} stands on the line of its loop`;
      node = header;
      continue;
    }
    const reason = hindered(node, parent);
    if (reason) return `${site.callee} stands in ${reason}`;
    node = parent;
  }
}

/** What a call cannot be taken out of by wrapping the statement. */
function hindered(node: SyntaxNode, parent: SyntaxNode): string | undefined {
  switch (parent.type) {
    case 'lambda':
      return 'a lambda, which does not run where it is written';
    case 'decorator':
      return 'a decorator';
    case 'while_statement':
      return node.field === 'condition' ? 'the condition of a loop' : undefined;
    case 'elif_clause':
      return node.field === 'condition' ? 'an elif condition' : undefined;
    case 'case_clause':
      return node.type === 'block' ? undefined : 'a case of a match statement';
    case 'except_clause':
    case 'except_group_clause':
      return node.type === 'block' ? undefined : 'an except clause';
    case 'function_definition':
    case 'class_definition':
      return node.field === 'body' ? undefined : 'the header of a definition';
    default:
      return undefined;
  }
}

/** The compound statement that a block belongs to, its clauses passed over. */
function compoundOf(block: SyntaxNode): SyntaxNode | undefined {
  let node = block.parent;
  while (node?.type === 'block' || node?.type.endsWith('_clause')) node = node.parent;
  return node;
}

/** The lines of a statement, with those that share its line by `;`; undefined when something else begins the line. */
function wholeLines(source: PythonSource, node: SyntaxNode, parent: SyntaxNode): StatementLines | undefined {
  const { first } = source.logicalLine(node.start);
  const line = source.lines[first]!;
  const begins = line.start + line.indent.length;
  if (!parent.children.some((each) => isStatement(each) && each.start === begins)) return undefined;
  let { last } = source.logicalLine(Math.max(node.start, node.end - 1));
  for (const each of parent.children)
    if (isStatement(each) && each.start > node.start && source.logicalLine(each.start).first === first)
      last = Math.max(last, source.logicalLine(Math.max(each.start, each.end - 1)).last);
  return { first, last, indent: line.indent, unit: unitOf(source, node, line.indent) };
}

function check(
  source: PythonSource,
  node: SyntaxNode,
  lines: StatementLines,
  site: Site,
): string | undefined {
  for (let up = node.parent; up; up = up.parent) {
    if (up.type === 'function_definition') break;
    if (up.type === 'class_definition') return `${site.callee} runs in the body of a class`;
  }
  const end = source.lines[lines.last]!.end;
  for (const each of source.nodes) {
    if (each.start < source.lines[lines.first]!.start || each.end > end) continue;
    if (each.type === 'yield' && each.named && !definedInside(each, node))
      return `The statement of ${site.callee} yields, and the session would stay open meanwhile`;
  }
  for (let index = lines.first; index <= lines.last; index++) {
    const { kind, indent } = source.lines[index]!;
    if (
      (kind === 'logical' && !indent.startsWith(lines.indent)) ||
      (kind !== 'inside' && indent.includes('\f'))
    )
      return `The lines of ${site.callee} are indented in more than one way`;
  }
  return undefined;
}

function definedInside(node: SyntaxNode, outer: SyntaxNode): boolean {
  for (let up = node.parent; up && up !== outer; up = up.parent)
    if (up.type === 'function_definition' || up.type === 'lambda') return true;
  return false;
}

/** One step of indentation here: that of the block around, else the file's first, else four blanks. */
function unitOf(source: PythonSource, node: SyntaxNode, indent: string): string {
  const outer = node.parent?.type === 'block' ? compoundOf(node.parent) : undefined;
  if (outer) {
    const around = source.lines[source.logicalLine(outer.start).first]!.indent;
    if (indent.startsWith(around) && indent.length > around.length) return indent.slice(around.length);
  }
  return fileUnit(source);
}

/** One step of indentation as the file does it first. */
export function fileUnit(source: PythonSource): string {
  const line = source.lines.find((each) => each.kind === 'logical' && /^[ \t]+$/.test(each.indent));
  return line?.indent ?? '    ';
}
