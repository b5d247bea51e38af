/** Finds the model calls of one Python file, and follows its text from version to version. */

import type { Parser } from 'web-tree-sitter';
import { EditedTree } from '../editedTree';
import { siteId } from '../identity';
import { SourceText } from '../positions';
import type { Site, SitesResult } from '../site';
import { child, type SyntaxNode } from '../tree';
import { Feeding } from './backward';
import { Bindings } from './bindings';
import { Classifier, reasonOf, type Verdict } from './classify';
import { Context } from './context';
import { Evidence } from './evidence';
import { compactText, qualifiedName } from './nodes';
import type { Thing } from './things';

/** A file without any of these has no site, and need not be parsed. */
const worthParsing =
  /predict|infer|forward|generate|model|net|session|jit|keras|tensorflow|torch|jax|onnx|interpreter|haiku|flax|pipeline|diffus|yolo|encode|learn|whisper|llm|tensorrt|llama|ctranslate|insightface|mtcnn|pyannote|\bsam2\b|\bTTS\b|openvino|compile_model/i;

/** False for a text that can be skipped unparsed. */
export function mayHaveSites(decoded: string): boolean {
  return worthParsing.test(decoded);
}

/**
 * Finds the sites of a file. `module` is its dotted name, which goes into the ids. The parser must have the
 * Python grammar set.
 */
export function findPythonSites(parser: Parser, file: string, decoded: string, module: string): SitesResult {
  if (!mayHaveSites(decoded)) return { sites: [], problems: [] };
  const python = new PythonFile(parser, file, module);
  try {
    return python.update(decoded);
  } finally {
    python.dispose();
  }
}

/** Every call of a file, whether or not it runs a model; what is a site is described as one. */
export function listPythonCalls(parser: Parser, file: string, decoded: string, module: string): Site[] {
  const python = new PythonFile(parser, file, module);
  try {
    python.update(decoded);
    return python.calls();
  } finally {
    python.dispose();
  }
}

/** A call that was asked for by its place, whatever it calls. */
const askedFor: Verdict = {
  kind: 'wrapper',
  framework: 'unknown',
  confidence: 0,
  reason: 'Named by its line.',
};

/** What was found in a top-level node, and what outside of it that rests on. */
interface Part {
  /** Of each call: its key, and what it is if it is a site. */
  calls: FoundCall[];
  reads: Set<string>;
}

interface FoundCall {
  call: SyntaxNode;
  /** Equal for the calls that only their order tells apart. */
  key: string;
  qualname: string;
  callee: string;
  verdict: Verdict | undefined;
  inProfiler: boolean;
  /** As it was told last, while its text stands: then only its line may be another. */
  told?: { site: Site; ordinal: number; verdict: Verdict };
}

/** One file between its first version and its last. */
export class PythonFile {
  readonly #tree: EditedTree;
  readonly #bindings: Bindings;
  readonly #evidence: Evidence;
  readonly #feeding: Feeding;
  readonly #context: Context;
  readonly #classifier: Classifier;
  readonly #parts = new Map<SyntaxNode, Part>();
  #source = new SourceText('');
  #firstError: number | undefined;
  #reads = new Set<string>();

