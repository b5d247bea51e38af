/** A notebook as a program that can be run: its cells up to one, as a file below our own folder. */

import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { UserError } from '../common/problem';
import { quoteCommandLine } from '../launch/commandLine';
import { prepareLogDirectory } from '../launch/logDirectory';
import { markId, markPlace, type Marks } from '../launch/marks';
import type { LeftOut } from '../sites/notebook';
import type { Site } from '../sites/site';
import type { Launcher } from './launcher';
import { logDirectory } from './logDirectory';
import { marksOf } from './markedSites';
import { notebookCells, type SiteCache } from './siteCache';

/**
 * Where the program of a notebook is written. It bears the notebook's name, which goes into the ids of its
 * sites; folders are kept apart, and always below a `.predictscope`, so that no file of the user's is met.
 */
export function programFile(notebook: vscode.NotebookDocument, folder: vscode.WorkspaceFolder): string {
  const runs = logDirectory(folder);
  const parent = path.dirname(runs);
  const own = path.basename(parent) === '.predictscope' ? parent : path.join(runs, '.predictscope');
  const { dir, name } = path.parse(notebook.uri.fsPath);
  const below = path.relative(folder.uri.fsPath, dir);
  return path.join(own, 'notebooks', below.startsWith('..') ? '' : below, `${name}.py`);
}

/** The notebook that a program was made from, where it is still there; undefined for any other file. */
export function notebookOfProgram(file: string): string | undefined {
  const own = path.join(path.sep, '.predictscope', 'notebooks', path.sep);
  const at = file.lastIndexOf(own);
  if (at < 0) return undefined;
  const notebook = path.join(file.slice(0, at), file.slice(at + own.length).replace(/\.py$/, '.ipynb'));
  return existsSync(notebook) ? notebook : undefined;
}

/** Runs the cells up to that of the site as a program, under the profiler. */
export async function profileNotebook(
  launcher: Launcher,
  cache: SiteCache,
  notebook: vscode.NotebookDocument,
  folder: vscode.WorkspaceFolder,
  site: Site,
): Promise<void> {
  const interpreter = await launcher.interpreter(folder, notebook.uri);
  const written = await writeProgram(cache, notebook, folder, site, marksOf(notebook.uri));
  const program = {
    commandLine: quoteCommandLine(['python', written.file]),
    cwd: path.dirname(notebook.uri.fsPath),
  };
  const task = await launcher.task(folder, program, interpreter.path, written.site, written.marks);
  task.name = path.basename(notebook.uri.fsPath);
  tellLeftOut(written.leftOut);
  await vscode.tasks.executeTask(task);
}

/** So many are named one by one. */
const namedMost = 4;

function tellLeftOut(leftOut: readonly LeftOut[]): void {
  if (leftOut.length === 0) return;
  const named = leftOut
    .slice(0, namedMost)
    .map(({ cell, text, broken }) =>
      broken
        ? vscode.l10n.t('cell {0}, which is no Python', cell + 1)
        : vscode.l10n.t('{0} (cell {1})', text, cell + 1),
    );
  const more = leftOut.length - named.length;
  if (more > 0) named.push(vscode.l10n.t('{0} more', more));
  void vscode.window.showInformationMessage(
    vscode.l10n.t('The cells run as a Python program, without {0}.', named.join(', ')),
  );
}

interface WrittenProgram {
  file: string;
  leftOut: readonly LeftOut[];
  /** Place of the clicked call in the program. */
  site: { file: string; line: number; column: number };
  /** The user's marks, with those of the notebook told for the program. */
  marks: Marks;
}

/** Writes the cells up to that of the site. */
async function writeProgram(
  cache: SiteCache,
  notebook: vscode.NotebookDocument,
  folder: vscode.WorkspaceFolder,
  site: Site,
  marks: Marks,
): Promise<WrittenProgram> {
  const file = programFile(notebook, folder);
  const finder = await cache.finder();
  const program = finder.notebookProgram(notebookCells(notebook), site.cell);
  const text = withPreamble(program.text, path.dirname(notebook.uri.fsPath));
  await prepareLogDirectory(logDirectory(folder));
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
  const there = finder.calls(file, text).find((call) => call.id === site.id);
  if (!there) {
    throw new UserError(
      vscode.l10n.t('{0} could not be found again in the program of the cells.', site.callee),
      {
        fix: vscode.l10n.t('See whether its cell runs in the notebook.'),
      },
    );
  }
  const place = path.relative(folder.uri.fsPath, file).replaceAll('\\', '/');
  const own = path.basename(notebook.uri.fsPath);
  const added = marks.added
    .filter((mark) => path.posix.basename(markPlace(mark) ?? '') === own)
    .map((mark) => `${markId(mark)} in ${place}`);
  return {
    file,
    leftOut: program.leftOut,
    site: { file, line: there.line, column: there.column },
    marks: { ...marks, added: [...marks.added, ...added] },
  };
}

/**
 * What a kernel has and a script lacks: the notebook's folder at the head of the path (the script's own could
 * hide a package of the notebook's name), `display`, and plots that do not wait for somebody to close them.
 */
function withPreamble(text: string, folder: string): string {
  const line = [
    `__import__("sys").path[0] = ${JSON.stringify(folder)}`,
    '__import__("builtins").display = print',
    '__import__("os").environ.setdefault("MPLBACKEND", "Agg")  # by Predictscope',
  ].join('; ');
  // Only a docstring and comments may stand before these.
  const future = [...text.matchAll(/^from __future__ import [^\n(]*$/gm)].at(-1);
  if (!future) return `${line}\n${text}`;
  const end = future.index + future[0].length;
  return `${text.slice(0, end)}\n${line}${text.slice(end)}`;
}
