import { setTimeout as sleep } from 'node:timers/promises';

export const DEFAULT_LIMIT_MS = 30_000;

/**
 * Asks again and again until the answer is there (anything but undefined and false). Errors of the
 * question count as "not yet", and the last one is told if the time is up.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  limitMs = DEFAULT_LIMIT_MS,
): Promise<T> {
  let cause: unknown;
  for (const end = Date.now() + limitMs; Date.now() < end; await sleep(50)) {
    try {
      const answer = await ask();
      cause = undefined;
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      cause = error;
    }
  }
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  throw new Error(`After ${limitMs / 1000} s still waiting for ${what}${reason}`, { cause });
}
