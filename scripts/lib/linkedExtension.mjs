// The extension of this checkout as one that is installed: what any browser that opens the server's
// address gets. A development path in the address would need the server's test driver, and with
// that VS Code shows no notifications and no dialogs.
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inRoot } from './paths.mjs';

/** What is in a package. */
const PARTS = ['package.json', 'package.nls.json', 'README.md', 'CHANGELOG.md', 'dist', 'media', 'l10n'];

/**
 * Lends a folder of links into the checkout for a server to copy: a rebuild is live after a reload
 * of the window.
 *
 * @template T
 * @param {(folder: string) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withLinkedExtension(use) {
  const folder = await mkdtemp(path.join(tmpdir(), 'predictscope-extension-'));
  try {
    await Promise.all(PARTS.map((part) => symlink(inRoot(part), path.join(folder, part))));
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
