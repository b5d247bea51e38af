import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { localTarget } from '../../../src/targets/local';
import { localFiles } from '../../../src/targets/localFiles';
import { isAlive, startTicks, stopProcess } from '../../../src/targets/localProcess';
import type { RunHandle, RunState } from '../../../src/targets/target';
import { scratchFolder } from '../runs/callFile';

const scratch = scratchFolder();

async function started(command: string[], states: RunState[] = [], environment = {}): Promise<RunHandle> {
  const plan = {
    command: () => Promise.resolve(command),
    cwd: scratch,
    runDirectory: scratch,
    environment,
    pythonPath: '/runtime',
  };
  return localTarget.start(await localTarget.prepare(plan), (state) => states.push(state));
}

/** A process that says when it is ready, in a file, and ignores the signals named. */
async function stubborn(name: string, trap: string): Promise<{ pid: number; gone: Promise<unknown> }> {
  const ready = path.join(scratch, name);
  const child = spawn('sh', ['-c', `${trap}; : > ${ready}; while :; do sleep 0.05; done`], {
    stdio: 'ignore',
  });
  const gone = new Promise((resolve) => child.once('exit', (_, by) => resolve(by)));
  while ((await localFiles.list(scratch)).every((entry) => entry.name !== name)) await new Promise((r) => setTimeout(r, 10)); // prettier-ignore
  return { pid: child.pid!, gone };
}

const refOf = (pid: number) => ({ target: 'local', pid, startTicks: startTicks(pid)! });

describe('localTarget', () => {
  it('starts the program in its folder with our path in front of PYTHONPATH', async () => {
    const states: RunState[] = [];
    const handle = await started(
      ['sh', '-c', 'printf "%s|%s|%s" "$PYTHONPATH" "$GIVEN" "$(pwd -P)" > out; exit 5'],
      states,
      { GIVEN: 'a b', PYTHONPATH: '/mine' },
    );
    expect(handle.ref).toMatchObject({ target: 'local', pid: expect.any(Number) });
    expect(JSON.parse(JSON.stringify(handle.ref))).toEqual(handle.ref); // it goes into run.json
    expect(await handle.ended).toEqual({ kind: 'ended', exitCode: 5 });
    expect(states).toEqual([{ kind: 'running' }, { kind: 'ended', exitCode: 5 }]);
    expect(readFileSync(path.join(scratch, 'out'), 'utf8')).toMatch(
      /^\/runtime:\/mine\|a b\|.*predictscope-test-/,
    );
    expect(localTarget.attach(handle.ref)).toBeUndefined();
  });

  it('tells the signal that ended it', async () => {
    expect(await (await started(['sh', '-c', 'kill -TERM $$'])).ended).toEqual({
      kind: 'ended',
      signal: 'SIGTERM',
    });
  });

  it.each([['no-such-program'], ['']])('rejects %j with the system’s error', async (program) => {
    await expect(started([program])).rejects.toThrow();
  });

  it('finds a running program again, and stops it', async () => {
    const handle = await started(['sleep', '60']);
    const again = localTarget.attach(handle.ref)!;
    expect(again.ref).toEqual(handle.ref);
    await again.stop();
    expect(await handle.ended).toEqual({ kind: 'ended', signal: 'SIGINT' });
    expect(await again.ended).toMatchObject({ kind: 'ended' });
  });
});

describe('processes', () => {
  it('a later process with the same pid is another one', () => {
    const own = refOf(process.pid);
    expect(isAlive(own)).toBe(true);
    expect(isAlive({ ...own, startTicks: '1' })).toBe(false);
    expect(isAlive({ target: 'local', pid: process.pid })).toBe(true);
    expect(startTicks(2 ** 22 + 1)).toBeUndefined();
  });

  it('are asked to stop by INT, then TERM, then KILL', async () => {
    for (const [name, trap, by] of [
      ['polite', ':', 'SIGINT'],
      ['deaf', "trap '' INT", 'SIGTERM'],
      ['stone', "trap '' INT TERM", 'SIGKILL'],
    ] as const) {
      const { pid, gone } = await stubborn(name, trap);
      await stopProcess(refOf(pid), 0.1);
      expect(await gone, name).toBe(by);
    }
    await stopProcess({ target: 'local', pid: process.pid, startTicks: '1' }); // not us
  });
});

describe('localFiles', () => {
  it('reads from any place, less at the end, and nothing from what is missing', async () => {
    const file = path.join(scratch, 'bytes');
    writeFileSync(
      file,
      Uint8Array.from({ length: 100 }, (_, i) => i),
    );
    expect([...(await localFiles.read(file, 10, 3))]).toEqual([10, 11, 12]);
    expect([...(await localFiles.read(file, 98, 50))]).toEqual([98, 99]);
    expect((await localFiles.read(file, 500, 5)).length).toBe(0);
    for (const missing of ['nothing', 'bytes/below']) {
      expect((await localFiles.read(path.join(scratch, missing), 0, 5)).length).toBe(0);
      expect(await localFiles.list(path.join(scratch, missing))).toEqual([]);
    }
  });

  it('lists names and which of them are folders', async () => {
    mkdirSync(path.join(scratch, 'list', 'folder'), { recursive: true });
    writeFileSync(path.join(scratch, 'list', 'file'), '');
    const entries = await localFiles.list(path.join(scratch, 'list'));
    expect(entries.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: 'file', directory: false },
      { name: 'folder', directory: true },
    ]);
  });
});
