// What a ring of tests hands back.
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { artifacts } from '../lib/paths.mjs';

/**
 * @typedef {object} TestResult
 * @property {string} name
 * @property {'passed' | 'failed' | 'skipped'} outcome
 * @property {number} seconds
 * @property {string} [message]
 */

/**
 * What the set-up prepared; a ring reads only what it says it needs.
 *
 * @typedef {object} Prepared
 * @property {string} python interpreter with TensorFlow and pytest
 * @property {string} pythons folder with newer interpreters; empty where there is none
 * @property {string} code launcher of the VS Code server
 * @property {string} containers folder with the images
 * @property {boolean} full also what takes long
 * @property {string} [grep]
 */

/** @typedef {'build' | 'python' | 'pythons' | 'code' | 'browser' | 'containers'} Need */
/**
 * `wants` is what some of its tests need: where that cannot be had, these alone are left out.
 *
 * @typedef {object} Ring
 * @property {string} name
 * @property {Need[]} needs
 * @property {Need[]} [wants]
 * @property {(prepared: Prepared) => Promise<TestResult[]>} run
 */

/**
 * An empty folder for what the ring leaves to look at.
 *
 * @param {string} ring
 */
export async function emptyArtifacts(ring) {
  const folder = path.join(artifacts, ring);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Environment that the tests of every language read. @param {Prepared} prepared */
export const testEnvironment = ({ python, pythons, full }) => ({
  TEST_PYTHON: python,
  ...(pythons ? { PATH: `${process.env.PATH}${path.delimiter}${pythons}` } : {}),
  ...(full ? { TEST_FULL: '1' } : {}),
});
