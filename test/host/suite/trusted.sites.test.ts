import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { commands } from '../../../src/common/ids';
import { lensTitles, lenses, open, places, until, write } from './steps';

const training = `import keras

model = keras.Sequential([keras.layers.Dense(1)])
model.compile(loss="mse")
model.fit([1], [2])


def apply(x):
    return model.predict(x)


print(apply([1]))
`;

const settings = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration('predictscope');

/** A command that shows a message ends when somebody answers it, and nobody does here. */
function start(command: string, argument: unknown): void {
  void vscode.commands.executeCommand(command, argument);
}

before(() => vscode.extensions.getExtension('predictscope.predictscope')!.activate());

describe('what has a lens', () => {
  it('is a setting', async () => {
    const document = await open(write('training.py', training));
    assert.deepEqual(await lensTitles(document), ['9 Profile predict']);
    const with_ = async (key: string, value: unknown): Promise<string[]> => {
      await settings().update(key, value, vscode.ConfigurationTarget.Global);
      const titles = await lensTitles(document);
      await settings().update(key, undefined, vscode.ConfigurationTarget.Global);
      return titles;
    };
    assert.deepEqual(await with_('trainingLens', true), ['5 Profile training step', '9 Profile predict']);
    const wide = await with_('codeLens', 'training');
    assert.ok(wide.includes('5 Profile training step') && wide.includes('9 Profile predict'), wide.join());
    const all = await with_('codeLens', 'all');
    assert.ok(all.length >= wide.length, all.join());
    assert.deepEqual(await with_('codeLens', 'off'), []);
  });

  it('may be said otherwise, which the settings of the workspace keep in words', async () => {
    const document = await open('splicescore/scorer.py');
    const [first] = await lenses(document);
    const before = await lensTitles(document);
    const [argument] = first!.command!.arguments as [{ id: string; line: number }];
    start(commands.dismissSite, argument);
    const gone = await until(async () => {
      const titles = await lensTitles(document);
      return titles.length === before.length - 1 ? titles : undefined;
    });
    assert.deepEqual(gone, before.slice(1));
    const saved = (): Record<string, string[] | undefined> =>
      JSON.parse(readFileSync(path.join(places.folder(), '.vscode/settings.json'), 'utf8'));
    assert.deepEqual(saved()['predictscope.sites.dismissed'], [
      `${argument.id} models[m].predict in splicescore/scorer.py`,
    ]);
    // The other way round, with the cursor on it.
    const editor = vscode.window.activeTextEditor!;
    const at = first!.range.start.translate(0, 3);
    editor.selection = new vscode.Selection(at, at);
    start(commands.treatAsPredict, undefined);
    await until(async () => ((await lensTitles(document)).length === before.length ? true : undefined));
    assert.equal(saved()['predictscope.sites.dismissed'], undefined);
    // And a call that is none by itself.
    const line = document
      .getText()
      .split('\n')
      .findIndex((text) => text.includes('_with_allele(before'));
    const call = new vscode.Position(line, document.lineAt(line).text.indexOf('_with_allele') + 2);
    editor.selection = new vscode.Selection(call, call);
    start(commands.treatAsPredict, undefined);
    const more = await until(async () => {
      const titles = await lensTitles(document);
      return titles.length === before.length + 1 ? titles : undefined;
    });
    assert.ok(more.includes(`${line + 1} Profile predict`), more.join());
    assert.match(saved()['predictscope.sites.added']![0]!, /^[0-9a-f]{16} _with_allele in splicescore\/scorer\.py$/); // prettier-ignore
    const added = (await lenses(document)).find((lens) => lens.range.start.line === line)!;
    start(commands.dismissSite, (added.command!.arguments as unknown[])[0]);
    await until(async () => ((await lensTitles(document)).length === before.length ? true : undefined));
    assert.equal(saved()['predictscope.sites.added'], undefined);
    assert.equal(saved()['predictscope.sites.dismissed'], undefined);
  });
});

