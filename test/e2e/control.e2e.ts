import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { defineTests, type TestContext } from './lib/runner';
import { answerProgram, lensWith } from './lib/steps';
import { until } from './lib/until';
import type { Workbench } from './lib/workbench';

const run = promisify(execFile);

/** Runs for minutes, unless it is ended; writes down how many calls it has made. */
const longProgram = `"""A model that is asked until somebody ends the program."""
import keras
import numpy as np

model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2)])
x = np.zeros((1, 8), dtype=np.float32)
for call in range(5000):
    model.predict(x, verbose=0)
    with open("calls.txt", "w") as file:
        file.write(str(call + 1))
`;

async function longWorkspace({ temporaryFolder }: TestContext): Promise<string> {
  const workspace = await temporaryFolder();
  await writeFile(path.join(workspace, 'long.py'), longProgram);
  return workspace;
}

async function failingWorkspace({ temporaryFolder }: TestContext): Promise<string> {
  const workspace = await temporaryFolder();
  const text =
    'import keras_is_missing\nfrom keras import Sequential\nmodel = Sequential()\nmodel.predict(1)\n';
  await writeFile(path.join(workspace, 'fails.py'), text);
  return workspace;
}

async function callsMade(workspace: string): Promise<number> {
  return Number(await readFile(path.join(workspace, 'calls.txt'), 'utf8').catch(() => '0'));
}

async function onlyRun(workspace: string): Promise<string> {
  const runs = path.join(workspace, '.predictscope/runs');
  const names = (await readdir(runs)).filter((name) => /^\d{8}T/.test(name));
  assert.equal(names.length, 1, names.join());
  return path.join(runs, names[0]!);
}

async function programLives(workspace: string): Promise<boolean> {
  const { stdout } = await run('ps', ['-eo', 'args']);
  return (
    stdout
      .split('\n')
      .some((line) => line.includes('long.py') && !line.includes('cli.js') && line.includes('python')) &&
    existsSync(workspace)
  );
}

const count = (lens: string): number => Number(/([\d,]+) calls/.exec(lens)![1]!.replaceAll(',', ''));

/** A number that has stayed the same for four seconds: what is shown follows what is recorded after a while. */
async function settled(read: () => Promise<number>): Promise<number> {
  let last = NaN;
  let same = 0;
  return until('a number that stays', async () => {
    const before = last;
    last = await read();
    await new Promise((done) => setTimeout(done, 1000));
    same = last === before ? same + 1 : 0;
    return same >= 3 && last;
  });
}

async function startLong(workbench: Workbench): Promise<void> {
  await workbench.openFile('long.py');
  await lensWith(workbench, /^Profile predict$/);
  // From the palette, with the cursor anywhere.
  await workbench.runCommand('Predictscope: Profile predict');
  await answerProgram(workbench, /python long\.py/);
  await lensWith(workbench, /^\d+ calls/);
}

