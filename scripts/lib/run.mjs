// Child processes and the set-up steps around them: a line when a step begins, one when it took long,
// and the whole captured output when it failed.
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';

/** Seconds of every step, in the order in which they ended. @type {{ name: string, seconds: number }[]} */
export const steps = [];

/**
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(name, work) {
  const begin = performance.now();
  console.log(`· ${name}`);
  try {
    return await work();
  } finally {
    const seconds = (performance.now() - begin) / 1000;
    steps.push({ name, seconds });
    if (seconds > 2) console.log(`· ${name}: ${seconds.toFixed(1)} s`);
  }
}

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env] added to ours
 */

/**
 * Runs a command to its end with its output captured.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<string>} what it wrote on standard output
 */
export async function run(command, args, options = {}) {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let all = '';
  child.stdout.setEncoding('utf8').on('data', (text) => ((output += text), (all += text)));
  child.stderr.setEncoding('utf8').on('data', (text) => (all += text));
  const how = await ended(child, command);
  if (how !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${how}:\n${all.trim()}`);
  return output;
}

/**
 * Runs a command whose output the user shall see as it comes.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<number>} its exit code; 128 + n when signal n ended it
 */
export async function runLive(command, args, options = {}) {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: 'inherit',
  });
  const how = await ended(child, command);
  return typeof how === 'number' ? how : 128 + (SIGNALS[how] ?? 0);
}

/** @type {Record<string, number>} */
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 };

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {string} command
 * @returns {Promise<number | NodeJS.Signals>}
 */
function ended(child, command) {
  return new Promise((done, fail) => {
    child.once('error', (cause) =>
      fail(new Error(`${command} could not be started: ${cause.message}`, { cause })),
    );
    child.once('close', (code, signal) => done(code ?? /** @type {NodeJS.Signals} */ (signal)));
  });
}
