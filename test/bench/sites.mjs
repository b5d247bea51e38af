// npm run bench:sites [-- --held] [-- --list] [-- --right]: how right the finder is on the labelled corpus, and how fast.
//   --held   also the part of the corpus that is held apart
//   --list   each wrong answer, but for those of the part that is held apart
//   --right  not how fast
// Not a test: figures go to test/bench/RESULTS.md.
import { build } from 'esbuild';
import { createRequire } from 'node:module';
import { inRoot, root } from '../../scripts/lib/paths.mjs';
import { runLive } from '../../scripts/lib/run.mjs';

const outfile = inRoot('out/bench/sites.cjs');
await build({
  entryPoints: [inRoot('test/bench/sites.ts')],
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  outfile,
  logLevel: 'warning',
  define: { 'import.meta.dirname': JSON.stringify(inRoot('test/corpus')) },
  // The CommonJS build, as in the extension.
  alias: { 'web-tree-sitter': createRequire(import.meta.url).resolve('web-tree-sitter') },
});
process.exitCode = await runLive(process.execPath, [outfile, ...process.argv.slice(2)], { cwd: root });