export const tests = defineTests([
  {
    name: 'palette command, window reload, stop recording, stop program',
    run: async (context) => {
      const workspace = await longWorkspace(context);
      const workbench = await context.openWorkbench({
        workspace,
        settings: { 'predictscope.interpreter': context.python },
      });
      await startLong(workbench);
      await workbench.page.reload();
      await workbench.page.locator('.statusbar-item').first().waitFor({ timeout: 60_000 });
      // The run goes on and is found again.
      const before = await callsMade(workspace);
      const lens = await lensWith(workbench, /^[\d,]+ calls/);
      await until('more calls', async () => (await callsMade(workspace)) > before + 5);
      await until(
        'the lens to go on',
        async () => count(await lensWith(workbench, /^[\d,]+ calls/)) > count(lens),
      );
      await workbench.screenshot('reloaded');
      // Recording stops, the program goes on.
      await workbench.runCommand('Predictscope: Stop Recording');
      const stopFile = path.join(await onlyRun(workspace), 'stop');
      await until('the stop file', () => Promise.resolve(existsSync(stopFile)));
      await until('the record of the stop', async () =>
        (await processLog(workspace)).includes('"t":"stopped"'),
      );
      const made = await callsMade(workspace);
      await until('the program to go on', async () => (await callsMade(workspace)) > made + 5);
      const frozen = await settled(async () => count(await lensWith(workbench, /^[\d,]+ calls/)));
      assert.ok(frozen <= made + 1, `${frozen} recorded, ${made} made`);
      // The program ends, and what was recorded is kept.
      await workbench.runCommand('Predictscope: Stop Program');
      await until('the end of the program', async () => !(await programLives(workspace)), 30_000);
      await until(
        'the end in the Runs view',
        async () =>
          (await workbench.runsTree()).some((row) => row.level === 1 && !row.description.includes('running')),
        30_000,
      );
      assert.equal(count(await lensWith(workbench, /^[\d,]+ calls/)), frozen);
      const record = JSON.parse(await readFile(path.join(await onlyRun(workspace), 'run.json'), 'utf8'));
      assert.equal(record.state, 'ended');
      assert.equal(record.signal ?? record.exitCode, 'SIGINT');
    },
  },
  {
    name: 'a run that is started elsewhere with the copied command shows up by itself',
    run: async (context) => {
      const workspace = await context.sampleWorkspace();
      const workbench = await context.openWorkbench({
        workspace,
        settings: { 'predictscope.interpreter': context.python },
      });
      await workbench.openFile('quick.py');
      await lensWith(workbench, /^Profile predict$/);
      await workbench.runCommand('Predictscope: Copy Profiling Command');
      await answerProgram(workbench, /python quick\.py/);
      const line = await until('the copied line', async () => {
        const text = await workbench.clipboard();
        return text.startsWith('sh -c ') && text;
      });
      const { stdout } = await run('bash', ['-c', line], { cwd: workspace });
      assert.match(stdout, /^called predict 30 times/);
      assert.match(await lensWith(workbench, /^30 calls · p50/), /^30 calls/);
      await until('its trace', async () =>
        (await workbench.runsTree()).some((row) => row.label === 'Timeline: steady calls'),
      );
    },
  },
  {
    name: 'nothing can be run in Restricted Mode, traces open',
    run: async ({ openWorkbench, sampleWorkspace, python }) => {
      const workspace = await sampleWorkspace();
      const trace = path.join(workspace, 'sample.xplane.pb');
      await run('cp', [path.join(process.cwd(), 'test/fixtures/trace/predict.xplane.pb'), trace]);
      const workbench = await openWorkbench({
        workspace,
        trusted: false,
        settings: { 'predictscope.interpreter': python },
      });
      await workbench.openFile('quick.py');
      await workbench.showRuns();
      const welcome = workbench.page.locator('.welcome-view-content').first();
      await until('the welcome that says why', async () =>
        (await welcome.innerText()).replaceAll('\u00a0', ' ').includes('not trusted'),
      );
      assert.deepEqual(
        (await workbench.lensTexts()).filter((text) => text.includes('Profile')),
        [],
      );
      await workbench.screenshot('restricted');
      await workbench.openFile('sample.xplane.pb');
      await workbench.webviewFrame('html[data-state="ready"]');
    },
  },
  {
    name: 'a wrong interpreter and a program that fails say so, and what to mend',
    run: async (context) => {
      const workspace = await failingWorkspace(context);
      const workbench = await context.openWorkbench({
        workspace,
        settings: { 'predictscope.interpreter': '/nowhere/python' },
      });
      await workbench.openFile('fails.py');
      await workbench.clickLens('Profile predict');
      const told = await until('the error', async () =>
        (await workbench.notifications()).find((text) => text.includes('/nowhere/python')),
      );
      assert.match(told, /predictscope\.interpreter was not found: \/nowhere\/python\. Correct the setting/);
      await workbench.screenshot('no-interpreter');
      await workbench.answerNotification('/nowhere/python', 'Open Settings');
      const settings = workbench.page.locator('.settings-editor');
      await settings.locator('.setting-item-title', { hasText: 'Interpreter' }).first().waitFor();
      await workbench.screenshot('setting-to-mend');
      await workbench.page.keyboard.press('Escape');
      await settings.waitFor({ state: 'hidden' });

      await workbench.changeSettings({ 'predictscope.interpreter': context.python });
      await workbench.openFile('fails.py');
      await workbench.clickLens('Profile predict');
      await answerProgram(workbench, /python fails\.py/);
      await until('the failed run, and why', async () => {
        const rows = await workbench.runsTree();
        return (
          rows.some((row) => row.level === 1 && row.description.includes('exit code 1')) &&
          rows.some((row) => row.label.includes('keras_is_missing'))
        );
      });
      await workbench.screenshot('failed');
    },
  },
]);

async function processLog(workspace: string): Promise<string> {
  const directory = await onlyRun(workspace);
  const process = (await readdir(directory)).find((name) => /-\d+-\d+$/.test(name));
  return process ? readFile(path.join(directory, process, 'process.jsonl'), 'utf8') : '';
}
