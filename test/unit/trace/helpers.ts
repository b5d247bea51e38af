import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';

export const fixtures = path.resolve(import.meta.dirname, '../../fixtures/trace');
export const xplaneFixture = path.join(fixtures, 'predict.xplane.pb');
export const torchFixtures = ['1.8', '1.13', '2.4', '2.13'].map((version) =>
  path.join(fixtures, `synthetic-torch-${version}.trace.json`),
);

/** A folder for the calling test file, removed after its last test. */
export function scratch(): {
  folder: string;
  write: (name: string, content: string | Uint8Array) => string;
} {
  const folder = mkdtempSync(path.join(tmpdir(), 'predictscope-trace-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    write(name, content) {
      const file = path.join(folder, name);
      writeFileSync(file, content);
      return file;
    },
  };
}

/** A random number generator with a seed (mulberry32), so that a failure can be repeated. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A Chrome trace with `ph: X` events; times in µs. */
export function chromeTrace(events: { name: string; ts: number; dur?: number; tid?: number }[]): string {
  return JSON.stringify({
    traceEvents: events.map((event) => ({ ph: 'X', cat: 'op', pid: 1, tid: 1, ...event })),
  });
}
