import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { inRoot } from '../../scripts/lib/paths.mjs';
import { assertAccessible, assertFrameAccessible } from './lib/accessible';
import { defineTests } from './lib/runner';
import { lensWith } from './lib/steps';
import { until } from './lib/until';
import type { Workbench } from './lib/workbench';

const run = promisify(execFile);

/** A call of 10 ms, or 15 when it is told to be slow, and known work around it. */
const program = `import os
import time

import torch

torch.set_num_threads(1)
WAIT = 0.015 if os.environ.get("SLOW") else 0.010


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = torch.nn.Linear(64, 64)
        self.head = torch.nn.Linear(64, 4)

    def forward(self, x):
        time.sleep(WAIT)
        return self.head(torch.relu(self.encoder(x)))


def prepare(i):
    time.sleep(0.02)
    total = 0
    for j in range(600000):
        total += j * i
    return torch.ones(8, 64)


net = Net().eval()
with torch.no_grad():
    for i in range(60):
        x = prepare(i)
        y = net(x)
`;
const lineOf = (text: string): number => program.split('\n').findIndex((line) => line.includes(text)) + 1;

/** Text that decorations put after the lines on the screen, by line. */
async function heat(workbench: Workbench): Promise<Map<string, string>> {
  const found = await workbench.page.evaluate(() =>
    [...document.querySelectorAll('.view-line')].flatMap((line) => {
      const texts = [...line.querySelectorAll('span')]
        .map((span) => getComputedStyle(span, '::after').content)
        .filter((content) => content.includes('%'));
      return texts.length > 0
        ? [[line.textContent.replaceAll('\u00a0', ' ').trim(), texts[0]!] as const]
        : [];
    }),
  );
  return new Map(found);
}

