import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Locator } from 'playwright-core';
import { defineTests } from './lib/runner';
import { answerProgram, lensWith } from './lib/steps';
import { until } from './lib/until';
import type { Workbench } from './lib/workbench';

const execute = promisify(execFile);
const themes = ['light', 'dark'] as const;
/** A finished run's lens. */
const figures = /^(\d[\d,]*) calls · p50 ([\d.]+ [mµ]?s) · p95 ([\d.]+ [mµ]?s) · ([\d.]+) % of run$/;
const app = 'predictscope-test/app';
const code = '/usr/local/lib/python3.11/dist-packages/tellsplice/model.py';

/** A second program in the image, with a model of its own. */
const dockerfile = `FROM ${app}
USER root
RUN printf '%s\\n' '#!/usr/bin/python3' 'import torch' 'model = torch.nn.Linear(4, 2).eval()' 'with torch.no_grad():' '    for _ in range(5):' '        model(torch.ones(1, 4))' > /usr/local/bin/second && chmod 755 /usr/local/bin/second
USER user
`;

function engine(): string {
  const host = process.env.PREDICTSCOPE_TEST_DOCKER;
  if (!host)
    throw new Error('PREDICTSCOPE_TEST_DOCKER is not set: it names the container engine of the tests.');
  return host;
}

async function docker(...words: string[]): Promise<string> {
  return (await execute('docker', ['--host', engine(), ...words])).stdout.trim();
}

/** Counts what a person does: each click, and each Enter. */
class Hand {
  clicks = 0;

  constructor(private readonly workbench: Workbench) {}

  async click(place: Locator): Promise<void> {
    await place.click({ timeout: 30_000 });
    this.clicks++;
  }

  async enter(): Promise<void> {
    await this.workbench.page.keyboard.press('Enter');
    this.clicks++;
  }
}

function row(workbench: Workbench, text: string): Locator {
  return workbench.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first();
}

async function title(workbench: Workbench): Promise<string> {
  return (await workbench.page.locator('.quick-input-title').textContent()) ?? '';
}

/** The end of the newest run. */
async function ended(workbench: Workbench, label: string): Promise<string> {
  const last = await until(
    'the end of the run',
    async () => {
      const rows = await workbench.runsTree();
      return rows.find(
        (each) => each.level === 1 && each.label === label && !each.description.includes('running'),
      );
    },
    60_000,
  );
  return last.description;
}

