import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { UserError } from '../common/problem';
import { quoteCommandLine, recognise, remoteNotSupported, splitCommandLine } from '../launch/commandLine';

const memento = 'predictscope.program';

/** What to run, as the user gave it: `python` at its head means the chosen interpreter. */
export interface ChosenProgram {
  commandLine: string;
  cwd: string;
}

/** Asks once what to run and remembers it for the workspace. */
export class ProgramChooser {
  readonly #terminalCommands: string[] = [];

  constructor(private readonly state: vscode.Memento) {}

  /** Remembers command lines that run in terminals, so that they can be offered. */
  watchTerminals(): vscode.Disposable {
    return vscode.window.onDidStartTerminalShellExecution(({ execution }) => {
      const line = execution.commandLine.value.trim();
      if (!line || line.length > 2000) return;
      const known = this.#terminalCommands.indexOf(line);
      if (known >= 0) this.#terminalCommands.splice(known, 1);
      this.#terminalCommands.unshift(line);
      this.#terminalCommands.length = Math.min(this.#terminalCommands.length, 20);
    });
  }

  get remembered(): ChosenProgram | undefined {
    return this.state.get<ChosenProgram>(memento);
  }

  /** Words of the remembered program; asks when there is none or `ask` is set. undefined: the user gave up. */
  async choose(folder: string, interpreter: string, ask: boolean): Promise<ChosenProgram | undefined> {
    const remembered = this.remembered;
    if (remembered && !ask) return remembered;
    const commandLine = await this.#pick(folder, interpreter, remembered?.commandLine);
    if (commandLine === undefined) return undefined;
    const program = { commandLine, cwd: folder };
    await this.state.update(memento, program);
    return program;
  }

  async #pick(folder: string, interpreter: string, current: string | undefined): Promise<string | undefined> {
    type Item = vscode.QuickPickItem & { commandLine?: string };
    const items: Item[] = [];
    const editor = vscode.window.activeTextEditor?.document;
    if (current) {
      items.push({
        label: `$(history) ${current}`,
        description: vscode.l10n.t('as last time'),
        commandLine: current,
      });
    }
    if (editor?.languageId === 'python' && editor.uri.scheme === 'file') {
      const file = path.relative(folder, editor.uri.fsPath);
      items.push({
        label: `$(file-code) python ${file}`,
        description: vscode.l10n.t('the open file'),
        commandLine: `python ${quoteCommandLine([file.startsWith('..') ? editor.uri.fsPath : file])}`,
      });
    }
    for (const module of await modules(folder)) {
      items.push({
        label: `$(package) python -m ${module}`,
        description: vscode.l10n.t('module of the workspace'),
        commandLine: `python -m ${module}`,
      });
    }
    for (const script of await consoleScripts(folder)) {
      items.push({
        label: `$(terminal-cmd) ${script}`,
        description: vscode.l10n.t('console script, from {0}', path.dirname(interpreter)),
        commandLine: quoteCommandLine([path.join(path.dirname(interpreter), script)]),
      });
    }
    for (const line of this.#terminalCommands.slice(0, 5)) {
      items.push({
        label: `$(terminal) ${line}`,
        description: vscode.l10n.t('from a terminal'),
        commandLine: line,
      });
    }
    items.push({ label: vscode.l10n.t('$(edit) Type or paste a command line…') });
    const picked = await vscode.window.showQuickPick(items, {
      title: vscode.l10n.t('What should Predictscope run?'),
      placeHolder: vscode.l10n.t('Asked once for this workspace; “Choose Program” changes it'),
    });
    if (!picked) return undefined;
    return vscode.window.showInputBox({
      title: vscode.l10n.t('Command line to profile'),
      prompt: vscode.l10n.t('Add arguments if it needs some. Runs in {0}.', folder),
      value: picked.commandLine ?? '',
      valueSelection: [picked.commandLine?.length ?? 0, picked.commandLine?.length ?? 0],
      ignoreFocusOut: true,
      validateInput: (text) => complaint(text),
    });
  }
}

function complaint(text: string): string | undefined {
  try {
    const words = splitCommandLine(text);
    if (words.length === 0) return vscode.l10n.t('Type what you would type in a terminal.');
    const { remote } = recognise(words);
    if (remote) throw remoteNotSupported(remote);
    return undefined;
  } catch (error) {
    return error instanceof UserError ? [error.message, error.fix].filter(Boolean).join(' ') : String(error);
  }
}

/** Words to start, with the interpreter put in for a bare `python`. */
export function commandWords(program: ChosenProgram, interpreter: string): string[] {
  const words = splitCommandLine(program.commandLine);
  const { start, wrapper } = recognise(words);
  if (!wrapper && /^python3?$/.test(words[start] ?? '')) words[start] = interpreter;
  return words;
}

/** Packages of the workspace that `python -m` can run. */
async function modules(folder: string): Promise<string[]> {
  const found = await vscode.workspace.findFiles(
    new vscode.RelativePattern(folder, '**/__main__.py'),
    '**/{.venv,venv,site-packages,node_modules,.git}/**',
    20,
  );
  return found
    .map((uri) => path.relative(folder, path.dirname(uri.fsPath)))
    .filter(
      (relative) => relative !== '' && relative.split(path.sep).every((part) => /^[A-Za-z_]\w*$/.test(part)),
    )
    .map((relative) => relative.split(path.sep).join('.'))
    .sort();
}

/** Names below [project.scripts] in pyproject.toml. */
async function consoleScripts(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  if (!(names as string[]).includes('pyproject.toml')) return [];
  const text = await readFile(path.join(folder, 'pyproject.toml'), 'utf8');
  const section = /^\[project\.scripts\]\s*$([^[]*)/m.exec(text)?.[1] ?? '';
  return [...section.matchAll(/^\s*"?([\w.-]+)"?\s*=/gm)].map((match) => match[1]!);
}
