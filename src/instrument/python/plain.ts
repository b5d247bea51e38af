/** The plain form: profiler start before and stop after the statement, in `try` and `finally`. */

import type { Site } from '../../sites/site';
import { child, type SyntaxNode } from '../../sites/tree';
import { tidyEdits, type TextEdit } from '../edits';
import type { InsertRequest, Leftover } from '../request';
import type { Planned } from './compact';
import { sharedPlace } from './place';
import { counter, plainLines, profilerOf, sharedStatements, type Profiler } from './profilers';
import { mark, prefix } from './program';
import { refusal } from './sites';
import { isStatement, type PythonSource } from './source';
import { enclosingStatement, fileUnit, type StatementLines } from './statement';

interface Group extends StatementLines {
  profiler: Profiler;
  sites: Site[];
}

export function insertPlain(
  source: PythonSource,
  request: InsertRequest,
  calls: readonly { site: Site; call: SyntaxNode }[],
): Planned {
  const planned: Planned = { edits: [], inserted: [], refused: [] };
  const groups: Group[] = [];
  const place = sharedPlace(source);
  for (const { site, call } of calls) {
    const profiler = profilerOf(site, source.text);
    const lines = typeof profiler === 'string' ? enclosingStatement(source, call, site) : profiler.reason;
    if (source.broken) planned.refused.push({ site, reason: refusal('The file has a syntax error') });
    else if (typeof lines === 'string') planned.refused.push({ site, reason: refusal(lines) });
    else if (typeof place === 'string') planned.refused.push({ site, reason: refusal(place) });
    else groups.push({ ...lines, profiler: profiler as Profiler, sites: [site] });
  }
  const outer = outermost(groups);
  if (outer.length === 0 || typeof place === 'string') return planned;

  let number = 0;
  for (const node of source.nodes)
    if (node.type === 'identifier')
      number = Math.max(number, Number(/^_predictscope_turn_(\d+)$/.exec(source.textOf(node))?.[1] ?? 0));
  const unit = fileUnit(source);
  const wanted = sharedStatements(new Set(outer.map((group) => group.profiler)), request.logDirectory, unit);
  const edits: TextEdit[] = [];
  for (const group of outer) {
    wanted.push(counter(++number));
    edits.push(...wrapEdits(source, request, group, number));
    planned.inserted.push(...group.sites);
  }
  const known = sharedNodes(source);
  const missing = wanted.filter(({ name }) => !known.some((node) => source.textOf(node).includes(name)));
  const last = known.at(-1);
  const at = last ? source.lines[source.logicalLine(source.codeEnd(last) - 1).last]!.next : place;
  const newline = newlineBefore(source, request, at);
  const text = missing.flatMap(({ lines }) => lines).map((line) => `${line}  ${mark}${newline}`);
  planned.edits.push({ start: at, end: at, text: text.join('') }, ...edits);
  return planned;
}

/** Groups that lie in no other, in order; a group takes the sites of those that it holds. */
function outermost(groups: readonly Group[]): Group[] {
  const found: Group[] = [];
  for (const group of [...groups].sort((a, b) => a.first - b.first || b.last - a.last)) {
    const around = found.at(-1);
    if (around && group.first <= around.last) around.sites.push(...group.sites);
    else found.push({ ...group });
  }
  return found;
}

function newlineBefore(source: PythonSource, request: InsertRequest, at: number): string {
  return source.newlineAt(source.lines[source.lineOf(Math.max(0, at - 1))], request.text);
}

