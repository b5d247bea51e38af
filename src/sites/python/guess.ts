/** What to make of a call whose receiver cannot be followed: its name, its arguments, and the rest of the file. */

import type { Framework, SiteKind } from '../site';
import { child, type SyntaxNode } from '../tree';
import type { Verdict } from './classify';
import type { Context } from './context';
import type { Evidence } from './evidence';
import { frameworkTitle } from './frameworks';
import {
  isEstimatorName,
  isModelName,
  isModelPartName,
  kerasKeywords,
  predictMethods,
  trainMethods,
} from './names';
import { purposeConfidence, purposeOf } from './sessions';
import { argumentsOf, lastName, shownText, textOf, unwrap, type Arguments } from './nodes';

/** Methods that only models of one framework have, called on the same name somewhere in the file. */
const tells: readonly (readonly [Framework, ReadonlySet<string>])[] = [
  [
    'keras',
    new Set(['summary', 'load_weights', 'predict_on_batch', 'train_on_batch', 'get_layer', 'fit_generator']),
  ],
  [
    'torch',
    new Set(['eval', 'state_dict', 'load_state_dict', 'parameters', 'named_parameters', 'cuda', 'zero_grad']),
  ],
  [
    'sklearn',
    new Set(['score', 'fit_transform', 'kneighbors', 'decision_function', 'partial_fit', 'transform']),
  ],
];

interface Asked {
  call: SyntaxNode;
  /** What is called, or what has the method. */
  receiver: SyntaxNode;
  name: string;
  given: Arguments;
  evidence: Evidence;
  context: Context;
  /** Framework that other methods called on the same name speak for. */
  told: Framework | undefined;
}

export function guessFromName(
  call: SyntaxNode,
  callee: SyntaxNode,
  evidence: Evidence,
  context: Context,
): Verdict | undefined {
  const given = argumentsOf(call, evidence.text);
  if (given.count === 0) return undefined;
  const inner = unwrap(callee);
  const method = inner.type === 'attribute' ? textOf(child(inner, 'attribute')!, evidence.text) : '';
  const isMethod = guessedMethods.has(method);
  const receiver = isMethod ? child(inner, 'object')! : inner;
  const name = lastName(receiver, evidence.text);
  const used = evidence.bindings.methodsUsed.get(name);
  const told = tells.find(([, methods]) => [...(used ?? [])].some((each) => methods.has(each)))?.[0];
  const asked: Asked = { call, receiver, name, given, evidence, context, told };
  if (!isMethod) return guessForward(asked);
  if (method === 'module' || method === 'forward') return guessForward(asked);
  if (method === 'run') return guessRun(asked);
  if (method === 'apply') return guessApply(asked);
  if (trainMethods.has(method)) return guessTrain(asked, method);
  return guessPredict(asked, method);
}

const guessedMethods: ReadonlySet<string> = new Set([
  ...predictMethods,
  ...trainMethods,
  'forward',
  'module',
  'run',
  'apply',
]);

function verdict(
  asked: Asked,
  kind: SiteKind,
  framework: Framework,
  confidence: number,
  because: string,
): Verdict {
  const shown = '`' + shownText(asked.receiver, asked.evidence.text) + '`';
  return { kind, framework, confidence, reason: `${shown} ${because}` };
}

/** `X.predict(x)`. */
function guessPredict(asked: Asked, method: string): Verdict | undefined {
  const { evidence, name, told } = asked;
  const keras = evidence.frameworks.has('keras') || evidence.frameworks.has('tensorflow');
  const classical = evidence.hasClassical;
  const signed = kerasKeywords.some((each) => asked.given.keywords.has(each));
  const framework: Framework = signed || keras ? 'keras' : evidence.mainFramework;
  const imports = frameworkTitle(framework);
  const noModel = (confidence: number, because: string): Verdict =>
    verdict(
      asked,
      'non-dl',
      classical && !evidence.frameworks.has('sklearn') ? 'xgboost' : 'sklearn',
      confidence,
      because,
    );

  if (told === 'sklearn')
    return noModel(0.85, 'has methods of a scikit-learn estimator elsewhere in this file.');
  if (told === 'keras' || told === 'torch')
    return verdict(
      asked,
      'predict',
      told,
      0.9,
      `has methods of a ${frameworkTitle(told)} model elsewhere in this file, so this runs inference.`,
    );
  if (isEstimatorName(name) && !signed) {
    if (classical)
      return noModel(0.8, 'is named like an estimator in a file that imports classical machine learning.');
    return evidence.hasDeepLearning
      ? verdict(asked, 'predict', framework, 0.55, `may be a model: the file imports ${imports}.`)
      : noModel(0.5, 'is named like an estimator.');
  }
  if (isModelName(name) || isModelPartName(name))
    return guessNamedPredict(asked, method, { keras, classical, signed, framework });
  if (method !== 'predict' && method !== 'predict_on_batch') return undefined;
  if (signed && (keras || !classical))
    return verdict(
      asked,
      'predict',
      'keras',
      keras ? 0.8 : 0.7,
      'is given keywords that the predict of Keras takes, so this runs inference.',
    );
  if (keras)
    return verdict(
      asked,
      'predict',
      framework,
      classical ? 0.5 : 0.7,
      `may be a model: the file imports ${imports}.`,
    );
  if (evidence.hasDeepLearning)
    return classical
      ? undefined
      : verdict(asked, 'predict', framework, 0.5, `may be a model: the file imports ${imports}.`);
  return classical ? noModel(0.6, 'is in a file that imports classical machine learning only.') : undefined;
}

