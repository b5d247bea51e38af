/** What to make of a call whose receiver cannot be followed: its name, its arguments, and the rest of the file. */

import type { Framework } from '../site';
import { child, type SyntaxNode } from '../tree';
import { askedOf, isCompiled, verdict, type Asked } from './asked';
import type { Verdict } from './classify';
import type { Context } from './context';
import { isParameters } from './effects';
import type { Evidence } from './evidence';
import { frameworkTitle } from './frameworks';
import { guessForward, mayBeModel } from './guessForward';
import {
  evaluateMethods,
  isEstimatorName,
  isModelClassName,
  isModelName,
  isModelPartName,
  isRequestName,
  kerasKeywords,
  modelMethods,
  predictMethods,
  trainMethods,
  trainerMethods,
} from './names';
import { enclosingClass, lastName, textOf, unwrap } from './nodes';
import { givesScores, isTakenByArgmax } from './scores';
import { purposeConfidence, purposeOf } from './sessions';
import { isOfUnseenClass } from './unseenClasses';

const guessedMethods: ReadonlySet<string> = new Set([
  ...predictMethods,
  ...trainMethods,
  ...evaluateMethods,
  ...modelMethods,
  'module',
  'run',
  'apply',
  'apply_fn',
  'encode',
  'decode',
  'invoke',
  ...trainerMethods.keys(),
]);

export function guessFromName(
  call: SyntaxNode,
  callee: SyntaxNode,
  evidence: Evidence,
  context: Context,
): Verdict | undefined {
  const inner = unwrap(callee);
  const method = inner.type === 'attribute' ? lastName(inner, evidence.text) : '';
  // Most calls of a file end here.
  if (!guessedMethods.has(method) && !mayBeModel(lastName(inner, evidence.text), evidence)) return undefined;
  const asked = askedOf(call, callee, guessedMethods, evidence, context);
  const byTrainer = guessTrainer(asked);
  if (byTrainer) return byTrainer;
  if (method === 'invoke') return guessInvoke(asked);
  if (asked.given.count === 0) return undefined;
  if (asked.receiver === inner || method === 'module' || method === 'forward') return guessForward(asked);
  if (method === 'run') return guessRun(asked);
  if (method === 'apply' || method === 'apply_fn') return guessApply(asked);
  if (method === 'encode' || method === 'decode') return guessCoding(asked);
  if (modelMethods.has(method)) return guessPart(asked);
  if (trainMethods.has(method)) return guessTrain(asked, method);
  if (evaluateMethods.has(method)) return guessEvaluate(asked);
  return predictMethods.has(method) ? guessPredict(asked, method) : undefined;
}

/** `trainer.validate(...)`, where the trainer comes from somewhere else. */
function guessTrainer(asked: Asked): Verdict | undefined {
  const kind = trainerMethods.get(asked.method);
  if (!kind || !/(?:^|_)trainer$/i.test(asked.name)) return undefined;
  const library = /^(?:pytorch_lightning|lightning|transformers|trl)\b/;
  return asked.evidence.bindings.imports.some((each) => library.test(each))
    ? verdict(asked, kind, 'torch', 0.8, 'is named like a trainer, and the file imports a library of such.')
    : undefined;
}

/** Methods that nothing but an interpreter of TensorFlow Lite has. */
const ofInterpreters: ReadonlySet<string> = new Set([
  'set_tensor',
  'get_tensor',
  'allocate_tensors',
  'get_input_details',
  'get_output_details',
]);

/** `interpreter.invoke()` */
function guessInvoke(asked: Asked): Verdict | undefined {
  const { evidence, name } = asked;
  if (asked.given.count > 0) return undefined;
  const used = evidence.bindings.methodsUsed.get(name) ?? [];
  const isUsedSo = used.filter((each) => ofInterpreters.has(each)).length > 1;
  if (!isUsedSo && !/interp|tflite|runner/i.test(name)) return undefined;
  return isUsedSo || evidence.frameworks.has('tensorflow') || evidence.frameworks.has('keras')
    ? verdict(
        asked,
        'predict',
        'tensorflow',
        0.85,
        `is ${isUsedSo ? 'used' : 'named'} like an interpreter of TensorFlow Lite.`,
      )
    : undefined;
}

/** `clip.encode_image(x)`, `vit.forward_features(x)`: no user gives these names to anything else. */
function guessPart(asked: Asked): Verdict | undefined {
  const { evidence } = asked;
  if (!evidence.hasDeepLearning) return undefined;
  return guessForward(
    asked,
    isModelName(asked.name) || (evidence.mainFramework === 'torch' && asked.method !== 'translate')
      ? 0.82
      : undefined,
  );
}

/** `vae.encode(x)`: tokenizers encode too, so the name must be that of a model, and gradients off. */
function guessCoding(asked: Asked): Verdict | undefined {
  const { evidence, name } = asked;
  if (!evidence.frameworks.has('torch') || !isModelName(name)) return undefined;
  const isCoder = /vae|vq_?gan|autoencoder|codec/i.test(name);
  const grad = asked.context.grad(asked.call);
  return isCoder || grad.mode === 'off' ? guessForward(asked, isCoder ? 0.82 : 0.72) : undefined;
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
  // What OpenVINO infers is given by the names of a graph's inputs.
  if (method === 'infer' && isFedByName(asked))
    return verdict(asked, 'predict', 'unknown', 0.85, 'is fed as OpenVINO is, so this runs inference.');
  if (told !== 'keras' && !signed && !isCompiled(name, evidence) && isOfUnseenClass(asked.receiver, evidence))
    return verdict(
      asked,
      'predict',
      framework,
      0.55,
      `is made by a class of the project, whose ${method} may run a model.`,
    );
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
  if (method === 'infer' && isRequestName(name) && !keras)
    return verdict(
      asked,
      'predict',
      'unknown',
      0.78,
      'is named like a request of OpenVINO, so this runs inference.',
    );
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
  if (classical) return noModel(0.6, 'is in a file that imports classical machine learning only.');
  return isInModelClass(asked)
    ? verdict(
        asked,
        'predict',
        'keras',
        0.72,
        'belongs to what is named like a model, so this runs inference.',
      )
    : undefined;
}

