/** Decides what one call is, from what its callee holds and what it runs inside of. */

import type { Framework, SiteKind } from '../site';
import { child, type SyntaxNode } from '../tree';
import type { Context } from './context';
import type { Evidence } from './evidence';
import { guessFromName } from './guess';
import { kindOfMethod, runsUnasked } from './methods';
import { argumentsOf, classTypes, core, functionTypes, keyName, shownText, unwrap } from './nodes';
import { madeBy, type Made } from './packages';
import { isFresh, isSymbolic } from './results';
import { pathOf, type Model, type Value } from './values';

export interface Verdict {
  kind: SiteKind;
  framework: Framework;
  confidence: number;
  reason: string;
}

export class Classifier {
  constructor(
    private readonly evidence: Evidence,
    private readonly context: Context,
  ) {}

  classify(call: SyntaxNode): Verdict | undefined {
    const callee = child(call, 'function');
    if (!callee) return undefined;
    const inner = core(callee);
    const value = this.evidence.evaluate(inner);
    if (argumentsOf(call).length === 0 && !isUnasked(value)) return undefined;
    switch (value?.kind) {
      case 'model':
        return value.api === 'callable' ? this.#forward(call, value, inner, 'predict') : undefined;
      case 'method':
        return this.#method(call, inner, value.receiver, value.name);
      case 'import':
      case undefined: {
        const made = value && madeBy(pathOf(value));
        if (made?.is === 'run') return this.#ofRunner(inner, made);
        if (made) return undefined;
        const training = (): string | undefined => this.context.gradient(call);
        return this.#isInsideLayer(call) ? undefined : guessFromName(call, inner, this.evidence, training);
      }
      default:
        return undefined;
    }
  }

  #method(call: SyntaxNode, callee: SyntaxNode, receiver: Value, name: string): Verdict | undefined {
    const shown = callee.type === 'identifier' ? callee : (child(callee, 'object') ?? callee);
    // `model.predict.call(model, x)`
    if (receiver.kind === 'method' && (name === 'call' || name === 'apply'))
      return this.#method(call, child(core(shown), 'object') ?? shown, receiver.receiver, receiver.name);
    if (receiver.kind === 'layer') return name === 'apply' ? this.#layer(call, callee) : undefined;
    if (receiver.kind !== 'model') return undefined;
    // A model class of the user's own may have a method of its own under that name.
    if (receiver.of?.methods.has(name) && name !== 'call') return undefined;
    const kind = kindOfMethod(receiver.api, name) ?? this.#kindOfTask(receiver, name);
    return kind && this.#forward(call, receiver, shown, kind, name);
  }

  /** Under one name there may be a model of the file's own or a ready-made one: the method tells which it is. */
  #kindOfTask({ api }: Model, name: string): SiteKind | undefined {
    return api === 'tfjs' && this.evidence.usesTask ? kindOfMethod('task', name) : undefined;
  }

  /** `faceapi.detectAllFaces(video)` */
  #ofRunner(callee: SyntaxNode, made: Made & { is: 'run' }): Verdict {
    const reason = `\`${shownText(callee, this.evidence.text)}\` runs a model, so this runs inference.`;
    return { kind: 'predict', framework: made.framework, confidence: made.confidence, reason };
  }

  /** A layer on a symbolic tensor is a model under construction; on a concrete one, part of a model. */
  #layer(call: SyntaxNode, callee: SyntaxNode): Verdict | undefined {
    if (!isSymbolic(argumentsOf(call), this.evidence) && !isFresh(callee)) return undefined;
    if (this.#isInsideLayer(call)) return undefined;
    return {
      kind: 'symbolic',
      framework: 'tfjs',
      confidence: 0.9,
      reason: 'A layer is applied to a symbolic tensor: this builds a graph and predicts nothing.',
    };
  }

  #forward(
    call: SyntaxNode,
    model: Model,
    shown: SyntaxNode,
    kind: SiteKind,
    method = '',
  ): Verdict | undefined {
    if (this.#isInsideLayer(call)) return undefined;
    const { framework, confidence, origin } = model;
    const told = `\`${shownText(unwrap(shown), this.evidence.text)}\` is ${origin.how} ${origin.by} on line ${origin.line}`;
    const verdict = (of: SiteKind, end: string): Verdict => ({
      kind: of,
      framework,
      confidence,
      reason: `${told}, ${end}`,
    });
    if (kind === 'train') return verdict(kind, `and ${method} trains it.`);
    if (kind === 'non-dl')
      return verdict(kind, 'which compares with stored examples: there is no network to profile.');
    if ((method === 'apply' || method === 'call') && isSymbolic(argumentsOf(call), this.evidence))
      return verdict('symbolic', 'and its input is symbolic, so this builds a graph and predicts nothing.');
    // A loop of its own, of which no gradient is taken.
    const isLoop = method === 'evaluate' || method === 'evaluateDataset';
    const gradient = model.api === 'tfjs' && !isLoop ? this.context.gradient(call) : undefined;
    if (gradient !== undefined)
      return verdict('train', `and runs in what ${gradient} differentiates, so this is a step of training.`);
    return verdict('predict', 'so this runs inference.');
  }

  /** What a layer or a model of the user's own does in its `call` is timed where the model is run. */
  #isInsideLayer(call: SyntaxNode): boolean {
    for (let up = call.parent; up; up = up.parent) {
      if (!classTypes.has(up.parent?.parent?.type ?? '') || !functionTypes.has(up.type)) continue;
      const of = this.evidence.bindings.classes.get(up.parent!.parent!);
      const role = of && this.evidence.instanceOf(of).kind;
      const name = keyName(child(up, 'name'), this.evidence.text) ?? '';
      return (
        (role === 'layer' || role === 'model') &&
        ['call', 'build', 'constructor', 'computeOutputShape'].includes(name)
      );
    }
    return false;
  }
}

function isUnasked(value: Value | undefined): boolean {
  return (
    value?.kind === 'method' && value.receiver.kind === 'model' && runsUnasked(value.receiver.api, value.name)
  );
}
