/**
 * The source as it was when it ran, for the files that the run says something about: lines are found again in a text
 * that was edited since, and a run that was copied elsewhere can be read with its code.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

export const sourcesFormat = 'predictscope.sources/1';

interface KeptSource {
  /** Path that the summary names. */
  file: string;
  /** File below `sources/`. */
  name: string;
  sha256: string;
}

const largestBytes = 512 * 1024;
const mostBytes = 4 * 1024 * 1024;

/** A file to keep. `sha256`: what it must be; without it the file must be older than `beforeMs`. */
export interface SourceToKeep {
  file: string;
  sha256?: string;
  beforeMs?: number;
}

/** Keeps the files that are still what they were. Those that are gone, changed or large are left out in silence. */
export async function keepSources(directory: string, files: readonly SourceToKeep[]): Promise<void> {
  const kept: KeptSource[] = [];
  let bytes = 0;
  for (const { file, sha256, beforeMs } of files) {
    try {
      const found = await stat(file);
      if (!found.isFile() || found.size > largestBytes || bytes + found.size > mostBytes) continue;
      if (sha256 === undefined && found.mtimeMs > (beforeMs ?? Infinity)) continue;
      const text = await readFile(file);
      const sum = sha256Of(text);
      if (sha256 !== undefined && sum !== sha256) continue;
      const name = `${kept.length}-${path.basename(file).replace(/[^\w.-]/g, '_')}`;
      if (kept.length === 0) await mkdir(path.join(directory, 'sources'), { recursive: true });
      await writeFile(path.join(directory, 'sources', name), text);
      kept.push({ file, name, sha256: sum });
      bytes += found.size;
    } catch {
      continue; // gone, or the disk is full: the run does without
    }
  }
  if (kept.length === 0) return;
  const list = JSON.stringify({ format: sourcesFormat, files: kept });
  await writeFile(path.join(directory, 'sources.json'), list).catch(() => undefined);
}

/** Text of a file when the run was made, by the path that its summary names; undefined when it was not kept. */
export async function keptSource(directory: string, file: string): Promise<string | undefined> {
  const kept = (await keptSources(directory)).find((one) => one.file === file);
  if (!kept) return undefined;
  const bytes = await readFile(path.join(directory, 'sources', kept.name)).catch(() => undefined);
  // Another text would put figures on the wrong lines.
  return bytes && sha256Of(bytes) === kept.sha256 ? bytes.toString('utf8') : undefined;
}

async function keptSources(directory: string): Promise<KeptSource[]> {
  try {
    const value = JSON.parse(await readFile(path.join(directory, 'sources.json'), 'utf8')) as {
      format?: unknown;
      files?: unknown;
    };
    return value.format === sourcesFormat && Array.isArray(value.files) ? value.files.filter(isKept) : [];
  } catch {
    return [];
  }
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function isKept(value: unknown): value is KeptSource {
  const kept = value as Partial<KeptSource> | null;
  return (
    typeof kept?.file === 'string' &&
    typeof kept.name === 'string' &&
    /^\d+-[\w.-]+$/.test(kept.name) &&
    typeof kept.sha256 === 'string'
  );
}
