import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { defineTests } from './lib/runner';
import { lensWith } from './lib/steps';
import { until } from './lib/until';
import type { Workbench } from './lib/workbench';

const themes = ['light', 'dark', 'highContrast'] as const;

/** An alias that the source says too little about, below a call that says enough. */
const program = `import keras

import helpers

model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2)])
print("größer", model.predict([[0.0] * 8], verbose=0))
print(helpers.ask([[0.0] * 8]))
`;

const training = `import keras

model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2)])
model.compile(loss="mse")
model.fit([[0.0] * 8], [[0.0] * 2])
`;

const notebook = {
  cells: [
    cell('code', '%matplotlib inline\nimport keras\nimport numpy as np\nfrom settings import CALLS'),
    cell('markdown', '## One model, asked a few times'),
    cell('code', 'model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2)])'),
    cell(
      'code',
      'for call in range(CALLS):\n    y = model.predict(np.zeros((1, 8)), verbose=0)\ndisplay(y.shape)',
    ),
    cell('code', 'raise SystemExit("cells below the clicked one do not run")'),
  ],
  metadata: { language_info: { name: 'python' }, kernelspec: { name: 'python3', display_name: 'Python 3' } },
  nbformat: 4,
  nbformat_minor: 5,
};

function cell(kind: 'code' | 'markdown', source: string): object {
  const code = kind === 'code' ? { execution_count: null, outputs: [] } : {};
  return { cell_type: kind, metadata: {}, source: source.split(/(?<=\n)/), ...code };
}

async function workspaceSettings(workspace: string): Promise<Record<string, unknown>> {
  const text = await readFile(path.join(workspace, '.vscode/settings.json'), 'utf8').catch(() => '{}');
  return JSON.parse(text) as Record<string, unknown>;
}

/** Takes an entry of the menu behind “…”, of the only lens in view. */
async function fromMenu(workbench: Workbench, label: string): Promise<void> {
  await workbench.clickLensMenu();
  await workbench.pick(label);
}

