/** Insertion and removal in a Python file. */

import type { Parser } from 'web-tree-sitter';
import type { Site } from '../../sites/site';
import type { SyntaxNode } from '../../sites/tree';
import { applyEdits, shiftEdits, tidyEdits, type TextEdit } from '../edits';
import type { Inserted, InsertRequest, InsertResult, Leftover, RemoveResult } from '../request';
import { findMarkedLines, findWraps, insertCompact, markedLineEdits, unwrapEdits } from './compact';
import { findPlainWraps, insertPlain, removePlain } from './plain';
import { prefix } from './program';
import { findCall, hindrance, refusal } from './sites';
import { PythonSource } from './source';

export function insertPython(parser: Parser, request: InsertRequest): InsertResult {
  const source = new PythonSource(parser, request.text);
  const refused: InsertResult['refused'] = [];
  const calls: { site: Site; call: SyntaxNode }[] = [];
  const there = [
    ...findWraps(source).wraps.map(({ node }) => node),
    ...findPlainWraps(source).map(({ node }) => node),
  ];
  for (const site of request.sites) {
    const call = findCall(source, site);
    const reason = call ? refuse(source, call, site, there) : refusal(`${site.callee} is not at its place`);
    if (reason !== undefined) refused.push({ site, reason });
    else if (!calls.some((each) => each.call === call)) calls.push({ site, call: call! });
  }
  const insert = request.form === 'compact' ? insertCompact : insertPlain;
  const planned = insert(source, request, calls);
  const edits = shiftEdits(tidyEdits(planned.edits), source.shift);
  const text = applyEdits(request.text, edits);
  if (planned.inserted.length > 0 && !isReversible(parser, source, request.text, text)) {
    // Nothing is known that comes here; if something does, the file must stay as it is.
    const reason = refusal('What was inserted could not be told from the rest of this file again');
    planned.refused.push(...planned.inserted.map((site) => ({ site, reason })));
    return { edits: [], text: request.text, inserted: [], refused: [...refused, ...planned.refused] };
  }
  return { edits, text, inserted: planned.inserted, refused: [...refused, ...planned.refused] };
}

/** True when the removal of everything gives what the removal of everything gave before, and no new error came. */
function isReversible(parser: Parser, source: PythonSource, before: string, after: string): boolean {
  const inserted = new PythonSource(parser, after);
  if (inserted.broken && !source.broken) return false;
  const was = hasInserted(source) ? removeFrom(source, before, undefined).text : before;
  return removeFrom(inserted, after, undefined).text === was;
}

function hasInserted(source: PythonSource): boolean {
  return source.text.includes(prefix);
}

function refuse(
  source: PythonSource,
  call: SyntaxNode,
  site: Site,
  there: readonly SyntaxNode[],
): string | undefined {
  if (there.some((node) => isWrapped(node, call))) return 'The profiler calls are already there.';
  return hindrance(source, call, site);
}

/** A plain wrap covers all that is in it, a compact one only its own call. */
function isWrapped(node: SyntaxNode, call: SyntaxNode): boolean {
  if (node.type === 'try_statement') return node.start <= call.start && call.end <= node.end;
  return call === node || call.parent?.parent === node || call.parent?.parent?.parent === node;
}

export function removePython(
  parser: Parser,
  text: string,
  lines: ReadonlySet<number> | undefined,
): RemoveResult {
  return removeFrom(new PythonSource(parser, text), text, lines);
}

function removeFrom(
  source: PythonSource,
  text: string,
  lines: ReadonlySet<number> | undefined,
): RemoveResult {
  const { wraps, damaged } = findWraps(source);
  // In a broken file a string of the user's may look like code: without a program no call is ours.
  if (source.broken && findMarkedLines(source).length === 0)
    damaged.push(...wraps.splice(0).map(({ node }) => node));
  const lineOf = (node: SyntaxNode): number => source.lineOf(node.start) + 1;
  const going = wraps.filter(
    ({ node, inner }) => !lines || lines.has(lineOf(node)) || lines.has(lineOf(inner)),
  );
  const edits: TextEdit[] = unwrapEdits(source, going);
  const left: Leftover[] = damaged.map((node) => ({
    line: lineOf(node),
    message: `${source.textOf(node).slice(0, 40)}: this is no wrapped call any more; take it out by hand.`,
  }));
  if (going.length === wraps.length && damaged.length === 0) {
    const marked = markedLineEdits(source);
    edits.push(...marked.edits);
    left.push(...marked.left);
  } else if (damaged.length > 0 && findMarkedLines(source).length > 0) {
    left.push({
      line: lineOf(findMarkedLines(source)[0]!.statement),
      message: 'The line with the inserted program stays, because a call still needs it.',
    });
  }
  const plain = removePlain(source, lines);
  edits.push(...plain.edits);
  left.push(...plain.left);
  const done = shiftEdits(tidyEdits(edits), source.shift);
  return {
    edits: done,
    text: applyEdits(text, done),
    removed: going.length + plain.removed,
    left: left.sort((a, b) => a.line - b.line),
  };
}

export function insertedPython(parser: Parser, text: string): Inserted[] {
  const source = new PythonSource(parser, text);
  const found: Inserted[] = findWraps(source).wraps.map(({ node }) => ({
    line: source.lineOf(node.start) + 1,
    form: 'compact',
  }));
  for (const { body } of findPlainWraps(source))
    found.push({ line: source.lineOf(body.start) + 1, form: 'plain' });
  return found.sort((a, b) => a.line - b.line);
}
