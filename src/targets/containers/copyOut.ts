import { setTimeout as sleep } from 'node:timers/promises';
import { errorText, type Problem } from '../../common/problem';
import { unpackTo } from './archive';
import type { Inside } from './inside';

/** At most this share of the time goes into copying while the program runs. */
const duty = 10;
const firstMs = 1000;

/** Brings the run directory of a program that writes in its container to this machine, again and again. */
export class CopyOut {
  readonly #over = new AbortController();
  #copying: Promise<void> | undefined;

  constructor(
    private readonly inside: Inside,
    private readonly from: string,
    private readonly to: string,
  ) {}

  begin(): void {
    this.#copying = this.#repeat();
  }

  async #repeat(): Promise<void> {
    const { signal } = this.#over;
    for (let waitMs = firstMs; ;) {
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const begin = Date.now();
      await this.#copy().catch(() => undefined); // the last time counts
      waitMs = Math.max(firstMs, (Date.now() - begin) * duty);
    }
  }

  /** Copies for the last time, from a container that has stopped too. What was lost, if anything was. */
  async finish(): Promise<Problem | undefined> {
    this.#over.abort();
    await this.#copying;
    try {
      await this.#copy();
      return undefined;
    } catch (error) {
      const { engine, id } = this.inside;
      let there = false;
      // Whoever restarted the engine ended the container too: what is in it can be had as soon as one answers again.
      for (let attempt = 0; attempt < 40 && !there; attempt++) {
        if (attempt > 0) await sleep(250);
        there = await engine.docker.ping().then(
          () => true,
          () => false,
        );
        if (await copyFromStopped(engine.docker, id, this.from, this.to)) return undefined;
      }
      return {
        message: `What was recorded in the container could not be fetched whole: ${errorText(error)}.`,
        fix: there
          ? `What had been fetched before is shown. Check the free space in ${this.to}.`
          : 'What had been fetched before is shown. The rest is fetched when a container is profiled next and the engine answers.',
      };
    }
  }

  async #copy(): Promise<void> {
    await unpackTo(this.to, await this.inside.bytes('pack', [this.from], { timeoutMs: 300_000 }));
  }
}

/**
 * A folder of a container that may have stopped, by the engine itself, which does not see what lay in its memory
 * (tmpfs). False where that fails.
 */
export async function copyFromStopped(
  docker: Inside['engine']['docker'],
  container: string,
  from: string,
  to: string,
): Promise<boolean> {
  try {
    const stream = await docker.getContainer(container).getArchive({ path: `${from}/.` });
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    await unpackTo(to, Buffer.concat(chunks));
    return true;
  } catch {
    return false;
  }
}
