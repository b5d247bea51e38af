import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { commands } from '../../../src/common/ids';

describe('the extension', () => {
  it('activates and registers its commands', async () => {
    const extension = vscode.extensions.getExtension('predictscope.predictscope');
    assert.ok(extension, 'predictscope.predictscope is not there');
    await extension.activate();
    assert.equal(vscode.workspace.isTrusted, true);
    const registered = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(
      Object.values(commands).filter((command) => !registered.has(command)),
      [],
    );
  });
});
