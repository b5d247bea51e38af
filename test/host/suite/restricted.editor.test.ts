import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { commands } from '../../../src/common/ids';
import { lenses, open, places, until } from './steps';

const { folder } = places;

describe('in Restricted Mode', () => {
  it('no lens offers to run anything', async () => {
    assert.deepEqual(await lenses(await open('quick.py')), []);
  });

  it('the command starts nothing', async () => {
    const site = { file: path.join(folder(), 'quick.py'), line: 22 };
    // It tells why in a message that waits for an answer; so it is not awaited to its end.
    await Promise.race([
      vscode.commands.executeCommand(commands.profilePredict, site),
      new Promise((done) => setTimeout(done, 2000)),
    ]);
    assert.equal(vscode.tasks.taskExecutions.length, 0);
  });

  it('profiler calls can be put in and taken out: that runs nothing', async () => {
    const document = await open('quick.py');
    const text = document.getText();
    const argument = { whole: document.uri.toString() };
    void vscode.commands.executeCommand(commands.insertCalls, argument);
    await until(() => (document.getText() === text ? undefined : true));
    // Where the inserted code writes is not for the workspace to say.
    assert.ok(document.getText().includes(path.join(folder(), '.predictscope', 'runs')));
    void vscode.commands.executeCommand(commands.removeCalls, argument);
    await until(() => (document.getText() === text ? true : undefined));
    await document.save();
  });

  it('the workspace cannot choose what is run', async () => {
    mkdirSync(path.join(folder(), '.vscode'), { recursive: true });
    writeFileSync(
      path.join(folder(), '.vscode/settings.json'),
      JSON.stringify({
        'predictscope.interpreter': '/evil/python',
        'predictscope.logDirectory': '/evil/logs',
        'predictscope.warmUpCalls': 3,
      }),
    );
    const settings = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration('predictscope');
    for (const end = Date.now() + 10_000; Date.now() < end && settings().get('warmUpCalls') !== 3;) {
      await new Promise((done) => setTimeout(done, 100));
    }
    assert.equal(settings().get('warmUpCalls'), 3);
    assert.notEqual(settings().get('interpreter'), '/evil/python');
    assert.notEqual(settings().get('logDirectory'), '/evil/logs');
  });

  it('a trace can be looked at', async () => {
    const extension = vscode.extensions.getExtension('predictscope.predictscope')!;
    const trace = vscode.Uri.joinPath(extension.extensionUri, 'test/fixtures/trace/predict.xplane.pb');
    await vscode.commands.executeCommand('vscode.open', trace);
    for (const end = Date.now() + 10_000; Date.now() < end;) {
      if (vscode.window.tabGroups.activeTabGroup.activeTab?.input instanceof vscode.TabInputCustom) return;
      await new Promise((done) => setTimeout(done, 100));
    }
    assert.fail('The trace did not open in the timeline.');
  });
});
