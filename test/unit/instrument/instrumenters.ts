/** The source edit as the tests use it: grammars from node_modules, every call by name a site. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  createInstrumenter,
  type GrammarOptions,
  type InsertForm,
  type Instrumenter,
  type InsertResult,
} from '../../../src/instrument/instrument';
import { loadParsers } from '../../../src/instrument/grammars';
import type { Site } from '../../../src/sites/site';
import { callSites } from '../../fixtures/instrument/calls';

const resolve = createRequire(import.meta.url).resolve;
const wasm = (name: string): Uint8Array =>
  readFileSync(resolve(`@vscode/tree-sitter-wasm/wasm/tree-sitter-${name}.wasm`));

export const logDirectory = '/tmp/logs of "ä" \\ 🐍';

export interface Bench {
  instrumenter: Instrumenter;
  /** Sites of calls whose callee ends with one of these names. */
  calls(text: string, ...names: string[]): Site[];
  insert(text: string, sites: readonly Site[], form?: InsertForm): InsertResult;
  /** Inserts at every `predict` call (or those named), and expects that nothing is refused. */
  wrap(text: string, form?: InsertForm, ...names: string[]): string;
  /** Removes everything. */
  unwrap(text: string): string;
}

export function grammars(): NonNullable<GrammarOptions['wasm']> {
  return {
    runtime: readFileSync(resolve('web-tree-sitter/web-tree-sitter.wasm')),
    python: wasm('python'),
    javascript: wasm('javascript'),
    typescript: wasm('typescript'),
    tsx: wasm('tsx'),
  };
}

const checker = `
import ast, json, sys, warnings
warnings.simplefilter("ignore")

def parses(text):
    try:
        ast.parse(text.encode("utf-8", "surrogatepass"))
        return ""
    except (SyntaxError, ValueError, RecursionError) as error:
        return str(error)

bad = []
for i, pair in enumerate(json.load(sys.stdin)):
    if not parses(pair["before"]):
        error = parses(pair["after"])
        if error:
            bad.append("%s\\n%s\\n%s" % (error, pair["before"], pair["after"][-3000:]))
print(json.dumps(bad[:3]))
`;

/** Of pairs, those that Python could read before and cannot read after, at most three. One process for all. */
export function parses(pairs: readonly { before: string; after: string }[]): string[] {
  const done = spawnSync('python3', ['-c', checker], {
    input: JSON.stringify(pairs),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (done.status !== 0) throw new Error(done.stderr);
  return JSON.parse(done.stdout) as string[];
}

export async function testBench(framework: Site['framework'] = 'keras'): Promise<Bench> {
  const parser = (await loadParsers({ wasm: grammars() })).get('python')!;
  const instrumenter = await createInstrumenter({
    wasm: grammars(),
  });
  const file = '/home/user/project/main.py';
  const bench: Bench = {
    instrumenter,
    calls: (text, ...names) => callSites(parser, file, text, names, framework),
    insert: (text, sites, form = 'compact') =>
      instrumenter.insert({ text, language: 'python', sites, form, logDirectory, file }),
    wrap: (text, form = 'compact', ...names) => {
      const result = bench.insert(text, bench.calls(text, ...(names.length > 0 ? names : ['predict'])), form);
      if (result.refused.length > 0) throw new Error(result.refused[0]!.reason);
      return result.text;
    },
    unwrap: (text) => instrumenter.remove(text, 'python').text,
  };
  return bench;
}
