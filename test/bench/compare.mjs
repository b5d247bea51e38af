// npm run bench:compare [-- --record] [-- --no-live]: how often a comparison of runs cries wolf, and how often it finds what was
// planted, on recorded runs and live. --record makes test/fixtures/compare/durations.json anew. Not a test: figures
// go to test/bench/RESULTS.md. Let nothing else run on the machine.
import { build } from 'esbuild';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '../../scripts/lib/paths.mjs';
import { ensureVenv } from '../../scripts/lib/python.mjs';
import { run, runLive } from '../../scripts/lib/run.mjs';

await run(process.execPath, ['esbuild.mjs'], { cwd: root });
const python = await ensureVenv({ frameworks: true });
const folder = await mkdtemp(path.join(tmpdir(), 'predictscope-bench-'));
try {
  const outfile = path.join(folder, 'compare.mjs');
  await build({
    entryPoints: [path.join(root, 'test/bench/compare.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile,
    logLevel: 'warning',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  process.exitCode = await runLive(process.execPath, [outfile, root, python, ...process.argv.slice(2)], {
    cwd: root,
  });
} finally {
  await rm(folder, { recursive: true, force: true });
}
