/** What a call runs inside of: a loop, a training step, a profiler session, a function that is only traced. */

import { ancestor, child, within, type SyntaxNode } from '../tree';
import type { Evidence } from './evidence';
import { canonicalPath } from './frameworks';
import { isTrainingName } from './names';
import { argumentsOf, decorators, enclosingFunction, loopsAround, textOf, unwrap, withItems } from './nodes';
import { compiledByDecorator } from './results';

export interface Grad {
  mode: 'off' | 'training' | 'unsaid';
  /** End of a sentence: "inside torch.no_grad()", "in the loop that calls backward()". */
  because: string;
}

export class Context {
  /** Calls that make a forward pass part of training, with the innermost loop that each is in. */
  readonly #backward: { call: SyntaxNode; loop: SyntaxNode | undefined; function: SyntaxNode | undefined }[] =
    [];
  /** Names of functions that are differentiated or traced by being passed on. */
  readonly #differentiated = new Set<string>();
  readonly #traced = new Set<string>();
  readonly #sessions: { call: SyntaxNode; starts: boolean }[] = [];

  constructor(private readonly evidence: Evidence) {
    for (const call of evidence.bindings.calls) {
      const callee = child(call, 'function')!;
      const name = this.#last(callee);
      if (name === 'backward')
        this.#backward.push({ call, loop: loopsAround(call)[0], function: enclosingFunction(call) });
      const path = this.#path(callee);
      if (path === undefined) continue;
      const first = argumentsOf(call, evidence.text).positional[0];
      const passed =
        first && unwrap(first).type === 'identifier' ? textOf(unwrap(first), evidence.text) : undefined;
      if (passed && /^(?:jax|flax|haiku|equinox)\..*(?:grad|value_and_grad)$/.test(path))
        this.#differentiated.add(passed);
      if (passed && /^(?:jax\.(?:jit|pmap|vmap)|tensorflow\.function|flax\.\w+\.jit)$/.test(path))
        this.#traced.add(passed);
      const session =
        /^(?:tensorflow\.profiler\.experimental\.(start|stop)|jax\.profiler\.(start|stop)_trace)$/.exec(path);
      if (session) this.#sessions.push({ call, starts: (session[1] ?? session[2]) === 'start' });
    }
  }

  inLoop(call: SyntaxNode): boolean {
    return loopsAround(call).length > 0;
  }

  /** Inside `with profile(...)`, or between a start and a stop of the same function. */
  inProfiler(call: SyntaxNode): boolean {
    if (withItems(call).some((item) => this.evidence.evaluate(item)?.kind === 'profiler')) return true;
    const here = enclosingFunction(call);
    const same = this.#sessions.filter((each) => enclosingFunction(each.call) === here);
    const started = same.some((each) => each.starts && each.call.start < call.start);
    return started && same.some((each) => !each.starts && each.call.start > call.start);
  }

  /** Whether gradients are off around a call, or it is a step of training. */
  grad(call: SyntaxNode): Grad {
    for (const item of withItems(call)) {
      const path = this.#path(item.type === 'call' ? child(item, 'function')! : item) ?? '';
      const off = /(?:^|\.)(no_grad|inference_mode)$/.exec(
        path || textOf(item, this.evidence.text).split('(')[0]!,
      );
      if (off) return { mode: 'off', because: `inside ${off[1] ?? 'no_grad'}()` };
      if (/(?:^|\.)GradientTape$/.test(path)) return { mode: 'training', because: 'inside a GradientTape' };
    }
    const definition = enclosingFunction(call);
    if (definition) {
      const decorated = decorators(definition).map((each) => textOf(each, this.evidence.text));
      const off = decorated
        .map((each) => /\b(no_grad|inference_mode)\b/.exec(each)?.[1])
        .find((each) => each !== undefined);
      if (off) return { mode: 'off', because: `in a function under @${off}` };
      const name = this.#nameOf(definition);
      if (this.#differentiated.has(name))
        return { mode: 'training', because: `in ${name}, which is differentiated` };
      if (/^(?:training|train)_step$/.test(name)) return { mode: 'training', because: `in ${name}` };
      if (/^(?:validation|test|predict)_step$/.test(name)) return { mode: 'off', because: `in ${name}` };
    }
    return this.#feedsBackward(call, definition)
      ? { mode: 'training', because: 'in the code that calls backward()' }
      : { mode: 'unsaid', because: '' };
  }

  /**
   * `loss.backward()` further down, in a loop that the call is in too. A validation loop beside the training
   * loop of the same epoch is not: its call is not in the loop of the backward.
   */
  #feedsBackward(call: SyntaxNode, definition: SyntaxNode | undefined): boolean {
    return this.#backward.some(
      (each) =>
        each.function === definition &&
        each.call.start > call.start &&
        (each.loop === undefined ? loopsAround(call).length === 0 : within(call, each.loop)),
    );
  }

  /** Name of the enclosing function, when calls in it are traced into a graph and not run one by one. */
  tracedBy(call: SyntaxNode): string | undefined {
    for (let at = ancestor(call, 'function_definition'); at; at = ancestor(at, 'function_definition')) {
      const name = this.#nameOf(at);
      if (this.#traced.has(name) || compiledByDecorator(at, this.evidence)) return name;
    }
    return undefined;
  }

  /** True when a traced function takes gradients: its calls are training, not inference. */
  isTrainingFunction(definition: SyntaxNode | undefined): boolean {
    if (!definition) return false;
    if (isTrainingName(this.#nameOf(definition))) return true;
    return this.evidence.bindings.calls.some(
      (each) =>
        /(?:^|\.)(?:grad|value_and_grad)$/.test(this.#path(child(each, 'function')!) ?? '') &&
        within(each, definition),
    );
  }

  #nameOf(definition: SyntaxNode): string {
    const name = child(definition, 'name');
    return name ? textOf(name, this.evidence.text) : '';
  }

  #last(callee: SyntaxNode): string {
    const attribute = callee.type === 'attribute' ? child(callee, 'attribute') : undefined;
    return attribute ? textOf(attribute, this.evidence.text) : '';
  }

  /** Canonical dotted path of an expression that names something imported. */
  #path(node: SyntaxNode): string | undefined {
    // Only plain names can be paths; anything else would be evaluated in vain, for every call of the file.
    if (node.type !== 'identifier' && node.type !== 'attribute') return undefined;
    const value = this.evidence.evaluate(node);
    return value?.kind === 'import' ? canonicalPath(value.path) : undefined;
  }
}
