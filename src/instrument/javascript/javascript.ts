/** Insertion and removal in JavaScript and TypeScript, for TensorFlow.js. */

import type { Parser } from 'web-tree-sitter';
import { SourceText } from '../../sites/positions';
import type { Site } from '../../sites/site';
import { child, copyTree, type SyntaxNode } from '../../sites/tree';
import { applyEdits, shiftEdits, tidyEdits, type TextEdit } from '../edits';
import type { Inserted, InsertRequest, InsertResult, Leftover, RemoveResult } from '../request';
import { mark, names, programLine } from './program';

const because = 'so it is not source-edited.';

class Source {
  readonly text: string;
  readonly shift: number;
  readonly positions: SourceText;
  readonly root: SyntaxNode;
  readonly nodes: SyntaxNode[];
  readonly broken: boolean;

  constructor(
    parser: Parser,
    readonly original: string,
  ) {
    this.positions = new SourceText(original);
    this.text = this.positions.text;
    this.shift = original.length - this.text.length;
    const parsed = parser.parse(this.text);
    if (!parsed) throw new Error('The JavaScript parser gave up.');
    const tree = copyTree(parsed, 'program');
    parsed.delete();
    this.root = tree.root;
    this.nodes = tree.nodes;
    this.broken = tree.firstError !== undefined;
  }

  textOf(node: SyntaxNode | undefined): string {
    return node ? this.text.slice(node.start, node.end) : '';
  }

  line(node: SyntaxNode): number {
    return this.positions.line(node.start);
  }
}

/** A wrapped call: what is taken out before and behind the user's own expression. */
interface Wrap {
  node: SyntaxNode;
  inner: SyntaxNode;
  form: 'compact' | 'plain';
}

function named(node: SyntaxNode | undefined): SyntaxNode[] {
  return node?.children.filter((each) => each.named && each.type !== 'comment') ?? [];
}

function calls(source: Source, node: SyntaxNode | undefined, name: string): boolean {
  return node?.type === 'call_expression' && source.textOf(child(node, 'function')) === name;
}

function findWraps(source: Source): { wraps: Wrap[]; damaged: SyntaxNode[] } {
  const wraps: Wrap[] = [];
  const known = new Set<SyntaxNode>();
  for (const node of source.nodes) {
    if (node.type !== 'call_expression') continue;
    const list = child(node, 'arguments');
    if (list?.children.some((each) => each.type === 'comment')) continue;
    const [first, second, more] = named(list);
    if (calls(source, node, names.end) && calls(source, first, names.begin) && second && !more) {
      wraps.push({ node, inner: second, form: 'compact' });
      known.add(child(node, 'function')!).add(child(first, 'function')!);
    } else if (calls(source, node, names.result) && first?.type === 'await_expression' && !second) {
      const [profile] = named(first);
      const [arrow] = profile ? named(child(profile, 'arguments')) : [];
      const inner = arrow?.type === 'arrow_function' ? child(arrow, 'body') : undefined;
      if (!calls(source, profile, names.profile) || !inner || inner.type === 'statement_block') continue;
      wraps.push({ node, inner, form: 'plain' });
      known.add(child(node, 'function')!).add(child(profile, 'function')!);
    }
  }
  const declared = new Set(findLines(source).flatMap((line) => [line, ...below(source, line)]));
  const damaged = source.nodes.filter(
    (node) =>
      node.type === 'identifier' &&
      (Object.values(names) as string[]).includes(source.textOf(node)) &&
      !known.has(node) &&
      !declared.has(node),
  );
  return { wraps, damaged };
}

function below(source: Source, outer: SyntaxNode): SyntaxNode[] {
  return source.nodes.filter((node) => node.start >= outer.start && node.end <= outer.end);
}

/** Our declarations at the top of the file. */
function findLines(source: Source, form?: 'compact' | 'plain'): SyntaxNode[] {
  return source.root.children.filter((node) => {
    if (node.type !== 'lexical_declaration') return false;
    const [first] = named(node);
    const name = source.textOf(first && child(first, 'name'));
    const compact = name.startsWith('[') && name.includes(names.begin) && name.includes(names.end);
    const plain = name === names.result;
    return form === undefined ? compact || plain : form === 'compact' ? compact : plain;
  });
}

