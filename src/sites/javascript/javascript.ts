/** Finds the model calls of one JavaScript or TypeScript file. */

import type { Parser } from 'web-tree-sitter';
import { siteId } from '../identity';
import { SourceText } from '../positions';
import type { Site, SitesResult } from '../site';
import { child, copyTree, type SyntaxNode } from '../tree';
import { Bindings } from './bindings';
import { Classifier, type Verdict } from './classify';
import { Utf8Columns } from './columns';
import { Context } from './context';
import { Evidence } from './evidence';
import { bare, compactText } from './nodes';
import { worthParsing } from './packages';
import { QualifiedNames } from './qualname';

export type JavaScriptGrammar = 'javascript' | 'typescript' | 'tsx';

const grammars: ReadonlyMap<string, JavaScriptGrammar> = new Map([
  ['js', 'javascript'],
  ['mjs', 'javascript'],
  ['cjs', 'javascript'],
  ['jsx', 'javascript'],
  ['ts', 'typescript'],
  ['mts', 'typescript'],
  ['cts', 'typescript'],
  ['tsx', 'tsx'],
]);

/** The grammar that a file is read with; undefined for a declaration file, which calls nothing, and all others. */
export function grammarOf(path: string): JavaScriptGrammar | undefined {
  if (/\.d\.[cm]?ts$/i.test(path)) return undefined;
  return grammars.get(/\.([^./\\]+)$/.exec(path)?.[1]?.toLowerCase() ?? '');
}

export function isJavaScriptFile(path: string): boolean {
  return grammarOf(path) !== undefined;
}

/**
 * Finds the sites of a file. `module` is its dotted name, which goes into the ids. The parser must have the
 * grammar of the file set.
 */
export function findJavaScriptSites(parser: Parser, file: string, text: string, module: string): SitesResult {
  if (!worthParsing.test(text)) return { sites: [], problems: [] };
  return findCalls(parser, file, text, module, () => undefined);
}

/** A call that was asked for by its place, whatever it calls. */
const askedFor: Verdict = {
  kind: 'wrapper',
  framework: 'unknown',
  confidence: 0,
  reason: 'Named by its line.',
};

/** Every call of a file, whether or not it runs a model; what is a site is described as one. */
export function listJavaScriptCalls(parser: Parser, file: string, text: string, module: string): Site[] {
  return findCalls(parser, file, text, module, () => askedFor).sites;
}

function findCalls(
  parser: Parser,
  file: string,
  decoded: string,
  module: string,
  otherwise: () => Verdict | undefined,
): SitesResult {
  const result: SitesResult = { sites: [], problems: [] };
  const source = new SourceText(decoded);
  const parsed = parser.parse(source.text);
  if (!parsed) throw new Error(`The JavaScript parser gave up on ${file}.`);
  const tree = (() => {
    try {
      return copyTree(parsed, 'program');
    } finally {
      parsed.delete();
    }
  })();
  if (tree.firstError !== undefined) {
    const line = source.line(tree.firstError);
    const message = `The syntax on line ${line} could not be parsed: calls near it may be missing.`;
    result.problems.push({ file, line, message });
  }

  const bindings = new Bindings(tree, source);
  const evidence = new Evidence(bindings);
  const context = new Context(evidence);
  const classifier = new Classifier(evidence, context);
  const columns = new Utf8Columns(source);
  // Equals are counted in source order; an outer call starts no later than what is inside it.
  const calls = bindings.calls.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const verdicts = calls.map((call) => classifier.classify(call) ?? otherwise());
  const keys = new Keys(calls, verdicts, source.text);
  calls.forEach((call, index) => {
    const verdict = verdicts[index];
    const key = keys.next(call);
    if (!verdict || !key) return;
    const { qualname, callee, ordinal } = key;
    result.sites.push({
      ...source.range(call.start, call.end),
      id: siteId(module, qualname, callee, ordinal),
      file,
      callee,
      framework: verdict.framework,
      kind: verdict.kind,
      inLoop: context.inLoop(call),
      inProfiler: context.inProfiler(call),
      confidence: Math.round(verdict.confidence * 100) / 100,
      reason: verdict.reason,
      runtime: {
        qualname,
        callee,
        ordinal,
        utf8Column: columns.column(call.start),
        endUtf8Column: columns.column(call.end),
      },
    });
  });
  return result;
}

/**
 * Numbers calls of the same callee in the same function. Every call must be asked for, in order; only those
 * whose callee ends like that of a site are spelled out, because a chain of a thousand calls has a million words.
 */
class Keys {
  readonly #seen = new Map<string, number>();
  readonly #names: QualifiedNames;
  readonly #endings: ReadonlySet<string>;

  constructor(
    calls: readonly SyntaxNode[],
    verdicts: readonly (Verdict | undefined)[],
    private readonly text: string,
  ) {
    this.#names = new QualifiedNames(text);
    this.#endings = new Set(calls.filter((_, index) => verdicts[index]).map((call) => this.#ending(call)));
  }

  next(call: SyntaxNode): { qualname: string; callee: string; ordinal: number } | undefined {
    if (!this.#endings.has(this.#ending(call))) return undefined;
    const qualname = this.#names.of(call);
    const callee = compactText(child(call, 'function')!, this.text);
    const key = `${qualname}\n${callee}`;
    const ordinal = this.#seen.get(key) ?? 0;
    this.#seen.set(key, ordinal + 1);
    return { qualname, callee, ordinal };
  }

  /** The last characters of a callee; its last token, at least, is the same in equal callees. */
  #ending(call: SyntaxNode): string {
    let last = bare(child(call, 'function')!);
    for (let next = last.children.at(-1); next; next = last.children.at(-1)) last = next;
    return this.text.slice(last.start, last.end);
  }
}
