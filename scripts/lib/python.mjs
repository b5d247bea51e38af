// Python for the tests and the sample project: an interpreter, and a virtual environment with TensorFlow.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { cached } from './cache.mjs';
import { inRoot } from './paths.mjs';
import { run, step } from './run.mjs';
import { ensureDebian, MissingSystemPackage } from './system.mjs';

/** What the pins of test/python/requirements*.txt have wheels for. */
const OLDEST = 11;
const NEWEST = 13;

/**
 * @typedef {{ executable: string, version: string, canMakeVenv: boolean }} Python
 */

/** @returns {Promise<Python>} */
export async function findPython() {
  const named = process.env.PREDICTSCOPE_PYTHON;
  const candidates = named ? [named] : ['python3.11', 'python3', 'python3.12', 'python3.13', 'python'];
  /** @type {string[]} */
  const seen = [];
  for (const command of candidates) {
    const python = await ask(command);
    if (!python) continue;
    const [major, minor] = python.version.split('.').map(Number);
    if (major === 3 && minor >= OLDEST && minor <= NEWEST) return python;
    seen.push(`${command} is ${python.version}`);
  }
  throw new MissingSystemPackage(
    `The sample project runs on TensorFlow and needs Python 3.${OLDEST} to 3.${NEWEST}; ` +
      `${seen.join(', ') || `none of ${candidates.join(', ')} starts`}.`,
    `your system's package manager (Debian 12: apt-get install python3 python3-venv), ` +
      'or name an interpreter in PREDICTSCOPE_PYTHON',
  );
}

/** @param {string} command @returns {Promise<Python | undefined>} */
async function ask(command) {
  const question =
    'import importlib.util as u, platform as p, sys;' +
    'print(sys.executable, p.python_version(), bool(u.find_spec("ensurepip")), sep="\\n")';
  const answer = await run(command, ['-c', question]).catch(() => undefined);
  if (answer === undefined) return undefined;
  const [executable = command, version = '', ensurepip] = answer.split(/\r?\n/);
  return { executable, version, canMakeVenv: ensurepip === 'True' };
}

/** PyTorch without CUDA; plain `torch` of the Python package index takes gigabytes of CUDA with it. */
const TORCH = process.platform === 'linux' ? 'torch==2.13.0+cpu' : 'torch==2.13.0';
const TORCH_INDEX = 'https://download.pytorch.org/whl/cpu';

/**
 * The interpreter of a cached environment with TensorFlow, all that the sample project needs.
 *
 * @param {{ frameworks?: boolean, peers?: boolean }} [options] frameworks: the other frameworks and the
 *   launchers of test/python too; peers: the profilers of test/bench
 */
export async function ensureVenv({ frameworks = false, peers = false } = {}) {
  const python = await findPython();
  const files = ['test/python/requirements.txt'];
  if (frameworks) files.push('test/python/requirements-frameworks.txt');
  if (peers) files.push('test/bench/requirements-peers.txt');
  const requirements = files.map((file) => inRoot(file));
  const pins = await Promise.all(requirements.map((file) => readFile(file, 'utf8')));
  const key = [`${python.version} ${python.executable}`, ...pins, ...(frameworks ? [TORCH] : [])].join('\n');
  const label = `Python environment with TensorFlow${frameworks ? ', PyTorch and JAX' : ''}`;
  const folder = await cached(
    'python',
    key,
    (target) =>
      step(label, async () => {
        if (!python.canMakeVenv) {
          await ensureDebian(['python3-venv'], `${python.executable} cannot make virtual environments.`);
        }
        await run(python.executable, ['-m', 'venv', target]);
        await install(target, ...requirements.flatMap((file) => ['-r', file]));
        if (frameworks) {
          await install(target, TORCH).catch(() => install(target, '--index-url', TORCH_INDEX, TORCH));
        }
      }),
    { movable: false },
  );
  return interpreterOf(folder);
}

/**
 * Every package is pinned, so nothing is left to resolve.
 *
 * @param {string} venv
 * @param {...string} what
 */
const install = (venv, ...what) =>
  run(interpreterOf(venv), ['-m', 'pip', 'install', '--no-deps', '--disable-pip-version-check', ...what]);

/** @param {string} venv */
export const interpreterOf = (venv) =>
  process.platform === 'win32' ? path.join(venv, 'Scripts/python.exe') : path.join(venv, 'bin/python');
