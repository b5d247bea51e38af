/**
 * Runs of old and new stacks, recorded by `npm run test:versions`, against what Python's own reading of the same
 * files says (test/fixtures/versions/make_fixture.py).
 */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { summarizeRun, type RunSummary } from '../../../src/insight/runSummary';
import { addTraces } from '../../../src/insight/traceParts';
import { RunReader } from '../../../src/runs/runReader';
import { localFiles } from '../../../src/targets/localFiles';

interface Expected {
  python: string;
  frameworks: Record<string, string>;
  /** By site. */
  calls: Record<string, number>;
  errors: Record<string, number>;
  /** Time of the calls in the steady window, by the call records. */
  steadyNs: Record<string, number>;
  traces: { window: string; events: number; spans: number }[];
  problems: string[];
}

const fixtures = path.resolve(import.meta.dirname, '../../fixtures/versions');
const stacks = readdirSync(fixtures, { withFileTypes: true }).filter((entry) => entry.isDirectory());

async function summaryOf(run: string): Promise<RunSummary> {
  const reader = new RunReader(run, localFiles);
  await reader.poll();
  const summary = summarizeRun(reader);
  await addTraces(reader, summary);
  return summary;
}

describe.each(stacks.map((entry) => entry.name))('%s', async (stack) => {
  const folder = path.join(fixtures, stack);
  const expected = JSON.parse(readFileSync(path.join(folder, 'expected.json'), 'utf8')) as Expected;
  const { run, sites, traces, problems } = await summaryOf(path.join(folder, '20261121T141502Z-ab12'));

  it('has the calls, errors and versions of its records', () => {
    expect([run.state, run.exitCode, run.python]).toEqual(['ended', 0, expected.python]);
    expect(run.frameworks).toMatchObject(expected.frameworks);
    for (const site of sites) {
      expect(site.calls).toBe(expected.calls[site.index]);
      expect(site.errors).toBe(expected.errors[site.index]);
      expect(site.unfinished).toBe(0);
      // Two shapes in turn, and that of the call that raised where it had one.
      expect(site.batchShapes.map(({ calls }) => calls).slice(0, 2)).toEqual([21, 19]);
    }
    expect(problems.map(({ message }) => message)).toEqual(expected.problems);
  });

  it('has every event of its traces', () => {
    expect(traces.map(({ events }) => events).sort()).toEqual(expected.traces.map((t) => t.events).sort());
  });

  it('splits the time of the traced calls without a rest', () => {
    const spans = expected.traces.filter((t) => t.window === 'steady').reduce((sum, t) => sum + t.spans, 0);
    for (const site of sites) {
      expect(site.partsCalls).toBe(spans);
      const parts = Object.values(site.parts).reduce((sum, ns) => sum + ns, 0);
      const wall = expected.steadyNs[site.index] ?? 0;
      expect(Math.abs(parts - wall)).toBeLessThanOrEqual(0.001 * wall);
      if (spans === 0) continue;
      expect(site.parts.modelFunction).toBeGreaterThan(0);
      expect(site.parts.python).toBeGreaterThan(0);
      expect(site.parts.unexplained ?? 0).toBeLessThan(0.02 * wall);
    }
  });
});
