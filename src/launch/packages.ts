import path from 'node:path';
import { localMachine } from '../targets/localMachine';
import type { Machine } from '../targets/machine';

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
  machine: Machine = localMachine(),
): Promise<string[]> {
  const file = await machine.findExecutable(interpreter, cwd);
  if (file === undefined) return [];
  try {
    // A console script has the script's folder at the head of sys.path, not the working directory.
    const there = asScript ? path.dirname(file) : cwd;
    return JSON.parse(await machine.ask([file, '-c', lookup, module.split('.')[0]!], there)) as string[];
  } catch {
    return [];
  }
}
