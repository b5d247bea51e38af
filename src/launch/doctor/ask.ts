import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError, errorText } from '../../common/problem';
import { parseProbe } from '../../targets/containers/gpuProbe';
import type { Target } from '../../targets/target';
import {
  failed,
  type Answers,
  type Failed,
  type FrameworkAnswer,
  type PlaceAnswer,
  type PythonAnswer,
} from './answers';
import { askEngine } from './askEngine';
import { askStore } from './askStore';

export interface ExamineOptions {
  /** The interpreter of the program; absent: the first that is found there. */
  python?: string;
  /** Folder with the Python runtime. */
  pythonPath: string;
  logDirectory: string;
  cwd: string;
  signal?: AbortSignal;
  /** What is being asked, for who waits. */
  onStep?: (text: string) => void;
}

/** Asks everything, in the target and of its engine. Throws a UserError where there is no Python to ask. */
export async function ask(target: Target, options: ExamineOptions): Promise<Answers> {
  const cwd = target.cwd ?? options.cwd;
  const step = (text: string): void => {
    options.signal?.throwIfAborted();
    options.onStep?.(text);
  };
  step('Python');
  const python = await askPython(target, options.python, cwd);
  const container = askEngine(target).catch((error: unknown) => ({ failed: errorText(error) }));
  const store = askStore(options.logDirectory, target);
  const answers: Answers = { target: target.id, python, frameworks: {}, store: await store };
  const engine = await container;
  if (engine) answers.container = engine;
  const [major, minor] = python.version;
  if (major < 3 || (major === 3 && minor < 7)) return answers;
  const question = new Question(target, python.executable, cwd, options.pythonPath);
  step('GPU, libraries, folders');
  // One after the other: the clock is timed in the second.
  answers.probe = await question
    .put('targetprobe.py', ['--limit', '10'], 45_000)
    .then(parseProbe)
    .catch(reason);
  step('processor, clock, other programs');
  answers.place = await question.json<PlaceAnswer>('doctorprobe.py', [], 60_000);
  answers.frameworks = await askFrameworks(question, answers, step);
  return answers;
}

/** Runs our scripts there, given as text: nothing is installed or written. */
class Question {
  constructor(
    private readonly target: Target,
    private readonly python: string,
    private readonly cwd: string,
    private readonly pythonPath: string,
  ) {}

  async put(script: string, args: readonly string[], timeoutMs: number): Promise<string> {
    const text = await readFile(path.join(this.pythonPath, 'predictscope', script), 'utf8');
    return this.target.machine.ask([this.python, '-c', withoutCwd + text, ...args], this.cwd, timeoutMs);
  }

  json<T>(script: string, args: readonly string[], timeoutMs: number): Promise<T | Failed> {
    return this.put(script, args, timeoutMs)
      .then((text) => JSON.parse(text) as T)
      .catch(reason);
  }
}

// A program's own json.py in the working directory must not stand in for Python's. Not -I: that would hide the
// packages of the user and of PYTHONPATH, which the program sees.
const withoutCwd = 'import sys\nif sys.path[:1] == [""]: del sys.path[0]\n';

/** The last line of what a failed command said; the whole of it would begin with our script's text. */
function reason(error: unknown): Failed {
  const { killed, stderr } = error as { killed?: boolean; stderr?: string };
  if (killed) return { failed: 'It did not answer in time' };
  const text = (stderr ?? '').trim() || errorText(error);
  return { failed: text.split('\n').at(-1) ?? text };
}

const usual = ['python3', 'python', '/usr/local/bin/python3', '/opt/conda/bin/python'];
// Of a form that Python 2 understands too.
const who =
  'import sys; sys.stdout.write("%s\\n%d %d %d\\n%s" % ((sys.executable,) + tuple(sys.version_info[:3]) + (sys.platform,)))';

async function askPython(
  { machine }: Target,
  wanted: string | undefined,
  cwd: string,
): Promise<PythonAnswer> {
  const tried: string[] = [];
  for (const word of wanted === undefined ? usual : [wanted]) {
    const file = await machine.findExecutable(word, cwd);
    if (file === undefined) {
      tried.push(`${word} was not found`);
      continue;
    }
    try {
      const [executable = '', version = '', platform = ''] = (
        await machine.ask([file, '-c', who], cwd)
      ).split('\n');
      const numbers = version.split(' ').map(Number);
      if (numbers.length !== 3 || numbers.some(Number.isNaN)) throw new Error('it is no Python');
      return {
        executable: executable || file,
        version: numbers as PythonAnswer['version'],
        platform: platform.trim(),
      };
    } catch (error) {
      tried.push(`${file}: ${reason(error).failed}`);
    }
  }
  throw new UserError(`No Python answers there: ${tried.join('; ')}.`, {
    fix: 'Name the interpreter of your program after --, such as predictscope doctor -- /opt/conda/bin/python.',
  });
}

/** Packages that hold each framework. */
const packagesOf: Readonly<Record<string, RegExp>> = {
  torch: /^torch$/,
  tensorflow: /^(tensorflow(-cpu|-gpu|-rocm)?|tf-nightly|intel-tensorflow)$/,
  jax: /^jax$/,
  onnxruntime: /^onnxruntime(-gpu|-rocm)?$/,
};

/** A framework that is imported for the first time reads a gigabyte from disk. */
const importMs = 120_000;

async function askFrameworks(
  question: Question,
  { probe }: Answers,
  step: (text: string) => void,
): Promise<Answers['frameworks']> {
  const packages = !probe || failed(probe) ? [] : Object.keys(probe.packages ?? {});
  const frameworks: Record<string, FrameworkAnswer | Failed> = {};
  for (const [name, pattern] of Object.entries(packagesOf)) {
    if (!packages.some((each) => pattern.test(each))) continue;
    step(name);
    frameworks[name] = await question.json<FrameworkAnswer>(
      'doctorprobe.py',
      ['--framework', name],
      importMs,
    );
  }
  return frameworks;
}
