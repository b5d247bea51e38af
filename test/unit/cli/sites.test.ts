import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { recordedRun } from '../runs/callFile';
import { torchFixtures, xplaneFixture } from '../trace/helpers';
import { ensureBuilt, predictscope, root } from './cli';

beforeAll(ensureBuilt);

const fixture = path.join(root, 'test/fixtures/sites/keras/plain.py');

describe('sites', () => {
  it('prints exactly the promised names as JSON', async () => {
    const { code, stdout, stderr } = await predictscope(['sites', '--json', fixture, 'absent.py'], '/');
    expect([code, stderr]).toEqual([0, '']);
    const { sites, problems, ...more } = JSON.parse(stdout) as { sites: object[]; problems: object[] };
    expect(more).toEqual({});
    expect(sites.length).toBeGreaterThan(0);
    const names = ['id', 'file', 'line', 'column', 'endLine', 'endColumn', 'callee', 'framework', 'kind', 'inLoop', 'inProfiler', 'confidence', 'reason']; // prettier-ignore
    for (const site of sites) expect(Object.keys(site)).toEqual(names);
    expect(sites[0]).toMatchObject({ id: expect.stringMatching(/^[0-9a-f]{16}$/), file: fixture });
    expect(problems).toEqual([{ file: '/absent.py', message: expect.stringContaining('no such file') }]);
  });

  it('prints a line a site, relative to the working directory', async () => {
    const { stdout } = await predictscope(['sites', '.'], path.dirname(fixture));
    expect(stdout).toMatch(/^plain\.py:\d+:\d+ {2}\S+ {2}predict {2}keras {2}/m);
  });

  it('needs a path', async () => {
    const { code, stdout, stderr } = await predictscope(['sites'], '/');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('sites needs a file or a folder');
  });
});

describe('summarize', () => {
  it('a run directory', async () => {
    const { code, stdout } = await predictscope(['summarize', recordedRun, '--json'], '/');
    expect(code).toBe(0);
    const summary = JSON.parse(stdout) as { sites: { index: number; calls: number }[] };
    expect(summary.sites.find((site) => site.index === 0)!.calls).toBe(10);
    const text = await predictscope(['summarize', recordedRun], '/');
    expect(text.stdout).toMatch(/program\.py:\d+ +model\.predict +10 \(2 raised\)/);
    expect(text.stdout).toContain('+1 open');
  });

  it.each([
    ['xplane', xplaneFixture],
    ['chrome-json', torchFixtures[3]!],
  ])('a trace file: %s', async (format, file) => {
    const { code, stdout } = await predictscope(['summarize', '--json', file], '/');
    expect(code).toBe(0);
    const summary = JSON.parse(stdout) as Record<string, unknown> & { tracks: object[]; topOps: object[] };
    expect(Object.keys(summary)).toEqual(['path', 'format', 'events', 'startUnixNs', 'durationNs', 'tracks', 'categories', 'topOps', 'problems']); // prettier-ignore
    expect(summary).toMatchObject({ path: file, format, startUnixNs: expect.stringMatching(/^\d+$/) });
    expect(Object.keys(summary.tracks[0]!)).toEqual(['process', 'thread', 'name', 'events', 'depth']);
    expect(Object.keys(summary.topOps[0]!)).toEqual(['name', 'category', 'count', 'totalNs', 'selfNs']);
    const text = await predictscope(['summarize', file], '/');
    expect(text.stdout).toContain(`${file} · ${format} · `);
  });

  it.each([
    [['summarize'], 'needs one run directory or trace file'],
    [['summarize', 'absent'], 'absent cannot be read'],
    [['summarize', root], 'is not a run directory'],
    [['summarize', path.join(root, 'package.json')], 'package.json'],
    [['summarize', path.join(recordedRun, readdirSync(recordedRun).find((n) => n.startsWith('host-'))!, 'calls-0.bin')], 'not a trace'], // prettier-ignore
  ])('%j is refused with a sentence', async (args, sentence) => {
    const { code, stdout, stderr } = await predictscope(args, '/');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain('    at ');
  });
});

describe('the rest', () => {
  it('--help names every command and option', async () => {
    const { code, stdout } = await predictscope(['--help'], '/');
    expect(code).toBe(0);
    for (const word of [
      'sites',
      'profile',
      'summarize',
      'insert',
      'remove',
      'compare',
      '--repeat',
      'report',
      '--without-paths',
      '--site',
      '--root',
      '--log-dir',
      '--warm-up',
      '--calls',
      '--stop-after',
      '--target',
      '--json',
      '125',
    ]) {
      // prettier-ignore
      expect(stdout).toContain(word);
    }
    expect((await predictscope([], '/')).code).toBe(2);
  });

  it('--version is the package’s', async () => {
    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect((await predictscope(['--version'], '/')).stdout).toBe(`${version}\n`);
  });

  it.each([
    ['frobnicate', 'has no command frobnicate'],
    ['sweep', 'not part of this version yet'],
    ['compare', 'needs two runs'],
    ['report', 'needs one run directory'],
  ])('%s is refused', async (command, sentence) => {
    const { code, stderr } = await predictscope([command], '/');
    expect(code).toBe(1);
    expect(stderr).toContain(sentence);
  });
});