  /** `outside` tells what a path stands for that is imported from the project; it may say so later. */
  constructor(
    parser: Parser,
    private readonly file: string,
    private readonly module: string,
    outside: (path: string) => Thing | undefined = () => undefined,
  ) {
    this.#tree = new EditedTree(parser, 'module');
    this.#bindings = new Bindings(this.#tree.root, '', (key) => this.#reads.add(key));
    this.#evidence = new Evidence(this.#bindings, (path) => {
      this.#reads.add(outsideKey(path));
      return outside(path);
    });
    this.#feeding = new Feeding(this.#evidence);
    this.#context = new Context(this.#evidence, this.#feeding);
    this.#classifier = new Classifier(this.#evidence, this.#context);
  }

  /** Sites of the next version of the text. */
  update(decoded: string): SitesResult {
    const source = new SourceText(decoded);
    const change = this.#tree.update(source);
    if (!change) throw new Error(`The Python parser gave up on ${this.file}.`);
    this.#source = source;
    this.#firstError = change.firstError;
    // Nothing that was found before rests on the same ground.
    if (this.#bindings.take(source.text)) {
      this.#parts.clear();
      this.#feeding.forget();
    }
    const before = this.#bindings.contributionsOf(change.removed);
    for (const part of change.removed) {
      this.#bindings.remove(part);
      this.#parts.delete(part);
    }
    for (const part of change.added) this.#bindings.add(part);
    // In the first version there is nobody yet who could have read anything else.
    const isFirst = this.#parts.size === 0;
    const after = isFirst ? before : this.#bindings.contributionsOf(change.added);
    const stale = otherwise(before, after);
    this.#classify(stale);
    return this.#result();
  }

  /** Sites anew, after what these imported paths stand for has become known. */
  learn(paths: Iterable<string>): SitesResult {
    this.#classify(new Set([...paths].map(outsideKey)));
    return this.#result();
  }

  /** Every call of the newest version. */
  calls(): Site[] {
    return this.#sites(() => askedFor);
  }

  /** What a name at the top level of the file stands for, for those that import it. */
  ask<T>(ask: (evidence: Evidence, context: Context) => T): T {
    this.#forget();
    return ask(this.#evidence, this.#context);
  }

  dispose(): void {
    this.#tree.dispose();
  }

  /** Looks again at parts that are new, and at those whose answers rested on what is stale. */
  #classify(stale: ReadonlySet<string>): void {
    const fedOtherwise = this.#feeding.update(
      this.#tree.root.children,
      (reads) => meet(reads, stale),
      (ask) => {
        this.#forget();
        return { answer: ask(), reads: this.#reads };
      },
    );
    const touched = new Set(fedOtherwise.map(topOf));
    for (const node of this.#tree.root.children) {
      const known = this.#parts.get(node);
      if (known && !touched.has(node) && !meet(known.reads, stale)) continue;
      const calls = this.#bindings.callsOf(node);
      if (calls.length === 0) continue;
      this.#forget();
      const keys = known?.calls;
      const { text } = this.#source;
      const found = calls.map((call, index): FoundCall => {
        const verdict = this.#classifier.classify(call);
        const qualname = keys?.[index]?.qualname ?? qualifiedName(call, text);
        const callee = keys?.[index]?.callee ?? compactText(child(call, 'function')!, text);
        return {
          call,
          key: `${qualname}\n${callee}`,
          qualname,
          callee,
          verdict,
          inProfiler: verdict !== undefined && this.#context.inProfiler(call),
        };
      });
      this.#parts.set(node, { calls: found, reads: this.#reads });
    }
  }

  #forget(): void {
    this.#reads = new Set();
    this.#evidence.forget();
    this.#context.forget();
  }

  #result(): SitesResult {
    const result: SitesResult = { sites: this.#sites(() => undefined), problems: [] };
    if (this.#firstError !== undefined) {
      const line = this.#source.line(this.#firstError);
      const message = `The syntax on line ${line} could not be parsed: calls near it may be missing.`;
      result.problems.push({ file: this.file, line, message });
    }
    return result;
  }

  /** Equals are counted in source order, and an outer call comes before what is inside of it. */
  #sites(otherwise: () => Verdict | undefined): Site[] {
    const sites: Site[] = [];
    const seen = new Map<string, number>();
    for (const node of this.#tree.root.children)
      for (const found of this.#parts.get(node)?.calls ?? []) {
        const ordinal = seen.get(found.key) ?? 0;
        seen.set(found.key, ordinal + 1);
        const verdict = found.verdict ?? otherwise();
        if (verdict) sites.push(this.#site(found, ordinal, verdict));
      }
    return sites;
  }

  #site(found: FoundCall, ordinal: number, verdict: Verdict): Site {
    const { told } = found;
    const site =
      told?.ordinal === ordinal && told.verdict === verdict
        ? this.#moved(told.site, found.call, verdict)
        : this.#newSite(found, ordinal, verdict);
    found.told = { site, ordinal, verdict };
    return site;
  }

  #moved(site: Site, call: SyntaxNode, verdict: Verdict): Site {
    const by = this.#source.line(call.start) - site.line;
    if (by === 0 && !verdict.at) return site;
    const reason = reasonOf(verdict, (index) => this.#source.line(index));
    return { ...site, line: site.line + by, endLine: site.endLine + by, reason };
  }

  #newSite(found: FoundCall, ordinal: number, verdict: Verdict): Site {
    const { call, qualname, callee } = found;
    const source = this.#source;
    return {
      ...source.range(call.start, call.end),
      id: siteId(this.module, qualname, callee, ordinal),
      file: this.file,
      callee,
      framework: verdict.framework,
      kind: verdict.kind,
      inLoop: this.#context.inLoop(call),
      inProfiler: found.inProfiler,
      confidence: Math.round(verdict.confidence * 100) / 100,
      reason: reasonOf(verdict, (index) => source.line(index)),
      runtime: {
        qualname,
        callee,
        ordinal,
        utf8Column: source.utf8Column(call.start),
        endUtf8Column: source.utf8Column(call.end),
      },
    };
  }
}

/** The top-level node around. */
function topOf(node: SyntaxNode): SyntaxNode {
  let top = node;
  while (top.parent?.parent) top = top.parent;
  return top;
}

/** Keys under which parts that came say anything else than those that went. */
function otherwise(
  was: ReadonlyMap<string, string | undefined>,
  is: ReadonlyMap<string, string | undefined>,
): Set<string> {
  const keys = [...was.keys(), ...is.keys()];
  // No two nodes are equal.
  return new Set(keys.filter((key) => was.get(key) === undefined || was.get(key) !== is.get(key)));
}

function outsideKey(path: string): string {
  return `outside ${path}`;
}

function meet(reads: ReadonlySet<string>, stale: ReadonlySet<string>): boolean {
  const [fewer, more] = reads.size < stale.size ? [reads, stale] : [stale, reads];
  for (const each of fewer) if (more.has(each)) return true;
  return false;
}
