import { mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { PathMap, type PathPair } from '../../common/pathMap';
import type { Machine } from '../machine';
import { unpackTo } from './archive';
import type { Inside } from './inside';

/** What is read of a package in a container: sources, and what says how it is started. */
const endings = ['.py', '.pyi', '.toml', '.cfg', '.txt', '.ipynb'];

/** A container as a place where a program will run. Code that only it has is copied into `copies`, once for an image. */
export class ContainerMachine implements Machine {
  #map: PathMap;

  constructor(
    private readonly inside: Pick<Inside, 'ask' | 'bytes' | 'exec'>,
    mounts: readonly PathPair[],
    private readonly copies: string,
  ) {
    this.#map = new PathMap(mounts);
  }

  /** Folders that both sides have, with the copies that were made. */
  get paths(): PathMap {
    return this.#map;
  }

  async findExecutable(word: string, cwd: string): Promise<string | undefined> {
    return word ? ((await this.inside.ask<string | null>('find', word, cwd)) ?? undefined) : undefined;
  }

  async readScript(file: string): Promise<{ text: string; real: string } | undefined> {
    return (await this.inside.ask<{ text: string; real: string } | null>('script', file)) ?? undefined;
  }

  async ask(command: readonly string[], cwd: string, timeoutMs = 30_000): Promise<string> {
    const { exitCode, stdout, stderr } = await this.inside.exec(command, { cwd, timeoutMs });
    if (exitCode !== 0) throw new Error(stderr.toString().trim() || `exit code ${exitCode}`);
    return stdout.toString();
  }

  async bring(place: string): Promise<string> {
    if (this.#map.hasTarget(place)) return this.#map.toHost(place);
    const real = await this.inside.ask<string | null>('real', place);
    if (real === null) return place;
    const copy = path.join(this.copies, real);
    const bytes = await this.inside.bytes('pack', [real, ...endings], { timeoutMs: 120_000 });
    // Whole or not at all: another window may read what is there.
    const fresh = path.join(this.copies, `.new-${process.pid}-${Date.now()}`);
    try {
      await unpackTo(fresh, bytes, true);
      await mkdir(path.dirname(copy), { recursive: true });
      // A script often has no ending by which it could be told from a folder.
      const alone = path.join(fresh, path.basename(real));
      const single = await stat(alone).then(
        (found) => found.isFile(),
        () => false,
      );
      await rm(copy, { recursive: true, force: true });
      await rename(single ? alone : fresh, copy);
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
    this.#map = new PathMap([
      ...this.#map.pairs,
      [copy, real],
      ...(real === place ? [] : [[copy, place] as const]),
    ]);
    return copy;
  }
}
