/** What to make of a call whose receiver cannot be followed: its name, and what the file imports. */

import type { Framework, SiteKind } from '../site';
import { child, type SyntaxNode } from '../tree';
import type { Verdict } from './classify';
import type { Evidence } from './evidence';
import { kindOfMethod } from './methods';
import { isModelName, isModelPartName, isTaskName } from './names';
import { core, lastName, propertyName, shownText, unwrap } from './nodes';
import { isLocalModule } from './packages';

/** `training` says what differentiates the function around the call, and is asked only when it matters. */
export function guessFromName(
  call: SyntaxNode,
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
    (evidence.usesTask || (evidence.usesTensorFlow && ownTask.test(method))) &&
    (named || isTaskName(name)) &&
    kindOfMethod('task', method) === 'predict';
  if (isTask && !predictMethods.has(method))
    return verdict('predict', 'tfjs', 0.72, 'and the file uses ready-made models, so this runs inference.');
  if (named && !evidence.usesTensorFlow && isOfLoadedTask(method, evidence))
    return verdict('predict', 'tfjs', 0.72, 'and is loaded from a package, so this runs inference.');
  if (!named && !isModelPartName(name)) return guessUsed(call, callee, name, method, evidence, training);
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

/** `trunk.predict(x)`, where only its use tells what it is: what else is asked of it, and what it gives. */
function guessUsed(
  call: SyntaxNode,
  callee: SyntaxNode,
  name: string,
  method: string,
  evidence: Evidence,
  training: () => string | undefined,
): Verdict | undefined {
  if (!evidence.usesTensorFlow || !predictMethods.has(method) || evidence.evaluate(callee)) return undefined;
  if (!evidence.bindings.modelProperties.has(name) && !givesTensor(call, evidence)) return undefined;
  const shown = '`' + shownText(unwrap(child(callee, 'object')!), evidence.text) + '`';
  const gradient = training();
  const end = gradient === undefined ? 'runs inference' : `trains, in what ${gradient} differentiates`;
  const reason = `${shown} is used like a model of TensorFlow.js, so this ${end}.`;
  return { kind: gradient === undefined ? 'predict' : 'train', framework: 'tfjs', confidence: 0.75, reason };
}

/** `x.predict(y).dataSync()` */
function givesTensor(call: SyntaxNode, evidence: Evidence): boolean {
  const outer = call.parent?.type === 'await_expression' ? call.parent.parent : call.parent;
  const next = outer?.type === 'parenthesized_expression' ? outer.parent : outer;
  const name = next && propertyName(next, evidence.text);
  return name !== undefined && tensorMethods.has(name);
}

/** Ready-made models name their method after the task, also those that few know. */
function isOfLoadedTask(method: string, evidence: Evidence): boolean {
  if (method === 'predict' || method === 'generate' || kindOfMethod('task', method) !== 'predict')
    return false;
  return (evidence.bindings.callsByName.get('load') ?? []).some((call) => {
    const holder = child(core(child(call, 'function') ?? call), 'object');
    const value = holder && evidence.evaluate(holder);
    return value?.kind === 'import' && !isLocalModule(value.module);
  });
}

/** `import * as model from './model'`: its functions are the user's own. */
function isNamespace(receiver: SyntaxNode, evidence: Evidence): boolean {
  const value = evidence.evaluate(core(receiver));
  return value?.kind === 'import' && value.names.at(-1) === '*';
}

/** Methods that nothing but the ready-made models of TensorFlow.js has. */
const ownTask =
  /^(?:estimate(?:Single|Multiple)?(?:Poses?|Faces|Hands)|segment(?:MultiPerson|Person)(?:Parts)?|segmentPeople)$/;

const predictMethods: ReadonlySet<string> = new Set([
  'predict',
  'predictOnBatch',
  'predictAsync',
  'evaluateDataset',
  'execute',
  'executeAsync',
]);

const tensorMethods: ReadonlySet<string> = new Set(
  'data dataSync array arraySync argMax as1D as2D squeeze softmax reshape dispose'.split(' '),
);

const trainMethods: ReadonlySet<string> = new Set(['fit', 'fitDataset', 'trainOnBatch']);
