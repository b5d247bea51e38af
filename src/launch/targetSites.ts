/** Predict calls of what a container or image brings along: its console scripts, and what a command runs there. */

import path from 'node:path';
import { errorText } from '../common/problem';
import type { SiteFinder } from '../sites/finder';
import type { Site, SitesResult } from '../sites/site';
import type { Machine } from '../targets/machine';
import type { Target } from '../targets/target';
import { placesThere } from './chooseSites';
import { quoteCommandLine } from './commandLine';
import { programOfScript, pythonProgram, type PythonProgram } from './program';

/** A console script of the place, and where the code that it runs lies there. */
export interface TargetProgram {
  name: string;
  commandLine: string;
  places: string[];
}

export interface TargetSite extends Site {
  /** The file as its own machine names it. */
  there: string;
  /** Names of the programs whose code it is. */
  programs: string[];
}

export interface TargetSites {
  programs: TargetProgram[];
  sites: TargetSite[];
  problems: SitesResult['problems'];
}

/** Brings the code here and finds its sites. `command`: what will run, if that is known. */
export async function targetSites(
  target: Target,
  finder: SiteFinder,
  command: readonly string[],
): Promise<TargetSites> {
  const { machine } = target;
  const cwd = target.cwd ?? '/';
  const problems: SitesResult['problems'] = [];
  const programs = await consoleScripts(machine, cwd);
  if (command.length > 0) {
    const places = await placesThere(await pythonProgram(command, cwd, machine), cwd, machine);
    const name = path.posix.basename(command[0]!);
    if (places.length > 0) programs.unshift({ name, commandLine: quoteCommandLine(command), places });
  }
  const folder = await sourceFolder(machine, cwd);
  if (folder.tooLarge) {
    problems.push({
      file: cwd,
      message: 'The working directory is too large to be copied; it was not searched.',
    });
  }
  const wanted = new Set([...(folder.searched ? [cwd] : []), ...programs.flatMap(({ places }) => places)]);
  const brought: string[] = [];
  for (const place of wanted) {
    try {
      brought.push(await machine.bring(place));
    } catch (error) {
      problems.push({ file: place, message: `It could not be copied: ${errorText(error)}.` });
    }
  }
  const found = await finder.findInFiles(brought);
  const sites = found.sites.map((site) => {
    const there = target.paths.toTarget(site.file);
    const of = programs.filter(({ places }) => places.some((place) => isBelow(there, place)));
    return { ...site, there, programs: of.map(({ name }) => name) };
  });
  return { programs, sites, problems: [...problems, ...found.problems] };
}

function isBelow(file: string, folder: string): boolean {
  return file === folder || file.startsWith(`${folder}/`);
}

/** Scripts of the folders of PATH that begin with `#!` and name Python, with the heads of their texts. */
const listing = `
import json, os
found, seen = [], set()
for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        continue
    for name in names:
        path = os.path.join(folder, name)
        if name in seen or not os.path.isfile(path) or not os.access(path, os.X_OK):
            continue
        try:
            with open(path, "rb") as file:
                text = file.read(8192) if file.read(2) == b"#!" else b""
        except OSError:
            continue
        if b"python" in text[:400]:
            seen.add(name)
            found.append([name, path, os.path.realpath(path), "#!" + text.decode("utf-8", "replace")])
print(json.dumps(found))
`;

/** The top-level packages of these modules: folders, or the single file. Only the top-level names are looked up. */
const lookup = `
import importlib.util, json, os, sys
found = {}
for name in sys.argv[1:]:
    try:
        spec = importlib.util.find_spec(name)
        where = list(spec.submodule_search_locations or []) if spec else []
        found[name] = [os.path.abspath(p) for p in where] or ([os.path.abspath(spec.origin)] if spec and spec.origin else [])
    except Exception:
        found[name] = []
print(json.dumps(found))
`;

/**
 * Packages whose console scripts are tools: frameworks bring some, and what installs, tests, formats and serves. A
 * program of the user's is not among them, and copying them would take long.
 */
