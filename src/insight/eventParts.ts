import type { TraceModel } from '../trace/engine';

/** Host parts by code, so that a segment is two numbers and a byte. */
export const hostParts = ['python', 'setUp', 'tracing', 'modelFunction', 'wait', 'unexplained'] as const;
export const [python, setUp, tracing, modelFunction, wait, unexplained] = [0, 1, 2, 3, 4, 5];

/** What an event within a call is told by. */
export interface EventView {
  model: TraceModel;
  event: number;
  name: string;
  category: string;
  /** The trace is one of operators by category (PyTorch, onnxruntime), not of marked C++ work (TensorFlow, JAX). */
  operators: boolean;
  /** The part of the event around it. */
  parent: number;
  /** Compilation happens within the event. */
  compiles: boolean;
}

/**
 * Events of TensorFlow that are set-up of a call when they lie outside of the model function:
 * eager operations that build and release the input pipeline. Names as TensorFlow 2.2 to 2.21 write them.
 */
const setUpNames =
  /^(TFE_|EagerExecute|EagerLocalExecute|EagerKernelExecute|EagerCopyToDevice|KernelAndDeviceFunc|convert_to_tensor|tf\.constant|Iterator|IteratorGetNext|MemoryAllocation|MemoryDeallocation|ExecutorState|ExecutorDoneCallback|FunctionRun|ThreadpoolListener)|^[^:]+:[A-Z_]\w*$/;
/** A function that Python calls, in 2.2: later versions mark it with `tf_function_call`. */
const functionNames = /^Eager(Local)?Execute: __(inference|forward)_/;
const tracingNames = /^(tf\.function-graph_building|trace_function|graph_building)/;

/** JAX, as 0.10 writes it: a jitted function, what compiles it, what runs it, what moves its arguments. */
const jitted = /^(PjitFunction\(|ExecuteReplicated\.__call__|.*LoadedExecutable::Execute)/;
const runs = /^(ExecuteReplicated\.__call__|.*LoadedExecutable::Execute)/;
const compileNames =
  /^(lower_sharding_computation|backend_compile|trace_to_jaxpr|lower_jaxpr_to_module|create_pjit_jaxpr|PjRtCpuClient::Compile|PjRtStreamExecutorClient::Compile)/;
const jaxSetUp =
  /^(DevicePut|shard_args|batched_device_put|batched_copy_array|BatchedCopyToDevice|BatchedDevicePut|Wait for (donation|usage) holds|CommonPjRt|PjRt)/;
const jaxWait = /(::Await|BlockHostUntilReady|block_until_ready)/;
const jaxPython = 'PythonRefManager::';

/** Where the host stands still for the device, in CUDA's and HIP's names. */
const deviceWait = /^(cuda|hip|cu)\w*Synchronize/;

/**
 * `module encoder.layers.0 (TransformerEncoderLayer)`, as our runtime names its spans around modules of PyTorch; `.` is
 * the module that was called. The fast form of `record_function` is listed as an operator.
 */
export const moduleSpan = /^module (\S+) \((\w+)\)$/;

export function isCompilation(name: string): boolean {
  return compileNames.test(name);
}

/**
 * The part that the innermost event at an instant gives its time to. An event takes its parent's part
 * unless its name says otherwise; `traced` is told when the model function was made anew.
 */
export function partOf(view: EventView, traced: () => void): number {
  return view.operators ? operatorPart(view) : xplanePart(view, traced);
}

/** TensorFlow and JAX. Both mark all of their C++ work, so what nothing covers is Python. */
function xplanePart({ model, event, name, parent, compiles }: EventView, traced: () => void): number {
  if (tracingNames.test(name)) return tracing;
  if (compileNames.test(name)) return tracing;
  if (parent === tracing && runs.test(name)) return modelFunction;
  if (parent === tracing || parent === modelFunction) return parent;
  if (name === 'predict') return python;
  if (jaxWait.test(name)) return wait;
  if (jitted.test(name)) {
    if (compiles) traced();
    return compiles ? tracing : modelFunction;
  }
  if (parent === python || parent === unexplained) {
    const call = model.stats(event).get('tf_function_call');
    if (call !== undefined) {
      if (String(call).startsWith('traced')) traced();
      return modelFunction;
    }
    if (functionNames.test(name)) return modelFunction;
    if (name.startsWith('$')) return python; // a frame of the framework's own Python tracer
    if (name.startsWith(jaxPython)) return python;
    return setUpNames.test(name) || jaxSetUp.test(name) ? setUp : unexplained;
  }
  return parent;
}

/**
 * PyTorch and onnxruntime. Operators are the model function, whoever calls them; ranges that the program
 * or the framework names (`record_function`) and Python frames are what is in them.
 */
function operatorPart({ name, category, parent }: EventView): number {
  if (moduleSpan.test(name)) return parent;
  switch (category) {
    case 'cuda_runtime':
    case 'cuda_driver':
    case 'cuda_sync':
    case 'Runtime':
      return deviceWait.test(name) ? wait : modelFunction;
    case 'cpu_op':
    case 'Operator':
    case 'Session':
    case 'Node':
      return modelFunction;
    default:
      return parent;
  }
}
