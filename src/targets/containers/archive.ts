import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, pack } from 'tar-fs';

/** A folder as a tar stream, without what Python made of it; of its entries only these, where some are given. */
export async function packFolder(folder: string, entries?: string[]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const stream = pack(folder, {
    ...(entries ? { entries } : {}),
    ignore: (name) => /(^|[\\/])(__pycache__|\.DS_Store)$/.test(name),
    // Ours are files of whoever installed the extension: in the container they are the program's user's.
    map: (header) => ({
      ...header,
      uid: 0,
      gid: 0,
      uname: '',
      gname: '',
      mode: header.type === 'directory' ? 0o755 : 0o644,
    }),
  });
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Unpacks files and folders only: what a container sends may hold links and devices. */
export async function unpackTo(folder: string, bytes: Buffer, readOnly = false): Promise<void> {
  await pipeline(
    Readable.from(chunksOf(bytes)),
    extract(folder, {
      ignore: (_, header) => header !== undefined && header.type !== 'file' && header.type !== 'directory',
      // Whoever made it there, here it is ours.
      map: (header) => ({
        ...header,
        uid: process.getuid?.() ?? 0,
        gid: process.getgid?.() ?? 0,
        mode: header.type === 'directory' ? 0o755 : readOnly ? 0o444 : 0o644,
      }),
    }),
  );
}

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1 << 20) yield bytes.subarray(at, at + (1 << 20));
}
