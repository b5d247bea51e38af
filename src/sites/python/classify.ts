/** Decides what one call is, from what its callee holds and what it runs inside of. */

import type { Framework, SiteKind } from '../site';
import { child, within, type SyntaxNode } from '../tree';
import { isCompiled, toldBy } from './asked';
import type { Context } from './context';
import { effectOfValue, isParameters } from './effects';
import type { Evidence } from './evidence';
import { canonicalPath, frameworkOfModule, frameworkTitle } from './frameworks';
import { guessFromName } from './guess';
import { insideModel } from './inside';
import {
  evaluateMethods,
  isLossName,
  isParametersName,
  isTrainingName,
  isWrapperName,
  kerasKeywords,
  modelMethods,
  predictMethods,
  trainMethods,
  trainerMethods,
} from './names';
import {
  argumentsOf,
  enclosingFunction,
  lastName,
  parametersOf,
  shownText,
  textOf,
  unwrap,
  type Arguments,
} from './nodes';
import { isFunctionalLayer, isSymbolic, putsLayersOnTensors } from './results';
import { givesScores } from './scores';
import { runnerAt } from './runners';
import { purposeConfidence, purposeOf, purposeOfTensor, sessionMethods } from './sessions';
import { moduleOf } from './things';
import type { Model, Origin, Value } from './values';

export interface Verdict {
  kind: SiteKind;
  framework: Framework;
  confidence: number;
  /** A sentence; each `lineMark` in it stands for the line of the node at its place in `at`. */
  reason: string;
  at?: SyntaxNode[];
}

/** Lines move while a sentence stays: their numbers are put in when it is read. */
const lineMark = '\u0001';

export function reasonOf({ reason, at }: Verdict, lineOf: (index: number) => number): string {
  let next = 0;
  return at ? reason.replaceAll(lineMark, () => String(lineOf(at[next++]!.start))) : reason;
}

/** Below the threshold of a lens: training and evaluation both run through here. */
const mixedConfidence = 0.6;

type Compiled = Value & { kind: 'compiled' };

export class Classifier {
  #at: SyntaxNode[] = [];

  constructor(
    private readonly evidence: Evidence,
    private readonly context: Context,
  ) {}

  classify(call: SyntaxNode): Verdict | undefined {
    this.#at = [];
    this.evidence.begin();
    const verdict = this.#classify(call);
    return verdict?.reason.includes(lineMark) ? { ...verdict, at: this.#at } : verdict;
  }

  #classify(call: SyntaxNode): Verdict | undefined {
    const callee = child(call, 'function');
    if (!callee) return undefined;
    const inside = insideModel(call, callee, this.evidence);
    if (inside === 'yes') return undefined;
    // A part that a module's own method calls: inference where that says so, else one cannot tell.
    if (inside === 'part' && this.context.grad(call).mode !== 'off') return undefined;
    const value = this.evidence.evaluate(callee);
    switch (value?.kind) {
      case 'model':
        return value.callable ? this.#forward(call, value, callee) : undefined;
      case 'tuple':
        return value.whole?.kind === 'model' ? this.#forward(call, value.whole, callee) : undefined;
      case 'method':
        return this.#method(call, callee, value.receiver, value.name);
      case 'compiled':
        return this.#compiled(call, value, this.#shown(callee));
      case 'differentiated':
        return this.#differentiated(call, value, this.#shown(callee));
      case 'layer':
        return this.#layer(call, value, callee);
      case 'function':
        return this.#function(call, callee, value.node);
      case 'import':
        return this.#imported(call, callee, value.path);
      case 'instance':
        return this.#instance(callee, value);
      case 'estimator':
        // Nobody calls an estimator: what was pickled is something else.
        return value.pickled ? guessFromName(call, callee, this.evidence, this.context) : undefined;
      case 'object':
        return value.of.open && inside !== 'part' ? this.#unknown(call, callee) : undefined;
      case undefined:
        return inside === 'part' ? undefined : this.#unknown(call, callee);
      default:
        return undefined;
    }
  }

