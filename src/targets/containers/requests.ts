import { statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Inside } from './inside';

const everyMs = 200;

/**
 * Passes what is asked of a run (the files `stop` and `capture` of its directory) on into a container that has the
 * directory as a copy of its own, until the signal.
 */
export async function passRequests(
  inside: Inside,
  host: string,
  there: string,
  signal: AbortSignal,
): Promise<void> {
  const seen = new Map<string, number>();
  while (!signal.aborted) {
    for (const name of ['stop', 'capture']) {
      const changed = statSync(path.join(host, name), { throwIfNoEntry: false })?.mtimeMs;
      if (changed === undefined || seen.get(name) === changed) continue;
      seen.set(name, changed);
      await inside.ask('touch', `${there}/${name}`).catch(() => undefined);
    }
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}
