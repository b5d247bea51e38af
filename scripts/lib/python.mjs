// Python for the tests and the sample project: an interpreter, and a virtual environment with TensorFlow.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { cached } from './cache.mjs';
import { inRoot } from './paths.mjs';
import { run, step } from './run.mjs';
import { ensureDebian, MissingSystemPackage } from './system.mjs';

/** What the pins of requirements.txt have wheels for. */
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

/** The interpreter of a cached environment with everything in test/python/requirements.txt. */
export async function ensureVenv() {
  const python = await findPython();
  const requirements = inRoot('test/python/requirements.txt');
  const key = `${python.version} ${python.executable}\n${await readFile(requirements, 'utf8')}`;
  const folder = await cached(
    'python',
    key,
    (target) =>
      step('Python environment with TensorFlow', async () => {
        if (!python.canMakeVenv) {
          await ensureDebian(['python3-venv'], `${python.executable} cannot make virtual environments.`);
        }
        await run(python.executable, ['-m', 'venv', target]);
        // Every package is pinned, so nothing is left to resolve.
        await run(interpreterOf(target), [
          ...['-m', 'pip', 'install', '--no-deps', '--disable-pip-version-check', '-r', requirements],
        ]);
      }),
    { movable: false },
  );
  return interpreterOf(folder);
}

/** @param {string} venv */
const interpreterOf = (venv) =>
  process.platform === 'win32' ? path.join(venv, 'Scripts/python.exe') : path.join(venv, 'bin/python');