  #shown(node: SyntaxNode): string {
    return '`' + shownText(node, this.evidence.text) + '`';
  }

  #told(origin: Origin): string {
    return `is ${origin.how} ${origin.by}${origin.at ? ` on line ${this.#line(origin.at)}` : ''}`;
  }

  #line(node: SyntaxNode): string {
    this.#at.push(node);
    return lineMark;
  }

  #verdict(kind: SiteKind, framework: Framework, confidence: number, reason: string): Verdict {
    return { kind, framework, confidence, reason };
  }

  #unknown(call: SyntaxNode, callee: SyntaxNode): Verdict | undefined {
    return this.#ofTensor(call, callee) ?? guessFromName(call, callee, this.evidence, this.context);
  }

  /** A model that is called: inference, a step of training, or a graph under construction. */
  #forward(call: SyntaxNode, model: Model, callee: SyntaxNode): Verdict | undefined {
    const given = argumentsOf(call, this.evidence.text);
    if (given.count === 0 || isLossName(lastName(callee, this.evidence.text))) return undefined;
    const shown = this.#shown(callee);
    const { framework } = model;
    const verdict = (kind: SiteKind, confidence: number, end: string): Verdict =>
      this.#verdict(kind, framework, confidence, `${shown} ${this.#told(model.origin)}, ${end}`);
    if (isSymbolic(given, this.evidence) || this.#isModelArgument(call) || this.#isBuilding(call, model))
      return verdict(
        'symbolic',
        model.confidence,
        'and its input is symbolic, so this builds a graph and predicts nothing.',
      );
    const traced = this.context.tracedBy(call);
    if (traced !== undefined)
      return verdict(
        'symbolic',
        model.confidence,
        `inside ${traced}, which is traced once: time the calls of ${traced} instead.`,
      );
    const training = given.keywords.get('training');
    if (training && textOf(training, this.evidence.text) === 'True')
      return verdict(
        'train',
        model.confidence,
        'and is called with training=True, so this is a step of training.',
      );
    if (framework === 'jax' && this.context.isHandedOut(call))
      return verdict(
        'predict',
        mixedConfidence,
        'in a function that is handed out, where it may be compiled.',
      );
    const grad = this.context.grad(call);
    if (grad.mode === 'training')
      return verdict('train', model.confidence, `and runs ${grad.because}, so this is a step of training.`);
    if (grad.mode === 'mixed') return verdict('predict', mixedConfidence, `and runs ${grad.because}.`);
    const end =
      grad.mode === 'off'
        ? `and is called ${grad.because}, so this runs inference.`
        : 'so this runs inference.';
    // Torch trains by the same call, so an off switch for gradients is worth something.
    const doubt = grad.mode === 'off' || framework !== 'torch' ? 1 : 0.95;
    return verdict('predict', model.confidence * doubt, end);
  }

  /** `Model(inputs, decoder(encoder_output))`: part of the functional API. */
  #isModelArgument(call: SyntaxNode): boolean {
    const outer = call.parent?.type === 'keyword_argument' ? call.parent.parent : call.parent;
    const maker = outer?.type === 'argument_list' ? outer.parent : undefined;
    const value = maker && this.evidence.evaluate(child(maker, 'function'));
    return value?.kind === 'import' && /^keras\.(?:models\.)?Model$/.test(canonicalPath(value.path));
  }

  /**
   * In a function that puts new layers on its tensors: those are symbolic, and so is what else runs there. Before
   * version 2.4 of Keras there were no others.
   */
  #isBuilding(call: SyntaxNode, { framework }: Model): boolean {
    if (framework !== 'keras' || !this.evidence.mayBuildGraphs) return false;
    const around = enclosingFunction(call);
    if (this.evidence.isOldKeras) return true;
    return around !== undefined && putsLayersOnTensors(around, this.evidence);
  }

  /** `Dense(3)(x)`: the functional API. */
  #layer(call: SyntaxNode, layer: Value & { kind: 'layer' }, callee: SyntaxNode): Verdict | undefined {
    const given = argumentsOf(call, this.evidence.text);
    if (layer.framework !== 'keras' || given.count === 0) return undefined;
    return isFunctionalLayer(layer, callee) || isSymbolic(given, this.evidence)
      ? this.#verdict(
          'symbolic',
          'keras',
          0.9,
          `${this.#shown(callee)} is a layer: this builds a graph and predicts nothing.`,
        )
      : undefined;
  }

  #method(call: SyntaxNode, callee: SyntaxNode, receiver: Value, name: string): Verdict | undefined {
    const inner = unwrap(callee);
    const shown = this.#shown(inner.type === 'attribute' ? child(inner, 'object')! : inner);
    switch (receiver.kind) {
      case 'model':
        return this.#ofModel(call, callee, receiver, name, shown);
      case 'super': {
        const instance = this.evidence.instanceOf(receiver.of);
        return instance.kind === 'model' && predictMethods.has(name)
          ? this.#verdict(
              'predict',
              instance.framework,
              0.9,
              `${receiver.of.name} derives from a model, so this runs inference.`,
            )
          : undefined;
      }
      case 'session':
        return this.#ofSession(call, receiver, name, shown);
      case 'layer':
        return this.#ofLayer(receiver, name, shown);
      case 'trainer':
        return this.#ofTrainer(receiver, name, shown);
      case 'estimator':
        return this.#ofEstimator(call, callee, receiver, name, shown);
      case 'compiled':
        return name === 'predict' || name === 'run' || name === '__call__'
          ? this.#compiled(call, receiver, shown)
          : undefined;
      case 'other':
      case 'symbol':
        return this.#ofTensor(call, callee);
      default:
        return undefined;
    }
  }

  /** `net.get_layer("branch").predict(x)`: a layer that predicts is a model within the model. */
  #ofLayer(layer: Value & { kind: 'layer' }, name: string, shown: string): Verdict | undefined {
    if (layer.framework !== 'keras') return undefined;
    if (trainMethods.has(name))
      return this.#verdict('train', 'keras', 0.85, `${shown} is a model of a model.`);
    return ownLoops.has(name) || evaluateMethods.has(name)
      ? this.#verdict('predict', 'keras', 0.88, `${shown} is a model of a model, so this runs inference.`)
      : undefined;
  }

  #ofTrainer(trainer: Value & { kind: 'trainer' }, name: string, shown: string): Verdict | undefined {
    const kind = trainerMethods.get(name);
    if (!kind) return undefined;
    const end = kind === 'predict' ? 'so this runs inference.' : 'so this trains.';
    return this.#verdict(kind, trainer.framework, 0.9, `${shown} ${this.#told(trainer.origin)}, ${end}`);
  }

  #ofEstimator(
    call: SyntaxNode,
    callee: SyntaxNode,
    estimator: Value & { kind: 'estimator' },
    name: string,
    shown: string,
  ): Verdict | undefined {
    if (estimator.of?.methods.has(name))
      return predictMethods.has(name)
        ? this.#wrapper(callee, `is a method of ${estimator.of.name}`)
        : undefined;
    const { framework } = estimator;
    const given = argumentsOf(call, this.evidence.text);
    const isKeras =
      kerasKeywords.some((each) => each !== 'batch_size' && given.keywords.has(each)) ||
      this.#toldByName(callee) === 'keras';
    if (estimator.pickled && isKeras) return guessFromName(call, callee, this.evidence, this.context);
    const told = `${shown} ${this.#told(estimator.origin)}: ${frameworkTitle(framework)} is no deep-learning framework, so there is no device to profile.`;
    const confidence = estimator.pickled ? 0.8 : 0.95;
    if (predictMethods.has(name)) return this.#verdict('non-dl', framework, confidence, told);
    return name === 'fit' || name === 'partial_fit'
      ? this.#verdict('train', framework, confidence, told)
      : undefined;
  }

  /** What else is done with what has the method. */
  #toldByName(callee: SyntaxNode): Framework | undefined {
    const inner = unwrap(callee);
    const receiver = inner.type === 'attribute' ? child(inner, 'object') : undefined;
    return receiver && toldBy(lastName(receiver, this.evidence.text), this.evidence);
  }

  #ofModel(
    call: SyntaxNode,
    callee: SyntaxNode,
    model: Model,
    name: string,
    shown: string,
  ): Verdict | undefined {
    if (name === 'forward' || name === '__call__' || (name === 'call' && model.framework === 'keras'))
      return this.#forward(
        call,
        model,
        unwrap(callee).type === 'attribute' ? child(unwrap(callee), 'object')! : callee,
      );
    const told = `${shown} ${this.#told(model.origin)}`;
    if (name === 'apply')
      return model.framework === 'jax'
        ? this.#forward(call, model, child(unwrap(callee), 'object') ?? callee)
        : undefined;
    // A method of the user's own: what it runs is found inside of it.
    if (model.of?.methods.has(name) ?? model.own?.includes(name))
      return isWrapperName(name) || predictMethods.has(name)
        ? this.#verdict('wrapper', model.framework, 0.7, `${told}, and ${name} is its own method.`)
        : undefined;
    const given = argumentsOf(call, this.evidence.text);
    const trains = model.methods?.train.has(name) ?? false;
    if (trains || (trainMethods.has(name) && model.framework !== 'tensorflow'))
      return this.#verdict('train', model.framework, model.confidence, `${told}, and ${name} trains it.`);
    const owns = (model.methods?.predict.has(name) ?? false) || isSavedFunction(model, name, given.count);
    const evaluates = model.framework === 'keras' && evaluateMethods.has(name);
    const runs = owns || evaluates || predictMethods.has(name) || (modelMethods.has(name) && given.count > 0);
    if (!runs) return undefined;
    if (given.count === 0 && !owns && name !== 'predict') return undefined;
    const traced = this.context.tracedBy(call);
    const keepsGraph = !evaluates && !ownLoops.has(name);
    if (traced !== undefined && keepsGraph)
      return this.#verdict(
        'symbolic',
        model.framework,
        model.confidence,
        `${told}, inside ${traced}, which is traced once.`,
      );
    const grad = keepsGraph ? this.context.grad(call) : undefined;
    if (grad?.mode === 'training' && !owns)
      return this.#verdict('train', model.framework, model.confidence, `${told}, and runs ${grad.because}.`);
    // A model from another file: the keywords of its predict are Keras's own, and so is what it gives.
    const signed =
      model.framework === 'unknown' &&
      !model.methods &&
      (kerasKeywords.some((each) => given.keywords.has(each)) ||
        this.#toldByName(callee) === 'keras' ||
        (name === 'predict' && givesScores(call, this.evidence)));
    const framework = signed ? 'keras' : model.framework;
    const confidence = signed ? Math.max(model.confidence, 0.85) : model.confidence;
    if (model.unseen && !signed && !owns && this.#isOwnMethod(callee, model, name, given))
      return this.#verdict(
        'predict',
        framework,
        mixedConfidence,
        `${told}, which may be a class around a model: its ${name} then runs the model inside it.`,
      );
    return this.#verdict('predict', framework, confidence, `${told}, so this runs inference.`);
  }

  /** Modules of PyTorch and JAX have no `predict`: it is the class's own. A Keras model is known by what it is asked. */
  #isOwnMethod(callee: SyntaxNode, model: Model, name: string, given: Arguments): boolean {
    if (!predictMethods.has(name) && !evaluateMethods.has(name)) return false;
    if (model.framework !== 'keras') return true;
    return (
      this.#toldByName(callee) !== 'keras' &&
      !isCompiled(lastName(child(unwrap(callee), 'object') ?? callee, this.evidence.text), this.evidence) &&
      !kerasKeywords.some((each) => given.keywords.has(each))
    );
  }

  #ofSession(
    call: SyntaxNode,
    session: Value & { kind: 'session' },
    name: string,
    shown: string,
  ): Verdict | undefined {
    const told = `${shown} ${this.#told(session.origin)}`;
    if (!sessionMethods.has(name)) return undefined;
    const { framework } = session;
    // TensorFlow Lite's invoke takes nothing; what a TensorFlow 1 session does depends on what it fetches.
    const isGraphMode = framework === 'tensorflow' && name === 'run' && session.confidence < 0.9;
    const purpose = isGraphMode ? purposeOf(call, this.evidence) : 'prediction';
    if (purpose === 'nothing') return undefined;
    const confidence = isGraphMode ? purposeConfidence[purpose] : session.confidence;
    return purpose === 'training'
      ? this.#verdict('train', framework, confidence, `${told} and runs a training operation.`)
      : this.#verdict('predict', framework, confidence, `${told}, so this runs a graph.`);
  }

  /** `accuracy.eval(feed_dict=...)`, `train_step.run(...)`: TensorFlow 1 without naming the session. */
  #ofTensor(call: SyntaxNode, callee: SyntaxNode): Verdict | undefined {
    const inner = unwrap(callee);
    if (inner.type !== 'attribute') return undefined;
    const name = textOf(child(inner, 'attribute')!, this.evidence.text);
    const { frameworks } = this.evidence;
    if ((name !== 'eval' && name !== 'run') || frameworks.has('torch')) return undefined;
    if (!frameworks.has('tensorflow') && !frameworks.has('keras')) return undefined;
    const object = child(inner, 'object')!;
    const given = argumentsOf(call, this.evidence.text);
    const fed =
      given.keywords.has('feed_dict') ||
      given.keywords.has('session') ||
      unwrap(given.positional[0] ?? call).type === 'dictionary';
    const purpose = purposeOfTensor(object, this.evidence);
    const shown = this.#shown(object);
    if (purpose === 'training' && name === 'run')
      return this.#verdict('train', 'tensorflow', 0.8, `${shown} is a training operation.`);
    return purpose === 'prediction' && name === 'eval' && (fed || given.count === 0)
      ? this.#verdict(
          'predict',
          'tensorflow',
          0.85,
          `${shown} is computed by a network, so this runs a graph.`,
        )
      : undefined;
  }

  #compiled(call: SyntaxNode, value: Compiled, shown: string): Verdict | undefined {
    const given = argumentsOf(call, this.evidence.text);
    if (given.count === 0 && !value.effect && !value.body) return undefined;
    const effect = effectOfValue(value, this.evidence);
    const framework = effect.runs ?? value.framework;
    const told = `${shown} ${this.#told(value.origin)}`;
    const takesWeights =
      value.body?.kind === 'function' &&
      parametersOf(value.body.node, this.evidence.text).some((each) => isParametersName(each.name));
    const trains =
      effect.updates ||
      (effect.differentiates && (effect.runs !== undefined || takesWeights || isTrainingName(value.name)));
    // All of it can be seen, and there is no model in it: an image is resized, a planet moves.
    const isSeen = value.effect !== undefined || (value.body !== undefined && value.body.kind !== 'import');
    if (!trains && !effect.runs && isSeen) return undefined;
    if (this.context.tracedBy(call) !== undefined)
      return effect.runs
        ? this.#verdict(
            'symbolic',
            framework,
            0.85,
            `${told}, and is traced as part of another function here.`,
          )
        : undefined;
    if (trains)
      return this.#verdict('train', framework, 0.9, `${told}, and takes gradients, so this trains.`);
    const grad = this.context.grad(call);
    if (grad.mode === 'training')
      return this.#verdict('train', framework, 0.9, `${told}, and runs ${grad.because}.`);
    if (effect.runs)
      return this.#verdict(
        'predict',
        framework,
        grad.mode === 'mixed' ? mixedConfidence : 0.92,
        `${told}, and a model runs in it, so this runs on the device.`,
      );
    if (isTrainingName(value.name))
      return this.#verdict('train', framework, 0.8, `${told}, and its name says that it trains.`);
    // Weights that go in and come out are trained; that only go in, run.
    const fed = this.#weightsGiven(call, given);
    if (fed === 'trained') return this.#verdict('train', framework, 0.75, `${told}, and gives new weights.`);
    const named =
      fed === 'run' ||
      /predict|infer|forward|apply|model|generate|eval|logits|score|serve|net/i.test(value.name + shown);
    return this.#verdict('predict', framework, named ? 0.8 : 0.5, `${told}, so this runs on the device.`);
  }

  #weightsGiven(call: SyntaxNode, given: Arguments): 'run' | 'trained' | undefined {
    const { text } = this.evidence;
    const weights = given.positional.filter((each) => isParameters(each, text));
    if (weights.length === 0) return undefined;
    if (given.positional.some((each) => /opt(?:imi[sz]er)?_?state$/i.test(lastName(each, text))))
      return 'trained';
    const target = call.parent?.type === 'assignment' ? child(call.parent, 'left') : undefined;
    const names = (target?.type === 'pattern_list' ? target.children : [target]).map((each) =>
      each ? lastName(each, text) : '',
    );
    return weights.some((each) => names.includes(lastName(each, text) || ' ')) ? 'trained' : 'run';
  }

  /** `value_and_grad(loss)(params, x)` */
  #differentiated(
    call: SyntaxNode,
    value: Value & { kind: 'differentiated' },
    shown: string,
  ): Verdict | undefined {
    const effect = effectOfValue(value, this.evidence);
    if (!effect.runs) return undefined;
    const told = `${shown} ${this.#told(value.origin)}`;
    return this.context.tracedBy(call) !== undefined
      ? this.#verdict('symbolic', effect.runs, 0.85, `${told}, inside of a function that is traced once.`)
      : this.#verdict('train', effect.runs, 0.85, `${told}, and takes gradients of a model.`);
  }

  #function(call: SyntaxNode, callee: SyntaxNode, definition: SyntaxNode): Verdict | undefined {
    const name = lastName(callee, this.evidence.text);
    // Recursion is not a wrapper of anything.
    if (!isWrapperName(name) || within(call, definition)) return undefined;
    return this.#wrapper(callee, `is a function of this file, on line ${this.#line(definition)}`);
  }

  #wrapper(callee: SyntaxNode, what: string): Verdict | undefined {
    // Search backwards, step forward: these names mean a model only where there is one.
    if (!this.evidence.hasDeepLearning && !/predict/i.test(lastName(callee, this.evidence.text)))
      return undefined;
    const reason = `${this.#shown(callee)} ${what}: the model is called inside it.`;
    return this.#verdict('wrapper', this.evidence.mainFramework, 0.7, reason);
  }

  #imported(call: SyntaxNode, callee: SyntaxNode, path: string): Verdict | undefined {
    const name = path.split('.').at(-1) ?? '';
    const runner = runnerAt(path);
    if (runner) return this.#runner(call, callee, runner);
    if (/^keras\.layers\.(?:\w+\.)*[a-z]\w*$/.test(canonicalPath(path)))
      return this.#verdict('symbolic', 'keras', 0.9, `${this.#shown(callee)} builds a graph.`);
    const framework = frameworkOfModule(path);
    const thing = framework === undefined ? this.evidence.outside(path) : undefined;
    if (thing?.is === 'other' || thing?.is === 'plain') return undefined;
    if (thing?.is === 'wrapper')
      return this.#verdict(
        'wrapper',
        thing.framework,
        0.8,
        `${this.#shown(callee)} is imported from ${moduleOf(path)}: the model is called inside it.`,
      );
    if (framework !== undefined || !isWrapperName(name)) return undefined;
    // `import model; model.predict(x)` and `from util.inference import forward` are functions elsewhere.
    return this.#wrapper(callee, `is imported from ${moduleOf(path)}`);
  }

  #runner(
    call: SyntaxNode,
    callee: SyntaxNode,
    { kind, framework }: { kind: SiteKind; framework: Framework },
  ): Verdict | undefined {
    const shown = this.#shown(callee);
    if (kind === 'train') return this.#verdict(kind, framework, 0.9, `${shown} trains.`);
    const traced = this.context.tracedBy(call);
    if (traced !== undefined)
      return this.#verdict(
        'symbolic',
        framework,
        0.85,
        `${shown} runs inside ${traced}, which is traced once.`,
      );
    const grad = this.context.grad(call);
    if (grad.mode === 'training')
      return this.#verdict('train', framework, 0.85, `${shown} runs ${grad.because}.`);
    return this.#verdict(kind, framework, 0.88, `${shown} runs the model that it is given.`);
  }

  /** An object of the user's own class that is called and says by its name what it does. */
  #instance(callee: SyntaxNode, value: Value & { kind: 'instance' }): Verdict | undefined {
    if (!value.of.methods.has('__call__')) return undefined;
    if (!/predict|infer|model/i.test(value.of.name)) return undefined;
    return this.#wrapper(callee, `is a ${value.of.name} of this file`);
  }
}

/** Methods of Keras models that leave the graph and the tape around them alone. */
const ownLoops: ReadonlySet<string> = new Set(['predict', 'predict_on_batch', 'predict_generator']);

/** `loaded.serve(x)`: what a saved model has besides its own methods are functions that were saved. */
function isSavedFunction(model: Model, name: string, given: number): boolean {
  return (
    model.framework === 'tensorflow' &&
    model.callable &&
    model.origin.how === 'loaded by' &&
    // Not what a function of the user's own hands out, of which nothing is known but the name.
    model.confidence > 0.82 &&
    given > 0 &&
    !/^(?:_|get|set|save|restore|prune|summary|graph|assign|add|build|compile|close)/.test(name)
  );
}
