import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import picomatch from 'picomatch';
import { pack } from 'tar-fs';
import { UserError, errorText } from '../../common/problem';
import type { Target } from '../target';
import { noSettings } from './containerSettings';
import { connectEngine, type Engine } from './engine';
import { openImage } from './imageTarget';
import type { OpenOptions } from './open';

/** A Dockerfile as a target: its image is built anew, of which what has not changed is taken from the last build. */
export async function openDockerfile(file: string, options: OpenOptions): Promise<Target> {
  const engine = await connectEngine(options.endpoint);
  const image = await buildImage(engine, path.resolve(options.cwd, file), options.signal);
  return (await openImage({ image, settings: noSettings() }, options)).target;
}

/** Images that we built are named so: they are kept, since the next build of the same file is then quick. */
export const builtPrefix = 'predictscope-built/';

/** Builds an image from a Dockerfile, whose folder is the context, and tells each step. Its name. */
export async function buildImage(engine: Engine, file: string, signal?: AbortSignal): Promise<string> {
  const folder = path.dirname(file);
  const rules = await readFile(path.join(folder, '.dockerignore'), 'utf8').catch(() => '');
  await readFile(file).catch((cause: unknown) => {
    throw new UserError(`${file} cannot be read.`, { cause });
  });
  const digest = createHash('sha256').update(file).digest('hex').slice(0, 8);
  const name = path
    .basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  const image = `${builtPrefix}${name || 'image'}-${digest}`;
  process.stderr.write(`Building ${file} …\n`);
  try {
    const stream = await engine.docker.buildImage(
      Readable.from(pack(folder, { ignore: ignoredBelow(folder, rules, path.basename(file)) })),
      {
        dockerfile: path.basename(file),
        t: image,
        rm: true,
        forcerm: true,
        ...(signal ? { abortSignal: signal } : {}),
      },
    );
    await new Promise<void>((done, fail) => {
      engine.docker.modem.followProgress(
        stream,
        (error) => (error ? fail(error) : done()),
        ({ stream: text, error }: { stream?: string; error?: string }) => {
          // A step that fails is no failure of the stream.
          if (error) fail(new Error(error));
          else if (text) process.stderr.write(text);
        },
      );
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw new UserError(`${file} could not be built: ${errorText(error).replace(/\.?$/, '.')}`, {
      fix: 'What the step printed is above; it fails the same way with docker build.',
      cause: error,
    });
  }
  return image;
}

/** What .dockerignore leaves out, the last rule that fits deciding; asked with absolute paths. */
export function ignoredBelow(folder: string, text: string, dockerfile: string): (file: string) => boolean {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const pattern = path.posix.normalize(line.replace(/^!/, '').replace(/^\/+/, '')).replace(/\/$/, '');
      return {
        kept: line.startsWith('!'),
        fits: picomatch([pattern, `${pattern}/**`], { dot: true, nonegate: true }),
      };
    });
  const exceptions = rules.some(({ kept }) => kept);
  return (file) => {
    const relative = path.relative(folder, file).split(path.sep).join('/');
    // The engine reads these itself.
    if (relative === '' || relative === dockerfile || relative === '.dockerignore') return false;
    if (relative === '.predictscope') return true; // ours, and it grows with each run
    const last = rules.findLast(({ fits }) => fits(relative));
    if (last === undefined || last.kept) return false;
    // In a folder that is left out there may be what is kept.
    return !(exceptions && lstatSync(file, { throwIfNoEntry: false })?.isDirectory());
  };
}
