import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Answers } from '../../src/launch/doctor/answers';
import { gpuContainer } from '../unit/launch/doctor/answers';
import { defineTests } from './lib/runner';
import { until } from './lib/until';

const themes = ['light', 'dark', 'highContrast'] as const;

/** A file with a comment, which an edit must keep. */
const devcontainer = `{
  // the image of the lab
  "image": "lab/scoring:3",
  "runArgs": ["--init"]
}
`;

/** The worst of several places in one: every kind of finding and of fix is in the report. */
function illPlace(): Answers {
  const answers = gpuContainer();
  answers.place.gpus = (answers.place.gpus as Record<string, string>[]).map((card) => ({
    ...card,
    'power.limit': '450.00',
    'clocks_event_reasons.active': '0x0000000000000004',
  }));
  answers.probe.nvidia!.countersForAdminOnly = true;
  answers.frameworks = {
    torch: { ...answers.frameworks.torch, version: '2.6.0+cpu', cuda: null, gpu: false } as never,
  };
  return answers;
}

/** Stands in for an interpreter: a script that gives the recorded answer to each of the doctor's questions. */
async function standInPython(folder: string, answers: Answers): Promise<string> {
  const file = path.join(folder, 'python-stand-in');
  const answer = async (name: string, value: unknown): Promise<string> => {
    const place = path.join(folder, `${name}.json`);
    await writeFile(place, `${JSON.stringify(value)}\n`);
    return place;
  };
  await writeFile(
    file,
    `#!/bin/sh
for last; do :; done
case "$last" in
  torch) exec cat '${await answer('torch', answers.frameworks.torch)}';;
  10) exec cat '${await answer('probe', answers.probe)}';;
  *doctorprobe.py*) exec cat '${await answer('place', answers.place)}';;
  *) printf '%s\\n3 11 7\\nlinux' "$0";;
esac
`,
  );
  await chmod(file, 0o755);
  return file;
}

export const tests = defineTests([
  {
    name: 'the doctor’s report: read, copied from, and a line put into devcontainer.json',
    run: async ({ openWorkbench, temporaryFolder }) => {
      const workspace = await temporaryFolder();
      const file = path.join(workspace, '.devcontainer/devcontainer.json');
      await mkdir(path.dirname(file));
      await writeFile(file, devcontainer);
      const python = await standInPython(await temporaryFolder(), illPlace());
      const workbench = await openWorkbench({
        workspace,
        settings: { 'predictscope.interpreter': python },
      });
      // The palette, opened too early again and again, keeps the window from loading extensions.
      await workbench.showRuns();
      await workbench.runCommand('Predictscope: Check Profiling Environment');
      const report = await workbench.webviewFrame('html[data-state="ready"] h1');
      assert.equal(await report.locator('h1').innerText(), 'Profiling environment of this machine');
      const problem = report.locator('li.problem').first();
      assert.match(
        await problem.innerText(),
        /PyTorch 2\.6\.0\+cpu is a build for the CPU only, and this machine has a GPU/,
      );
      assert.equal(await problem.locator('.icon').getAttribute('aria-label'), 'Problems');
      await workbench.changeSettings({ 'files.autoSave': 'off' });
      for (const theme of themes) await workbench.screenshot('doctor', theme);
      // By the keyboard alone: the first button in it is Check Again, then the command and what copies it.
      await report.locator('vscode-button', { hasText: 'Check Again' }).focus();
      await workbench.page.keyboard.press('Tab');
      await workbench.page.keyboard.press('Enter');
      await until('the copied command', async () => /pip install .*torch==2\.6\.0$/.test(await workbench.clipboard())); // prettier-ignore
      assert.match(await problem.locator('vscode-button').first().innerText(), /^(Copied|Copy command)$/);
      // What is all right is folded away, and one click shows it.
      const good = report.locator('details', { hasText: 'All right' });
      assert.equal(await good.locator('li').first().isVisible(), false);
      await good.locator('summary').click();
      await good.locator('li').first().waitFor({ state: 'visible' });
      await good.scrollIntoViewIfNeeded();
      await workbench.screenshot('doctor-all-right');
      // As narrow as a side column.
      await workbench.page.setViewportSize({ width: 528, height: 900 });
      await until('the narrow page', async () => (await report.evaluate(() => innerWidth)) <= 300);
      const overflow = await report.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `wider than its window by ${overflow}`);
      await report.locator('h1').scrollIntoViewIfNeeded();
      await workbench.screenshot('doctor-narrow', 'dark');
      await workbench.page.setViewportSize({ width: 1280, height: 800 });
      // The line goes into the file, beside its comment, and is not saved.
      const small = report.locator('li[data-id="shm"]');
      await small.locator('vscode-button', { hasText: 'Insert into devcontainer.json' }).click();
      await until('the line in the file', async () =>
        (await workbench.editorText()).includes('--shm-size=8g'),
      );
      assert.match(await workbench.editorText(), /\/\/ the image of the lab/);
      assert.match(await workbench.editorText(), /"--init",\s+"--shm-size=8g"|"--init", "--shm-size=8g"/);
      await workbench.screenshot('doctor-inserted');
      assert.equal(await readFile(file, 'utf8'), devcontainer);
      assert.equal(await workbench.activeTab(), 'devcontainer.json');
      // Nothing of ours complains on the console.
      assert.deepEqual(workbench.consoleErrors.filter((text) => /doctor|Content Security/i.test(text)), []); // prettier-ignore
    },
  },
  {
    name: 'the doctor examines the real machine, from the view’s title, and again from its report',
    run: async ({ openWorkbench, temporaryFolder, python }) => {
      const workspace = await temporaryFolder();
      const workbench = await openWorkbench({ workspace, settings: { 'predictscope.interpreter': python } });
      await workbench.showRuns();
      await workbench.page
        .locator(
          '.pane-header .action-label[aria-label^="Check Profiling Environment"], .title-actions .action-label[aria-label^="Check Profiling Environment"]',
        )
        .first()
        .click();
      const report = await workbench.webviewFrame('html[data-state="ready"] h1', 60_000);
      const good = report.locator('details', { hasText: 'All right' });
      await good.locator('summary').click();
      assert.match(await good.innerText(), /TensorFlow 2\.\d+\.\d+ /);
      assert.match(await good.innerText(), /Python 3\.\d+\.\d+/);
      await report.locator('vscode-button', { hasText: 'Check Again' }).click();
      // Written anew: what was unfolded is folded.
      await until(
        'the new report',
        async () => (await report.locator('details[open]').count()) === 0,
        60_000,
      );
    },
  },
]);
