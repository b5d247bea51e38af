/**
 * What a call of a model was at, by the frameworks' own functions on the sampled stacks. Unlike the trace's parts this
 * covers all calls, traced or not, and tells results and callbacks apart; it knows nothing of C++.
 */
import type { Nanoseconds } from '../common/units';
import type { SampleTable } from '../trace/formats/samples';

export const phaseOrder = ['setUp', 'tracing', 'modelFunction', 'results', 'callbacks', 'other'] as const;
export type PhaseName = (typeof phaseOrder)[number];

const titles: Record<PhaseName, string> = {
  setUp: 'set-up',
  tracing: 'tracing',
  modelFunction: 'model function',
  results: 'results',
  callbacks: 'callbacks',
  other: 'other',
};

const meanings: Record<PhaseName, string> = {
  setUp: 'building the input pipeline and taking batches from it',
  tracing: 'turning Python functions into graphs, compiling',
  modelFunction: 'running the model',
  results: 'putting batches of results together, copying them to NumPy',
  callbacks: 'Keras callbacks around batches',
  other: 'the rest of the call',
};

export function phaseTitle(name: PhaseName): string {
  return titles[name];
}

export function phaseMeaning(name: PhaseName): string {
  return meanings[name];
}

type Rule = readonly [file: RegExp, name: RegExp | undefined, phase: PhaseName];

/** Whatever they are called from: making a graph is making a graph. */
const tracingRules: readonly Rule[] = [
  [
    /tensorflow[\\/]python[\\/](eager|framework)[\\/]/,
    /trace_function$|_maybe_define_(concrete_)?function$|_create_(graph|concrete)_function$|func_graph_from_py_func$|_get_concrete_function/,
    'tracing',
  ],
  [/torch[\\/]_(dynamo|inductor|functorch)[\\/]/, /compile|trace|transform|convert_frame/, 'tracing'],
  [
    /jax[\\/]_src[\\/]/,
    /(^|\.)(_?infer_params|trace_to_jaxpr\w*|lower\w*|backend_compile\w*|compile_or_get_cached|_cached_compilation|_pjit_lower\w*|_create_pjit_jaxpr)$/,
    'tracing',
  ],
];

/** The outermost that fits decides. Keras 2.3 to 3.15, tf_keras, TensorFlow 2.2 to 2.21, PyTorch, JAX. */
const rules: readonly Rule[] = [
  [/keras.*[\\/]callbacks?(_list)?([\\/]|\.py$)/, undefined, 'callbacks'],
  [/keras.*[\\/](data_adapters?|epoch_iterator)([\\/]|\w*\.py$)/, undefined, 'setUp'],
  [/keras.*[\\/]trainer\.py$/, /EpochIterator|get_data$/, 'setUp'],
  [/tensorflow[\\/]python[\\/]data[\\/]/, undefined, 'setUp'],
  [/torch[\\/]utils[\\/]data[\\/]/, undefined, 'setUp'],
  [
    /keras.*[\\/](trainer|training\w*|tf_utils|numpy|core|nest|tree_api|tree_impl|optree_impl|dmtree_impl)\.py$/,
    /append_to_outputs$|concat(enate)?$|ragged_concat$|sync_to_numpy|convert_to_numpy$|map_structure\w*$|_reduce_outputs|aggregate/i,
    'results',
  ],
  [
    /tensorflow[\\/]python[\\/]eager[\\/](polymorphic_function[\\/]polymorphic_function|def_function|function)\.py$/,
    /__call__$/,
    'modelFunction',
  ],
  [/tensorflow.*[\\/]client[\\/]session\.py$/, undefined, 'modelFunction'],
  [/keras.*[\\/](layer|base_layer|functional|sequential)\.py$/, /__call__$|(^|\.)call$/, 'modelFunction'],
  [/torch[\\/]nn[\\/]modules[\\/]module\.py$/, /_call_impl$/, 'modelFunction'],
  [/jax[\\/]_src[\\/]pjit\.py$/, undefined, 'modelFunction'],
  [/onnxruntime[\\/]capi[\\/]/, /\brun$/, 'modelFunction'],
];

/** Phases of the stacks of one process. */
export class StackPhases {
  readonly #byCode = new Map<number, { phase: PhaseName | undefined; tracing: boolean }>();

  constructor(private readonly table: SampleTable) {}

  /** Phase of a stack within a call; `isSite(stack)` says that its innermost frame is the line that calls. */
  of(stack: number, isSite: (stack: number) => boolean): PhaseName {
    let phase: PhaseName = 'other';
    for (let at = stack; at > 1 && !isSite(at); at = this.table.caller[at]!) {
      const known = this.#ofCode(this.table.code[at]!);
      if (known.tracing) return 'tracing';
      if (known.phase !== undefined) phase = known.phase;
    }
    return phase;
  }

  #ofCode(index: number): { phase: PhaseName | undefined; tracing: boolean } {
    const known = this.#byCode.get(index);
    if (known) return known;
    const code = this.table.codes[index];
    const file = code && this.table.files[code.file]?.path;
    const find = (all: readonly Rule[]): PhaseName | undefined =>
      file === undefined
        ? undefined
        : all.find(([files, names]) => files.test(file) && (names?.test(code!.name) ?? true))?.[2];
    const made = { phase: find(rules), tracing: find(tracingRules) !== undefined };
    this.#byCode.set(index, made);
    return made;
  }
}

export type PhaseTimes = Partial<Record<PhaseName, Nanoseconds>>;

/** Time that was sampled within calls. */
export function phasesTotalNs(phases: PhaseTimes): Nanoseconds {
  return Object.values(phases).reduce((sum, ns) => sum + ns, 0);
}
