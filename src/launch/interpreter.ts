import { execFile } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { UserError, errorText } from '../common/problem';
import { findExecutable } from '../targets/localMachine';

const run = promisify(execFile);

/** An interpreter and why it was taken. */
export interface Interpreter {
  path: string;
  source: 'python-extension' | 'setting' | 'workspace' | 'path';
}

export interface InterpreterSources {
  /** What the Python extension has selected, when it is installed. */
  pythonExtension: () => Promise<string | undefined>;
  setting: string;
  folder: string;
  searchPath: string;
}

const bin = process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python';

/**
 * The interpreter to run programs with: the Python extension's selection, else the setting, else a
 * virtual environment of the workspace, else python3 or python on PATH. Throws a UserError that says
 * what was looked at.
 */
export async function findInterpreter(sources: InterpreterSources): Promise<Interpreter> {
  const selected = await sources.pythonExtension();
  if (selected) return { path: selected, source: 'python-extension' };
  if (sources.setting) {
    const file =
      path.isAbsolute(sources.setting) || /[\\/]/.test(sources.setting)
        ? path.resolve(sources.folder, sources.setting)
        : await findExecutable(sources.setting, sources.folder, sources.searchPath);
    if (file && (await executable(file))) return { path: file, source: 'setting' };
    throw new UserError(
      `The interpreter of the setting predictscope.interpreter was not found: ${sources.setting}.`,
      {
        fix: 'Correct the setting, or clear it to have one looked for.',
      },
    );
  }
  for (const name of ['.venv', 'venv', 'env']) {
    const file = path.join(sources.folder, name, bin);
    if (await executable(file)) return { path: file, source: 'workspace' };
  }
  for (const name of ['python3', 'python']) {
    const file = await findExecutable(name, sources.folder, sources.searchPath);
    if (file) return { path: file, source: 'path' };
  }
  throw new UserError(
    'No Python interpreter was found: neither the Python extension, nor the setting predictscope.interpreter, nor a virtual environment in the workspace, nor python3 on PATH names one.',
    {
      fix: 'Set predictscope.interpreter to the Python that has your framework.',
    },
  );
}

async function executable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK); // which any folder passes
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/** The conda environment that an interpreter belongs to; undefined for any other interpreter. */
export function condaPrefix(interpreter: string): string | undefined {
  const folder = path.dirname(interpreter);
  const prefix = path.basename(folder) === 'bin' ? path.dirname(folder) : folder;
  return existsSync(path.join(prefix, 'conda-meta')) ? prefix : undefined;
}

const dump = 'import json, os; print("\\n" + json.dumps(dict(os.environ)))';

/**
 * The environment that activating a conda environment gives (its scripts set library paths that
 * frameworks need): only what differs from ours. {} for an interpreter that is not conda's.
 */
export async function activationEnvironment(
  interpreter: string,
  environment: NodeJS.ProcessEnv,
): Promise<Record<string, string>> {
  const prefix = condaPrefix(interpreter);
  if (prefix === undefined || environment.CONDA_PREFIX === prefix) return {};
  const conda = await findConda(prefix, environment);
  if (conda === undefined) {
    throw new UserError(
      `${interpreter} belongs to the conda environment ${prefix}, but conda was not found to activate it.`,
      {
        fix: 'Put conda on PATH, or start VS Code from a terminal in which the environment is active.',
      },
    );
  }
  try {
    const { stdout } = await run(
      conda,
      ['run', '--no-capture-output', '-p', prefix, interpreter, '-c', dump],
      {
        env: environment,
        timeout: 60_000,
        windowsHide: true,
        maxBuffer: 1 << 24,
      },
    );
    const lines = stdout.trim().split('\n');
    const active = JSON.parse(lines[lines.length - 1] ?? '{}') as Record<string, string>;
    return Object.fromEntries(Object.entries(active).filter(([name, value]) => environment[name] !== value));
  } catch (error) {
    throw new UserError(`The conda environment ${prefix} could not be activated: ${errorText(error)}`, {
      fix: `Try it in a terminal: conda run -p ${prefix} python --version`,
      cause: error,
    });
  }
}

async function findConda(prefix: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const beside = [
    path.join(prefix, 'bin', 'conda'),
    path.join(prefix, '..', '..', 'bin', 'conda'),
    path.join(prefix, '..', '..', 'condabin', 'conda'),
  ];
  for (const candidate of [environment.CONDA_EXE, ...beside])
    if (candidate && (await executable(candidate))) return candidate;
  return findExecutable('conda', prefix, environment.PATH ?? '');
}
