// pytest over test/python, in the environment that has TensorFlow.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from '../lib/paths.mjs';
import { runLive } from '../lib/run.mjs';
import { emptyArtifacts, testEnvironment } from './ring.mjs';

const NOTHING_COLLECTED = 5;

/** Most tests wait for one thread of a program; those that hold figures against a clock run by themselves. */
const PASSES = /** @type {const} */ ([
  ['together', ['-m', 'not alone', '-n', '2', '--dist', 'worksteal']],
  ['alone', ['-m', 'alone']],
]);

/** @type {import('./ring.mjs').Ring} */
export const python = {
  name: 'python',
  needs: ['build', 'python'],
  wants: ['pythons'],
  async run(prepared) {
    const folder = await emptyArtifacts('python');
    const tests = [];
    for (const [name, how] of PASSES) {
      const report = path.join(folder, `${name}.xml`);
      const args = [
        '-m',
        'pytest',
        'test/python',
        '-q',
        '-p',
        'no:cacheprovider',
        `--junitxml=${report}`,
        ...how,
      ];
      if (prepared.grep) args.push('-k', prepared.grep);
      const code = await runLive(prepared.python, args, { cwd: root, env: testEnvironment(prepared) });
      const found = read(await readFile(report, 'utf8').catch(() => ''));
      if (code !== 0 && code !== NOTHING_COLLECTED && !found.some(({ outcome }) => outcome === 'failed')) {
        found.push({
          name: `pytest, ${name}`,
          outcome: 'failed',
          seconds: 0,
          message: `ended with ${code}, see above`,
        });
      }
      tests.push(...found);
    }
    return tests;
  },
};

/**
 * The few elements of pytest's own file, which needs no whole XML parser.
 *
 * @param {string} xml
 * @returns {import('./ring.mjs').TestResult[]}
 */
function read(xml) {
  return [...xml.matchAll(/<testcase ([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)].map(
    ([, attributes = '', body = '']) => {
      const attribute = (/** @type {string} */ name) =>
        unescape(new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1] ?? '');
      const trouble = /<(?:failure|error)[^>]*>(.*?)<\/(?:failure|error)>/s.exec(body)?.[1];
      return {
        name: `${attribute('classname')}: ${attribute('name')}`,
        outcome: trouble !== undefined ? 'failed' : body.includes('<skipped') ? 'skipped' : 'passed',
        seconds: Number(attribute('time')),
        ...(trouble !== undefined ? { message: unescape(trouble) } : {}),
      };
    },
  );
}

/** @type {Record<string, string>} */
const ENTITIES = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

/** @param {string} text */
const unescape = (text) =>
  text.replace(/&(?:#x?([0-9a-f]+)|(\w+));/gi, (whole, number, name) =>
    number
      ? String.fromCodePoint(Number(whole.startsWith('&#x') ? `0x${number}` : number))
      : (ENTITIES[name] ?? whole),
  );
