import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { silentLog } from '../../../src/common/log';
import type { RunSummary } from '../../../src/insight/runSummary';
import { RunStore } from '../../../src/insight/runStore';
import { runFormat, writeRunRecord, type RunRecord } from '../../../src/runs/runRecord';
import { localFiles } from '../../../src/targets/localFiles';
import type { Files } from '../../../src/targets/target';
import { callFile, callHeader, processFolder, processLine, scratchFolder } from '../runs/callFile';

const scratch = scratchFolder();
const name = '20261121T141502Z-ab12';
const stores: RunStore[] = [];
let logs = 0;
afterEach(() => {
  for (const store of stores.splice(0)) store.dispose();
});

const record = (more: Partial<RunRecord> = {}): RunRecord => ({
  ...{ format: runFormat, state: 'running', command: ['python', 'a.py'], cwd: '/w', target: 'local' },
  ...{ startedUnixNs: '1700000000000000000', ...more },
});
const ended = record({ state: 'ended', exitCode: 0, endedUnixNs: '1700000009000000000' });

function store(
  options: { complete?: string[]; files?: Files; watch?: 'recommended' | 'off' } = {},
): RunStore {
  const complete = (directory: string): Promise<RunSummary | undefined> => {
    options.complete?.push(path.basename(directory));
    return Promise.resolve(undefined);
  };
  const log = path.join(scratch, `log-${logs++}`, '.predictscope', 'runs');
  const made = new RunStore(log, options.files ?? localFiles, complete, silentLog, options.watch ?? 'off');
  stores.push(made);
  return made;
}

/** A run as its first moments leave it. */
async function makeRun(log: string, run = name): Promise<string> {
  const directory = path.join(log, run);
  mkdirSync(directory, { recursive: true });
  await writeRunRecord(directory, record());
  return directory;
}

const soon = { timeout: 15_000, interval: 20 };

describe('RunStore', () => {
  it('sees a run appear in a directory that did not exist, live, and go again', async () => {
    const runs = store({ watch: 'recommended' });
    await runs.scan();
    const directory = await makeRun(runs.logDirectory);
    await vi.waitFor(() => expect(runs.find(name)?.live).toBe(true), soon);
    mkdirSync(path.join(runs.logDirectory, 'notes'));
    await runs.scan();
    expect(runs.runs.map((run) => run.name)).toEqual([name]);
    rmSync(directory, { recursive: true });
    await vi.waitFor(() => expect(runs.runs).toEqual([]), soon);
  });

  it('reads a living run by itself until it has ended, and completes it once', async () => {
    const complete: string[] = [];
    const runs = store({ complete });
    const directory = await makeRun(runs.logDirectory);
    const told: (string | undefined)[] = [];
    runs.onDidChange((run) => told.push(run?.name));
    await runs.scan();
    expect(runs.liveRuns.map((run) => run.name)).toEqual([name]);
    const site = { index: 0, id: 'a', line: 1, column: 1, utf8Column: 0, endLine: 1, endUtf8Column: 9, qualname: '', callee: 'm.predict', ordinal: 0, framework: 'keras' }; // prettier-ignore
    const config = { format: 'predictscope.config/1', files: [{ file: '/w/a.py', sha256: '', module: 'a', sites: [site] }], options: {} }; // prettier-ignore
    writeFileSync(path.join(directory, 'config.json'), JSON.stringify(config));
    processFolder(directory, 'box-1-1', processLine(), [callFile(callHeader(), [{ kind: 1, begin: 2000n, end: 2500n }], 9)]); // prettier-ignore
    await vi.waitFor(() => expect(runs.find(name)?.summary.sites[0]?.calls).toBe(1), soon);
    await writeRunRecord(directory, ended);
    await vi.waitFor(() => expect(complete).toEqual([name]), soon);
    expect(runs.find(name)).toMatchObject({ live: false, summary: { run: { state: 'ended', exitCode: 0 } } });
    await runs.completeRun(name);
    expect(complete).toEqual([name]);
    expect(told).toContain(undefined); // a run came
    expect(told).toContain(name); // and changed
  });

  it('lists the newest first, and waits for a folder to become a run', async () => {
    const runs = store();
    for (const run of ['20261121T141502Z-0001', '20261122T141502Z-0002'])
      await makeRun(runs.logDirectory, run);
    mkdirSync(path.join(runs.logDirectory, '20261123T141502Z-0003'));
    await runs.scan();
    await runs.scan();
    expect(runs.runs.map((run) => run.name)).toEqual(['20261122T141502Z-0002', '20261121T141502Z-0001']);
  });

  it('goes on reading after a reading that failed', async () => {
    let broken = 0;
    const files: Files = {
      ...localFiles,
      list: (directory) =>
        broken-- > 0 ? Promise.reject(new Error('EIO: i/o error')) : localFiles.list(directory),
    };
    const runs = store({ files });
    const directory = await makeRun(runs.logDirectory);
    await runs.scan();
    await runs.scan();
    expect(runs.find(name)?.live).toBe(true);
    broken = 1;
    await writeRunRecord(directory, ended);
    await vi.waitFor(() => expect(runs.find(name)?.live).toBe(false), soon);
  });
});
