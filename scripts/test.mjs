// npm test: everything from a fresh checkout to the last ring of tests.
//   --ring NAME   only this ring (may be repeated): check, unit, python, containers, host, e2e
//   --skip NAME   without this ring (may be repeated); counts as one skipped test
//   --full        also what takes long
//   --grep TEXT   only tests with this in their name
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { ensurePackages, requireNode } from './lib/npm.mjs';
import { prepare } from './lib/setup.mjs';
import { summarize } from './lib/summary.mjs';

const NAMES = ['check', 'unit', 'python', 'containers', 'host', 'e2e'];

/**
 * Rings of one line run at the same time: types and lint are one thread. The others have the machine to
 * themselves and use all of it: host and e2e side by side took longer than one after the other.
 */
const TOGETHER = [['check', 'unit'], ['python'], ['containers'], ['host'], ['e2e']];

/** @typedef {import('./rings/ring.mjs').Ring} Ring */
/** @typedef {import('./rings/ring.mjs').Prepared} Prepared */
/** @typedef {import('./rings/ring.mjs').TestResult} TestResult */

async function main() {
  const { values } = parseArgs({
    options: {
      ring: { type: 'string', multiple: true, default: NAMES },
      skip: { type: 'string', multiple: true, default: [] },
      full: { type: 'boolean', default: false },
      grep: { type: 'string' },
    },
  });
  const unknown = [...values.ring, ...values.skip].filter((name) => !NAMES.includes(name));
  if (unknown.length > 0)
    throw new Error(`No ring is named ${unknown.join(' or ')}; there are ${NAMES.join(', ')}.`);

  requireNode();
  await ensurePackages();
  const { rings } = await import('./rings/all.mjs'); // They use what was just installed.
  const asked = rings.filter(({ name }) => values.ring.includes(name));
  const running = asked.filter(({ name }) => !values.skip.includes(name));
  const wanted = (/** @type {Ring} */ { needs, wants = [] }) => [
    ...needs,
    ...wants.filter((name) => !values.skip.includes(name)),
  ];
  const made = await prepare(running.flatMap(wanted));

  const results = [];
  for (const names of TOGETHER) {
    const group = asked.filter(({ name }) => names.includes(name));
    results.push(
      ...(await Promise.all(
        group.map(async (ring) => {
          const skipped = !running.includes(ring);
          console.log(`\n${ring.name}${skipped ? ': skipped' : ''}`);
          const begin = performance.now();
          const tests = skipped ? [] : await runRing(ring, made, values);
          return { ring: ring.name, seconds: (performance.now() - begin) / 1000, tests, skipped };
        }),
      )),
    );
  }
  return summarize(results);
}

/**
 * @param {Ring} ring
 * @param {Awaited<ReturnType<typeof prepare>>} made
 * @param {{ full: boolean, grep?: string | undefined }} options
 * @returns {Promise<TestResult[]>}
 */
async function runRing(ring, made, { full, grep }) {
  /** @type {TestResult[]} */
  const problems = [];
  const prepared = { python: '', pythons: '', code: '', containers: '', full, ...(grep ? { grep } : {}) };
  for (const need of [...ring.needs, ...(ring.wants ?? [])]) {
    const result = made.get(need);
    if (!result) continue;
    const must = ring.needs.includes(need);
    if ('problem' in result && must) problems.push(failure(`set-up: ${need}`, result.problem));
    else if ('problem' in result) console.log(`  without ${need}: ${result.problem}`);
    else if (need in prepared) prepared[/** @type {'python'} */ (need)] = result.value;
  }
  if (problems.length > 0) return problems;
  const tests = await ring.run(prepared).catch((error) => [failure('the ring itself', error.stack)]);
  // A ring that lost its files must not look like one whose tests pass.
  return tests.length === 0 && !grep ? [failure('any test', 'no test ran')] : tests;
}

/** @param {string} name @param {string} message @returns {TestResult} */
const failure = (name, message) => ({ name, outcome: 'failed', seconds: 0, message });

main().then(
  (code) => (process.exitCode = code),
  (error) => {
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  },
);
