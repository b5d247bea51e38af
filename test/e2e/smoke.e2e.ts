import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { defineTests } from './lib/runner';

export const tests = defineTests([
  {
    name: 'VS Code opens a Python file with the extension there',
    run: async ({ openWorkbench, temporaryFolder, artifacts }) => {
      const workspace = await temporaryFolder();
      await writeFile(path.join(workspace, 'answer.py'), 'print(6 * 7)\n');
      const workbench = await openWorkbench({ workspace });
      assert.ok((await workbench.statusBarTexts()).length > 0);
      await workbench.openFile('answer.py');
      assert.equal(await workbench.activeTab(), 'answer.py');
      await workbench.showRuns();
      // A figure for RESULTS.md, not a limit: what the window says of our activation.
      await workbench.runCommand('Developer: Show Running Extensions');
      const row = workbench.page.locator('.runtime-extensions-editor .extension', {
        hasText: 'Predictscope',
      });
      await row.first().waitFor();
      await writeFile(path.join(artifacts, 'activation.txt'), await row.first().innerText());
    },
  },
]);
