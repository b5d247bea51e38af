import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the repository. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** @param {...string} parts below the root */
export const inRoot = (...parts) => path.join(root, ...parts);

/** Screenshots, logs and results of the tests; ignored by git. */
export const artifacts = inRoot('artifacts');
