import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import path from 'node:path';
import { createTraceClient, type TraceClient } from '../../../src/trace/client';
import { UserError } from '../../../src/common/problem';
import { chromeTrace, scratch, xplaneFixture } from './helpers';

const { folder, write } = scratch();
const workerPath = path.join(folder, 'traceWorker.js');
const crashPath = path.join(folder, 'crash.js');

beforeAll(async () => {
  const result = await build({
    entryPoints: [path.resolve(import.meta.dirname, '../../../src/trace/worker.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile: workerPath,
    metafile: true,
    logLevel: 'warning',
  });
  expect(Object.values(result.metafile.outputs)[0]!.imports.map((entry) => entry.path)).not.toContain(
    'vscode',
  );
  write(
    'crash.js',
    "require('node:worker_threads').parentPort.on('message', () => { throw new Error('boom'); });",
  );
});

async function withClient<T>(client: TraceClient, use: (client: TraceClient) => Promise<T>): Promise<T> {
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

const create = (): TraceClient => createTraceClient(workerPath);

describe('the client', () => {
  it('answers every call', () =>
    withClient(create(), async (client) => {
      const progress: number[] = [];
      const opened = await client.open([xplaneFixture], undefined, (_file, fraction) =>
        progress.push(fraction),
      );
      expect(opened).toMatchObject({ events: 1765, tickPs: 1, problems: [] });
      expect(opened.tracks[0]!.depth).toBe(15);
      expect(progress.every((fraction) => fraction >= 0 && fraction <= 1)).toBe(true);
      const tiles = await client.tiles({
        t0: 0,
        t1: opened.spanTicks,
        pixels: 800,
        rows: [{ track: 0, depth: 0 }],
      });
      expect(tiles.start.buffer.byteLength).toBe(tiles.start.length * 4);
      expect(await client.names(tiles.name.slice(0, 1))).toEqual(['predict']);
      const event = await client.at(0, 0, opened.spanTicks / 2, 1e9);
      expect((await client.detail(event!))!.args).toContainEqual(['_r', '1']);
      expect(await client.neighbour(event!, 'child')).toBeGreaterThan(0);
      expect((await client.select(0, opened.spanTicks, [])).events).toBe(1765);
      expect((await client.search('predict')).total).toBeGreaterThanOrEqual(5);
      expect((await client.summary()).events).toBe(1765);
    }));

  it('fails with sentences', () =>
    withClient(create(), async (client) => {
      await expect(client.detail(0)).rejects.toThrow('No trace is open.');
      await expect(client.open([path.join(folder, 'absent.json')])).rejects.toBeInstanceOf(UserError);
      await expect(client.open([folder])).rejects.toThrow(/folder/);
      client.close();
      await expect(client.summary()).rejects.toThrow('closed');
    }));

  it('can be cancelled', () =>
    withClient(create(), async (client) => {
      const events = Array.from({ length: 200_000 }, (_, i) => ({ name: `n${i % 50}`, ts: i * 3, dur: 2 }));
      const big = write('big.json', chromeTrace(events));
      const controller = new AbortController();
      const opening = client.open([big], controller.signal, (_file, fraction) => {
        if (fraction > 0.25) controller.abort();
      });
      await expect(opening).rejects.toMatchObject({ name: 'AbortError' });
      await expect(client.open([big], AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
      expect((await client.open([xplaneFixture])).events).toBe(1765);
    }));
});

describe('a worker that dies', () => {
  it('rejects what waits and what comes', () =>
    withClient(createTraceClient(crashPath), async (client) => {
      await expect(client.open([xplaneFixture])).rejects.toThrow(/The trace reader stopped: boom/);
      await expect(client.summary()).rejects.toBeInstanceOf(UserError);
    }));
});

describe('several files', () => {
  it('are merged on their wall clock', () =>
    withClient(create(), async (client) => {
      const file = (name: string, baseNs: string): string =>
        write(
          name,
          `{"baseTimeNanoseconds": ${baseNs}, "traceEvents": [{"ph":"X","name":"${name}","ts":1.5,"dur":1,"pid":1,"tid":1}]}`,
        );
      const opened = await client.open([
        file('late', '1790857026000002000'),
        file('early', '1790857026000000000'),
      ]);
      expect(opened.originUnixNs).toBe(1790857026000001500n);
      expect(opened.spanTicks).toBe(3_000_000);
      expect(opened.tracks.map((track) => track.process)).toEqual([
        'process 1 (file 1)',
        'process 1 (file 2)',
      ]);
      const found = await client.search('late');
      expect(found.hits[0]!.startTicks).toBe(2_000_000);
    }));
});
