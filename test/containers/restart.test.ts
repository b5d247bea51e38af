/** The engine itself ends, or is restarted, while a program runs. It is an engine of this file's own. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDocker, type Engine } from '../../scripts/lib/engines.mjs';
import type { RunSummary } from '../../src/insight/runSummary';
import * as lib from './lib';

const endless = `main.py:${lib.siteLine + 6}`;
const forever = ['python3', '-u', 'main.py', 'forever'];
/** With fewer no call was made before the engine went. */
const some = 100;

/** As seen before the engine went, while it was away, or when it was back. */
const ended = /The container (engine )?(stopped|was restarted) while the program ran/;

/** The only run of a workspace, once its command line has ended. */
async function theRun(folder: string): Promise<RunSummary> {
  const runs = path.join(folder, '.predictscope', 'runs');
  const names = readdirSync(runs).filter((name) => /^\d{8}T/.test(name));
  expect(names).toHaveLength(1);
  return lib.summarize(path.join(runs, names[0]!));
}

describe.runIf(process.env.TEST_FULL === '1')('the engine ends while the program runs', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startDocker(lib.images());
  });
  afterAll(() => engine.stop());

  /** Any later start of the command line, which takes away what is left. */
  const nextStart = (cwd: string): Promise<lib.Profiled> =>
    lib.profile({ host: engine.host, cwd }, ['--target', 'container:no-such'], ['python3', 'main.py']);

  /** The same program in somebody's container, which sees nothing of the log directory. */
  async function inSomeones(
    hostConfig = {},
  ): Promise<{ folder: string; container: Awaited<ReturnType<typeof lib.someContainer>>; run: Running }> {
    const folder = lib.workspace({ 'main.py': lib.program });
    const container = await lib.someContainer(
      engine.host,
      'python',
      { Binds: [`${folder}:/work:ro`], ...hostConfig },
      { User: '1000', StopTimeout: 1 },
    );
    const target = ['--target', `container:${container.id}`];
    const run = await lib.started({ host: engine.host, cwd: folder, site: endless }, target, forever);
    await sleep(1500);
    return { folder, container, run };
  }

  it('restarted; a container that stays stopped: its calls are there, and our folder goes once it runs again', async () => {
    const { folder, container, run } = await inSomeones();
    await engine.halt();
    await engine.resume();
    expect(await run.ended).toBe(1);
    expect(run.said.stderr).toMatch(ended);
    const { run: record, sites } = await theRun(folder);
    expect(record.state).toBe('ended');
    expect(sites[0]!.calls).toBeGreaterThan(some);
    await nextStart(folder); // while it is stopped nothing can be taken away
    await container.start();
    await nextStart(folder);
    await lib.expectNothingLeft(container);
    expect((await theRun(folder)).sites[0]!.calls).toBe(sites[0]!.calls);
  });

  it('restarted; a container that it starts again', async () => {
    const { folder, container, run } = await inSomeones({ RestartPolicy: { Name: 'always' } });
    await engine.halt();
    await engine.resume();
    expect(await run.ended).toBe(1);
    expect(run.said.stderr).toMatch(ended);
    expect((await theRun(folder)).sites[0]!.calls).toBeGreaterThan(some);
    await nextStart(folder);
    await lib.expectNothingLeft(container);
  });

  it.each([
    ['the log directory is mounted', ''],
    ['the log directory is inside', ':ro'],
  ])('restarted; a container of ours, %s', async (_, mode) => {
    const before = await lib.containerIds(engine.host);
    const folder = lib.workspace({ 'main.py': lib.program });
    const line = ['docker', 'run', '--rm', '-v', `${folder}:/work${mode}`, '-w', '/work', 'predictscope-test/python']; // prettier-ignore
    const run = await lib.started({ host: engine.host, cwd: folder, site: endless }, [], [...line, ...forever]); // prettier-ignore
    await sleep(1500);
    await engine.halt();
    await engine.resume();
    expect(await run.ended).toBe(1);
    expect(run.said.stderr).toMatch(ended);
    expect((await theRun(folder)).sites[0]!.calls).toBeGreaterThan(some);
    await nextStart(folder);
    expect(await lib.containerIds(engine.host)).toEqual(before);
  });

  it('at once, and for long: what was recorded last comes with the next start', async () => {
    const before = await lib.containerIds(engine.host);
    const { folder, container, run } = await inSomeones();
    await engine.cut();
    expect(await run.ended).toBe(1);
    expect(run.said.stderr).toMatch(/The container engine went away while the program ran/);
    expect(run.said.stderr).toMatch(/The rest is fetched when .* the engine answers/);
    const early = (await theRun(folder)).sites[0]!.calls;
    await engine.resume();
    await nextStart(folder);
    expect((await theRun(folder)).sites[0]!.calls).toBeGreaterThanOrEqual(Math.max(early, some));
    await container.start();
    await nextStart(folder);
    await lib.expectNothingLeft(container);
    expect(await lib.containerIds(engine.host)).toEqual([...before, container.id].sort());
  });
});

type Running = Awaited<ReturnType<typeof lib.started>>;