function wrapEdits(source: PythonSource, request: InsertRequest, group: Group, number: number): TextEdit[] {
  const { first, last, indent, unit } = group;
  const { before, header, after } = plainLines(group.profiler, number, unit);
  const start = source.lines[first]!.start;
  const newline = source.newlineAt(source.lines[first], request.text);
  const marked = (lines: readonly string[]): string[] => lines.map((line) => `${indent}${line}  ${mark}`);
  const above = marked([...before, 'try:', `${unit}${header}`]).map((line) => line + newline);
  const below = marked(['finally:', ...after.map((line) => unit + line)]);
  const edits: TextEdit[] = [{ start, end: start, text: above.join('') }];
  for (const line of source.lines.slice(first, last + 1)) {
    if ((line.kind !== 'logical' && line.kind !== 'comment') || !line.indent.startsWith(indent)) continue;
    const at = line.start + indent.length;
    edits.push({ start: at, end: at, text: unit + unit });
  }
  const end = source.lines[last]!;
  // At the end of a file without a last line ending, none is added.
  const text =
    end.next === end.end ? newline + below.join(newline) : below.map((line) => line + newline).join('');
  edits.push({ start: end.next, end: end.next, text });
  return edits;
}

/** A wrapped statement in the text. */
export interface PlainWrap {
  /** The `try` statement. */
  node: SyntaxNode;
  with: SyntaxNode;
  /** Block that holds the user's statement. */
  body: SyntaxNode;
  finally: SyntaxNode;
  /** Our statements before the `try`. */
  before: SyntaxNode[];
}

function isMark(source: PythonSource, node: SyntaxNode | undefined): boolean {
  return node?.type === 'comment' && /^#\s*predictscope\s*(#.*)?$/.test(source.textOf(node).trimEnd());
}

/** The mark behind the colon of a compound statement's header. */
function hasMarkedHeader(source: PythonSource, node: SyntaxNode): boolean {
  const colon = node.children.findIndex((each) => each.type === ':');
  return colon >= 0 && isMark(source, node.children[colon + 1]);
}

/** A statement that only the plain form writes, by the names that it binds or asks for. */
function isOurs(source: PythonSource, node: SyntaxNode): boolean {
  const named = (each: SyntaxNode | undefined): boolean =>
    each?.type === 'identifier' && source.textOf(each).startsWith(prefix);
  switch (node.type) {
    case 'import_statement': {
      const names = node.children.filter(isStatement);
      return names.every((each) => each.type === 'aliased_import' && named(child(each, 'alias')));
    }
    case 'expression_statement': {
      const [only] = node.children;
      return only?.type === 'assignment' && named(child(only, 'left'));
    }
    case 'function_definition':
      return named(child(node, 'name'));
    case 'if_statement': {
      const block = child(node, 'consequence');
      const inner = block?.children.filter(isStatement) ?? [];
      return (
        named(child(node, 'condition')) &&
        !node.children.some((each) => each.type === 'elif_clause' || each.type === 'else_clause') &&
        inner.every((each) => isOurs(source, each) || isOurCall(source, each))
      );
    }
    default:
      return false;
  }
}

function isOurCall(source: PythonSource, node: SyntaxNode): boolean {
  const [call] = node.children;
  return (
    node.type === 'expression_statement' && call?.type === 'call' && source.textOf(call).startsWith(prefix)
  );
}

/** Our statements at the top of the file. */
function sharedNodes(source: PythonSource): SyntaxNode[] {
  const { children } = source.root;
  const ours = children.filter(
    (node) =>
      node.type !== 'if_statement' &&
      isOurs(source, node) &&
      !/_predictscope_(tf|jax|torch)\b/.test(header(node)),
  );
  // At module level the lines before a `try` of ours are siblings of the shared ones.
  const before = new Set(findPlainWraps(source).flatMap((wrap) => wrap.before));
  return ours.filter((node) => !before.has(node));

  function header(node: SyntaxNode): string {
    return node.type === 'import_statement' ? source.textOf(node) : '';
  }
}

/** Intact wrapped statements, in order. */
export function findPlainWraps(source: PythonSource): PlainWrap[] {
  const found: PlainWrap[] = [];
  for (const node of source.nodes) {
    if (node.type !== 'try_statement' || !hasMarkedHeader(source, node)) continue;
    const clauses = node.children.filter((each) => each.type.endsWith('_clause'));
    const statements = namedIn(child(node, 'body'));
    const held = statements[0];
    const body = held && child(held, 'body');
    const [last] = clauses;
    if (clauses.length !== 1 || last?.type !== 'finally_clause' || !hasMarkedHeader(source, last)) continue;
    if (held?.type !== 'with_statement' || !body || !hasMarkedHeader(source, held)) continue;
    if (!source.text.slice(held.start, body.start).includes(prefix)) continue;
    if (source.logicalLine(body.start).first === source.logicalLine(held.start).first) continue;
    const ending = namedIn(last.children.find((each) => each.type === 'block'));
    if (!ending.every((each) => isOurs(source, each))) continue;
    found.push({ node, with: held, body, finally: last, before: oursBefore(source, node) });
  }
  return found;
}

