/** Decides what one call is, from what its callee holds and what it runs inside of. */

import type { Framework, SiteKind } from '../site';
import { ancestor, child, within, type SyntaxNode } from '../tree';
import type { Context } from './context';
import type { Evidence } from './evidence';
import { canonicalPath, frameworkOfModule, frameworkTitle } from './frameworks';
import {
  kerasKeywords,
  isModelName,
  isWrapperName,
  isTrainingName,
  predictMethods,
  trainMethods,
} from './names';
import {
  argumentsOf,
  enclosingFunction,
  enclosingMethod,
  lastName,
  parametersOf,
  shownText,
  textOf,
  unwrap,
} from './nodes';
import { compiledByDecorator, isSymbolic } from './results';
import { guessFromName } from './guess';
import { purposeConfidence, purposeOf, sessionMethods } from './sessions';
import type { Model, Origin, Value } from './values';

export interface Verdict {
  kind: SiteKind;
  framework: Framework;
  confidence: number;
  reason: string;
}

/** Methods of a module class in which calls of its parts are the model's own inside. */
const insideNames: ReadonlySet<string> = new Set([
  'forward',
  'call',
  '__call__',
  '__init__',
  'setup',
  'build',
]);

export class Classifier {
  constructor(
    private readonly evidence: Evidence,
    private readonly context: Context,
  ) {}

  classify(call: SyntaxNode): Verdict | undefined {
    const callee = child(call, 'function');
    if (!callee || this.#isInsideModel(call, callee)) return undefined;
    const value = this.evidence.evaluate(callee);
    switch (value?.kind) {
      case 'model':
        return value.callable ? this.#forward(call, value, this.#shown(callee)) : undefined;
      case 'method':
        return this.#method(call, callee, value.receiver, value.name);
      case 'compiled':
        return this.#compiled(call, value, this.#shown(callee));
      case 'function':
        return this.#function(call, callee, value.node);
      case 'import':
        return this.#imported(callee, value.path);
      case 'instance':
        return this.#instance(callee, value);
      case undefined:
        return guessFromName(call, callee, this.evidence, this.context);
      default:
        return undefined;
    }
  }

  #shown(node: SyntaxNode): string {
    return '`' + shownText(node, this.evidence.text) + '`';
  }

