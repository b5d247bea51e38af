/** What a call runs inside of: a loop, a training step, a profiler session, a function that is only traced. */

import { ancestor, child, within, type SyntaxNode } from '../tree';
import type { Feeding } from './backward';
import type { Evidence } from './evidence';
import { canonicalPath } from './frameworks';
import { isModelName, isModelPartName } from './names';
import {
  argumentsOf,
  decorators,
  enclosingFunction,
  lastName,
  loopsAround,
  textOf,
  withItems,
} from './nodes';
import { Tracing } from './tracing';

export interface Grad {
  /** `mixed`: a function of which some callers train and others do not. */
  mode: 'off' | 'training' | 'mixed' | 'unsaid';
  /** End of a sentence: "inside torch.no_grad()", "in the loop that calls backward()". */
  because: string;
}

const unsaid: Grad = { mode: 'unsaid', because: '' };

const offName = /\b(no_grad|inference_mode)\b/;
const trainingStep = /^(?:training|train)_step$/;
const quietStep = /^(?:validation|val|test|predict|prediction)_step$/;

/** Functions of the user's own are followed to their callers so far. */
const mostLevels = 3;
const mostCallers = 12;

export class Context {
  readonly tracing: Tracing;

  constructor(
    private readonly evidence: Evidence,
    private readonly feeding: Feeding,
  ) {
    this.tracing = new Tracing(evidence);
  }

  /** Forgets all answers, as the evidence does. */
  forget(): void {
    this.tracing.forget();
  }

  inLoop(call: SyntaxNode): boolean {
    return loopsAround(call).length > 0;
  }

  /** Inside `with profile(...)`, or between a start and a stop of the same function. */
  inProfiler(call: SyntaxNode): boolean {
    if (withItems(call).some((item) => this.evidence.evaluate(item)?.kind === 'profiler')) return true;
    const started = this.#sessionCalls(call, ['start', 'start_trace']).some((at) => at < call.start);
    return started && this.#sessionCalls(call, ['stop', 'stop_trace']).some((at) => at > call.start);
  }