function namedIn(block: SyntaxNode | undefined): SyntaxNode[] {
  return block?.children.filter(isStatement) ?? [];
}

/** Of the statements before a `try`, those that its own lines need: up to the import of the framework. */
function oursBefore(source: PythonSource, node: SyntaxNode): SyntaxNode[] {
  const siblings = node.parent!.children;
  const found: SyntaxNode[] = [];
  for (let index = siblings.indexOf(node) - 1; index >= 0; index--) {
    const each = siblings[index]!;
    if (!isStatement(each)) continue;
    if (!isOurs(source, each)) break;
    found.push(each);
    if (each.type === 'import_statement') break;
  }
  return found;
}

/** Edits that take the wrapped statements out, all or those that touch these lines. */
export function removePlain(
  source: PythonSource,
  lines: ReadonlySet<number> | undefined,
): { edits: TextEdit[]; removed: number; left: Leftover[] } {
  const all = findPlainWraps(source);
  const going = all.filter((wrap) => !lines || touches(source, wrap, lines));
  const staying = all.filter((wrap) => !going.includes(wrap));
  const edits: TextEdit[] = [];
  const left: Leftover[] = [];
  const covered: { start: number; end: number }[] = staying.map(({ node }) => node);
  for (const { before } of staying) covered.push(...before);
  let removed = 0;
  for (const wrap of going) {
    const mine = unwrap(source, wrap);
    if (!mine) {
      covered.push(wrap.node, ...wrap.before);
      left.push(leftover(source, wrap.node, 'the lines in it are indented less than they were'));
      continue;
    }
    removed++;
    edits.push(...mine);
    covered.push(...wrap.before, ...headers(wrap), wrap.finally);
  }
  const shared = sharedNodes(source);
  covered.push(...shared);
  left.push(...orphans(source, covered));
  const used = staying.map(({ before }) => before.map((node) => source.textOf(node)).join('\n')).join('\n');
  for (const node of shared) {
    const turn = /^_predictscope_turn_\d+/.exec(source.textOf(node))?.[0];
    const needed = staying.length > 0 && (!turn || new RegExp(`\\b${turn}\\b`).test(used));
    if (needed || left.length > 0) continue;
    const edit = wholeLine(source, node);
    if (edit) edits.push(edit);
    else left.push(leftover(source, node, 'the line holds other code too'));
  }
  return { edits: toTheEnd(source, tidyEdits(edits)), removed, left };
}

function touches(source: PythonSource, wrap: PlainWrap, lines: ReadonlySet<number>): boolean {
  const first = source.lineOf(wrap.before.at(-1)?.start ?? wrap.node.start);
  const last = source.lineOf(source.codeEnd(wrap.finally) - 1);
  for (let line = first; line <= last; line++) if (lines.has(line + 1)) return true;
  return false;
}

/** Our lines of a wrap that hold a block of the user's: each as the range of its header. */
function headers(wrap: PlainWrap): { start: number; end: number }[] {
  return [
    { start: wrap.node.start, end: child(wrap.node, 'body')!.start },
    { start: wrap.with.start, end: wrap.body.start },
  ];
}

