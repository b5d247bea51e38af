import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunConfig, RunOptions } from '../runs/runRecord';
import { pathFilter } from '../sites/filter';
import type { SiteFinder } from '../sites/finder';
import { chooseSites } from './chooseSites';
import { quoteCommandLine, splitAssignments } from './commandLine';
import { prepareLogDirectory } from './logDirectory';
import type { Marks } from './marks';
import { pythonProgram } from './program';
import { buildRunConfig } from './runConfig';

export interface CopyRequest {
  command: readonly string[];
  cwd: string;
  root: string;
  logDirectory: string;
  include: readonly string[];
  exclude: readonly string[];
  marks: Marks;
  options: RunOptions;
  finder: SiteFinder;
  /** Folder with the Python runtime. */
  pythonPath: string;
}

/** The line that profiles every confident predict call of a program. */
export async function copiedCommand(request: CopyRequest): Promise<string> {
  const { command, cwd, root, marks } = request;
  const program = await pythonProgram(command, cwd);
  const accept = pathFilter(request.include, request.exclude);
  const choice = { wanted: [], root, program, cwd, accept, marks };
  const { sites } = await chooseSites(request.finder, choice, true);
  const config = await buildRunConfig(sites, request.options, root);
  return profilingCommandLine(command, request.logDirectory, config, request.pythonPath);
}

/** A word for `sh`, whatever it holds. */
function quoted(text: string): string {
  return quoteCommandLine([text]);
}

/**
 * One line that profiles the command in any shell, on this machine or in a container that mounts the
 * workspace: it takes the recorder from `.predictscope` below the current folder, else from where that
 * lies on this machine. Writes the recorder and the sites there.
 */
export async function profilingCommandLine(
  command: readonly string[],
  logDirectory: string,
  config: RunConfig,
  pythonPath: string,
): Promise<string> {
  await prepareLogDirectory(logDirectory);
  const folder = path.dirname(logDirectory);
  await mkdir(path.join(folder, 'python'), { recursive: true });
  await cp(pythonPath, path.join(folder, 'python'), {
    recursive: true,
    filter: (file) => path.basename(file) !== '__pycache__',
  });
  await writeFile(path.join(folder, 'config.json'), JSON.stringify(config));
  const script = [
    `d=$PWD/${path.basename(folder)}`,
    `[ -d "$d/python" ] || d=${quoted(folder)}`,
    `PYTHONPATH=$d/python\${PYTHONPATH:+:$PYTHONPATH} PREDICTSCOPE_LOG=$d/${path.basename(logDirectory)} PREDICTSCOPE_CONFIG=$d/config.json exec "$@"`,
  ].join('; ');
  const { environment, command: words } = splitAssignments(command);
  const assignments = Object.entries(environment).map(([name, value]) => `${name}=${quoted(value)} `);
  return `${assignments.join('')}sh -c ${quoted(script)} sh ${quoteCommandLine(words)}`;
}
