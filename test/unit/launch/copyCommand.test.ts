import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { summarizeRun } from '../../../src/insight/runSummary';
import { chooseSites } from '../../../src/launch/chooseSites';
import { profilingCommandLine } from '../../../src/launch/copyCommand';
import { buildRunConfig } from '../../../src/launch/runConfig';
import { RunReader } from '../../../src/runs/runReader';
import { localFiles } from '../../../src/targets/localFiles';
import { scratchFolder } from '../runs/callFile';
import { testFinder } from '../sites/finders';

const scratch = realpathSync(scratchFolder());
// Blanks and quotes in the path, as users have them.
const workspace = path.join(scratch, "my model's code");
const logDirectory = path.join(workspace, '.predictscope', 'runs');
const program = `import os, sys
class Model:
    def predict(self, x):
        return x
model = Model()
for _ in range(3):
    model.predict(1)
print(sys.argv[1:], os.environ.get("SEED"), "extra" in sys.path[-1] or any("extra" in p for p in sys.path))
`;
const runtime = path.resolve(import.meta.dirname, '../../../media/python');
const shells = ['sh', 'bash', 'dash'].filter((name) => (process.env.PATH ?? '').split(':').some((folder) => existsSync(path.join(folder, name)))); // prettier-ignore

async function commandLine(...words: string[]): Promise<string> {
  const finder = await testFinder();
  const file = path.join(workspace, 'main.py');
  const choice = {
    wanted: [{ file, line: 7 }],
    root: workspace,
    program: { kind: 'other', interpreter: undefined } as const,
    cwd: workspace,
  };
  const { sites } = await chooseSites(finder, choice, false);
  const config = await buildRunConfig(sites, { warmUpCalls: 0, tracedCalls: 0, tracedSeconds: 1 });
  return profilingCommandLine(words, logDirectory, config, runtime);
}

async function callsOf(run: string): Promise<number> {
  const reader = new RunReader(path.join(logDirectory, run), localFiles);
  await reader.poll();
  return summarizeRun(reader).sites[0]!.calls;
}

beforeAll(() => {
  mkdirSync(workspace);
  writeFileSync(path.join(workspace, 'main.py'), program);
});

describe.each(shells)('the copied line in %s', (shell) => {
  const execute = (line: string, cwd: string, env: NodeJS.ProcessEnv = {}): string =>
    execFileSync(shell, ['-c', line], { cwd, env: { ...process.env, ...env }, encoding: 'utf8' });

  it('runs the program with its words unchanged and records it, each time as a run of its own', async () => {
    const file = path.join(workspace, 'main.py');
    const line = await commandLine('python3', file, "it's $HOME", '');
    const before = existsSync(logDirectory) ? readdirSync(logDirectory) : [];
    const expected = `["it's $HOME", ''] None False\n`;
    expect(execute(line, workspace)).toBe(expected);
    expect(execute(line, scratch)).toBe(expected); // from elsewhere: by the place on this machine
    const made = readdirSync(logDirectory).filter((name) => !before.includes(name));
    expect(made.length).toBe(2);
    for (const run of made) {
      expect(run).toMatch(/^\d{8}T\d{6}Z-[0-9a-f]{4}$/);
      expect(await callsOf(run)).toBe(3);
    }
  });

  it('passes assignments on and keeps a PYTHONPATH that is there', async () => {
    const file = path.join(workspace, 'main.py');
    const line = await commandLine('SEED=4 2', 'python3', file);
    expect(execute(line, workspace, { PYTHONPATH: '/x/extra' })).toBe('[] 4 2 True\n');
    const newest = readdirSync(logDirectory).sort().at(-1)!;
    expect(await callsOf(newest)).toBe(3);
  });
});

it('brings the recorder along, without compiled files, behind a .gitignore', async () => {
  await commandLine('python3', 'main.py');
  const folder = path.join(workspace, '.predictscope');
  expect(readdirSync(folder).sort()).toEqual(['.gitignore', 'config.json', 'python', 'runs']);
  expect(readFileSync(path.join(folder, 'python', 'sitecustomize.py'), 'utf8')).toContain('predictscope');
});
