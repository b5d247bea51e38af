import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { defineTests } from './lib/runner';
import { answerProgram, lensWith } from './lib/steps';
import { until } from './lib/until';

/** A finished run's lens. */
const figures = /^(\d[\d,]*) calls · p50 ([\d.]+ m?s) · p95 ([\d.]+ m?s) · ([\d.]+) % of run$/;

/** The only run that the workspace holds. */
async function runFolder(workspace: string): Promise<string> {
  const runs = path.join(workspace, '.predictscope/runs');
  const names = (await readdir(runs)).filter((name) => /^\d{8}T/.test(name));
  assert.equal(names.length, 1);
  return path.join(runs, names[0]!);
}

export const tests = defineTests([
  {
    name: 'lens click, live lens, figures, hover, runs, timeline',
    run: async ({ openWorkbench, sampleWorkspace, python, artifacts }) => {
      const workspace = await sampleWorkspace();
      const before = await readFile(path.join(workspace, 'quick.py'), 'utf8');
      const workbench = await openWorkbench({ workspace, settings: { 'predictscope.interpreter': python } });
      await workbench.openFile('quick.py');
      await lensWith(workbench, /^Profile predict$/);
      await workbench.screenshot('lens');
      await workbench.clickLens('Profile predict');
      await answerProgram(workbench, /python quick\.py/);
      // While it runs the lens counts up, and the status bar and a notification say so.
      await lensWith(workbench, /^\d+ calls · p50 /);
      assert.ok((await workbench.statusBarTexts()).some((text) => /quick\.py · \d+ calls?/.test(text)));
      await workbench.screenshot('live');
      await until(
        'the end of the run',
        async () => {
          const rows = await workbench.runsTree();
          return rows.some(
            (row) => row.level === 1 && row.label === 'quick.py' && !row.description.includes('running'),
          );
        },
        60_000,
      );
      const lens = await lensWith(workbench, figures);
      const [, calls, p50, p95, share] = figures.exec(lens)!;
      assert.equal(Number(calls), 30);
      const milliseconds = (text: string): number =>
        Number.parseFloat(text) * (text.endsWith(' ms') ? 1 : 1000);
      assert.ok(milliseconds(p50!) <= milliseconds(p95!), lens);
      assert.ok(Number(share) > 0 && Number(share) <= 100, lens);
      // The same figures as the command line gives for the run directory.
      const rows = await until('the run with its parts', async () => {
        const all = await workbench.runsTree();
        const labels = all.map((row) => row.label);
        return labels.includes('Timeline: steady calls') && labels.includes('quick.py:22') && all;
      });
      assert.ok(
        rows.some((row) => row.label === 'quick.py:22' && row.description.includes('30 calls')),
        JSON.stringify(rows),
      );
      await workbench.goTo(22);
      const hover = await until('a hover with parts', async () => {
        const text = await workbench.hoverAt({ text: 'model.predict' });
        return text.includes('model function') && text;
      });
      for (const part of [
        'calls',
        'first',
        'p95',
        'set-up',
        'tracing',
        'Python',
        'input (1, 64, 4) × 30',
        'Open timeline',
      ]) {
        assert.ok(hover.includes(part), `${part} in ${hover}`);
      }
      await workbench.screenshot('hover');
      await workbench.hideHover();
      for (const theme of ['light', 'dark', 'highContrast'] as const)
        await workbench.screenshot('runs', theme);
      await workbench.setTheme('dark');
      await workbench.runsRow('Timeline: steady calls').click();
      const frame = await workbench.webviewFrame('html[data-state="ready"]');
      const events = Number(await frame.locator('html').getAttribute('data-events'));
      assert.ok(events > 1000, `${events} events`);
      assert.match(await workbench.activeTab(), /xplane\.pb$/);
      for (const theme of ['light', 'dark', 'highContrast'] as const)
        await workbench.screenshot('timeline', theme);
      assert.equal(await readFile(path.join(workspace, 'quick.py'), 'utf8'), before);
      await runFolder(workspace);
      // A figure for RESULTS.md, not a limit: what the window says of our activation.
      await workbench.runCommand('Developer: Show Running Extensions');
      const row = workbench.page.locator('.runtime-extensions-editor .extension', {
        hasText: 'Predictscope',
      });
      await row.first().waitFor();
      await writeFile(
        path.join(artifacts, 'activation.txt'),
        `${await row.first().innerText()}\n${await workbench.extensionLog()}`,
      );
      assert.deepEqual(
        workbench.consoleErrors.filter((text) => /predictscope/i.test(text)),
        [],
      );
    },
  },
]);
