/** The finder as the tests use it: grammars from node_modules. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createSiteFinder, type SiteFinder } from '../../../src/sites/finder';
import type { Site } from '../../../src/sites/site';

const resolve = createRequire(import.meta.url).resolve;

export const fixtures = join(import.meta.dirname, '../../fixtures/sites');

const wasm = (name: string): Uint8Array =>
  readFileSync(resolve(`@vscode/tree-sitter-wasm/wasm/tree-sitter-${name}.wasm`));

/** As `createSiteFinder` takes them. */
export const grammar = {
  runtime: readFileSync(resolve('web-tree-sitter/web-tree-sitter.wasm')) as Uint8Array,
  python: wasm('python'),
  javascript: wasm('javascript'),
  typescript: wasm('typescript'),
  tsx: wasm('tsx'),
};

export function testFinder(): Promise<SiteFinder> {
  return createSiteFinder({ wasm: grammar });
}

/** One line a site: `12 model.predict predict keras loop`. */
export function brief(site: Site): string {
  const marks = [site.inLoop && 'loop', site.inProfiler && 'profiled', site.confidence < 0.7 && 'unsure'];
  return [site.line, site.callee, site.kind, site.framework, ...marks.filter((mark) => mark !== false)].join(
    ' ',
  );
}
