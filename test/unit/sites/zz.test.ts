import { test } from 'vitest';
import { readFileSync } from 'node:fs';
import { createSiteFinder } from '../../../src/sites/finder';
test('show', async () => {
  const f = await createSiteFinder({ wasm: { runtime: readFileSync('node_modules/web-tree-sitter/web-tree-sitter.wasm'), python: readFileSync('node_modules/@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm') } });
  const r = await f.findInFiles((process.env.SHOW ?? 'test/fixtures/sites').split(','));
  let last = '';
  for (const s of r.sites) { if (s.file !== last) console.log('== ' + s.file); last = s.file;
    console.log(`${s.line}:${s.column} ${s.callee} ${s.kind} ${s.framework} ${s.confidence}${s.inLoop ? ' loop' : ''}${s.inProfiler ? ' PROF' : ''} | ${s.reason}`); }
  console.log(r.problems);
});