export const tests = defineTests([
  {
    name: 'lens menu, not a predict call, treat as predict call, code action and its undo',
    run: async ({ openWorkbench, temporaryFolder, python }) => {
      const workspace = await temporaryFolder();
      const file = path.join(workspace, 'ask.py');
      await writeFile(file, program);
      await writeFile(path.join(workspace, 'train.py'), training);
      const workbench = await openWorkbench({ workspace, settings: { 'predictscope.interpreter': python } });
      await workbench.openFile('ask.py');
      await lensWith(workbench, /^Profile predict$/);
      await workbench.clickLensMenu();
      await until('the menu', async () => (await workbench.choices()).includes('Not a predict call'));
      for (const theme of themes) await workbench.screenshot('site-menu', theme);
      await workbench.setTheme('dark');
      await workbench.pick('Why is this a predict call?');
      await until('the reason', async () =>
        (await workbench.notifications()).some((text) =>
          /model\.predict \(ask\.py:6\).*Sequential/.test(text),
        ),
      );
      await workbench.screenshot('site-why');
      await workbench.answerNotification('ask.py:6', 'Not a Predict Call');
      // Gone, and said so in the settings; then undone by the button.
      await until('the lens to go', async () => (await workbench.lensTexts()).length === 0);
      const dismissed = 'predictscope.sites.dismissed';
      const [mark] = (await workspaceSettings(workspace))[dismissed] as string[];
      assert.match(mark!, /^[0-9a-f]{16} model\.predict in ask\.py$/);
      await workbench.answerNotification('no predict call', 'Undo');
      await lensWith(workbench, /^Profile predict$/);
      await until('the mark to go', async () => !(dismissed in (await workspaceSettings(workspace))));
      // An alias of which the source says nothing.
      await workbench.goTo(7, 15);
      await workbench.runCommand('Predictscope: Treat as Predict Call');
      await until('both lenses', async () => (await workbench.lensTexts()).filter((t) => t === 'Profile predict').length === 2); // prettier-ignore
      const added = (await workspaceSettings(workspace))['predictscope.sites.added'] as string[];
      assert.match(added[0]!, /^[0-9a-f]{16} helpers\.ask in ask\.py$/);
      // The source edit from the light bulb, and one step back.
      await workbench.goTo(6, 25);
      await workbench.codeAction('Insert profiler calls around model.predict');
      await until('the edit', async () => (await workbench.editorText()).includes('_predictscope_b'));
      await workbench.screenshot('inserted');
      const saved = (what: string, is: (text: string) => boolean): Promise<true> =>
        until(what, async () => {
          await workbench.page.keyboard.press('Control+S');
          return is(await readFile(file, 'utf8'));
        });
      await saved('the edit', (text) => text.includes('_predictscope_b'));
      await workbench.page.keyboard.press('Control+Z');
      await saved('the text as it was', (text) => text === program);
      await workbench.page.keyboard.press('Control+Shift+Z');
      await saved('the edit once more', (text) => text.includes('_predictscope_b'));
      await workbench.runCommand('Predictscope: Remove Profiler Calls');
      await until('its end', async () => !(await workbench.editorText()).includes('_predictscope_b'));
      await saved('the text without it', (text) => text === program);
      // What somebody changed is left, named and compared.
      await workbench.goTo(8);
      await workbench.page.keyboard.insertText('_predictscope_e(_predictscope_b(1), 7, helpers.ask(1))');
      await until('what was typed', async () => (await workbench.editorText()).includes('(1), 7,'));
      await workbench.runCommand('Predictscope: Remove Profiler Calls');
      await workbench.answerNotification('ask.py:8', 'Show Difference');
      await workbench.page.locator('.diff-editor, .monaco-diff-editor').first().waitFor();
      await workbench.screenshot('removal-left');
      // A file that trains and predicts nothing: its lens is offered once.
      await workbench.openFile('train.py');
      await workbench.answerNotification('train.py trains a model', 'Show Lens');
      await lensWith(workbench, /^Profile training step$/);
      assert.equal((await workspaceSettings(workspace))['predictscope.trainingLens'], true);
    },
  },
  {
    name: 'a notebook cell is run with those above it, and shows its figures',
    run: async ({ openWorkbench, temporaryFolder, python }) => {
      const workspace = await temporaryFolder();
      const folder = path.join(workspace, 'notes');
      await mkdir(folder);
      await writeFile(path.join(folder, 'settings.py'), 'CALLS = 8\n');
      const text = `${JSON.stringify(notebook, undefined, 1)}\n`;
      await writeFile(path.join(folder, 'keras.ipynb'), text);
      const workbench = await openWorkbench({ workspace, settings: { 'predictscope.interpreter': python } });
      await workbench.openFile('notes/keras.ipynb');
      await lensWith(workbench, /^Profile predict$/);
      await workbench.screenshot('notebook');
      await workbench.clickLens('Profile predict');
      await until('what is left out', async () =>
        (await workbench.notifications()).some((t) => t.includes('without %matplotlib inline (cell 1)')),
      );
      await lensWith(workbench, /^8 calls · p50 [\d.]+ m?s/);
      await until(
        'the end of the run',
        async () =>
        (await workbench.runsTree()).some((row) => row.level === 1 && row.description.includes('8 calls') && !row.description.includes('running')), // prettier-ignore
      );
      assert.ok((await workbench.runsTree()).some((row) => row.label === 'keras.ipynb · model.predict'));
      for (const theme of themes) await workbench.screenshot('notebook-figures', theme);
      const hover = await workbench.hoverAt({ text: 'model.predict' });
      assert.ok(hover.includes('p95') && hover.includes('input (1, 8) × 8'), hover);
      await workbench.screenshot('notebook-hover');
      // The program is ours, in our folder; the notebook is as it was.
      assert.deepEqual(await readdir(path.join(workspace, '.predictscope/notebooks/notes')), ['keras.py']);
      assert.equal(await readFile(path.join(folder, 'keras.ipynb'), 'utf8'), text);
      await workbench.hideHover();
      await fromMenu(workbench, 'Insert profiler calls');
      await until('the edit in the cell', async () => (await workbench.editorText()).includes('_predictscope_b')); // prettier-ignore
      await workbench.screenshot('notebook-inserted');
    },
  },
]);
