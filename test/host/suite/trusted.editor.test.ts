import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { commands } from '../../../src/common/ids';
import { lenses, open, places, until } from './steps';

const { folder } = places;

describe('lenses', () => {
  before(() => vscode.extensions.getExtension('predictscope.predictscope')!.activate());

  it('are on each predict call and say where they are', async () => {
    const document = await open('splicescore/scorer.py');
    const all = await lenses(document);
    // Each has its menu beside it.
    const found = all.filter((lens) => lens.command?.command !== commands.siteMenu);
    assert.equal(all.length, 2 * found.length);
    const lines = found.map((lens) => lens.range.start.line + 1);
    const text = document.getText().split('\n');
    assert.equal(found.length, 2);
    for (const line of lines) assert.match(text[line - 1]!, /\.predict\(/);
    for (const lens of found) {
      assert.equal(lens.command?.command, commands.profilePredict);
      assert.equal(lens.command.title.replaceAll('\u00a0', ' '), '$(flame) Profile predict');
      const [argument] = lens.command.arguments as [{ file: string; line: number }];
      assert.equal(argument.file, document.uri.fsPath);
      assert.equal(argument.line, lens.range.start.line + 1);
    }
  });

  it('follow the text as it is edited', async () => {
    const document = await open('quick.py');
    const [before] = await lenses(document);
    const edit = new vscode.WorkspaceEdit();
    edit.insert(document.uri, new vscode.Position(0, 0), '\n\n');
    await vscode.workspace.applyEdit(edit);
    const [after] = await lenses(document);
    assert.equal(after!.range.start.line, before!.range.start.line + 2);
    await vscode.commands.executeCommand('undo');
    assert.equal(document.isDirty, false);
  });

  it('can be switched off, and widened', async () => {
    const document = await open('quick.py');
    const settings = vscode.workspace.getConfiguration('predictscope');
    await settings.update('codeLens', 'off', vscode.ConfigurationTarget.Global);
    assert.deepEqual(await lenses(document), []);
    await settings.update('codeLens', 'all', vscode.ConfigurationTarget.Global);
    assert.ok((await lenses(document)).length >= 1);
    await settings.update('codeLens', undefined, vscode.ConfigurationTarget.Global);
    await settings.update('sites.exclude', ['**/quick.py'], vscode.ConfigurationTarget.Global);
    assert.deepEqual(await lenses(document), []);
    await settings.update('sites.exclude', undefined, vscode.ConfigurationTarget.Global);
    assert.equal((await lenses(document)).length, 2);
  });
});

describe('a run', () => {
  it('started as a task uses the interpreter of the Python extension and shows its figures', async function () {
    this.timeout(120_000);
    const document = await open('quick.py');
    const before = readFileSync(document.uri.fsPath, 'utf8');
    mkdirSync(path.join(folder(), '.vscode'), { recursive: true });
    writeFileSync(
      path.join(folder(), '.vscode/tasks.json'),
      JSON.stringify({
        version: '2.0.0',
        tasks: [{ type: 'predictscope', label: 'profile quick', command: ['python', 'quick.py'] }],
      }),
    );
    const task = await until(async () =>
      (await vscode.tasks.fetchTasks()).find((each) => each.name === 'profile quick'),
    );
    const ended = new Promise<number | undefined>((done) => {
      const subscription = vscode.tasks.onDidEndTaskProcess((event) => {
        if (event.execution.task.name !== 'profile quick') return;
        subscription.dispose();
        done(event.exitCode);
      });
    });
    await vscode.tasks.executeTask(task);
    assert.equal(await ended, 0);
    const runs = path.join(folder(), '.predictscope/runs');
    const [run] = readdirSync(runs);
    const record = JSON.parse(readFileSync(path.join(runs, run!, 'run.json'), 'utf8'));
    // The test double of the Python extension has selected this one.
    assert.equal(record.interpreter, process.env.TEST_PYTHON);
    assert.equal(record.state, 'ended');
    assert.ok(existsSync(path.join(folder(), '.predictscope/.gitignore')));
    const figures = await until(
      async () =>
        (await lenses(document)).find((lens) => (lens.command?.title ?? '').startsWith('30 calls · p50 ')),
      50_000,
    );
    assert.equal(figures.command?.command, commands.openTimeline);
    const hover = await until(async () => {
      const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
        'vscode.executeHoverProvider',
        document.uri,
        figures.range.start.translate(0, 3),
      );
      const text = hovers
        .flatMap((each) => each.contents)
        .map((content) => (content instanceof vscode.MarkdownString ? content.value : ''))
        .join('\n');
      return text.includes('model') && text.includes('tracing') ? text : undefined;
    });
    assert.match(hover, /input \(1, 64, 4\) × 30/);
    assert.equal(readFileSync(document.uri.fsPath, 'utf8'), before);
    // Open Timeline without an argument takes the newest run.
    await vscode.commands.executeCommand(commands.openTimeline);
    const input = await until(() => {
      const tab = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
      return tab instanceof vscode.TabInputCustom ? tab : undefined;
    });
    assert.equal(input.viewType, 'predictscope.timeline');
    assert.match(input.uri.fsPath, /trace-1.*\.xplane\.pb$/);
  });
});
