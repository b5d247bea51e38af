/** A source file that is read and written to the byte, whatever its encoding. */

import { chmod, chown, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError, errorText } from '../common/problem';
import { decodePython } from '../sites/files';

export interface SourceFile {
  /** Without a byte order mark. */
  text: string;
  /** Replaces the file in one step; its mode and, where we may, its owner stay. */
  write(text: string): Promise<void>;
}

export async function openSourceFile(given: string): Promise<SourceFile> {
  // A link stays a link: what it points to is replaced.
  const file = await realpath(given).catch((error: unknown) => {
    throw new UserError(`${given} cannot be read: ${reason(error)}.`, { cause: error });
  });
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new UserError(`${given} cannot be read: ${reason(error)}.`, { cause: error });
  });
  const text = decodePython(bytes);
  const encode = encoder(bytes, text);
  if (!encode) {
    throw new UserError(`${given} is neither UTF-8 nor of one byte a character, so it was left alone.`, {
      fix: 'Save it as UTF-8, or use the commands of the same name in VS Code.',
    });
  }
  return { text, write: (changed) => replace(file, encode(changed)) };
}

/** The way back from text to bytes; undefined where it would not lead to the bytes of the file. */
function encoder(bytes: Uint8Array, text: string): ((text: string) => Uint8Array) | undefined {
  const mark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? '\uFEFF' : '';
  const utf8 = (changed: string): Buffer => Buffer.from(mark + changed, 'utf8');
  if (utf8(text).equals(bytes)) return utf8;
  if (text.length !== bytes.length) return undefined;
  // What is inserted is ASCII, so the characters that the file has are all that are needed.
  const byteOf = new Map<number, number>();
  for (let byte = 0; byte < 0x80; byte++) byteOf.set(byte, byte);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const known = byteOf.get(code);
    if (code === 0xfffd || (known !== undefined && known !== bytes[at])) return undefined;
    byteOf.set(code, bytes[at]!);
  }
  return (changed) => Uint8Array.from(changed, (letter) => byteOf.get(letter.charCodeAt(0))!);
}

async function replace(file: string, bytes: Uint8Array): Promise<void> {
  const { mode, uid, gid } = await stat(file);
  const beside = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.tmp`);
  try {
    await writeFile(beside, bytes, { flag: 'wx' });
    await chown(beside, uid, gid).catch(() => undefined);
    // After chown, which takes the set-id bits away.
    await chmod(beside, mode);
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw new UserError(`${file} cannot be written: ${reason(error)}.`, { cause: error });
  }
}

function reason(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return 'this user lacks the right to do so';
  if (code === 'EISDIR') return 'it is a folder';
  return errorText(error);
}
