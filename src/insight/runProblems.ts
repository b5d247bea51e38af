import path from 'node:path';
import type { Problem } from '../common/problem';
import type { RunReader } from '../runs/runReader';

const signalHints: Record<string, string> = {
  SIGKILL:
    'Something killed it from outside: the kernel does so when memory runs out (see `dmesg`), a scheduler at its limits.',
  SIGSEGV: 'It crashed in native code; run it once without profiling to see whether it does so by itself.',
  SIGABRT: 'Native code gave up; the last lines of its output say why.',
};

/** What went wrong in a run, in the order in which a user would ask. */
export function findRunProblems(reader: RunReader, alive: boolean): Problem[] {
  const problems: Problem[] = [];
  const { record } = reader;
  if (record?.error) problems.push({ message: record.error });
  problems.push(...(record?.problems ?? []));
  if (record?.state === 'lost') {
    problems.push({
      message: 'The program is gone, and so is the terminal that watched it: how it ended is not known.',
      fix: 'Calls that had finished are all here. Keep the terminal open while the program runs.',
    });
  }
  if (record?.signal) {
    const hint = signalHints[record.signal];
    problems.push({
      message: `The program was ended by ${record.signal}. Calls that had finished are all here.`,
      ...(hint ? { fix: hint } : {}),
    });
  }
  if (!alive && !record?.error) problems.push(...startProblems(reader));
  for (const process of reader.processes) {
    problems.push(...exceptionProblem(process.exception));
    problems.push(...process.problems);
    problems.push(...deviceProblems(process.frameworks));
  }
  if (!alive) problems.push(...siteProblems(reader));
  return unique(problems);
}

/** No process of the run has loaded our runtime. */
function startProblems(reader: RunReader): Problem[] {
  if (reader.processes.length > 0) return [];
  const command = reader.record?.command ?? [];
  const isolated = isolatingFlag(command);
  if (isolated) {
    const effect = isolated.flag === 'S' ? 'import no sitecustomize module' : 'ignore PYTHONPATH';
    return [
      {
        message: `Nothing was recorded: Python was started with ${isolated.word}, which makes it ${effect}.`,
        fix: `Start it without -${isolated.flag}.`,
      },
    ];
  }
  return [
    {
      message: 'Nothing was recorded: no Python process of this program loaded the recorder.',
      fix: 'The program must start Python 3.7 or newer, with the environment that it was given, and be able to write to the log directory.',
    },
  ];
}

/** The option of Python's own (not of the program that it runs) that keeps our runtime out. */
function isolatingFlag(command: readonly string[]): { word: string; flag: string } | undefined {
  const python = command.findIndex((word) => /(^|[\\/])(python|pypy)\d*(\.\d+)*w?(\.exe)?$/i.test(word));
  if (python < 0) return undefined;
  for (let i = python + 1; i < command.length; i++) {
    const word = command[i]!;
    if (!/^-[^-]/.test(word)) return undefined; // the program begins here
    // Letters after one that takes a value belong to the value: -Werror, -mIES.
    const [, letters = '', last = '', value = ''] = /^-([^WXmc]*)([WXmc]?)(.*)$/s.exec(word) ?? [];
    const flag = /[IES]/.exec(letters)?.[0];
    if (flag) return { word, flag };
    if (last === 'm' || last === 'c') return undefined;
    if (last && !value) i++;
  }
  return undefined;
}

function exceptionProblem(exception: [string, string] | undefined): Problem[] {
  if (!exception) return [];
  const [type, message] = exception;
  const module = /^No module named '([^'.]+)/.exec(message)?.[1];
  if (type === 'ModuleNotFoundError' && module) {
    return [
      {
        message: `The program ended with ${type}: ${message}.`,
        fix: `Install it where the program runs (python -m pip install ${packageOf(module)}), or choose the interpreter that has it (setting predictscope.interpreter).`,
      },
    ];
  }
  return [{ message: `The program ended with ${type}: ${message}` }];
}

const packages: Record<string, string> = {
  cv2: 'opencv-python',
  sklearn: 'scikit-learn',
  PIL: 'pillow',
  yaml: 'pyyaml',
};

function packageOf(module: string): string {
  return packages[module] ?? module;
}

function deviceProblems(frameworks: RunReader['processes'][number]['frameworks']): Problem[] {
  const problems: Problem[] = [];
  for (const framework of frameworks) {
    const nodes = framework.gpuNodes ?? [];
    if (nodes.length === 0 || framework.devices.length === 0) continue;
    if (framework.devices.some((device) => device.type === 'GPU')) continue;
    const { build } = framework;
    const what = `This machine has a GPU (${nodes.join(', ')}), but ${framework.name} ${framework.version} registered only CPU: every figure here is for the CPU.`;
    if (build?.is_cuda_build === false && build.is_rocm_build !== true) {
      problems.push({
        message: what,
        fix: `This build of ${framework.name} has no GPU support: install the one that has (python -m pip install 'tensorflow[and-cuda]').`,
      });
    } else {
      const versions = [
        build?.cuda_version ? `CUDA ${build.cuda_version}` : '',
        build?.cudnn_version ? `cuDNN ${build.cudnn_version}` : '',
      ].filter(Boolean);
      problems.push({
        message: what,
        fix:
          versions.length > 0
            ? `It was built for ${versions.join(' and ')}, which must be found by the loader.`
            : 'Check that CUDA_VISIBLE_DEVICES does not hide the GPU, and that the GPU libraries are installed where the program runs.',
      });
    }
  }
  return problems;
}

/** Wanted sites that were never reached, and why as far as the records tell. */
function siteProblems(reader: RunReader): Problem[] {
  const problems: Problem[] = [];
  const called = new Set<number>();
  for (const { calls } of reader.processes)
    for (let row = 0; row < calls.length; row++) called.add(calls.site[row]!);
  if (reader.processes.length === 0) return [];
  // What was called after the user stopped the recording is not known.
  const stopped = reader.processes.some((process) => process.stopped);
  for (const file of reader.config?.files ?? []) {
    const missed = file.sites.filter((site) => !called.has(site.index));
    if (missed.length === 0) continue;
    const name = path.basename(file.file);
    const seen = reader.processes.flatMap((p) => p.files).filter((f) => f.file === file.file);
    const leading = missed.find((site) => site.index === reader.record?.leadingSite);
    const anyCalled = called.size > 0;
    if (seen.length === 0) {
      if (anyCalled && !leading) continue; // another program's file: of no interest here
      const { callee, line } = leading ?? missed[0]!;
      problems.push({
        message: `The program never loaded ${name}, so ${callee} in line ${line} was never called.`,
        fix: 'Check that this command runs this file: it may run a copy elsewhere, or need other arguments.',
      });
      continue;
    }
    for (const site of missed) {
      const notFound = seen.every((f) => f.missing.includes(site.index));
      if (notFound) {
        problems.push({
          message: `${site.callee} (${name}:${site.line}) is not in the copy that ran: ${seen[0]!.ran}.`,
          fix: 'Install the workspace there (python -m pip install .), or run the workspace copy.',
        });
      } else if (!stopped && (leading === site || !anyCalled)) {
        problems.push({
          message: `The program ended without calling ${site.callee} (${name}:${site.line}).`,
          fix: 'Check its arguments and input: this line was not reached.',
        });
      }
    }
  }
  return problems;
}

function unique(problems: Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter((problem) => {
    const key = problem.message;
    return seen.has(key) ? false : seen.add(key);
  });
}
