// The whole thing: a real VS Code in a real browser, driven by test/e2e.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { startDocker } from '../lib/engines.mjs';
import { ensureKeras } from '../lib/images.mjs';
import { artifacts, inRoot, root } from '../lib/paths.mjs';
import { runLive } from '../lib/run.mjs';
import { emptyArtifacts, testEnvironment } from './ring.mjs';

/** @type {import('./ring.mjs').Ring} */
export const e2e = {
  name: 'e2e',
  needs: ['build', 'python', 'code', 'browser'],
  wants: ['containers'],
  async run(prepared) {
    const report = path.join(await emptyArtifacts('e2e'), 'results.jsonl');
    const engine = prepared.containers
      ? await startDocker(path.join(prepared.containers, 'docker'))
      : undefined;
    const code = await runLive(process.execPath, [inRoot('out/e2e/main.mjs')], {
      cwd: root,
      env: {
        ...testEnvironment(prepared),
        TEST_CODE: prepared.code,
        TEST_ARTIFACTS: path.join(artifacts, 'e2e'),
        TEST_RESULTS: report,
        TEST_GREP: prepared.grep,
        ...(engine
          ? {
              PREDICTSCOPE_TEST_DOCKER: engine.host,
              PREDICTSCOPE_TEST_KERAS: await ensureKeras(prepared.python),
            }
          : {}),
      },
    }).finally(() => engine?.stop());
    const lines = (await readFile(report, 'utf8').catch(() => '')).split('\n').filter(Boolean);
    /** @type {import('./ring.mjs').TestResult[]} */
    const tests = lines.map((line) => JSON.parse(line));
    if (code !== 0 && !tests.some(({ outcome }) => outcome === 'failed')) {
      tests.push({
        name: 'e2e runner',
        outcome: 'failed',
        seconds: 0,
        message: `ended with ${code}, see above`,
      });
    }
    return tests;
  },
};