  /** Where profiler sessions are started or stopped in the function that a call is in. */
  #sessionCalls(call: SyntaxNode, names: readonly string[]): number[] {
    const here = enclosingFunction(call);
    return names
      .flatMap((name) => this.evidence.bindings.callsNear(call, name))
      .filter((each) => enclosingFunction(each) === here)
      .filter((each) =>
        /^(?:tensorflow\.profiler\.experimental\.(?:start|stop)|jax\.profiler\.(?:start|stop)_trace)$/.test(
          this.#path(child(each, 'function')!) ?? '',
        ),
      )
      .map((each) => each.start);
  }

  /** Name of the function around whose calls are traced into a graph and not run one by one. */
  tracedBy(call: SyntaxNode): string | undefined {
    const traced = this.tracing.around(call);
    return traced && (this.#nameOf(traced) || 'a compiled function');
  }

  /** `def make_eval(net): def run(...): ...; return run`: who calls that, and whether traced, does not show. */
  isHandedOut(call: SyntaxNode): boolean {
    const { bindings, text } = this.evidence;
    const definition = enclosingFunction(call);
    const outer = definition && enclosingFunction(definition);
    const name = definition && this.#nameOf(definition);
    if (!outer || !name || bindings.callsNear(definition, name).length > 0) return false;
    return (bindings.returns.get(outer) ?? []).some(
      (each) => each.type === 'identifier' && textOf(each, text) === name,
    );
  }

  /** Whether gradients are off around a call, or it is a step of training. */
  grad(call: SyntaxNode): Grad {
    return this.#around(call, 0) ?? this.#byBackward(call) ?? unsaid;
  }

  /** What the text around a call says, and that around the callers of the function that it is in. */
  #around(call: SyntaxNode, level: number): Grad | undefined {
    const here = this.#withs(call) ?? this.#switched(call);
    if (here) return here;
    const definition = enclosingFunction(call);
    if (!definition) return undefined;
    const off = decorators(definition)
      .map((each) => offName.exec(textOf(each, this.evidence.text))?.[1])
      .find((each) => each !== undefined);
    if (off) return { mode: 'off', because: `in a function under @${off}` };
    const name = this.#nameOf(definition);
    const owner = ancestor(definition, 'class_definition', 'function_definition');
    if (trainingStep.test(name)) return { mode: 'training', because: `in ${name}` };
    if (quietStep.test(name)) return { mode: 'off', because: `in ${name}` };
    if (name === 'compute_loss' && owner?.type === 'class_definition' && child(owner, 'superclasses'))
      return { mode: 'training', because: `in ${name}` };
    const differentiated = this.tracing.differentiatedAround(call);
    if (differentiated) {
      const by = this.#nameOf(differentiated) || 'a function';
      return { mode: 'training', because: `in ${by}, which is differentiated` };
    }
    return level < mostLevels ? this.#byCallers(definition, name, level) : undefined;
  }

  /** `with torch.no_grad()`, `with tf.GradientTape()`. */
  #withs(call: SyntaxNode): Grad | undefined {
    for (const item of withItems(call)) {
      const path = this.#path(item.type === 'call' ? child(item, 'function')! : item) ?? '';
      const off = /(?:^|\.)(no_grad|inference_mode)$/.exec(
        path || textOf(item, this.evidence.text).split('(')[0]!,
      );
      if (off) return { mode: 'off', because: `inside ${off[1] ?? 'no_grad'}()` };
      if (/(?:^|\.)GradientTape$/.test(path) && this.#isTrainingTape(item, call))
        return { mode: 'training', because: 'inside a GradientTape' };
    }
    return undefined;
  }

  /** `torch.set_grad_enabled(False)` as a statement before the call, in the same loop: until it is said again. */
  #switched(call: SyntaxNode): Grad | undefined {
    const { bindings, text } = this.evidence;
    const here = enclosingFunction(call);
    const last = bindings
      .callsNear(call, 'set_grad_enabled')
      .filter(
        (each) =>
          each.end <= call.start &&
          each.parent?.type === 'expression_statement' &&
          enclosingFunction(each) === here &&
          within(call, each.parent.parent ?? each),
      )
      .at(-1);
    const mode = last && argumentsOf(last, text).positional[0];
    return mode && textOf(mode, text) === 'False'
      ? { mode: 'off', because: 'after set_grad_enabled(False)' }
      : undefined;
  }

  /** Gradients of weights train; those of an input or of a layer's output explain a prediction. */
  #isTrainingTape(item: SyntaxNode, call: SyntaxNode): boolean {
    const { bindings, text } = this.evidence;
    const here = enclosingFunction(call);
    const inHere = (names: string[]): SyntaxNode[] =>
      names
        .flatMap((name) => bindings.callsNear(call, name))
        .filter((each) => enclosingFunction(each) === here && each.start > item.start);
    if (inHere(['apply_gradients', 'minimize', 'assign_sub', 'apply']).length > 0) return true;
    const gradients = inHere(['gradient', 'jacobian', 'batch_jacobian']);
    if (gradients.length === 0) return true;
    return gradients.some((each) => {
      const given = argumentsOf(each, text);
      const sources = given.positional[1] ?? given.keywords.get('sources');
      return sources === undefined || /train|weights|variables|params|vars\b/i.test(textOf(sources, text));
    });
  }

  /** A helper is what its callers are; where these differ it is both. */
  #byCallers(definition: SyntaxNode, name: string, level: number): Grad | undefined {
    const isMethod =
      ancestor(definition, 'class_definition', 'function_definition')?.type === 'class_definition';
    const callers = this.evidence.bindings
      .callsNear(definition, name)
      .filter(
        (each) => (child(each, 'function')?.type === 'attribute') === isMethod && !within(each, definition),
      )
      .slice(0, mostCallers);
    const modes = callers.map((each) => this.#around(each, level + 1));
    const training = modes.find((each) => each?.mode === 'training');
    const off = modes.find((each) => each?.mode === 'off');
    if (modes.some((each) => each?.mode === 'mixed') || (training && off))
      return { mode: 'mixed', because: `in ${name}, which training and evaluation both call` };
    if (training && modes.every((each) => each?.mode === 'training')) return training;
    return off && modes.every((each) => each?.mode === 'off') ? off : undefined;
  }

  #byBackward(call: SyntaxNode): Grad | undefined {
    if (this.feeding.has(call)) return { mode: 'training', because: 'for a loss that goes backward' };
    const before = this.#backwardAfter(call);
    if (!before) return undefined;
    // The loss is another call's: this one chooses an action, or its result is cut off from the gradients.
    if (!this.#isExplained(before)) return { mode: 'training', because: 'in the code that calls backward()' };
    if (isDetached(call, this.evidence.text))
      return { mode: 'mixed', because: 'in a step of training, with its result detached' };
    // Kept for another method, which may or may not make a loss of it.
    return isKept(call)
      ? { mode: 'mixed', because: 'in a step of training, with its result kept for another' }
      : undefined;
  }

  /** Whether some model is known to feed what goes backward here. */
  #isExplained(backward: SyntaxNode): boolean {
    for (const call of this.feeding.fedIn(enclosingFunction(backward))) {
      const callee = child(call, 'function')!;
      const value = this.evidence.evaluate(callee);
      if (value?.kind === 'model' || (value?.kind === 'method' && value.receiver.kind === 'model'))
        return true;
      const name = lastName(callee, this.evidence.text);
      if (value === undefined && (isModelName(name) || isModelPartName(name))) return true;
    }
    return false;
  }

  /**
   * `loss.backward()` further down, in a loop that the call is in too. A validation loop beside the training
   * loop of the same epoch is not: its call is not in the loop of the backward.
   */
  #backwardAfter(call: SyntaxNode): SyntaxNode | undefined {
    return this.feeding.backwardIn(enclosingFunction(call)).find((each) => {
      if (within(call, each)) return true;
      if (each.start <= call.start) return false;
      const loop = loopsAround(each)[0];
      return loop === undefined ? loopsAround(call).length === 0 : within(call, loop);
    });
  }

  #nameOf(definition: SyntaxNode): string {
    const name = child(definition, 'name');
    return name ? textOf(name, this.evidence.text) : '';
  }

  /** Canonical dotted path of an expression that names something imported. */
  #path(node: SyntaxNode): string | undefined {
    // Only plain names can be paths; anything else would be evaluated in vain, for every call of the file.
    if (node.type !== 'identifier' && node.type !== 'attribute') return undefined;
    const value = this.evidence.evaluate(node);
    return value?.kind === 'import' ? canonicalPath(value.path) : undefined;
  }
}

/** `G(z).detach()` */
function isDetached(call: SyntaxNode, text: string): boolean {
  const attribute = call.parent?.type === 'attribute' ? child(call.parent, 'attribute') : undefined;
  return attribute !== undefined && /^(?:detach_?|data)$/.test(textOf(attribute, text));
}

/** `self.fake = G(z)` */
function isKept(call: SyntaxNode): boolean {
  return call.parent?.type === 'assignment' && child(call.parent, 'left')?.type === 'attribute';
}
