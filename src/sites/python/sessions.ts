/** What a session is asked to run: TensorFlow 1 initialises, trains and predicts by the same call. */

import type { SyntaxNode } from '../tree';
import { argumentsOf, textOf } from './nodes';

export type Purpose = 'nothing' | 'training' | 'prediction' | 'unsaid';

export const sessionMethods: ReadonlySet<string> = new Set([
  'run',
  'invoke',
  'run_with_iobinding',
  'run_async',
  'run_with_ort_values',
]);

/** What the fetched names of a TensorFlow session say that a call is for. */
export function purposeOf(call: SyntaxNode, text: string): Purpose {
  const given = argumentsOf(call, text);
  const fetches = given.positional[0] ?? given.keywords.get('fetches');
  const fetched = fetches ? textOf(fetches, text) : '';
  if (/initializer|saver|iterator\.init|assign/.test(fetched)) return 'nothing';
  if (/train_?(?:op|step)|\btrain\b|optimi[sz]er|minimize/.test(fetched)) return 'training';
  return /pred|logit|prob|softmax|output|embed|infer|y_hat|scores?\b/i.test(fetched)
    ? 'prediction'
    : 'unsaid';
}

/**
 * How sure a run of a TensorFlow 1 session is a prediction. Below the threshold where only the session is
 * known: DeepProfiler, for one, crops its images on the device by `session.run`.
 */
export const purposeConfidence: Record<Purpose, number> = {
  nothing: 0,
  training: 0.75,
  prediction: 0.8,
  unsaid: 0.6,
};
