// vitest over test/unit and test/fuzz.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { inRoot, root } from '../lib/paths.mjs';
import { runLive } from '../lib/run.mjs';
import { emptyArtifacts, testEnvironment } from './ring.mjs';

/** @type {import('./ring.mjs').Ring} */
export const unit = {
  name: 'unit',
  needs: ['build', 'python'],
  async run(prepared) {
    const report = path.join(await emptyArtifacts('unit'), 'results.json');
    const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    if (prepared.grep) args.push('-t', prepared.grep);
    const code = await runLive(process.execPath, [inRoot('node_modules/vitest/vitest.mjs'), ...args], {
      cwd: root,
      env: testEnvironment(prepared),
    });
    const tests = read(JSON.parse(await readFile(report, 'utf8').catch(() => '{}')));
    if (code !== 0 && !tests.some(({ outcome }) => outcome === 'failed')) {
      tests.push({ name: 'vitest', outcome: 'failed', seconds: 0, message: `ended with ${code}, see above` });
    }
    return prepared.grep ? tests.filter(({ outcome }) => outcome !== 'skipped') : tests;
  },
};

/**
 * @param {{ testResults?: { name: string, status: string, message: string, assertionResults: {
 *   fullName: string, status: string, duration?: number, failureMessages?: string[] }[] }[] }} report
 * @returns {import('./ring.mjs').TestResult[]}
 */
function read(report) {
  return (report.testResults ?? []).flatMap((file) => {
    const name = path.relative(root, file.name);
    // A file that cannot be loaded holds no tests, which must not look like success.
    if (file.status === 'failed' && file.assertionResults.length === 0) {
      return [{ name, outcome: 'failed', seconds: 0, message: file.message }];
    }
    return file.assertionResults.map((test) => ({
      name: `${name}: ${test.fullName}`,
      outcome: test.status === 'passed' || test.status === 'failed' ? test.status : 'skipped',
      seconds: (test.duration ?? 0) / 1000,
      ...(test.failureMessages?.length ? { message: test.failureMessages.join('\n') } : {}),
    }));
  });
}
