/** The compact form: `f(x)` becomes `_predictscope_e(_predictscope_b(1), f(x))`, with one marked line above. */

import type { Site } from '../../sites/site';
import { child, type SyntaxNode } from '../../sites/tree';
import type { TextEdit } from '../edits';
import type { InsertRequest, Leftover } from '../request';
import { sharedPlace } from './place';
import {
  begin,
  end,
  isProgram,
  mark,
  programStatement,
  readProgram,
  siteRow,
  type ProgramData,
} from './program';
import { awaited, refusal } from './sites';
import type { PythonSource } from './source';

/** A wrapped call in the text. */
export interface Wrap {
  /** The call of `_predictscope_e`. */
  node: SyntaxNode;
  token: SyntaxNode;
  inner: SyntaxNode;
  number: number;
}

/** The statement that runs the program. */
export interface MarkedLine {
  statement: SyntaxNode;
  content: string;
}

function calledName(source: PythonSource, node: SyntaxNode): string {
  const callee = node.type === 'call' ? child(node, 'function') : undefined;
  return callee?.type === 'identifier' ? source.textOf(callee) : '';
}

function argumentNodes(call: SyntaxNode): SyntaxNode[] {
  const list = child(call, 'arguments');
  return (
    list?.children.filter(
      (each) => each.named && each.type !== 'comment' && each.type !== 'line_continuation',
    ) ?? []
  );
}

/** Every intact wrapped call, and the others, which somebody changed. */
export function findWraps(source: PythonSource): { wraps: Wrap[]; damaged: SyntaxNode[] } {
  const wraps: Wrap[] = [];
  const damaged: SyntaxNode[] = [];
  const tokens = new Set<SyntaxNode>();
  const programs = findMarkedLines(source).map(({ statement }) => statement);
  for (const node of source.nodes) {
    if (calledName(source, node) !== end) continue;
    const [token, inner, more] = argumentNodes(node);
    const number = token && calledName(source, token) === begin ? argumentNodes(token) : [];
    const plain = inner && !['keyword_argument', 'list_splat', 'dictionary_splat'].includes(inner.type);
    if (token && plain && !more && number.length === 1 && number[0]!.type === 'integer') {
      wraps.push({ node, token, inner, number: Number(source.textOf(number[0]!)) });
      tokens.add(token);
    } else damaged.push(node);
  }
  for (const node of source.nodes) {
    if (node.type !== 'identifier' || node.field === 'attribute') continue;
    const name = source.textOf(node);
    if (name !== begin && name !== end) continue;
    if (programs.some((each) => each.start <= node.start && node.end <= each.end)) continue;
    const call = node.parent!;
    const known = wraps.some((wrap) => wrap.node === call) || tokens.has(call) || damaged.includes(call);
    // A token inside of a damaged call is named with it.
    if (!known && !damaged.some((each) => each.start <= node.start && node.end <= each.end))
      damaged.push(node);
  }
  return { wraps, damaged };
}

/** Our lines with the program: one, unless somebody copied it. */
export function findMarkedLines(source: PythonSource): MarkedLine[] {
  const found: MarkedLine[] = [];
  for (const statement of source.root.children) {
    const [assignment] = statement.children;
    const left = assignment?.type === 'assignment' ? child(assignment, 'left') : undefined;
    if (statement.type !== 'expression_statement' || !left?.children.some(isBegin)) continue;
    const program = source.nodes.find(
      (node) => node.type === 'string' && node.start >= left.end && node.end <= statement.end,
    );
    const content = program ? source.textOf(program).slice(1, -1) : '';
    if (isProgram(content)) found.push({ statement, content });
  }
  return found;

  function isBegin(node: SyntaxNode): boolean {
    return node.type === 'identifier' && source.textOf(node) === begin;
  }
}

export interface Planned {
  edits: TextEdit[];
  inserted: Site[];
  refused: { site: Site; reason: string }[];
}

/** Edits (in the source's own offsets) that wrap these calls. */
export function insertCompact(
  source: PythonSource,
  request: InsertRequest,
  calls: readonly { site: Site; call: SyntaxNode }[],
): Planned {
  const planned: Planned = { edits: [], inserted: [], refused: [] };
  const [marked] = findMarkedLines(source);
  const place = marked ? undefined : sharedPlace(source);
  if (typeof place === 'string') {
    for (const { site } of calls) planned.refused.push({ site, reason: refusal(place) });
    return planned;
  }
  const known = marked ? readProgram(marked.content) : undefined;
  const used = findWraps(source).wraps.map((wrap) => wrap.number);
  const data: ProgramData = { ...request, sites: (known?.sites ?? []).filter(([n]) => used.includes(n)) };
  let number = Math.max(0, ...used, ...(known?.sites ?? []).map(([n]) => n));
  const wraps: { start: number; end: number; text: string }[] = [];
  for (const { site, call } of calls) {
    const shown = selfDocumenting(call);
    if (shown) {
      const reason = refusal(`The f-string prints the text of ${site.callee} ("=")`);
      planned.refused.push({ site, reason });
      continue;
    }
    const { start, end: stop } = awaited(call);
    const row = siteRow(++number, site);
    data.sites.push(row);
    wraps.push({ start, end: stop, text: `${end}(${begin}(${number}), ` });
    planned.inserted.push(site);
  }
  if (planned.inserted.length === 0) return planned;
  // At one place the inner expression closes first, and the outer one opens first.
  const points = wraps.flatMap((wrap) => [
    { at: wrap.start, text: wrap.text, order: 1e9 - wrap.end },
    { at: wrap.end, text: ')', order: -1e9 - wrap.start },
  ]);
  points.sort((a, b) => a.at - b.at || a.order - b.order);
  // The marked line may go right before the first call.
  planned.edits.push(markedLine(source, request, data, marked, place));
  for (const { at, text } of points) planned.edits.push({ start: at, end: at, text });
  return planned;
}

