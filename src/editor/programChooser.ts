import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { UserError } from '../common/problem';
import {
  quoteCommandLine,
  recognise,
  remoteNotSupported,
  splitCommandLine,
  startsContainer,
} from '../launch/commandLine';
import type { SiteArgument } from '../launch/chooseSites';
import type { TargetProgram } from '../launch/targetSites';
import { codeCopy } from '../common/codeCopy';
import { kindName, type ChosenTarget, type TargetChooser } from './targetChooser';

const memento = 'predictscope.program';

function key({ id, prefix }: ChosenTarget): string {
  return id === 'local' ? memento : [memento, id, ...(prefix ?? [])].join(' ');
}

/** The one program whose code a call is in. */
function onlyProgramOf(
  offered: readonly TargetProgram[],
  site: SiteArgument | undefined,
): string | undefined {
  const there = site && codeCopy(site.file)?.there;
  if (there === undefined) return undefined;
  const of = offered.filter(({ places }) =>
    places.some((place) => there === place || there.startsWith(`${place}/`)),
  );
  return of.length === 1 ? of[0]!.commandLine : undefined;
}

/** What to run, as the user gave it: `python` at its head means the chosen interpreter. */
export interface ChosenProgram {
  commandLine: string;
  cwd: string;
}

/** Asks once what to run and remembers it for the workspace. */
export class ProgramChooser {
  readonly #terminalCommands: string[] = [];

  constructor(
    private readonly state: vscode.Memento,
    private readonly targets: TargetChooser,
  ) {}

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

  /** What runs at the chosen place: each has programs of its own. */
  get remembered(): ChosenProgram | undefined {
    return this.state.get<ChosenProgram>(key(this.targets.current));
  }

  async remember(target: ChosenTarget, program: ChosenProgram): Promise<void> {
    await this.state.update(key(target), program);
  }

  /** Words of the remembered program; asks when there is none or `ask` is set. undefined: the user gave up. */
  async choose(
    folder: string,
    interpreter: string,
    ask: boolean,
    site?: SiteArgument,
  ): Promise<ChosenProgram | undefined> {
    const remembered = this.remembered;
    if (remembered && !ask) return remembered;
    const target = this.targets.current;
    const offered = await this.#offered(target);
    if (!offered) return undefined;
    // A call in the code of a container mostly says by itself which program is meant.
    const only = ask ? undefined : onlyProgramOf(offered, site);
    const picked = only ?? (await this.#pick(folder, interpreter, remembered?.commandLine, offered));
    const commandLine = picked === undefined ? undefined : await this.#complete(picked, folder);
    if (commandLine === undefined) return undefined;
    const program = { commandLine, cwd: folder };
    await this.remember(target, program);
    return program;
  }

  /** Programs that the chosen place brings along. undefined: the user gave up. */
  async #offered(target: ChosenTarget): Promise<readonly TargetProgram[] | undefined> {
    if (!/^(container|image|dockerfile):/.test(target.id)) return [];
    return (await this.targets.code(target, false))?.programs;
  }

  /** The picked command line, '' for one that is still to be typed. */
  async #pick(
    folder: string,
    interpreter: string,
    current: string | undefined,
    offered: readonly TargetProgram[],
  ): Promise<string | undefined> {
    type Item = vscode.QuickPickItem & { commandLine?: string };
    const items: Item[] = [];
    const target = this.targets.current;
    const here = target.kind === 'local';
    const python = here ? 'python' : 'python3';
    const editor = vscode.window.activeTextEditor?.document;
    if (current) {
      items.push({
        label: `$(history) ${current}`,
        description: vscode.l10n.t('as last time'),
        commandLine: current,
      });
    }
    for (const { name, commandLine } of offered) {
      items.push({
        label: `$(terminal-cmd) ${name}`,
        description: vscode.l10n.t('console script there'),
        commandLine,
      });
    }
    if (editor?.languageId === 'python' && editor.uri.scheme === 'file') {
      const file = path.relative(folder, editor.uri.fsPath);
      const outside = file.startsWith('..');
      const copy = codeCopy(editor.uri.fsPath);
      // Elsewhere than here, only what it shares with us can be started by its name here.
      const named = copy?.there ?? (outside ? (here ? editor.uri.fsPath : undefined) : file);
      if (named !== undefined) {
        items.push({
          label: `$(file-code) ${python} ${named}`,
          description: vscode.l10n.t('the open file'),
          commandLine: `${python} ${quoteCommandLine([named])}`,
        });
      }
    }
    for (const module of await modules(folder)) {
      items.push({
        label: `$(package) ${python} -m ${module}`,
        description: vscode.l10n.t('module of the workspace'),
        commandLine: `${python} -m ${module}`,
      });
    }
    for (const script of here ? await consoleScripts(folder) : []) {
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
      title: here
        ? vscode.l10n.t('What should Predictscope run?')
        : vscode.l10n.t('What should Predictscope run in {0}?', kindName(target.kind, target.label)),
      placeHolder: vscode.l10n.t('Asked once for this workspace; “Choose Program” changes it'),
    });
    return picked && (picked.commandLine ?? '');
  }

  /** The command line with its arguments, as the user leaves it. */
  async #complete(value: string, folder: string): Promise<string | undefined> {
    const { kind, label } = this.targets.current;
    return vscode.window.showInputBox({
      title: vscode.l10n.t('Command line to profile'),
      prompt: vscode.l10n.t(
        'Add arguments if it needs some. Runs in {0}.',
        kind === 'local' ? folder : kindName(kind, label),
      ),
      value,
      valueSelection: [value.length, value.length],
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
    if (remote && !startsContainer(words)) throw remoteNotSupported(remote);
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
