/** Finds the model calls of one Python file. */

import type { Parser } from 'web-tree-sitter';
import { siteId } from '../identity';
import { SourceText } from '../positions';
import type { Site, SitesResult } from '../site';
import { child, copyTree, type SyntaxNode } from '../tree';
import { Bindings } from './bindings';
import { Classifier, type Verdict } from './classify';
import { Context } from './context';
import { Evidence } from './evidence';
import { compactText, qualifiedName } from './nodes';

/** A file without any of these has no site, and need not be parsed. */
const worthParsing =
  /predict|infer|forward|generate|model|net|session|jit|keras|tensorflow|torch|jax|onnx|interpreter/i;

/**
 * Finds the sites of a file. `module` is its dotted name, which goes into the ids. The parser must have the
 * Python grammar set.
 */
export function findPythonSites(parser: Parser, file: string, decoded: string, module: string): SitesResult {
  if (!worthParsing.test(decoded)) return { sites: [], problems: [] };
  return findCalls(parser, file, decoded, module, () => undefined);
}

/** A call that was asked for by its place, whatever it calls. */
const askedFor: Verdict = {
  kind: 'wrapper',
  framework: 'unknown',
  confidence: 0,
  reason: 'Named by its line.',
};

/** Every call of a file, whether or not it runs a model; what is a site is described as one. */
export function listPythonCalls(parser: Parser, file: string, decoded: string, module: string): Site[] {
  return findCalls(parser, file, decoded, module, () => askedFor).sites;
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
  if (!parsed) throw new Error(`The Python parser gave up on ${file}.`);
  const tree = (() => {
    try {
      return copyTree(parsed, 'module');
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
  const keyed = new Keys(source.text);
  // Equals are counted in source order; an outer call starts no later than what is inside it.
  for (const call of bindings.calls.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const { qualname, callee, ordinal } = keyed.next(call);
    const verdict = classifier.classify(call) ?? otherwise();
    if (!verdict) continue;
    const site: Site = {
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
        utf8Column: source.utf8Column(call.start),
        endUtf8Column: source.utf8Column(call.end),
      },
    };
    result.sites.push(site);
  }
  return result;
}

/** Numbers calls of the same callee in the same function. Every call must be asked for, in order. */
class Keys {
  readonly #seen = new Map<string, number>();

  constructor(private readonly text: string) {}

  next(call: SyntaxNode): { qualname: string; callee: string; ordinal: number } {
    const qualname = qualifiedName(call, this.text);
    const callee = compactText(child(call, 'function')!, this.text);
    const key = `${qualname}\n${callee}`;
    const ordinal = this.#seen.get(key) ?? 0;
    this.#seen.set(key, ordinal + 1);
    return { qualname, callee, ordinal };
  }
}