const tools = new Set(
  (
    'pip setuptools wheel pkg_resources virtualenv venv uv poetry hatch conda conda_env conda_build mamba pipx build ' +
    'torch torchgen torchvision torchaudio functorch triton tensorflow tensorflow_core tensorboard tensorboard_data_server ' +
    'keras jax flax numpy scipy sympy numba llvmlite Cython pythran onnx onnxruntime sklearn pandas dask distributed ' +
    'ray wandb mlflow accelerate transformers huggingface_hub datasets tokenizers deepspeed lightning pytorch_lightning ' +
    'lightning_fabric timm nltk h5py fontTools PIL imageio imageio_ffmpeg skimage matplotlib plotly bokeh IPython ipykernel ' +
    'jupyter jupyter_core jupyter_client jupyterlab jupyter_server notebook nbconvert nbformat traitlets debugpy pytest ' +
    '_pytest coverage tox nox black blib2to3 flake8 pycodestyle pyflakes pylint mypy isort ruff yapf autopep8 pre_commit ' +
    'sphinx docutils pygments markdown markdown_it mkdocs tqdm charset_normalizer chardet rsa pyasn1 oauthlib ' +
    'google_auth_oauthlib google absl flask uvicorn gunicorn fastapi fastapi_cli hypercorn celery httpx dotenv jsonschema ' +
    'jsonpointer babel invoke cffi pyximport ninja cmake meson mesonbuild pbr twine keyring distro send2trash ' +
    'websocket websockets requests normalizer cryptography click typer rich awscli boto3 botocore gdown kaggle py_spy ' +
    'py3compile apt lsb_release pdb pydoc idlelib lib2to3 f2py'
  ).split(' '),
);
/** Where the system keeps its own scripts; those that pip made are known by their shape. */
const ofSystem = /^\/(usr\/)?s?bin\//;

async function consoleScripts(machine: Machine, cwd: string): Promise<TargetProgram[]> {
  const python =
    (await machine.findExecutable('python3', cwd)) ?? (await machine.findExecutable('python', cwd));
  if (python === undefined) return [];
  const scripts = JSON.parse(await machine.ask([python, '-I', '-S', '-c', listing], cwd)) as [
    name: string,
    file: string,
    real: string,
    text: string,
  ][];
  const found = scripts
    .map(([name, file, real, text]) => ({ name, file, program: programOfScript({ text, real }) }))
    .filter(({ file, program }) => isProgram(file, program));
  const modules = await topLevelPackages(
    found.map(({ program }) => program),
    machine,
    cwd,
  );
  return found
    .map(({ name, program }) => ({
      name,
      commandLine: quoteCommandLine([name]),
      places:
        program.kind === 'console'
          ? (modules.get(`${program.interpreter} ${topLevel(program.module)}`) ?? [])
          : program.kind === 'script'
            ? [program.file]
            : [],
    }))
    .filter(({ places }) => places.length > 0);
}

function isProgram(file: string, program: PythonProgram): boolean {
  if (program.kind === 'console') return !tools.has(topLevel(program.module));
  return program.kind === 'script' && !ofSystem.test(file);
}

function topLevel(module: string): string {
  return module.split('.')[0]!;
}

/** By interpreter and name. */
async function topLevelPackages(
  programs: readonly PythonProgram[],
  machine: Machine,
  cwd: string,
): Promise<Map<string, string[]>> {
  const wanted = new Map<string, Set<string>>();
  for (const program of programs) {
    if (program.kind !== 'console') continue;
    const names = wanted.get(program.interpreter) ?? new Set();
    wanted.set(program.interpreter, names.add(topLevel(program.module)));
  }
  const found = new Map<string, string[]>();
  for (const [interpreter, names] of wanted) {
    try {
      // Not from the working directory: a console script does not see it.
      const executable = (await machine.findExecutable(interpreter, cwd)) ?? interpreter;
      const text = await machine.ask(
        [executable, '-c', `import sys; sys.path.pop(0)\n${lookup}`, ...names],
        cwd,
      );
      for (const [name, places] of Object.entries(JSON.parse(text) as Record<string, string[]>)) {
        found.set(`${interpreter} ${name}`, places);
      }
    } catch {
      // An interpreter that is gone: its scripts cannot run.
    }
  }
  return found;
}

const mostFiles = 2000;

/** Whether the working directory is a place of sources: it holds Python files itself, and is no whole system. */
const measure = `
import json, os, sys
here, most = sys.argv[1], int(sys.argv[2])
own = [n for n in os.listdir(here) if n.endswith(".py")] if here != "/" else []
files = 0
for folder, folders, names in os.walk(here) if own else ():
    folders[:] = [f for f in folders if f not in ("__pycache__", ".git")]
    files += len(names)
    if files > most:
        break
print(json.dumps([len(own), files]))
`;

async function sourceFolder(
  machine: Machine,
  cwd: string,
): Promise<{ searched: boolean; tooLarge: boolean }> {
  const python = (await machine.findExecutable('python3', cwd)) ?? 'python';
  const text = await machine
    .ask([python, '-I', '-S', '-c', measure, cwd, String(mostFiles)], cwd)
    .catch(() => '[0, 0]');
  const [own, files] = JSON.parse(text) as [number, number];
  return { searched: own > 0 && files <= mostFiles, tooLarge: own > 0 && files > mostFiles };
}