/** Undefined when the block is not indented as a block must be. */
function unwrap(source: PythonSource, wrap: PlainWrap): TextEdit[] | undefined {
  const edits: TextEdit[] = [];
  const indentAt = (node: SyntaxNode): string => source.lines[source.logicalLine(node.start).first]!.indent;
  const indent = indentAt(wrap.node);
  const inTry = indentAt(wrap.with);
  const [statement] = namedIn(wrap.body);
  const inWith = statement && indentAt(statement);
  if (inWith === undefined || !inTry.startsWith(indent) || !inWith.startsWith(inTry)) return undefined;
  const header = source.logicalLine(wrap.node.start);
  const held = source.logicalLine(wrap.with.start);
  const finish = source.logicalLine(wrap.finally.start);
  for (const node of [
    ...wrap.before,
    ...namedIn(wrap.finally.children.find((each) => each.type === 'block')),
  ]) {
    const edit = wholeLine(source, node);
    if (!edit) return undefined;
    edits.push(edit);
  }
  for (const { first, last } of [header, held, finish])
    edits.push({ start: source.lines[first]!.start, end: source.lines[last]!.next, text: '' });
  const bodyEnd = source.logicalLine(source.codeEnd(wrap.body) - 1).last;
  for (let index = header.last + 1; index < finish.first; index++) {
    if (index >= held.first && index <= held.last) continue;
    const line = source.lines[index]!;
    const deep = index > held.last && (index <= bodyEnd || line.kind === 'comment');
    const from = deep && line.indent.startsWith(inWith) ? inWith : inTry;
    if ((line.kind === 'logical' || line.kind === 'comment') && line.indent.startsWith(from))
      edits.push({ start: line.start + indent.length, end: line.start + from.length, text: '' });
  }
  return edits;
}

/** Takes out the lines of a statement; undefined when they hold something else too. */
function wholeLine(source: PythonSource, node: SyntaxNode): TextEdit | undefined {
  const { first } = source.logicalLine(node.start);
  const end = source.codeEnd(node);
  const { last } = source.logicalLine(end - 1);
  const { start, indent } = source.lines[first]!;
  const tail = source.text.slice(end, source.lines[last]!.end);
  if (start + indent.length !== node.start || !/^[ \t\r]*(#[^\n]*)?$/.test(tail)) return undefined;
  return { start, end: source.lines[last]!.next, text: '' };
}

/** Where the last line of a file without a last line ending goes, the ending before it goes too. */
function toTheEnd(source: PythonSource, edits: TextEdit[]): TextEdit[] {
  const last = edits.at(-1);
  const { text, lines } = source;
  if (last?.end !== text.length || last.start === 0 || text.endsWith('\n')) return edits;
  const line = lines[source.lineOf(last.start)]!;
  if (line.start === last.start) last.start = lines[source.lineOf(last.start) - 1]!.end;
  return edits;
}

/** Lines of ours that no intact wrap explains. A mark alone may be anybody's; next to such lines it is ours. */
function orphans(source: PythonSource, covered: readonly { start: number; end: number }[]): Leftover[] {
  const found = new Map<number, Leftover>();
  const isCovered = (at: number): boolean => covered.some(({ start, end }) => start <= at && at <= end);
  const add = (node: SyntaxNode): void => {
    const { first } = source.logicalLine(node.start);
    if (!isCovered(node.start) && !found.has(first))
      found.set(first, leftover(source, node, 'what belongs to it is gone or was changed'));
  };
  for (const node of source.nodes)
    if (
      node.type === 'identifier' &&
      node.field !== 'attribute' &&
      /^_predictscope_(?![be]$)/.test(source.textOf(node))
    )
      add(node);
  if (found.size === 0) return [];
  for (const node of source.comments)
    if (isMark(source, node) && /^\s*(try|finally)\s*:\s*#/.test(lineText(source, node))) add(node);
  return [...found.values()];
}

function lineText(source: PythonSource, node: SyntaxNode): string {
  const line = source.lines[source.lineOf(node.start)]!;
  return source.text.slice(line.start, line.end);
}

function leftover(source: PythonSource, node: SyntaxNode, why: string): Leftover {
  const line = source.logicalLine(node.start).first;
  const shown = lineText(source, node)
    .trim()
    .replace(/\s*# predictscope$/, '');
  return { line: line + 1, message: `"${shown}" stays, because ${why}; take it out by hand.` };
}
