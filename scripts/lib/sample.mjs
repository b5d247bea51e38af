import { cp } from 'node:fs/promises';
import path from 'node:path';
import { inRoot } from './paths.mjs';

/** What runs of the sample project leave in it, which a test must not find. */
const LEFT = new Set(['.predictscope', '__pycache__']);

/**
 * Copies the sample project as it is in git.
 *
 * @param {string} folder
 */
export async function copySample(folder) {
  await cp(inRoot('test/workspace'), folder, {
    recursive: true,
    filter: (file) => !LEFT.has(path.basename(file)),
  });
}
