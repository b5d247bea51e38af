import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { ensureBuilt, start, type Ended } from './cli';

const cli = (args: string[]): Promise<Ended> => start(args, run).ended;

let run: string;
beforeAll(ensureBuilt);
beforeEach(async () => {
  run = await mkdtemp(path.join(tmpdir(), 'capture-'));
});
afterEach(() => rm(run, { recursive: true }));

it('asks a run that goes on for one more window, each time anew', async () => {
  await writeFile(path.join(run, 'config.json'), '{"files":[]}');
  expect((await cli(['capture', run])).code).toBe(0);
  const first = await stat(path.join(run, 'capture'));
  expect((await cli(['capture', run])).code).toBe(0);
  expect((await stat(path.join(run, 'capture'))).mtimeMs).toBeGreaterThan(first.mtimeMs);
});

it('says what is no run, and what has ended', async () => {
  expect(await cli(['capture', run])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('holds no config.json') as string,
  });
  await writeFile(path.join(run, 'config.json'), '{"files":[]}');
  await writeFile(
    path.join(run, 'run.json'),
    JSON.stringify({
      format: 'predictscope.run/1',
      state: 'ended',
      command: ['x'],
      startedUnixNs: '1',
      target: 'local',
    }),
  );
  expect((await cli(['capture', run])).stderr).toContain('has ended');
  await expect(stat(path.join(run, 'capture'))).rejects.toThrow();
  expect((await cli(['capture'])).stderr).toContain('needs one run directory');
});