describe('code actions', () => {
  const actions = async (
    document: vscode.TextDocument,
    position: vscode.Position,
  ): Promise<vscode.CodeAction[]> =>
    vscode.commands.executeCommand(
      'vscode.executeCodeActionProvider',
      document.uri,
      new vscode.Range(position, position),
      vscode.CodeActionKind.Refactor.value,
    );
  const ours = (all: vscode.CodeAction[]): string[] =>
    all.filter((each) => each.command?.command.startsWith('predictscope.')).map((each) => each.title);
  const run = async (all: vscode.CodeAction[], title: string): Promise<void> => {
    const { command } = all.find((each) => each.title === title)!;
    start(command!.command, (command!.arguments as unknown[])[0]);
    return Promise.resolve();
  };

  for (const [name, eol] of [
    ['LF', '\n'],
    ['CRLF', '\r\n'],
  ] as const) {
    it(`insert and remove profiler calls, to the byte and in one step: ${name}`, async () => {
      const text = `# ünïcödé 😀\n${training}`.replaceAll('\n', eol).trimEnd();
      const document = await open(write(`edited-${name}.py`, text));
      const at = new vscode.Position(9, 15);
      const found = await actions(document, at);
      assert.deepEqual(ours(found), [
        'Insert profiler calls around model.predict',
        'Insert profiler calls around model.predict as try/finally',
        'model.predict is not a predict call',
      ]);
      for (const title of ours(found).slice(0, 2)) {
        await run(found, title);
        await until(() => (document.getText() === text ? undefined : true));
        assert.match(document.getText(), /predictscope/);
        assert.ok(document.getText().includes(path.join('.predictscope', 'runs')));
        assert.equal(
          (await lensTitles(document)).filter((lens) => lens.includes('Profile predict')).length,
          1,
        );
        await vscode.commands.executeCommand('undo');
        assert.equal(document.getText(), text);
        await vscode.commands.executeCommand('redo');
        const line = document.getText().split(eol).findIndex((each) => each.includes('model.predict')); // prettier-ignore
        const there = await actions(document, new vscode.Position(line, document.lineAt(line).text.indexOf('.predict'))); // prettier-ignore
        assert.ok(ours(there).includes('Remove all profiler calls of the file'), ours(there).join());
        await run(there, 'Remove all profiler calls of the file');
        await until(() => (document.getText() === text ? true : undefined));
      }
      await document.save();
      assert.equal(readFileSync(document.uri.fsPath, 'utf8'), text);
    });
  }

  it('offer nothing by themselves where no model is called, and “treat as” when asked', async () => {
    const document = await open(write('edited-other.py', training));
    const line = training.split('\n').findIndex((text) => text.startsWith('print('));
    const found = await actions(document, new vscode.Position(line, 8));
    assert.ok(ours(found).includes('Treat apply as predict call'), ours(found).join());
  });
});

describe('notebooks', () => {
  const notebook = async (): Promise<vscode.NotebookDocument> => {
    const cell = (text: string): vscode.NotebookCellData =>
      new vscode.NotebookCellData(vscode.NotebookCellKind.Code, text, 'python');
    const cells = [
      cell('%matplotlib inline\nimport keras\nmodel = keras.models.load_model("m.keras")'),
      new vscode.NotebookCellData(vscode.NotebookCellKind.Markup, '# model.predict(x)', 'markdown'),
      cell('%%time\n!echo x\nfirst = model.predict([1])'),
      cell('for x in range(3):\n    model.predict([x])'),
    ];
    const json = {
      cells: cells.map(({ kind, value }) => ({
        cell_type: kind === vscode.NotebookCellKind.Code ? 'code' : 'markdown',
        metadata: {},
        source: value.split(/(?<=\n)/),
        ...(kind === vscode.NotebookCellKind.Code ? { execution_count: null, outputs: [] } : {}),
      })),
      metadata: { language_info: { name: 'python' } },
      nbformat: 4,
      nbformat_minor: 5,
    };
    const file = write('notes/analysis.ipynb', JSON.stringify(json, undefined, 1));
    const document = await vscode.workspace.openNotebookDocument(vscode.Uri.file(file));
    await vscode.window.showNotebookDocument(document);
    return document;
  };

  it('have lenses in their cells, and are edited in one step', async () => {
    const document = await notebook();
    const cells = document.getCells().map((cell) => cell.document);
    // The window has the text of a cell only once it has drawn its editor; of Markdown it has none.
    await until(() => lenses(cells[3]!).then((found) => (found.length > 0 ? true : undefined), () => undefined)); // prettier-ignore
    const before = cells.map((cell) => cell.getText());
    const titles = await Promise.all([0, 2, 3].map((index) => lensTitles(cells[index]!)));
    assert.deepEqual(titles, [[], ['3 Profile predict'], ['2 Profile predict']]);
    start(commands.insertCalls, { whole: cells[2]!.uri.toString() });
    await until(() => (cells[3]!.getText() === before[3] ? undefined : true));
    assert.match(cells[2]!.getText(), /^%%time\n/);
    assert.match(cells[2]!.getText(), /\n!echo x\nfirst = _predictscope_e\(/);
    assert.equal(cells[0]!.getText(), before[0]);
    start(commands.removeCalls, { whole: cells[0]!.uri.toString() });
    await until(() => (cells[3]!.getText() === before[3] ? true : undefined));
    assert.deepEqual(
      cells.map((cell) => cell.getText()),
      before,
    );
  });
});

describe('JavaScript and TypeScript', () => {
  it('have lenses where TensorFlow.js runs a model, and nowhere else', async () => {
    const text = `import * as tf from '@tensorflow/tfjs';
const model = await tf.loadLayersModel('model.json');
const y = model.predict(tf.zeros([1, 4]));
`;
    const script = await open(write('web/score.js', text));
    assert.deepEqual(await lensTitles(script), ['3 Insert profiler calls']);
    const typed = await open(write('web/score.ts', text));
    assert.deepEqual(await lensTitles(typed), ['3 Insert profiler calls']);
    const other = await open(write('web/other.js', 'const model = {};\nmodel.predict(1);\n'));
    assert.deepEqual(await lensTitles(other), []);
    const [lens] = await lenses(typed);
    start(lens!.command!.command, (lens!.command!.arguments as unknown[])[0]);
    await until(() => (typed.getText() === text ? undefined : true));
    const removing = await until(async () => {
      const [now] = await lenses(typed);
      return now?.command?.command === commands.removeCalls ? now.command : undefined;
    });
    start(removing.command, (removing.arguments as unknown[])[0]);
    await until(() => (typed.getText() === text ? true : undefined));
    await typed.save();
  });
});
