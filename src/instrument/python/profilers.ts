/** What the plain form writes for each framework: the lines that its documentation would have one write. */

import type { Site } from '../../sites/site';
import { pythonString } from './literal';

/** Names of the framework's profiler, by its own module. */
export type Profiler = 'tensorflow' | 'torch' | 'jax';

/** How often a statement is traced at most: a session a turn. */
const turns = 10;

/** Lines around one wrapped statement. */
export interface PlainLines {
  before: string[];
  /** Header of the block that holds the statement. */
  header: string;
  after: string[];
}

/** The profiler for a site, or why there is none. */
export function profilerOf(site: Site, text: string): Profiler | { reason: string } {
  switch (site.framework) {
    case 'keras': {
      const backend = /KERAS_BACKEND["'\]\s,=:)]*["'](tensorflow|torch|jax)["']/.exec(text)?.[1];
      return (backend as Profiler | undefined) ?? 'tensorflow';
    }
    case 'tensorflow':
      if (isOldTensorFlow(text))
        return { reason: `${site.callee} runs in TensorFlow 1, which has no profiler to start and stop` };
      return 'tensorflow';
    case 'torch':
    case 'jax':
      return site.framework;
    default:
      return { reason: `${site.callee} belongs to no framework whose profiler can be started from Python` };
  }
}

/** Uses the names that only TensorFlow 1 has at the top of its module. */
function isOldTensorFlow(text: string): boolean {
  return (
    /\btf\.(Session|placeholder|get_default_graph|global_variables_initializer|GPUOptions)\b/.test(text) &&
    !/tensorflow\.compat\.v1|compat\.v1|disable_v2_behavior/.test(text)
  );
}

/** A statement that stands once in a file, after the imports. */
export interface SharedStatement {
  /** What it defines; of an import, its last name. */
  name: string;
  lines: string[];
}

/**
 * What the wrapped statements of a file share. The folder is a run of its own in the log directory, announced in
 * the form of docs/run-directory.md; two sessions never share one.
 */
export function sharedStatements(
  profilers: ReadonlySet<Profiler>,
  logDirectory: string,
  unit: string,
): SharedStatement[] {
  const statements = [
    'import itertools as _predictscope_itertools, json as _predictscope_json',
    'import os as _predictscope_os, threading as _predictscope_threading, time as _predictscope_time',
    `_predictscope_logs = ${pythonString(logDirectory)}`,
    '_predictscope_lock = _predictscope_threading.Lock()',
    `def _predictscope_folder(framework):
>now = str(int(_predictscope_time.time() * 1e9))
>pid = _predictscope_os.getpid()
>name = _predictscope_time.strftime("%Y%m%dT%H%M%SZ", _predictscope_time.gmtime())
>name += "-%04x" % (hash((now, pid)) % 65536)
>folder = _predictscope_os.path.join(_predictscope_logs, name, "host-%d-%s" % (pid, now))
>_predictscope_os.makedirs(_predictscope_os.path.join(folder, "trace-0"))
>argv = ["python", globals().get("__file__", "")]
>process = dict(t="process", pid=pid, argv=argv, unixNs=now, perfNs="0")
>trace = dict(t="trace", path="trace-0", framework=framework, window="steady", calls=1)
>with open(_predictscope_os.path.join(folder, "process.jsonl"), "w") as file:
>>for record in process, trace, dict(t="exit", unixNs=now):
>>>file.write(_predictscope_json.dumps(record) + "\\n")
>return _predictscope_os.path.join(folder, "trace-0")`,
  ];
  if (profilers.has('torch'))
    statements.push(`def _predictscope_export(profiler):
>folder = _predictscope_folder("torch")
>name = "%d-%d.pt.trace.json" % (_predictscope_os.getpid(), _predictscope_time.time() * 1e9)
>profiler.export_chrome_trace(_predictscope_os.path.join(folder, name))`);
  return statements.map((statement) => ({
    name: definedName(statement),
    lines: statement.split('\n').map((line) => line.replace(/^>+/, (depth) => unit.repeat(depth.length))),
  }));
}

function definedName(statement: string): string {
  const [, assigned, imported] = /^(?:def )?(_predictscope_\w+)|(\w+)$/m.exec(statement)!;
  return assigned ?? imported!;
}

/** The counter of one wrapped statement, which stands with what they share. */
export function counter(number: number): SharedStatement {
  const name = `_predictscope_turn_${number}`;
  return { name, lines: [`${name} = _predictscope_itertools.count(1)`] };
}

const on = '_predictscope_on';

/** Lines around a statement; indented by `unit` where they lie in a block. */
export function plainLines(profiler: Profiler, number: number, unit: string): PlainLines {
  const turn = '_predictscope_step';
  const before = [
    `${turn} = next(_predictscope_turn_${number})`,
    `${on} = ${turn} <= ${turns} and _predictscope_lock.acquire(False)`,
  ];
  const release = `${unit}_predictscope_lock.release()`;
  switch (profiler) {
    case 'tensorflow':
      return {
        before: [
          'import tensorflow as _predictscope_tf',
          ...before,
          `if ${on}:`,
          `${unit}_predictscope_tf.profiler.experimental.start(_predictscope_folder("tensorflow"))`,
        ],
        header: `with _predictscope_tf.profiler.experimental.Trace("predict", step_num=${turn}, _r=1):`,
        after: [`if ${on}:`, `${unit}_predictscope_tf.profiler.experimental.stop()`, release],
      };
    case 'jax':
      return {
        before: [
          'import jax as _predictscope_jax',
          ...before,
          `if ${on}:`,
          `${unit}_predictscope_jax.profiler.start_trace(_predictscope_folder("jax"))`,
        ],
        header: `with _predictscope_jax.profiler.StepTraceAnnotation("predict", step_num=${turn}):`,
        after: [`if ${on}:`, `${unit}_predictscope_jax.profiler.stop_trace()`, release],
      };
    case 'torch':
      return {
        before: [
          'import torch as _predictscope_torch',
          ...before,
          `if ${on}:`,
          `${unit}_predictscope_profiler = _predictscope_torch.profiler.profile(on_trace_ready=_predictscope_export)`,
          `${unit}_predictscope_profiler.start()`,
        ],
        header: 'with _predictscope_torch.profiler.record_function("predict"):',
        after: [`if ${on}:`, `${unit}_predictscope_profiler.stop()`, release],
      };
  }
}
