import { homedir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { taskType } from '../common/ids';
import type { Log } from '../common/log';
import { setting } from '../common/vscode';
import type { SiteFinder } from '../sites/finder';
import type { SiteArgument } from '../launch/chooseSites';
import { isOwnFolder, startFolder } from './homeFolder';
import { logDirectory } from './logDirectory';
import { marksOf } from './markedSites';
import { commandWords, type ChosenProgram, type ProgramChooser } from './programChooser';
import type { TargetChooser } from './targetChooser';
import { activationEnvironment, findInterpreter, type Interpreter } from '../launch/interpreter';

/** Starts runs: each is a task whose process is our command line: it goes on while the window reloads. */
export class Launcher {
  constructor(
    private readonly extensionPath: string,
    private readonly chooser: ProgramChooser,
    private readonly targets: TargetChooser,
    private readonly finder: () => Promise<SiteFinder>,
    private readonly log: Log,
  ) {}

  /** The interpreter for a folder, or for a notebook in it. Throws a UserError that says where was looked. */
  async interpreter(folder: vscode.WorkspaceFolder, file = folder.uri): Promise<Interpreter> {
    const found = await findInterpreter({
      pythonExtension: () => selectedInterpreter(file),
      setting: setting('interpreter', folder),
      folder: folder.uri.fsPath,
      searchPath: process.env.PATH ?? '',
    });
    this.log.info(`Interpreter: ${found.path} (${found.source})`);
    return found;
  }

  /** What a bare `python` of a command line means: elsewhere than here, the one that is there. */
  async programInterpreter(folder: vscode.WorkspaceFolder): Promise<string> {
    return this.targets.current.kind === 'local' ? (await this.interpreter(folder)).path : 'python3';
  }

  /** Asks what to run if need be, and starts it. undefined: the user gave up. */
  async profile(
    folder: vscode.WorkspaceFolder,
    site: SiteArgument | undefined,
    ask: boolean,
    beforeStart: () => void,
  ): Promise<vscode.TaskExecution | undefined> {
    const interpreter = await this.programInterpreter(folder);
    const here = this.targets.current.kind === 'local';
    const file = site?.file ?? vscode.window.activeTextEditor?.document.uri.fsPath;
    const cwd = await startFolder(folder, here ? file : undefined);
    const program = await this.chooser.choose(cwd, interpreter, ask, site);
    if (!program) return undefined;
    await vscode.workspace.saveAll(false);
    const task = await this.task(folder, program, interpreter, site);
    beforeStart();
    return vscode.tasks.executeTask(task);
  }

  /** The task that runs a program under the profiler. */
  async task(
    folder: vscode.WorkspaceFolder,
    program: ChosenProgram,
    interpreter: string,
    site?: SiteArgument,
    marks = marksOf(folder),
  ): Promise<vscode.Task> {
    const target = this.targets.current;
    const words = [...(target.prefix ?? []), ...commandWords(program, interpreter)];
    const args = [
      path.join(this.extensionPath, 'dist', 'cli.js'),
      'profile',
      '--editor',
      ...(isOwnFolder(folder) ? ['--cwd', program.cwd] : []),
      ...['--root', folder.uri.fsPath],
      ...['--log-dir', logDirectory(folder)],
      ...this.targets.options(),
      ...setting('sites.include', folder).flatMap((glob) => ['--include', glob]),
      ...setting('sites.exclude', folder).flatMap((glob) => ['--exclude', glob]),
      ...marks.dismissed.map((mark) => `--dismissed=${mark}`),
      ...marks.added.map((mark) => `--added=${mark}`),
      ...['--warm-up', String(setting('warmUpCalls', folder))],
      ...['--calls', String(setting('tracedCalls', folder))],
      ...['--seconds', String(setting('tracedSeconds', folder))],
      ...['--sampler-interval', String(setting('sampler.intervalMs', folder))],
      ...(site ? ['--site', `${site.file}:${site.line}${site.column ? `:${site.column}` : ''}`] : []),
      '--',
      ...words,
    ];
    const env = {
      ...(target.kind === 'local' ? await activationEnvironment(interpreter, process.env) : {}),
      // On the desktop our own Node is Electron, which this turns into Node; the command line takes it out again.
      ELECTRON_RUN_AS_NODE: '1',
    };
    const task = new vscode.Task(
      { type: taskType, command: words, cwd: program.cwd },
      // Without a folder there is none to belong to.
      isOwnFolder(folder) ? vscode.TaskScope.Workspace : folder,
      taskName(program),
      'Predictscope',
      new vscode.ProcessExecution(process.execPath, args, {
        // In a window without a folder a terminal may be nowhere else.
        cwd: isOwnFolder(folder) ? homedir() : program.cwd,
        env,
      }),
      [],
    );
    task.presentationOptions = {
      reveal: vscode.TaskRevealKind.Always,
      focus: false,
      echo: false,
      showReuseMessage: false,
      clear: true,
      panel: vscode.TaskPanelKind.Dedicated,
    };
    return task;
  }

  /** One line that profiles the program in any shell; what it needs is written below the log directory. */
  async profilingCommand(folder: vscode.WorkspaceFolder): Promise<string | undefined> {
    const interpreter = await this.programInterpreter(folder);
    const program = await this.chooser.choose(await startFolder(folder), interpreter, false);
    if (!program) return undefined;
    const { copiedCommand } = await import('../launch/copyCommand');
    return copiedCommand({
      command: commandWords(program, interpreter),
      cwd: program.cwd,
      root: folder.uri.fsPath,
      logDirectory: logDirectory(folder),
      include: setting('sites.include', folder),
      exclude: setting('sites.exclude', folder),
      marks: marksOf(folder),
      options: {
        warmUpCalls: setting('warmUpCalls', folder),
        tracedCalls: setting('tracedCalls', folder),
        tracedSeconds: setting('tracedSeconds', folder),
        samplerIntervalMs: setting('sampler.intervalMs', folder),
      },
      finder: await this.finder(),
      pythonPath: path.join(this.extensionPath, 'media', 'python'),
    });
  }
}

/** Last part of the command that says what runs: `splicescore`, `quick.py`. */
export function taskName(program: ChosenProgram): string {
  const line = program.commandLine;
  return line.length > 40 ? `${line.slice(0, 39)}…` : line;
}

interface PythonExtension {
  environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
    resolveEnvironment(path: { path: string }): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
  };
}

/** What the Python extension has selected, by its public `environments` interface. */
async function selectedInterpreter(file: vscode.Uri): Promise<string | undefined> {
  const extension = vscode.extensions.getExtension<PythonExtension>('ms-python.python');
  if (!extension) return undefined;
  try {
    const { environments } = await extension.activate();
    if (!environments) return undefined;
    const active = environments.getActiveEnvironmentPath(file);
    return (await environments.resolveEnvironment(active))?.executable.uri?.fsPath;
  } catch {
    return undefined;
  }
}
