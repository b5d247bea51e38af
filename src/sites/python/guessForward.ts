/** A call of something that is named, or used elsewhere in the file, like a model. */

import type { Framework } from '../site';
import { child, type SyntaxNode } from '../tree';
import { ofKeras, toldBy, verdict, type Asked } from './asked';
import type { Verdict } from './classify';
import type { Evidence } from './evidence';
import { frameworkTitle } from './frameworks';
import { isClassName, isLossName, isModelName, isModelPartName, isPreprocessingName } from './names';
import { lastName, textOf, unwrap, withItems } from './nodes';
import { isSymbolic } from './results';
import { isOfUnseenClass } from './unseenClasses';

/** Generator, discriminator, encoder. */
const shortName = /^(?:[GDE]|gen|disc)$/;

/** Methods that of all that is called in a torch file only modules have. */
const ofModules: readonly string[] = ['eval', 'parameters', 'named_parameters', 'modules', 'requires_grad_'];

/**
 * `net(x)`, `self.model(x)`, `ddp_model.module(x)`. `known`: how sure it is a model by something else than its
 * name.
 */
export function guessForward(asked: Asked, known?: number, of?: Framework): Verdict | undefined {
  const { evidence, context, name, told } = asked;
  if (!(evidence.hasDeepLearning || told === 'keras') || (told === 'sklearn' && known === undefined))
    return undefined;
  if (isLossName(name) || isPreprocessingName(name)) return undefined;
  // What they run inside of takes longer to find out.
  if (known === undefined && !isNamedSo(name) && told !== 'torch' && told !== 'keras') return undefined;
  if (
    known === undefined &&
    (isConstructor(asked) ||
      isFunctionElsewhere(asked) ||
      isOfMany(asked) ||
      isGeneratorOf(asked) ||
      givesModel(asked))
  )
    return undefined;
  if (isSymbolic(asked.given, evidence) || isInGraph(asked))
    return verdict(
      asked,
      'symbolic',
      evidence.foreignFramework,
      0.8,
      'is given a symbolic tensor, so this builds a graph and predicts nothing.',
    );
  const isHandedOut = evidence.mainFramework === 'jax' && context.isHandedOut(asked.call);
  const grad = context.grad(asked.call);
  const sure = known ?? confidenceByName(asked, grad.mode);
  if (sure === undefined) return undefined;
  const framework = of ?? frameworkOf(asked, grad.because);
  const because =
    told !== undefined
      ? `has methods of a ${frameworkTitle(told)} model elsewhere in this file`
      : `is ${known === undefined ? 'named' : 'used'} like a model and the file imports ${frameworkTitle(framework)}`;
  const traced = context.tracedBy(asked.call);
  if (traced !== undefined)
    return verdict(
      asked,
      'symbolic',
      framework,
      sure,
      `${because}, but ${traced} is traced once: time the calls of ${traced} instead.`,
    );
  if (grad.mode === 'training')
    return verdict(
      asked,
      'train',
      framework,
      sure,
      `${because}, and runs ${grad.because}, so this is a step of training.`,
    );
  const training = asked.given.keywords.get('training');
  if (training && textOf(training, evidence.text) === 'True')
    return verdict(asked, 'train', framework, sure, `${because}, and is called with training=True.`);
  if (grad.mode === 'mixed' || isHandedOut) {
    const end = isHandedOut ? 'in a function that is handed out' : grad.because;
    return verdict(asked, 'predict', framework, Math.min(sure, 0.6), `${because}, and runs ${end}.`);
  }
  const inside = grad.mode === 'off' ? `, and is called ${grad.because}` : '';
  return verdict(asked, 'predict', framework, sure, `${because}${inside}, so this runs inference.`);
}

/** Whether a name, or what else is done with it in the file, allows that a model is called by it. */
export function mayBeModel(name: string, evidence: Evidence): boolean {
  if (isNamedSo(name)) return true;
  const told = toldBy(name, evidence);
  return told === 'torch' || told === 'keras';
}

function isNamedSo(name: string): boolean {
  return isModelName(name) || isModelPartName(name) || shortName.test(name);
}

