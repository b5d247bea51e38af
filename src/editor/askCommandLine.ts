import { spawn } from 'node:child_process';
import path from 'node:path';
import type * as vscode from 'vscode';
import { UserError } from '../common/problem';

/**
 * What a command of our command line answers with `--json`, from a process of its own: the clients of container
 * engines stay out of the editor. Rejects with what it said; undefined when it was cancelled.
 */
export async function askCommandLine(
  extensionPath: string,
  args: readonly string[],
  token?: vscode.CancellationToken,
): Promise<unknown> {
  const output = await askCommandLineText(extensionPath, [...args, '--json'], token);
  return output === undefined ? undefined : (JSON.parse(output) as unknown);
}

/** The same for what it prints. */
export function askCommandLineText(
  extensionPath: string,
  args: readonly string[],
  token?: vscode.CancellationToken,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(extensionPath, 'dist', 'cli.js'), ...args], {
      // On the desktop our own Node is Electron, which this turns into Node.
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    let output = '';
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    // It takes away what it started.
    const cancelled = token?.onCancellationRequested(() => child.kill('SIGINT'));
    child.once('error', reject);
    child.once('close', (code) => {
      cancelled?.dispose();
      if (token?.isCancellationRequested) resolve(undefined);
      else if (code === 0) resolve(output);
      else reject(new UserError(lastSaid(said) || `The command line ended with ${code}.`));
    });
  });
}

/** Its last word; before it there may be what a tool of others printed. */
function lastSaid(said: string): string {
  const at = said.lastIndexOf('predictscope: ');
  return (at < 0 ? said : said.slice(at + 'predictscope: '.length)).trim();
}
