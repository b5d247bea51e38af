// mocha inside a real extension host: once in a trusted window, once in Restricted Mode.
import { runHostSuite } from '../../test/host/run.mjs';
import { emptyArtifacts } from './ring.mjs';

/** @type {import('./ring.mjs').Ring} */
export const host = {
  name: 'host',
  needs: ['build', 'python', 'code', 'browser'],
  async run({ code, python, grep }) {
    await emptyArtifacts('host');
    const tests = [];
    for (const trust of /** @type {const} */ (['trusted', 'restricted'])) {
      const results = await runHostSuite({ trust, code, python, ...(grep ? { grep } : {}) });
      for (const { name, outcome } of results) console.log(`  ${outcome}  ${name}`);
      tests.push(...results);
    }
    return tests;
  },
};
