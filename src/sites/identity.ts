/** What makes a site the same site after an edit elsewhere: its module, function, callee and ordinal. */

import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';

/** First 16 hex digits of the SHA-256 of the JSON of the four, as the runtime computes it too. */
export function siteId(module: string, qualname: string, callee: string, ordinal: number): string {
  return createHash('sha256')
    .update(JSON.stringify([module, qualname, callee, ordinal]))
    .digest('hex')
    .slice(0, 16);
}

/**
 * Dotted name of a file, up to the first folder without `__init__.py`; a package's own `__init__.py` is named
 * as the package. `exists` is asked for absolute paths, so that a file in a container can be named as well.
 */
export function moduleName(file: string, exists: (path: string) => boolean): string {
  const stem = basename(file).replace(/\.[^.]*$/, '');
  const parts: string[] = [];
  for (let folder = dirname(file); exists(join(folder, '__init__.py')); folder = dirname(folder)) {
    parts.unshift(basename(folder));
    if (dirname(folder) === folder) break;
  }
  if (stem !== '__init__' || parts.length === 0) parts.push(stem);
  return parts.join('.');
}