  #told(origin: Origin): string {
    return `is ${origin.how} ${origin.by} on line ${origin.line}`;
  }

  /** `self.encoder(x)` in `forward` is part of a prediction that is timed where the model is called. */
  #isInsideModel(call: SyntaxNode, callee: SyntaxNode): boolean {
    const method = enclosingMethod(call);
    const owner = method && ancestor(method, 'class_definition');
    const of = owner && this.evidence.bindings.classes.get(owner);
    const role = of && this.evidence.roleOf(of);
    if (!role || (role.is !== 'model' && role.is !== 'layer')) return false;
    const name = textOf(child(method, 'name')!, this.evidence.text);
    if (insideNames.has(name) || role.is === 'layer') return true;
    const self = parametersOf(method, this.evidence.text)[0]?.name;
    const inner = unwrap(callee);
    if (inner.type !== 'attribute' || textOf(child(inner, 'object')!, this.evidence.text) !== self)
      return false;
    // A wrapper around a whole model keeps it under a model's name: `self.model(x)` in predict_step.
    const part = lastName(inner, this.evidence.text);
    return !isModelName(part) && !predictMethods.has(part) && !trainMethods.has(part) && part !== 'forward';
  }

  /** A model that is called: inference, a step of training, or a graph under construction. */
  #forward(call: SyntaxNode, model: Model, shown: string): Verdict | undefined {
    const given = argumentsOf(call, this.evidence.text);
    if (given.count === 0) return undefined;
    const { framework } = model;
    const verdict = (kind: SiteKind, confidence: number, end: string): Verdict => ({
      kind,
      framework,
      confidence,
      reason: `${shown} ${this.#told(model.origin)}, ${end}`,
    });
    if (isSymbolic(given, this.evidence) || this.#isModelArgument(call))
      return verdict(
        'symbolic',
        model.confidence,
        'and its input is symbolic, so this builds a graph and predicts nothing.',
      );
    const training = given.keywords.get('training');
    if (training && textOf(training, this.evidence.text) === 'True')
      return verdict(
        'train',
        model.confidence,
        'and is called with training=True, so this is a step of training.',
      );
    const grad = this.context.grad(call);
    if (grad.mode === 'training')
      return verdict('train', model.confidence, `and runs ${grad.because}, so this is a step of training.`);
    const traced = this.context.tracedBy(call);
    if (traced !== undefined) {
      const trains = this.context.isTrainingFunction(enclosingFunction(call));
      if (trains) return verdict('train', model.confidence, `inside ${traced}, which trains.`);
      return verdict(
        'symbolic',
        model.confidence,
        `inside ${traced}, which is traced once: time the calls of ${traced} instead.`,
      );
    }
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

  #method(call: SyntaxNode, callee: SyntaxNode, receiver: Value, name: string): Verdict | undefined {
    const inner = unwrap(callee);
    const shown = this.#shown(inner.type === 'attribute' ? child(inner, 'object')! : inner);
    switch (receiver.kind) {
      case 'model':
        return this.#ofModel(call, receiver, name, shown);
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
      case 'trainer':
        if (name === 'predict')
          return this.#verdict(
            'predict',
            receiver.framework,
            0.9,
            `${shown} ${this.#told(receiver.origin)}, so this runs inference.`,
          );
        return name === 'fit' || name === 'train'
          ? this.#verdict(
              'train',
              receiver.framework,
              0.9,
              `${shown} ${this.#told(receiver.origin)}, so this trains.`,
            )
          : undefined;
      case 'estimator':
        return predictMethods.has(name)
          ? this.#verdict(
              'non-dl',
              receiver.framework,
              0.95,
              `${shown} ${this.#told(receiver.origin)}: ${frameworkTitle(receiver.framework)} is no deep-learning framework, so there is no device to profile.`,
            )
          : undefined;
      case 'compiled':
        return name === 'predict' || name === '__call__' ? this.#compiled(call, receiver, shown) : undefined;
      default:
        return undefined;
    }
  }

  #verdict(kind: SiteKind, framework: Framework, confidence: number, reason: string): Verdict {
    return { kind, framework, confidence, reason };
  }

  #ofModel(call: SyntaxNode, model: Model, name: string, shown: string): Verdict | undefined {
    if (name === 'forward' || name === '__call__') return this.#forward(call, model, shown);
    if (name === 'apply') return model.framework === 'jax' ? this.#forward(call, model, shown) : undefined;
    const told = `${shown} ${this.#told(model.origin)}`;
    if (trainMethods.has(name))
      return this.#verdict('train', model.framework, model.confidence, `${told}, and ${name} trains it.`);
    const extra = ['encode', 'transcribe', 'get_preds', 'rank'].includes(name) && !model.callable;
    if (!predictMethods.has(name) && !extra) return undefined;
    const given = argumentsOf(call, this.evidence.text);
    if (given.count === 0 && name !== 'predict' && name !== 'get_preds') return undefined;
    const traced = this.context.tracedBy(call);
    if (traced !== undefined && name !== 'predict')
      return this.#verdict(
        'symbolic',
        model.framework,
        model.confidence,
        `${told}, inside ${traced}, which is traced once.`,
      );
    // A model from another file: the keywords of its predict are Keras's own.
    const signed = model.framework === 'unknown' && kerasKeywords.some((each) => given.keywords.has(each));
    const framework = signed ? 'keras' : model.framework;
    const confidence = signed ? Math.max(model.confidence, 0.85) : model.confidence;
    return this.#verdict('predict', framework, confidence, `${told}, so this runs inference.`);
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
    const isGraphMode = framework === 'tensorflow' && name === 'run';
    const purpose = isGraphMode ? purposeOf(call, this.evidence.text) : 'prediction';
    if (purpose === 'nothing') return undefined;
    const confidence = isGraphMode ? purposeConfidence[purpose] : session.confidence;
    return purpose === 'training'
      ? this.#verdict('train', framework, confidence, `${told} and runs a training operation.`)
      : this.#verdict('predict', framework, confidence, `${told}, so this runs a graph.`);
  }

  #compiled(call: SyntaxNode, value: Value & { kind: 'compiled' }, shown: string): Verdict | undefined {
    if (argumentsOf(call, this.evidence.text).count === 0) return undefined;
    const told = `${shown} ${this.#told(value.origin)}`;
    const trains = isTrainingName(value.name);
    if (trains)
      return this.#verdict('train', value.framework, 0.85, `${told}, and its name says that it trains.`);
    if (this.context.tracedBy(call) !== undefined) return undefined;
    const named = /predict|infer|forward|apply|model|generate|eval|logits|score|serve|net/i.test(
      value.name + shown,
    );
    const confidence = value.runsModel ? 0.92 : named ? 0.85 : 0.5;
    return this.#verdict('predict', value.framework, confidence, `${told}, so this runs on the device.`);
  }

  #function(call: SyntaxNode, callee: SyntaxNode, definition: SyntaxNode): Verdict | undefined {
    const compiled =
      definition.type === 'lambda' ? undefined : compiledByDecorator(definition, this.evidence);
    if (compiled) {
      if (this.context.isTrainingFunction(definition))
        return this.#verdict(
          'train',
          compiled.framework,
          0.9,
          `${this.#shown(callee)} takes gradients, so this trains.`,
        );
      return this.#compiled(call, compiled, this.#shown(callee));
    }
    const name = lastName(callee, this.evidence.text);
    // Recursion is not a wrapper of anything.
    if (!isWrapperName(name) || within(call, definition)) return undefined;
    return this.#wrapper(
      callee,
      `is a function of this file, on line ${this.evidence.bindings.line(definition)}`,
    );
  }

  #wrapper(callee: SyntaxNode, what: string): Verdict | undefined {
    // Search backwards, step forward: these names mean a model only where there is one.
    if (!this.evidence.hasDeepLearning && !/predict/i.test(lastName(callee, this.evidence.text)))
      return undefined;
    const reason = `${this.#shown(callee)} ${what}: the model is called inside it.`;
    return this.#verdict('wrapper', this.evidence.mainFramework, 0.7, reason);
  }

  #imported(callee: SyntaxNode, path: string): Verdict | undefined {
    const name = path.split('.').at(-1) ?? '';
    const framework = frameworkOfModule(path);
    if (path.startsWith('caffe2.') && /^run(?:_model|_node)?$/.test(name))
      return this.#verdict(
        'predict',
        'torch',
        0.8,
        `${this.#shown(callee)} is Caffe2's own, so this runs inference.`,
      );
    if (framework !== undefined || !isWrapperName(name)) return undefined;
    // `import model; model.predict(x)` and `from util.inference import forward` are functions elsewhere.
    return this.#wrapper(callee, `is imported from ${path.split('.').slice(0, -1).join('.') || path}`);
  }

  /** An object of the user's own class that is called and says by its name what it does. */
  #instance(callee: SyntaxNode, value: Value & { kind: 'instance' }): Verdict | undefined {
    if (!value.of.methods.has('__call__')) return undefined;
    if (!/predict|infer|model/i.test(value.of.name)) return undefined;
    return this.#wrapper(callee, `is a ${value.of.name} of this file`);
  }
}
