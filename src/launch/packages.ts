import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { findExecutable } from './program';

const run = promisify(execFile);

// Only the top-level name is looked up: find_spec would import the parents of a dotted one.
const lookup = `
import importlib.util, json, os, sys
try:
    spec = importlib.util.find_spec(sys.argv[1])
    where = list(spec.submodule_search_locations or []) if spec else []
    print(json.dumps([os.path.abspath(p) for p in where] or ([os.path.abspath(spec.origin)] if spec and spec.origin else [])))
except Exception:
    print("[]")
`;

/**
 * Folders (or the single file) of the top-level package that `module` belongs to, as the interpreter
 * itself would find it from `cwd`; [] when it cannot be asked.
 */
export async function packageFolders(
  interpreter: string,
  module: string,
  cwd: string,
  asScript: boolean,
): Promise<string[]> {
  const file = await findExecutable(interpreter, cwd, process.env.PATH ?? '');
  if (file === undefined) return [];
  const environment: NodeJS.ProcessEnv = { ...process.env };
  delete environment.PREDICTSCOPE_RUN;
  delete environment.PREDICTSCOPE_LOG;
  try {
    // A console script has the script's folder at the head of sys.path, not the working directory.
    const { stdout } = await run(file, ['-c', lookup, module.split('.')[0]!], {
      cwd: asScript ? path.dirname(file) : cwd,
      env: environment,
      timeout: 20_000,
      windowsHide: true,
    });
    return JSON.parse(stdout) as string[];
  } catch {
    return [];
  }
}
