// The end of npm test's output, whose very last line is for machines too.
import { steps } from './run.mjs';

const MESSAGE_LINES = 30;
const SLOWEST = 10;

/** @typedef {import('../rings/ring.mjs').TestResult} TestResult */
/** @typedef {{ ring: string, seconds: number, tests: TestResult[], skipped: boolean }} RingResult */

/**
 * @param {RingResult[]} rings
 * @returns {number} the exit code
 */
export function summarize(rings) {
  const tests = rings.flatMap(({ ring, tests }) => tests.map((test) => ({ ...test, ring })));
  for (const { ring, name, message } of tests.filter(({ outcome }) => outcome === 'failed')) {
    console.log(`\nFAILED ${ring} › ${name}`);
    const lines = (message ?? '').trim().split('\n');
    for (const line of lines.slice(0, MESSAGE_LINES)) console.log(`  ${line}`);
    if (lines.length > MESSAGE_LINES) console.log(`  … ${lines.length - MESSAGE_LINES} more lines`);
  }

  console.log('\nSet-up');
  for (const { name, seconds } of steps) console.log(row(seconds, name));
  console.log('Rings');
  for (const { ring, seconds, tests: own, skipped } of rings) {
    const { passed, failed, skipped: left } = count(own);
    const words = [
      `${passed} passed`,
      ...(failed ? [`${failed} failed`] : []),
      ...(left ? [`${left} skipped`] : []),
    ];
    console.log(row(seconds, `${ring}: ${skipped ? 'skipped as asked (--skip)' : words.join(', ')}`));
  }
  const slowest = tests.filter(({ seconds }) => seconds > 0).sort((a, b) => b.seconds - a.seconds);
  if (slowest.length > 0) console.log('Slowest tests');
  for (const { ring, name, seconds } of slowest.slice(0, SLOWEST))
    console.log(row(seconds, `${ring} › ${name}`));

  const all = count(tests);
  const skipped = all.skipped + rings.filter((ring) => ring.skipped).length;
  console.log(`\n${all.passed} passed, ${all.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return all.failed > 0 || all.passed === 0 ? 1 : 0;
}

/** @param {TestResult[]} tests */
function count(tests) {
  const of = (/** @type {TestResult['outcome']} */ wanted) =>
    tests.filter(({ outcome }) => outcome === wanted).length;
  return { passed: of('passed'), failed: of('failed'), skipped: of('skipped') };
}

/** @param {number} seconds @param {string} text */
const row = (seconds, text) => `${seconds.toFixed(1).padStart(8)} s  ${text}`;
