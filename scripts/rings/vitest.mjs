// How a ring runs vitest and reads what it found.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { inRoot, root } from '../lib/paths.mjs';
import { runLive } from '../lib/run.mjs';
import { emptyArtifacts } from './ring.mjs';

/**
 * @param {object} options
 * @param {string} options.ring
 * @param {NodeJS.ProcessEnv} options.env
 * @param {string | undefined} options.grep
 * @param {string} [options.config] other than vitest.config.mjs
 * @returns {Promise<import('./ring.mjs').TestResult[]>}
 */
export async function runVitest({ ring, env, grep, config }) {
  const report = path.join(await emptyArtifacts(ring), 'results.json');
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  if (config) args.push('--config', config);
  if (grep) args.push('-t', grep);
  const vitest = inRoot('node_modules/vitest/vitest.mjs');
  const code = await runLive(process.execPath, [vitest, ...args], { cwd: root, env });
  const tests = read(JSON.parse(await readFile(report, 'utf8').catch(() => '{}')));
  if (code !== 0 && !tests.some(({ outcome }) => outcome === 'failed')) {
    tests.push({ name: 'vitest', outcome: 'failed', seconds: 0, message: `ended with ${code}, see above` });
  }
  return grep ? tests.filter(({ outcome }) => outcome !== 'skipped') : tests;
}

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
