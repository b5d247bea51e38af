/** What a session is asked to run: TensorFlow 1 initialises, trains and predicts by the same call. */

import type { SyntaxNode } from '../tree';
import type { Evidence } from './evidence';
import { argumentsOf } from './nodes';
import { Fetches, type Purpose } from './tensors';

export const sessionMethods: ReadonlySet<string> = new Set([
  'run',
  'invoke',
  'run_with_iobinding',
  'run_async',
  'run_with_ort_values',
  // OpenVINO's requests, TensorRT's contexts
  'infer',
  'start_async',
  'async_infer',
  'execute',
  'execute_v2',
  'execute_async',
  'execute_async_v2',
  'execute_async_v3',
  // OpenCV's
  'forward',
  'forwardAsync',
  'classify',
  'detect',
  'segment',
]);

/** What a call of a TensorFlow session's `run` is for. */
export function purposeOf(call: SyntaxNode, evidence: Evidence): Purpose {
  const given = argumentsOf(call, evidence.text);
  return purposeOfTensor(given.positional[0] ?? given.keywords.get('fetches'), evidence);
}

/** What it is for to compute a tensor, or some tensors. */
export function purposeOfTensor(tensor: SyntaxNode | undefined, evidence: Evidence): Purpose {
  return tensor ? new Fetches(evidence).purposeOf(tensor) : 'unsaid';
}

/**
 * How sure a run of a TensorFlow 1 session is a prediction. Below the threshold where only the session is
 * known: DeepProfiler, for one, crops its images on the device by `session.run`.
 */
export const purposeConfidence: Record<Purpose, number> = {
  nothing: 0,
  training: 0.75,
  prediction: 0.85,
  unsaid: 0.6,
};