export const tests = defineTests([
  {
    name: 'an empty window: a container that somebody else started, its code only in the image',
    limitMs: 240_000,
    containers: true,
    run: async ({ openWorkbench, vsix, afterwards }) => {
      const name = `predictscope-e2e-${process.pid}`;
      await docker('run', '--detach', '--rm', '--name', name, app, 'sleep', '1000');
      afterwards(async () => {
        await docker('rm', '--force', name);
      });
      const before = await docker('exec', name, 'ls', '-A', '/tmp');
      const workbench = await openWorkbench({
        extension: { vsix: await vsix() },
        env: { DOCKER_HOST: engine() },
      });
      const { page } = workbench;
      const hand = new Hand(workbench);
      await hand.click(page.locator('.activitybar .action-item:has([aria-label^="Predictscope"])'));
      const welcome = page
        .locator('.welcome-view-content .monaco-button')
        .filter({ hasText: 'Choose Container' });
      await welcome.waitFor({ timeout: 30_000 });
      for (const theme of themes) await workbench.screenshot('containers-welcome', theme);
      await hand.click(welcome);
      await until('the list of places', async () => (await workbench.choices()).includes(name));
      assert.match(await title(workbench), /Where should it run\?/);
      await workbench.screenshot('containers-where');
      await hand.click(row(workbench, name));
      // One predict call in it: it is opened at once.
      await lensWith(workbench, /^Profile predict$/);
      assert.equal(await workbench.activeTab(), 'model.py');
      await until('the container in the status bar', async () =>
        (await workbench.statusBarTexts()).some((text) => text.includes(name)),
      );
      await page.keyboard.type('x');
      assert.equal(await page.locator('.tab.active.dirty').count(), 0);
      assert.ok(!(await workbench.editorText()).includes('xself'));
      for (const theme of themes) await workbench.screenshot('containers-code', theme);
      await hand.click(
        page.locator('.codelens-decoration > a').filter({ hasText: 'Profile predict' }).first(),
      );
      await until('the command line', async () =>
        (await title(workbench)).includes('Command line to profile'),
      );
      await workbench.screenshot('containers-command');
      await hand.enter();
      const first = await lensWith(workbench, figures);
      console.log(`    ${hand.clicks} clicks to the first answer: ${first}`);
      assert.ok(hand.clicks <= 6, `${hand.clicks} clicks`);
      assert.match(await ended(workbench, 'tellsplice'), new RegExp(name));
      await lensWith(workbench, /^30 calls · /);
      const hover = await until('a hover with parts', async () => {
        const text = await workbench.hoverAt({ text: 'self(windows)' });
        return text.includes('model function') && text;
      });
      assert.ok(hover.includes(`${app}:${code}`), hover);
      await workbench.screenshot('containers-hover');
      await workbench.hideHover();
      for (const theme of themes) await workbench.screenshot('containers-runs', theme);
      // Nothing is left there, and it runs on.
      assert.equal(await docker('exec', name, 'ls', '-A', '/tmp'), before);
      assert.equal(await docker('inspect', '--format', '{{.State.Running}}', name), 'true');

      // The same, longer, is stopped from here.
      await workbench.clickLens('Profile predict');
      await ended(workbench, 'tellsplice');
      await workbench.runCommand('Predictscope: Choose Program and Profile…');
      await workbench.pick('tellsplice');
      await until('the command line', async () =>
        (await title(workbench)).includes('Command line to profile'),
      );
      await page.keyboard.type(' 100000');
      await page.keyboard.press('Enter');
      await until('a call of the running program', async () =>
        (await workbench.runsTree()).some(({ description }) =>
          /[1-9][\d,]* calls · .*running/.test(description),
        ),
      );
      await workbench.runCommand('Predictscope: Stop Program');
      await ended(workbench, 'tellsplice');
      await until('the end of the program in the container', async () => {
        return !(await docker('top', name)).includes('tellsplice');
      });
      assert.deepEqual(
        workbench.consoleErrors.filter((text) => /predictscope/i.test(text)),
        [],
      );
    },
  },
  {
    name: 'the sample workspace in its dev container, from an image',
    limitMs: 240_000,
    containers: true,
    run: async ({ openWorkbench, sampleWorkspace }) => {
      const workspace = await sampleWorkspace();
      await chmod(workspace, 0o755);
      const keras = process.env.PREDICTSCOPE_TEST_KERAS;
      assert.ok(keras, 'PREDICTSCOPE_TEST_KERAS is not set: it is a folder with TensorFlow for the image.');
      await mkdir(path.join(workspace, '.devcontainer'));
      await writeFile(
        path.join(workspace, '.devcontainer/devcontainer.json'),
        JSON.stringify({
          image: 'predictscope-test/python',
          mounts: [`type=bind,source=${keras},target=/opt/keras,readonly`],
          containerEnv: { PYTHONPATH: '/opt/keras' },
        }),
      );
      const containers = await docker('ps', '--all', '--quiet');
      const workbench = await openWorkbench({ workspace, env: { DOCKER_HOST: engine() } });
      await workbench.openFile('quick.py');
      await lensWith(workbench, /^Profile predict$/);
      await workbench.runCommand('Predictscope: Where Should It Run?');
      const label = path.basename(workspace);
      await until('the dev container in the list', async () => (await workbench.choices()).includes(label));
      for (const theme of themes) await workbench.screenshot('containers-devcontainer', theme);
      await workbench.pick(label);
      await workbench.clickLens('Profile predict');
      await answerProgram(workbench, /python3 quick\.py/);
      await lensWith(workbench, figures, 120_000);
      await ended(workbench, 'quick.py');
      await lensWith(workbench, /^30 calls · /);
      await workbench.goTo(22);
      await until('a hover with parts', async () =>
        (await workbench.hoverAt({ text: 'model.predict' })).includes('model function'),
      );
      await workbench.screenshot('containers-devcontainer-hover');
      const runs = path.join(workspace, '.predictscope/runs');
      const [run] = (await readdir(runs)).filter((each) => /^\d{8}T/.test(each));
      const record = JSON.parse(await readFile(path.join(runs, run!, 'run.json'), 'utf8')) as {
        target: string;
      };
      assert.match(record.target, /^devcontainer/);
      await until(
        'the dev container to go',
        async () => (await docker('ps', '--all', '--quiet')) === containers,
      );
    },
  },
  {
    name: 'an image that is built from a Dockerfile, and a pasted line',
    limitMs: 240_000,
    containers: true,
    run: async ({ openWorkbench, temporaryFolder, afterwards }) => {
      const workspace = await temporaryFolder();
      await writeFile(path.join(workspace, 'Dockerfile'), dockerfile);
      const images = await docker('images', '--quiet', 'predictscope-built/*');
      afterwards(async () => {
        const built = (await docker('images', '--quiet', 'predictscope-built/*')).split('\n');
        const fresh = built.filter((id) => id && !images.includes(id));
        if (fresh.length > 0) await docker('rmi', '--force', ...fresh);
      });
      const containers = await docker('ps', '--all', '--quiet');
      const workbench = await openWorkbench({ workspace, env: { DOCKER_HOST: engine() } });
      await workbench.runCommand('Predictscope: Where Should It Run?');
      await until('the Dockerfile in the list', async () =>
        (await workbench.choices()).includes('Dockerfile'),
      );
      await workbench.pick('Dockerfile');
      await until(
        'its predict calls',
        async () => (await title(workbench)).includes('Predict calls in'),
        120_000,
      );
      for (const theme of themes) await workbench.screenshot('containers-calls', theme);
      const calls = (await workbench.choices()).filter((text) => /^\w+$/.test(text));
      assert.deepEqual(calls.sort(), ['model', 'self']);
      await workbench.pick('model');
      await lensWith(workbench, /^Profile predict$/);
      await workbench.clickLens('Profile predict');
      await until('the command line', async () =>
        (await title(workbench)).includes('Command line to profile'),
      );
      await workbench.page.keyboard.press('Enter');
      await ended(workbench, 'second');
      await lensWith(workbench, /^5 calls · /);

      await workbench.runCommand('Predictscope: Where Should It Run?');
      await workbench.pick('Paste a docker run or docker exec line…');
      await until('where to paste', async () => (await title(workbench)).includes('starts the container'));
      await workbench.page.keyboard.type(`docker run --rm -it -e LEVEL=2 ${app} tellsplice 12`);
      await workbench.screenshot('containers-paste');
      await workbench.page.keyboard.press('Enter');
      await until('the code of that image', async () => (await workbench.activeTab()) === 'model.py', 60_000);
      await lensWith(workbench, /^Profile predict$/);
      await workbench.clickLens('Profile predict');
      await ended(workbench, 'tellsplice');
      await lensWith(workbench, /^12 calls · /);
      await until(
        'our containers to go',
        async () => (await docker('ps', '--all', '--quiet')) === containers,
      );
    },
  },
]);