/** The receiver is named like a model. */
function guessNamedPredict(
  asked: Asked,
  method: string,
  file: { keras: boolean; classical: boolean; signed: boolean; framework: Framework },
): Verdict | undefined {
  const { evidence } = asked;
  const { keras, classical, signed, framework } = file;
  const imports = frameworkTitle(framework);
  // Crops, batches and reports are generated too; in Keras only language models are, and those are named.
  if (method === 'generate' && !isModelName(asked.name)) return undefined;
  if (keras)
    return verdict(
      asked,
      'predict',
      framework,
      classical && !signed ? 0.75 : 0.88,
      `is named like a model and the file imports ${imports}, so this runs inference.`,
    );
  if (signed)
    return verdict(
      asked,
      'predict',
      'keras',
      0.85,
      'is named like a model and is given keywords that the predict of Keras takes, so this runs inference.',
    );
  if (evidence.hasDeepLearning)
    return verdict(
      asked,
      'predict',
      framework,
      classical ? 0.6 : 0.78,
      `is named like a model and the file imports ${imports}, so this runs inference.`,
    );
  if (classical) {
    const boosted = !evidence.frameworks.has('sklearn');
    return verdict(
      asked,
      'non-dl',
      boosted ? 'xgboost' : 'sklearn',
      0.75,
      'is named like a model, in a file that imports classical machine learning only.',
    );
  }
  if (method === 'generate') return undefined;
  return verdict(
    asked,
    'predict',
    'unknown',
    0.72,
    'is named like a model and nothing in this file says otherwise, so this probably runs inference.',
  );
}

/** `net(x)`, `self.model(x)`, `ddp_model.module(x)`. */
function guessForward(asked: Asked): Verdict | undefined {
  const { evidence, context, name, told } = asked;
  if (!evidence.hasDeepLearning || told === 'sklearn') return undefined;
  const named = isModelName(name);
  const part = isModelPartName(name);
  const grad = context.grad(asked.call);
  const helped = told !== undefined || grad.mode !== 'unsaid';
  if (!named && !(part && helped) && !(told === 'torch' && grad.mode === 'off')) return undefined;
  const framework = told ?? evidence.mainFramework;
  const confidence = told !== undefined ? 0.9 : grad.mode === 'off' && named ? 0.88 : named ? 0.78 : 0.72;
  const because =
    told !== undefined
      ? `has methods of a ${frameworkTitle(told)} model elsewhere in this file`
      : `is named like a model and the file imports ${frameworkTitle(framework)}`;
  if (grad.mode === 'training')
    return verdict(
      asked,
      'train',
      framework,
      confidence,
      `${because}, and runs ${grad.because}, so this is a step of training.`,
    );
  const training = asked.given.keywords.get('training');
  if (training && textOf(training, evidence.text) === 'True')
    return verdict(asked, 'train', framework, confidence, `${because}, and is called with training=True.`);
  const traced = context.tracedBy(asked.call);
  if (traced !== undefined)
    return verdict(
      asked,
      'symbolic',
      framework,
      confidence,
      `${because}, but ${traced} is traced once: time the calls of ${traced} instead.`,
    );
  const inside = grad.mode === 'off' ? `, and is called ${grad.because}` : '';
  return verdict(asked, 'predict', framework, confidence, `${because}${inside}, so this runs inference.`);
}

/** `session.run(...)`, where the session comes from somewhere else. */
function guessRun(asked: Asked): Verdict | undefined {
  const { evidence, name } = asked;
  if (!/sess(?:ion)?s?\d*$/i.test(name)) return undefined;
  if (evidence.frameworks.has('onnxruntime'))
    return verdict(
      asked,
      'predict',
      'onnxruntime',
      0.8,
      'is named like a session and the file imports ONNX Runtime, so this runs inference.',
    );
  if (!evidence.frameworks.has('tensorflow') && !evidence.frameworks.has('keras')) return undefined;
  const purpose = purposeOf(asked.call, evidence.text);
  if (purpose === 'nothing') return undefined;
  const kind = purpose === 'training' ? 'train' : 'predict';
  const because = 'is named like a session and the file imports TensorFlow, so this runs a graph.';
  return verdict(asked, kind, 'tensorflow', purposeConfidence[purpose], because);
}

/** `model.apply(params, x)`, `state.apply_fn(...)`. */
function guessApply(asked: Asked): Verdict | undefined {
  if (!asked.evidence.frameworks.has('jax') || !isModelName(asked.name)) return undefined;
  return asked.given.positional.length >= 2 ? guessForward(asked) : undefined;
}

function guessTrain(asked: Asked, method: string): Verdict | undefined {
  const keras = asked.evidence.frameworks.has('keras') || asked.evidence.frameworks.has('tensorflow');
  if (asked.told === 'sklearn' || !isModelName(asked.name)) return undefined;
  if (!keras && method === 'fit') return undefined;
  return keras || method === 'train_on_batch'
    ? verdict(
        asked,
        'train',
        'keras',
        asked.evidence.hasClassical ? 0.7 : 0.8,
        `is named like a model, and ${method} trains it.`,
      )
    : undefined;
}
