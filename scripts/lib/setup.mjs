// What the rings need before they run, each made once, all at the same time.
import { ensureContainers } from './containers.mjs';
import { ensureNewerPythons } from './newerPythons.mjs';
import { root } from './paths.mjs';
import { ensureVenv } from './python.mjs';
import { run, step } from './run.mjs';
import { ensureBrowser } from './system.mjs';
import { ensureVsCode } from './vscode.mjs';

/** @typedef {import('../rings/ring.mjs').Need} Need */

/** @type {Record<Need, () => Promise<string>>} */
const makers = {
  build: () => step('build', () => run(process.execPath, ['esbuild.mjs', '--tests'], { cwd: root })),
  python: () => ensureVenv({ frameworks: true }),
  pythons: ensureNewerPythons,
  code: ensureVsCode,
  browser: () => step('browser and fonts', ensureBrowser),
  containers: ensureContainers,
};

/**
 * @param {Iterable<Need>} needs
 * @returns {Promise<Map<Need, { value: string } | { problem: string }>>}
 */
export async function prepare(needs) {
  const made = await Promise.all(
    [...new Set(needs)].map(async (need) => {
      /** @type {{ value: string } | { problem: string }} */
      const result = await makers[need]().then(
        (value) => ({ value }),
        (/** @type {Error} */ error) => ({ problem: error.message }),
      );
      return /** @type {const} */ ([need, result]);
    }),
  );
  return new Map(made);
}
