import * as vscode from 'vscode';
import { quoteCommandLine } from '../launch/commandLine';
import type { Launcher } from './launcher';
import type { ProgramChooser } from './programChooser';

/** Tasks of type `predictscope` in tasks.json: a command that is run under the profiler. */
export class ProfileTaskProvider implements vscode.TaskProvider {
  constructor(
    private readonly launcher: Launcher,
    private readonly chooser: ProgramChooser,
  ) {}

  async provideTasks(): Promise<vscode.Task[]> {
    const program = this.chooser.remembered;
    const folder = vscode.workspace.workspaceFolders?.[0];
    if (!program || !folder || !vscode.workspace.isTrusted) return [];
    const interpreter = await this.launcher.programInterpreter(folder);
    return [await this.launcher.task(folder, program, interpreter)];
  }

  async resolveTask(task: vscode.Task): Promise<vscode.Task | undefined> {
    const { command, cwd } = task.definition as { command?: unknown; cwd?: unknown } & vscode.TaskDefinition;
    const folder = typeof task.scope === 'object' ? task.scope : vscode.workspace.workspaceFolders?.[0];
    if (!folder || !Array.isArray(command) || !command.every((word) => typeof word === 'string'))
      return undefined;
    const interpreter = await this.launcher.programInterpreter(folder);
    const program = {
      commandLine: quoteCommandLine(command),
      cwd: typeof cwd === 'string' ? cwd : folder.uri.fsPath,
    };
    const resolved = await this.launcher.task(folder, program, interpreter);
    // The definition must stay the very object that VS Code asked about.
    resolved.definition = task.definition;
    return resolved;
  }
}
