/** What to make of a call whose receiver cannot be followed: its name, and what the file imports. */

import type { Framework, SiteKind } from '../site';
import { child, type SyntaxNode } from '../tree';
import type { Verdict } from './classify';
import type { Evidence } from './evidence';
import { kindOfMethod } from './methods';
import { isModelName, isModelPartName, isTaskName } from './names';
import { core, lastName, propertyName, shownText, unwrap } from './nodes';

/** `training` says what differentiates the function around the call, and is asked only when it matters. */
export function guessFromName(
  callee: SyntaxNode,
  evidence: Evidence,
  training: () => string | undefined,
): Verdict | undefined {
  const method = propertyName(callee, evidence.text);
  const receiver = child(callee, 'object');
  if (method === undefined || !receiver) return undefined;
  // What a call gave is no model under a name, unless the call is one that hands out elements.
  const name = lastName(receiver, evidence.text);
  if (name === '' || isNamespace(receiver, evidence)) return undefined;
  const shown = '`' + shownText(unwrap(receiver), evidence.text) + '`';
  const verdict = (kind: SiteKind, framework: Framework, confidence: number, end: string): Verdict => ({
    kind,
    framework,
    confidence,
    reason: `${shown} is named like ${framework === 'onnxruntime' ? 'a session' : 'a model'} ${end}`,
  });

  if (method === 'run' && evidence.usesOnnx && /sess(?:ion)?s?(?:Ref)?\d*$/i.test(name))
    return verdict(
      'predict',
      'onnxruntime',
      0.75,
      'and the file imports ONNX Runtime, so this runs inference.',
    );
  const named = isModelName(name);
  const isTask =
    evidence.usesTask && (named || isTaskName(name)) && kindOfMethod('task', method) === 'predict';
  if (isTask && !predictMethods.has(method))
    return verdict('predict', 'tfjs', 0.72, 'and the file uses ready-made models, so this runs inference.');
  if (!named && !isModelPartName(name)) return undefined;
  if (!evidence.usesTensorFlow) {
    if (method !== 'predict' || !named) return undefined;
    return verdict(
      'predict',
      'unknown',
      0.5,
      'and nothing in this file says whose, so this may run inference.',
    );
  }
  const uses = 'and the file uses TensorFlow.js';
  if (trainMethods.has(method))
    return named ? verdict('train', 'tfjs', 0.75, `${uses}, and ${method} trains it.`) : undefined;
  if (!predictMethods.has(method)) return undefined;
  const gradient = training();
  if (gradient !== undefined)
    return verdict(
      'train',
      'tfjs',
      0.75,
      `${uses}, and runs in what ${gradient} differentiates, so this trains.`,
    );
  return verdict('predict', 'tfjs', named ? 0.75 : 0.72, `${uses}, so this runs inference.`);
}

/** `import * as model from './model'`: its functions are the user's own. */
function isNamespace(receiver: SyntaxNode, evidence: Evidence): boolean {
  const value = evidence.evaluate(core(receiver));
  return value?.kind === 'import' && value.names.at(-1) === '*';
}

const predictMethods: ReadonlySet<string> = new Set([
  'predict',
  'predictOnBatch',
  'predictAsync',
  'execute',
  'executeAsync',
]);

const trainMethods: ReadonlySet<string> = new Set(['fit', 'fitDataset', 'trainOnBatch']);