export function insertJavaScript(parser: Parser, request: InsertRequest): InsertResult {
  const source = new Source(parser, request.text);
  const result: InsertResult = { edits: [], text: request.text, inserted: [], refused: [] };
  const { wraps } = findWraps(source);
  const tensorflow = tensorflowName(source);
  const existing = findLines(source, request.form)[0];
  const place = existing ? undefined : topOfCode(source);
  const chosen: { site: Site; call: SyntaxNode; number: number }[] = [];
  for (const site of request.sites) {
    const call = findCall(source, site);
    const reason = refuse(source, request, site, call, { wraps, tensorflow, place, existing });
    if (reason !== undefined) result.refused.push({ site, reason });
    else chosen.push({ site, call: call!, number: chosen.length + 1 });
  }
  if (chosen.length === 0) return result;
  const sites = chosen.map(({ site, number }) => ({ site, number }));
  const typed = request.language === 'typescript' || request.language === 'tsx';
  const { form, logDirectory, file } = request;
  const line = programLine({ form, logDirectory, file, sites, tensorflow, typed });
  const points: { at: number; text: string; order: number }[] = [];
  for (const { call, number } of chosen) {
    const [open, close] = around(source, request, call, number);
    points.push({ at: call.start, text: open, order: 1e9 - call.end });
    points.push({ at: call.end, text: close, order: -1e9 - call.start });
  }
  points.sort((a, b) => a.at - b.at || a.order - b.order);
  const edits: TextEdit[] = [];
  if (typeof place === 'number')
    edits.push({ start: place, end: place, text: `${line} ${mark}${newline(source)}` });
  for (const { at, text } of points) edits.push({ start: at, end: at, text });
  const done = shiftEdits(tidyEdits(edits), source.shift);
  const text = applyEdits(request.text, done);
  const before = source.text.includes('_predictscope') ? remove(source, undefined).text : request.text;
  const after = new Source(parser, text);
  if ((after.broken && !source.broken) || remove(after, undefined).text !== before) {
    const reason = `What was inserted could not be told from the rest of this file again, ${because}`;
    result.refused.push(...chosen.map(({ site }) => ({ site, reason })));
    return result;
  }
  return { ...result, edits: done, text, inserted: chosen.map(({ site }) => site) };
}

interface Circumstances {
  wraps: readonly Wrap[];
  tensorflow: string | undefined;
  place: number | string | undefined;
  existing: SyntaxNode | undefined;
}

function refuse(
  source: Source,
  request: InsertRequest,
  site: Site,
  call: SyntaxNode | undefined,
  { wraps, tensorflow, place, existing }: Circumstances,
): string | undefined {
  if (!call) return `${site.callee} is not at its place, ${because}`;
  if (wraps.some(({ inner }) => inner === call)) return 'The profiler calls are already there.';
  if (source.broken) return `The file has a syntax error, ${because}`;
  if (typeof place === 'string') return `${place}, ${because}`;
  // The line holds the sites of its time: one more would have no number.
  if (existing && request.form === 'compact')
    return 'Other profiler calls are there already: remove them, then insert all together.';
  if (request.form === 'compact') return undefined;
  if (!tensorflow) return `TensorFlow.js is not imported in this file, ${because}`;
  return canAwait(source, call) ? undefined : `The function around ${site.callee} is not async, ${because}`;
}

function findCall(source: Source, site: Site): SyntaxNode | undefined {
  return source.nodes.find((node) => {
    if (node.type !== 'call_expression') return false;
    const { line, column, endLine, endColumn } = source.positions.range(node.start, node.end);
    return (
      line === site.line && column === site.column && endLine === site.endLine && endColumn === site.endColumn
    );
  });
}

function around(source: Source, request: InsertRequest, call: SyntaxNode, number: number): [string, string] {
  if (request.form === 'compact') return [`${names.end}(${names.begin}(${number}), `, ')'];
  const asynchronous = below(source, call).some((node) => node.type === 'await_expression') ? 'async ' : '';
  return [`${names.result}(await ${names.profile}(${asynchronous}() => `, '))'];
}

const functions =
  /^(function_declaration|function_expression|arrow_function|method_definition|generator_function(_declaration)?)$/;