export const tests = defineTests([
  {
    name: 'line heat, hovers, runs, comparison and report',
    run: async ({ openWorkbench, temporaryFolder, python, artifacts }) => {
      const workspace = await temporaryFolder();
      await writeFile(path.join(workspace, 'work.py'), program);
      const cli = inRoot('dist/cli.js');
      for (const slow of ['', '1'])
        await run(process.execPath, [cli, 'profile', '--calls', '10', '--', python, 'work.py'], {
          cwd: workspace,
          env: { ...process.env, SLOW: slow },
        });
      const workbench = await openWorkbench({ workspace });
      await workbench.openFile('work.py');
      await lensWith(workbench, /^60 calls · p50 1[5-9](\.\d+)? ms/);
      // The lines that time goes to, and the others not.
      const shown = await until('heat on the lines', async () => {
        const found = await heat(workbench);
        return found.has('time.sleep(0.02)') && found;
      });
      assert.match(shown.get('time.sleep(0.02)')!, /^"\d+ % · 1\.[1-4]\d* s"$/);
      assert.ok(!shown.has('self.head = torch.nn.Linear(64, 4)'), JSON.stringify([...shown]));
      for (const theme of ['light', 'dark', 'highContrast'] as const)
        await workbench.screenshot('heat', theme);
      await workbench.setTheme('dark');
      // Any line that was seen has figures.
      const onLine = await workbench.hoverAt({ text: 'time.sleep(0.02)' });
      assert.match(onLine, /of run/);
      assert.match(onLine, /between calls of the model/);
      await workbench.screenshot('hover-line');
      await workbench.hideHover();
      const onCall = await until('a hover with its parts', async () => {
        const text = await workbench.hoverAt({ text: 'net(x)' });
        return text.includes('Whose functions') && text;
      });
      for (const part of ['your lines', 'unexplained', 'encoder (Linear)', 'Between the calls', 'Compare'])
        assert.ok(onCall.includes(part), `${part} in ${onCall}`);
      assert.ok(await workbench.page.locator('.monaco-hover img[src^="data:image/svg"]').count());
      for (const theme of ['light', 'dark', 'highContrast'] as const) {
        await workbench.hideHover();
        await workbench.setTheme(theme);
        await workbench.hoverAt({ text: 'net(x)' });
        await workbench.screenshot(`hover-call-${theme}`);
      }
      await workbench.hideHover();
      await workbench.setTheme('dark');
      // A line that is edited is no longer the one that ran; those below it keep their heat.
      await workbench.goTo(lineOf('time.sleep(0.02)'), 1);
      await workbench.page.keyboard.press('End');
      await workbench.page.keyboard.type('  # changed');
      await until('no heat on the edited line', async () => {
        const found = await heat(workbench);
        return ![...found.keys()].some((line) => line.startsWith('time.sleep(0.02)')) && found.size > 0;
      });
      await workbench.page.keyboard.press('Home');
      await workbench.page.keyboard.press('ControlOrMeta+Enter'); // a new line below
      await until('heat on a line that has moved', async () => (await heat(workbench)).has('total += j * i'));
      await workbench.page.keyboard.press('ControlOrMeta+z');
      await workbench.page.keyboard.press('ControlOrMeta+z');
      // Runs: the difference to the one before, keeping, comparing.
      const rows = await until('two runs with a difference', async () => {
        const all = (await workbench.runsTree()).filter(({ level }) => level === 1);
        return all.length === 2 && all.some(({ description }) => description.includes('slower')) && all;
      });
      assert.match(rows[0]!.description, /p50 1[5-9](\.\d+)? ms · [3-6]\d % slower/);
      await workbench.clickRowAction('work.py', 'Keep Run');
      const runs = path.join(workspace, '.predictscope/runs');
      const newest = (await readdir(runs))
        .filter((name) => /^\d{8}T/.test(name))
        .sort()
        .at(-1)!;
      await until('the note on disk', async () =>
        (await readFile(path.join(runs, newest, 'notes.json'), 'utf8').catch(() => '')).includes(
          '"pinned":true',
        ),
      );
      for (const theme of ['light', 'dark', 'highContrast'] as const)
        await workbench.screenshot('runs-difference', theme);
      await workbench.setTheme('dark');
      await workbench.clickRowAction('work.py', 'Compare Runs…');
      await until('runs to compare with', async () => (await workbench.choices()).length > 0);
      await workbench.page.locator('.quick-input-list .monaco-list-row').first().click();
      await workbench.page.locator('.quick-input-widget .monaco-button', { hasText: 'OK' }).click();
      const frame = await workbench.webviewFrame('main h1');
      const compared = await frame.locator('main').innerText();
      assert.match(compared, /slower/);
      assert.match(compared, /95 % interval/);
      for (const theme of ['light', 'dark', 'highContrast'] as const) {
        await workbench.screenshot('compare', theme);
        await assertFrameAccessible(frame, `the comparison, ${theme}`);
      }
      await workbench.setTheme('dark');
      await lensWith(workbench, /slower \(against work\.py/);
      await workbench.screenshot('lens-compared');
      // The report opens from disk, without a network and without scripts.
      const report = path.join(artifacts, 'report.html');
      await run(process.execPath, [cli, 'report', path.join(runs, newest), '-o', report, '--without-paths'], {
        cwd: workspace,
      });
      const text = await readFile(report, 'utf8');
      assert.ok(text.length < 5_000_000);
      assert.ok(!text.includes(workspace));
      const page = await workbench.page.context().newPage();
      await page.context().setOffline(true);
      await page.goto(`file://${report}`);
      for (const scheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: scheme });
        await page.screenshot({
          path: path.join(artifacts, 'screenshots', `report-${scheme}.png`),
          fullPage: true,
        });
        await assertAccessible(page, `the report, ${scheme}`);
      }
      assert.match(await page.locator('main').innerText(), /time\.sleep\(0\.02\)/);
      await page.context().setOffline(false);
      await page.close();
      assert.deepEqual(
        workbench.consoleErrors.filter((each) => /predictscope/i.test(each)),
        [],
      );
    },
  },
]);
