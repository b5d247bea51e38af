import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { summarizeRun } from '../../../src/insight/runSummary';
import { addTraces, traceFilesBelow } from '../../../src/insight/traceParts';
import { RunReader } from '../../../src/runs/runReader';
import { localFiles } from '../../../src/targets/localFiles';
import { recordedRun, scratchFolder } from '../runs/callFile';
import { xplaneFixture } from '../trace/helpers';
import { handProcess, handRun } from './handProcess';

const scratch = scratchFolder();

describe('summarizeRun', () => {
  it('sums up the recorded run', async () => {
    const reader = new RunReader(recordedRun, localFiles);
    await reader.poll();
    const { run, sites, hotLines } = summarizeRun(reader);
    expect(run).toMatchObject({
      id: '20261121T141502Z-ab12',
      exitCode: null,
      signal: null,
      python: '3.11.7',
    });
    expect(run.command[1]).toMatch(/program\.py$/); // there is no run.json: the processes tell
    expect(new Date(run.startedAt).toISOString()).toBe(run.startedAt);
    expect(run.wallNs).toBeGreaterThan(0);
    expect([run.processes, run.state, hotLines]).toEqual([2, 'ended', []]);
    const byIndex = [...sites].sort((a, b) => a.index - b.index);
    expect(byIndex.map((s) => [s.index, s.callee, s.calls, s.errors, s.unfinished])).toEqual([
      [0, 'model.predict', 10, 2, 0],
      [1, 'model.predict', 2, 0, 0],
      [2, 'model.run', 2, 0, 0],
      [3, 'model.predict', 2, 0, 0],
      [4, 'model.predict', 0, 0, 1],
    ]);
    expect(byIndex[0]!.batchShapes).toEqual([
      { dims: [1, 2], calls: 4 },
      { dims: [4, 2], calls: 4 },
      { dims: [0, 2], calls: 2 },
    ]);
    expect(byIndex[4]).toMatchObject({ firstNs: null, p50Ns: null, p95Ns: null, maxNs: null, totalNs: 0 });
    for (const site of sites) expect(site.ranFile).toMatch(/test\/fixtures\/runs\/program\.py$/);
    expect(byIndex[0]!.firstNs).toBeGreaterThanOrEqual(1_000_000);
  });

  it('puts the site that was asked for first, then by total time', () => {
    const calls = [
      { begin: 0, end: 10, site: 0 },
      { begin: 20, end: 90, site: 1 },
      { begin: 100, end: 101, site: 2 },
    ];
    const order = (leadingSite?: number): number[] =>
      summarizeRun(
        handRun([handProcess(calls, { exit: 200 })], leadingSite === undefined ? {} : { leadingSite }, [
          {},
          {},
          {},
        ]),
      ).sites.map((site) => site.index);
    expect(order()).toEqual([1, 0, 2]);
    expect(order(2)).toEqual([2, 1, 0]);
  });

  it('names GPUs by the name that the framework told', () => {
    const process = handProcess([{ begin: 0, end: 1 }], { exit: 5 });
    process.frameworks.push({
      ...{ t: 'framework', name: 'tensorflow', version: '2.21.0', keras: '3.12.0', gpus: ['NVIDIA H200'] },
      devices: [
        { name: '/device:CPU:0', type: 'CPU' },
        { name: '/device:GPU:0', type: 'GPU' },
      ],
    });
    const { run } = summarizeRun(handRun([process]));
    expect(run.devices).toEqual(['CPU:0', 'GPU:0 (NVIDIA H200)']);
    expect(run.frameworks).toEqual({ tensorflow: '2.21.0', keras: '3.12.0' });
  });
});

describe('addTraces', () => {
  const folder = (...names: string[]): string => {
    const made = path.join(scratch, ...names);
    mkdirSync(made, { recursive: true });
    return made;
  };

  it('finds trace files at any depth, the xplane alone where both forms lie', async () => {
    const profile = folder('found', 'plugins', 'profile', '2026');
    copyFileSync(xplaneFixture, path.join(profile, 'box.xplane.pb'));
    copyFileSync(xplaneFixture, path.join(profile, 'box.trace.json.gz'));
    copyFileSync(xplaneFixture, path.join(folder('found', 'torch'), 'rank0.pt.trace.json'));
    copyFileSync(xplaneFixture, path.join(folder('found'), 'notes.txt'));
    expect((await traceFilesBelow(path.join(scratch, 'found'))).map((f) => path.basename(f))).toEqual([
      'box.xplane.pb',
      'rank0.pt.trace.json',
    ]);
    expect(await traceFilesBelow(path.join(scratch, 'nowhere'))).toEqual([]);
  });

  it('lists what it read, and says which announced trace is not there or not whole', async () => {
    const process = handProcess([{ begin: 0, end: 1 }], { exit: 5 });
    Object.assign(process, { directory: folder('process') });
    copyFileSync(xplaneFixture, path.join(folder('process', 'trace-0'), 'box.xplane.pb'));
    copyFileSync(path.join(import.meta.dirname, 'runSummary.test.ts'), path.join(folder('process', 'trace-1'), 'b.xplane.pb')); // prettier-ignore
    for (const at of [0, 1, 2]) {
      process.traces.push({
        t: 'trace',
        path: `trace-${at}`,
        framework: 'tensorflow',
        window: 'steady',
        calls: 5,
      });
    }
    const reader = handRun([process]);
    const summary = summarizeRun(reader);
    await addTraces(reader, summary);
    expect(summary.traces.map((t) => [path.basename(t.path), t.format, t.events > 0])).toEqual([
      ['box.xplane.pb', 'xplane', true],
      ['b.xplane.pb', '', false],
    ]);
    expect(summary.problems.map((p) => p.message)).toEqual([
      expect.stringContaining('b.xplane.pb'),
      expect.stringContaining('trace-2 was announced but is not there'),
    ]);
    expect(summary.sites[0]!.parts).toEqual({}); // the fixture's spans are not ours
  });
});
