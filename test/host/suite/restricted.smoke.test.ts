import assert from 'node:assert/strict';
import * as vscode from 'vscode';

describe('the extension in Restricted Mode', () => {
  it('activates in a folder that is not trusted', async () => {
    assert.equal(vscode.workspace.isTrusted, false);
    const extension = vscode.extensions.getExtension('predictscope.predictscope');
    assert.ok(extension, 'predictscope.predictscope is not there');
    await extension.activate();
    assert.equal(extension.isActive, true);
  });
});