/** In an async function, or at the top of a module. */
function canAwait(source: Source, call: SyntaxNode): boolean {
  if (below(source, call).some((node) => node.type === 'yield_expression')) return false;
  for (let node = call; node.parent; node = node.parent) {
    const { parent } = node;
    if (functions.test(parent.type))
      return node.field === 'body' && parent.children.some((each) => each.type === 'async');
    if (/^(class_body|class_static_block|decorator)$/.test(parent.type)) return false;
  }
  return source.root.children.some((node) => /^(import|export)_statement$/.test(node.type));
}

/** `tf` of `import * as tf from '@tensorflow/tfjs-node'` or of a `require`. */
function tensorflowName(source: Source): string | undefined {
  const module = String.raw`['"]@tensorflow/tfjs(?:-node|-node-gpu)?['"]`;
  const found = new RegExp(
    String.raw`import\s+(?:\*\s+as\s+)?(\w+)\s+from\s*${module}|\b(?:const|let|var)\s+(\w+)\s*=\s*require\(\s*${module}\s*\)`,
  ).exec(source.text);
  return found?.[1] ?? found?.[2];
}

/** Start of the line after directives and imports, or why there is none. */
function topOfCode(source: Source): number | string {
  let place: number | undefined;
  for (const node of source.root.children) {
    if (node.type === 'comment') continue;
    const start = source.text.lastIndexOf('\n', node.start - 1) + 1;
    if (node.type === 'hash_bang_line' || node.type === 'import_statement' || isDirective(node)) {
      const end = source.text.indexOf('\n', node.end);
      const tail = source.text.slice(node.end, end < 0 ? undefined : end);
      if (!/^[\s;]*(\/\/.*|\/\*[^*]*\*\/\s*)?$/.test(tail))
        return 'The imports share their lines with other code';
      place = end < 0 ? source.text.length : end + 1;
      continue;
    }
    if (place === undefined && source.text.slice(start, node.start).trim() !== '')
      return 'The file begins in the middle of a line';
    return place ?? start;
  }
  return place ?? 0;
}

function isDirective(node: SyntaxNode): boolean {
  return node.type === 'expression_statement' && node.children[0]?.type === 'string';
}

function newline(source: Source): string {
  const found = /\r\n|\r|\n/.exec(source.original)?.[0] ?? '\n';
  return found === '\r' && source.original.includes('\n') ? '\n' : found;
}

export function removeJavaScript(
  parser: Parser,
  text: string,
  lines: ReadonlySet<number> | undefined,
): RemoveResult {
  return remove(new Source(parser, text), lines);
}

function remove(source: Source, lines: ReadonlySet<number> | undefined): RemoveResult {
  const { wraps, damaged } = findWraps(source);
  const going = wraps.filter(
    (wrap) => !lines || lines.has(source.line(wrap.node)) || lines.has(source.line(wrap.inner)),
  );
  const edits: TextEdit[] = going.flatMap(({ node, inner }) => [
    { start: node.start, end: inner.start, text: '' },
    { start: inner.end, end: node.end, text: '' },
  ]);
  const left: Leftover[] = damaged.map((node) => ({
    line: source.line(node),
    message: `${source.textOf(node)}: this is no wrapped call any more; take it out by hand.`,
  }));
  for (const form of ['compact', 'plain'] as const) {
    if (damaged.length > 0 || wraps.some((wrap) => wrap.form === form && !going.includes(wrap))) continue;
    for (const node of findLines(source, form)) {
      const start = source.text.lastIndexOf('\n', node.start - 1) + 1;
      const feed = source.text.indexOf('\n', node.end);
      const tail = source.text.slice(node.end, feed < 0 ? undefined : feed);
      if (source.text.slice(start, node.start).trim() === '' && /^[\s;]*(\/\/.*)?$/.test(tail))
        edits.push({ start, end: feed < 0 ? source.text.length : feed + 1, text: '' });
      else
        left.push({
          line: source.line(node),
          message: 'The inserted line holds other code too; take it out by hand.',
        });
    }
  }
  const done = shiftEdits(tidyEdits(edits), source.shift);
  return { edits: done, text: applyEdits(source.original, done), removed: going.length, left };
}

export function insertedJavaScript(parser: Parser, text: string): Inserted[] {
  const source = new Source(parser, text);
  return findWraps(source).wraps.map(({ node, form }) => ({ line: source.line(node), form }));
}
