// Types, lint and format: `npm run check`, each part counted as a test.
import { performance } from 'node:perf_hooks';
import { inRoot, root } from '../lib/paths.mjs';
import { runLive } from '../lib/run.mjs';

const PARTS = {
  types: [inRoot('node_modules/typescript/bin/tsc'), '-p', '.', '--noEmit'],
  lint: [inRoot('node_modules/eslint/bin/eslint.js'), '.'],
  format: [inRoot('node_modules/prettier/bin/prettier.cjs'), '--check', '.', '--log-level', 'warn'],
};

/** @type {import('./ring.mjs').Ring} */
export const check = {
  name: 'check',
  needs: [],
  async run() {
    /** @type {import('./ring.mjs').TestResult[]} */
    const tests = [];
    for (const [name, args] of Object.entries(PARTS)) {
      const begin = performance.now();
      const code = await runLive(process.execPath, args, { cwd: root });
      tests.push({
        name,
        outcome: code === 0 ? 'passed' : 'failed',
        seconds: (performance.now() - begin) / 1000,
        ...(code === 0 ? {} : { message: 'see its output above; npm run format mends some of it' }),
      });
    }
    return tests;
  },
};