/** `VanillaNet(...)`, `nets.Model(...)`: a class from elsewhere, unless the file keeps a model under the name. */
function isConstructor({ receiver, name, evidence }: Asked): boolean {
  const inner = unwrap(receiver);
  // `LSTM(64)`, `VAE(config)`: all in capitals, and brought by nobody knows what.
  if (/^[A-Z]{2,}\d*$/.test(name) && inner.type === 'identifier' && !evidence.bindings.find(name, inner))
    return true;
  if (!isClassName(name)) return false;
  if (inner.type === 'subscript') return true;
  if (inner.type === 'identifier') {
    const bound = evidence.bindings.find(name, inner)?.bindings ?? [];
    return bound.every(
      ({ source }) =>
        source.from === 'parameter' ||
        (source.from === 'expression' && namesClass(source.node, evidence.text)),
    );
  }
  return inner.type === 'attribute' && evidence.bindings.attributes.get(name) === undefined;
}

/** Under `tf.variable_scope` nothing but graphs is built, and in TensorFlow 1 nothing is called that runs. */
function isInGraph({ call, evidence, told }: Asked): boolean {
  const { frameworks, bindings } = evidence;
  if (told !== undefined || frameworks.has('torch') || frameworks.has('jax')) return false;
  if (
    withItems(call).some((item) =>
      /variable_scope|Graph\(\)|\bas_default\(/.test(textOf(item, evidence.text)),
    )
  )
    return true;
  return (
    frameworks.has('tensorflow') &&
    ['variable_scope', 'placeholder'].some((name) => bindings.callsByName.get(name))
  );
}

/** `model = models[name](**config)`: of what is kept as a model, or asked for by names only, a class is at the key. */
function givesModel({ call, receiver, given, evidence }: Asked): boolean {
  if (unwrap(receiver).type !== 'subscript') return false;
  const target = call.parent?.type === 'assignment' ? child(call.parent, 'left') : undefined;
  const name = target ? lastName(target, evidence.text) : '';
  if (isModelName(name)) return true;
  const list = child(call, 'arguments')?.children.filter((each) => each.named && each.type !== 'comment');
  const isSplat =
    list?.some((each) => each.type === 'list_splat' || each.type === 'dictionary_splat') ?? false;
  const used = evidence.bindings.methodsUsed.get(name) ?? [];
  return given.positional.length === 0 && isSplat && (name !== '' || used.length > 0);
}

/** `import_module(name).Net`, `getattr(nets, name)`, `registry[name]`: a class under a class's name. */
function namesClass(node: SyntaxNode, text: string): boolean {
  const inner = unwrap(node);
  if (inner.type === 'attribute') return isClassName(lastName(inner, text));
  if (inner.type !== 'call') return inner.type === 'identifier' || inner.type === 'subscript';
  return /^(?:getattr|locate|get_\w*class|\w*class_from\w*|partial)$/.test(
    lastName(child(inner, 'function')!, text),
  );
}

/** `flatten_model(net)` after `from lib import *`: a name of several words that nothing here binds is a function's. */
function isFunctionElsewhere({ receiver, name, told, evidence }: Asked): boolean {
  const inner = unwrap(receiver);
  if (inner.type !== 'identifier' || told !== undefined || !/[a-z]_[a-z]/i.test(name)) return false;
  return evidence.bindings.starImports.length > 0 && evidence.bindings.find(name, inner) === undefined;
}

/** `rollouts.feed_forward_generator(size)`: batches, where nothing of the file is kept under the name. */
function isGeneratorOf({ receiver, name, evidence }: Asked): boolean {
  const inner = unwrap(receiver);
  if (inner.type !== 'attribute' || !name.endsWith('_generator')) return false;
  const { bindings, text } = evidence;
  return bindings.attributes.get(name) === undefined && textOf(child(inner, 'object')!, text) !== 'self';
}

/** `self.ui.populate_models(folder)`: what holds many is not called. */
function isOfMany({ receiver, name }: Asked): boolean {
  return unwrap(receiver).type !== 'subscript' && /(?:models|nets|networks)$/i.test(name);
}

function confidenceByName(asked: Asked, mode: string): number | undefined {
  const { name, told, evidence, receiver } = asked;
  const named = isModelName(name);
  const inner = unwrap(receiver);
  // `self.model.decoder(x)`: a part of something that is named like a model.
  const ofModel = inner.type === 'attribute' && isModelName(lastName(child(inner, 'object')!, evidence.text));
  const part = isModelPartName(name);
  const short = shortName.test(name);
  const helped =
    told !== undefined ||
    mode !== 'unsaid' ||
    ofModel ||
    givesTensor(asked) ||
    takesTensor(asked) ||
    (part && isOfUnseenClass(receiver, evidence, isPartClassName));
  if (named) return told !== undefined ? 0.9 : mode === 'off' ? 0.88 : 0.78;
  if ((part || short) && helped) return told !== undefined ? 0.9 : ofModel ? 0.75 : 0.72;
  const used = evidence.bindings.methodsUsed.get(name) ?? [];
  if (told === 'keras') return used.some((each) => ofKeras.has(each)) ? 0.85 : undefined;
  if (told !== 'torch' || !evidence.frameworks.has('torch')) return undefined;
  return mode !== 'unsaid' || ofModules.some((each) => used.includes(each)) ? 0.85 : undefined;
}

/** Methods that a tensor is asked for, and no function's result is otherwise. */
const tensorMethods: ReadonlySet<string> = new Set(
  'cpu detach permute argmax softmax sigmoid squeeze unsqueeze softmax topk logits pooler_output'.split(' '),
);

/** `G(z).cpu()`, `image = G(z)` and `image.permute(...)`. */
function givesTensor({ call, evidence }: Asked): boolean {
  const outer = call.parent;
  if (outer?.type === 'attribute') return tensorMethods.has(lastName(outer, evidence.text));
  const target = outer?.type === 'assignment' ? child(outer, 'left') : undefined;
  const names = target?.type === 'pattern_list' ? target.children : [target];
  return names.some((each) => {
    if (each?.type !== 'identifier') return false;
    const used = evidence.bindings.methodsUsed.get(textOf(each, evidence.text)) ?? [];
    return used.some((method) => tensorMethods.has(method));
  });
}

/** `StyleEncoder`, `RNN_Decoder` */
function isPartClassName(name: string): boolean {
  return isModelPartName(name.replace(/([a-z\d])([A-Z])/g, '$1_$2'));
}

const tensorMakers =
  /\btorch\.(?:zeros|ones|rand|randn|randint|full|empty|tensor|as_tensor|from_numpy|stack|cat|arange|eye|\w*Tensor)(?:_like)?\(|\.(?:unsqueeze|cuda)\(|\.to\(\w*device/;

/** `joint(enc[:, t], torch.zeros(1, 1))`, or what a name holds that is made so. */
function takesTensor({ given, evidence }: Asked): boolean {
  const { bindings, text } = evidence;
  if (!evidence.frameworks.has('torch')) return false;
  const isTensor = (node: SyntaxNode): boolean => {
    const inner = unwrap(node);
    if (inner.type === 'tuple' || inner.type === 'list') return inner.children.some(isTensor);
    if (inner.type !== 'identifier') return tensorMakers.test(textOf(inner, text));
    return (bindings.find(textOf(inner, text), inner)?.bindings ?? []).some(
      ({ source }) => source.from === 'expression' && tensorMakers.test(textOf(source.node, text)),
    );
  };
  return [...given.positional, ...given.keywords.values()].some(isTensor);
}

/** A file of several frameworks: where gradients are turned off or tensors moved to a device it is PyTorch. */
function frameworkOf(asked: Asked, because: string): Framework {
  const { evidence, told } = asked;
  if (told) return told;
  // What is called like a function in TensorFlow 2 is a Keras model more often than anything else.
  if (evidence.mainFramework === 'tensorflow' && !evidence.hasGraphs) return 'keras';
  if (!evidence.frameworks.has('torch')) return evidence.mainFramework;
  const given = child(asked.call, 'arguments');
  const isTorch =
    /no_grad|inference_mode|backward/.test(because) ||
    (given !== undefined && /\btorch\.|\.(?:to|cuda|unsqueeze)\(/.test(textOf(given, evidence.text)));
  return isTorch ? 'torch' : evidence.mainFramework;
}
