import { open, readdir } from 'node:fs/promises';
import type { FileEntry, Files } from './target';

const missing = new Set(['ENOENT', 'ENOTDIR']);

function isMissing(error: unknown): boolean {
  return missing.has((error as NodeJS.ErrnoException).code ?? '');
}

/** Files of this machine. */
export const localFiles: Files = {
  async list(directory: string): Promise<FileEntry[]> {
    try {
      const entries = await readdir(directory, { withFileTypes: true });
      return entries.map((entry) => ({ name: entry.name, directory: entry.isDirectory() }));
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  },

  async read(path: string, from: number, length: number): Promise<Uint8Array> {
    let handle;
    try {
      handle = await open(path, 'r');
    } catch (error) {
      if (isMissing(error)) return new Uint8Array(0);
      throw error;
    }
    try {
      const buffer = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle.read(buffer, filled, length - filled, from + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return filled === length ? buffer : buffer.subarray(0, filled);
    } finally {
      await handle.close();
    }
  },
};