/** `net.infer({"input": x})`, `net.infer(inputs={...})` in a file that imports OpenVINO. */
function isFedByName({ given, evidence }: Asked): boolean {
  if (!evidence.bindings.imports.some((each) => /^openvino\b/.test(each))) return false;
  const fed = given.keywords.get('inputs') ?? given.positional[0];
  return fed !== undefined && unwrap(fed).type === 'dictionary';
}

/** `class Sheet(TileGAN)`, whose parts predict: the base comes from somewhere else. */
function isInModelClass({ receiver, call, evidence }: Asked): boolean {
  const owner = enclosingClass(call);
  const of = owner && evidence.bindings.classes.get(owner);
  const object = child(unwrap(receiver), 'object');
  if (!of || !object || textOf(object, evidence.text) !== 'self') return false;
  return of.bases.some((each) => isModelClassName(lastName(each, evidence.text)));
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
  if (classical && isTakenByArgmax(asked.call, evidence) && onlyHelpers(evidence))
    return verdict(
      asked,
      'predict',
      'keras',
      0.75,
      'is named like a model and gives scores of which the largest is taken, so this runs inference.',
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
  if (givesScores(asked.call, evidence))
    return verdict(
      asked,
      'predict',
      'keras',
      0.75,
      'is named like a model and gives scores, as the predict of Keras does, so this runs inference.',
    );
  return verdict(
    asked,
    'predict',
    'unknown',
    0.72,
    'is named like a model and nothing in this file says otherwise, so this probably runs inference.',
  );
}

/** True when the file has of classical machine learning only what measures and prepares. */
function onlyHelpers(evidence: Evidence): boolean {
  const classical = /^(?:sklearn|xgboost|lightgbm|catboost|cuml|imblearn|joblib|skops)\b/;
  return evidence.bindings.imports.every(
    (each) =>
      !classical.test(each) ||
      /^sklearn\.(?:metrics|model_selection|preprocessing|utils|datasets)\b/.test(each),
  );
}

/** `session.run(...)`, where the session comes from somewhere else. */
function guessRun(asked: Asked): Verdict | undefined {
  const { evidence, name } = asked;
  if (!/sess(?:ion)?s?\d*$/i.test(name)) return undefined;
  // Nobody but ONNX Runtime is told by None that all outputs are wanted.
  if (asked.given.positional.length >= 2 && asked.given.positional[0]!.type === 'none')
    return verdict(
      asked,
      'predict',
      'onnxruntime',
      0.85,
      'is named like a session and is asked for all outputs, as ONNX Runtime is, so this runs inference.',
    );
  if (evidence.frameworks.has('onnxruntime'))
    return verdict(
      asked,
      'predict',
      'onnxruntime',
      0.8,
      'is named like a session and the file imports ONNX Runtime, so this runs inference.',
    );
  if (!evidence.frameworks.has('tensorflow') && !evidence.frameworks.has('keras')) return undefined;
  const purpose = purposeOf(asked.call, evidence);
  if (purpose === 'nothing') return undefined;
  const kind = purpose === 'training' ? 'train' : 'predict';
  const because = 'is named like a session and the file imports TensorFlow, so this runs a graph.';
  return verdict(asked, kind, 'tensorflow', purposeConfidence[purpose], because);
}

/** `model.apply(params, x)`, `state.apply_fn(...)`. */
function guessApply(asked: Asked): Verdict | undefined {
  const { evidence, given, name, method } = asked;
  if (!evidence.frameworks.has('jax')) return undefined;
  if (method === 'apply_fn' || isParameters(given.positional[0], evidence.text))
    return guessForward(asked, 0.85, 'jax');
  return given.positional.length >= 2 && isModelName(name) ? guessForward(asked, 0.78, 'jax') : undefined;
}

/** `model.evaluate(x, y)`: of the frameworks only Keras has it, and its users write functions of that name. */
function guessEvaluate(asked: Asked): Verdict | undefined {
  const { evidence, name, told } = asked;
  const keras = evidence.frameworks.has('keras') || evidence.frameworks.has('tensorflow');
  const signed = kerasKeywords.some((each) => asked.given.keywords.has(each));
  if (told === 'sklearn' || told === 'torch' || !(keras || told === 'keras')) return undefined;
  if (told !== 'keras' && !isModelName(name) && !(signed && isModelPartName(name))) return undefined;
  if (evidence.frameworks.has('torch') && told !== 'keras' && !signed) return undefined;
  return verdict(
    asked,
    'predict',
    'keras',
    told === 'keras' || signed ? 0.88 : 0.8,
    'is named like a model of Keras, and is tested as a whole, so this runs inference.',
  );
}

function guessTrain(asked: Asked, method: string): Verdict | undefined {
  const keras = asked.evidence.frameworks.has('keras') || asked.evidence.frameworks.has('tensorflow');
  const isKerasOnly = method === 'train_on_batch' || method === 'fit_generator';
  if (asked.told === 'sklearn' || (!isModelName(asked.name) && !isKerasOnly)) return undefined;
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