function markedLine(
  source: PythonSource,
  request: InsertRequest,
  data: ProgramData,
  marked: MarkedLine | undefined,
  place: number | undefined,
): TextEdit {
  const statement = programStatement(data);
  if (marked) return { start: marked.statement.start, end: marked.statement.end, text: statement };
  const at = place!;
  const line = source.lines[source.lineOf(at)];
  const newline = source.newlineAt(at > 0 ? source.lines[source.lineOf(at - 1)] : line, request.text);
  return { start: at, end: at, text: `${statement}  ${mark}${newline}` };
}

/** `f"{f(x)=}"` prints the expression's own text. */
function selfDocumenting(call: SyntaxNode): boolean {
  for (let up = call.parent; up; up = up.parent)
    if (up.type === 'interpolation' && up.children.some((each) => each.type === '=')) return true;
  return false;
}

/** Edits that unwrap these calls, each to its own text. */
export function unwrapEdits(source: PythonSource, wraps: readonly Wrap[]): TextEdit[] {
  // The parentheses of a wrap go, so they keep no line break together.
  const going = new Set<number>();
  for (const { node } of wraps) {
    const list = child(node, 'arguments')!;
    going.add(list.start).add(list.end - 1);
  }
  return wraps.flatMap((wrap) => {
    const { node, token, inner } = wrap;
    const list = child(node, 'arguments')!;
    const lead = source.text.slice(node.start, inner.start);
    const tail = source.text.slice(inner.end, node.end);
    if (keepsParentheses(source, wrap, going)) {
      // `( # note\n f(x)\n)`: what the user wrote in there stays, and the parentheses with it.
      const comma = list.children.find((each) => each.type === ',' && each.start >= token.end)!;
      const last = list.children.filter((each) => each.type === ',').at(-1)!;
      const after = source.text.slice(comma.end, inner.start);
      const blanks = /^\s*$/.test(after) ? after.length : /^[ \t]*/.exec(after)![0].length;
      const edits = [
        { start: node.start, end: list.start, text: '' },
        { start: token.start, end: comma.end + blanks, text: '' },
      ];
      if (last !== comma) edits.push({ start: last.start, end: last.end, text: '' });
      return edits;
    }
    return [
      { start: node.start, end: node.start + lead.length, text: '' },
      { start: inner.end, end: inner.end + tail.length, text: '' },
    ];
  });
}

/** True when the text between the parentheses needs them: a comment, or a line break that nothing else holds. */
function keepsParentheses(source: PythonSource, wrap: Wrap, going: ReadonlySet<number>): boolean {
  const { node, inner } = wrap;
  const list = child(node, 'arguments')!;
  if (list.children.some((each) => each.type === 'comment')) return true;
  const first = source.lineOf(inner.start);
  const last = source.lineOf(inner.end - 1);
  for (let index = first + 1; index <= last; index++) {
    const line = source.lines[index]!;
    const string = source.stringAt(line.start);
    if (string && string.start >= inner.start) continue;
    if (source.text[source.lines[index - 1]!.end - 1] === '\\') continue;
    if (source.depthAt(line.start, going) === 0) return true;
  }
  return false;
}

/** Edits that take the marked lines out; a line that holds something else too stays, and is named. */
export function markedLineEdits(source: PythonSource): { edits: TextEdit[]; left: Leftover[] } {
  const edits: TextEdit[] = [];
  const left: Leftover[] = [];
  for (const { statement } of findMarkedLines(source)) {
    const { first, last } = source.logicalLine(statement.start);
    const alone =
      source.lines[first]!.start + source.lines[first]!.indent.length === statement.start &&
      /^\s*(#[^\n]*)?$/.test(source.text.slice(statement.end, source.lines[last]!.end));
    if (alone) edits.push({ start: source.lines[first]!.start, end: source.lines[last]!.next, text: '' });
    else
      left.push({
        line: first + 1,
        message: 'The line of the inserted program holds other code too; take it out by hand.',
      });
  }
  return { edits, left };
}
