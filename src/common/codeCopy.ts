import { readFileSync } from 'node:fs';

/** A file that was copied out of a container to be read here, and where it lies there. */
export interface CodeCopy {
  /** Name of the image, or its digest where nobody named it. */
  image: string;
  there: string;
}

/** File beside the copies of an image's code that holds its name. */
export const imageNameFile = '.image';

const place = /^(.*[\\/]\.code[\\/]([0-9a-f]{12}))([\\/].*)$/;
const names = new Map<string, string>();

/** What a file is a copy of; undefined for one that is itself. */
export function codeCopy(file: string): CodeCopy | undefined {
  const [, folder, digest, rest] = place.exec(file) ?? [];
  if (folder === undefined || digest === undefined || rest === undefined) return undefined;
  let image = names.get(folder);
  if (image === undefined) {
    try {
      image = readFileSync(`${folder}/${imageNameFile}`, 'utf8').trim();
    } catch {
      image = digest;
    }
    names.set(folder, image);
  }
  return { image, there: rest.replaceAll('\\', '/') };
}

/** The path that a person knows: `IMAGE:/usr/lib/…` for a copy, any other as it is. */
export function shownPath(file: string): string {
  const copy = codeCopy(file);
  return copy ? `${copy.image}:${copy.there}` : file;
}
