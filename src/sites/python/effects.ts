/** What running a function of the file does: whether a model runs in it, and whether it trains one. */

import { child, nodesBelow, type SyntaxNode } from '../tree';
import { higherOrder } from './bindings';
import type { Evidence } from './evidence';
import { canonicalPath } from './frameworks';
import { isModelName, isModelPartName, isParametersName, modelMethods, predictMethods } from './names';
import { argumentsOf, lastName, parametersOf, textOf, unwrap, type Arguments } from './nodes';
import type { Effect, Value } from './values';

export const noEffect: Effect = { runs: undefined, differentiates: false, updates: false };

/** Last names of functions that change weights by gradients. */
const updating: ReadonlySet<string> = new Set([
  'apply_gradients',
  'apply_gradient',
  'apply_updates',
  'stateless_apply',
  'minimize',
  'backward',
]);

/** What one run of a function of the file does, with what it calls. */
export function effectOf(definition: SyntaxNode, evidence: Evidence): Effect {
  const known = evidence.effects.get(definition);
  if (known) return known;
  const effect = evidence.guarded(definition.children, () => ofBody(definition, evidence));
  if (!effect) return noEffect;
  evidence.effects.set(definition, effect);
  return effect;
}

function ofBody(definition: SyntaxNode, evidence: Evidence): Effect {
  let effect = noEffect;
  const body = child(definition, 'body') ?? definition;
  for (const node of nodesBelow(body))
    if (node.type === 'call') effect = both(effect, ofCall(node, evidence));
  if (effect.runs || definition.type === 'lambda') return effect;
  // A network written out in array operations: `predict(params, x)`.
  const name = child(definition, 'name');
  const isNetwork =
    name !== undefined &&
    /^_?(?:\w+_)?(?:(?:predict|forward|infer|inference|logits|classify)(?:_\w+)?|apply(?:_(?:fn|model|net\w*))?|net|network|model|mlp|cnn)$/.test(
      textOf(name, evidence.text),
    ) &&
    parametersOf(definition, evidence.text).some((each) => isParametersName(each.name));
  return isNetwork && evidence.frameworks.has('jax') ? { ...effect, runs: 'jax' } : effect;
}

function both(a: Effect, b: Effect): Effect {
  if (b === noEffect) return a;
  return {
    // What a Keras model is fed by a saved function is the Keras model's still.
    runs: a.runs === 'tensorflow' && b.runs === 'keras' ? b.runs : (a.runs ?? b.runs),
    differentiates: a.differentiates || b.differentiates,
    updates: a.updates || b.updates,
  };
}

function ofCall(call: SyntaxNode, evidence: Evidence): Effect {
  const callee = child(call, 'function');
  if (!callee) return noEffect;
  const name = lastName(callee, evidence.text);
  if (updating.has(name)) return { ...noEffect, updates: true };
  const given = argumentsOf(call, evidence.text);
  const value = evidence.evaluate(callee);
  let effect = value === undefined ? byName(callee, name, given, evidence) : ofCalled(value, given, evidence);
  if (higherOrder.has(name))
    for (const each of [...given.positional, ...given.keywords.values()])
      effect = both(effect, effectOfValue(evidence.evaluate(each), evidence));
  return effect;
}

/** What calling a value does. */
function ofCalled(value: Value, given: Arguments, evidence: Evidence): Effect {
  if (value.kind === 'model' && given.count === 0) return noEffect;
  if (value.kind === 'session') return noEffect;
  return effectOfValue(value, evidence);
}

/** What calling a value does that may be a function. */
export function effectOfValue(value: Value | undefined, evidence: Evidence): Effect {
  switch (value?.kind) {
    case 'model':
      return { ...noEffect, runs: value.framework };
    case 'layer':
      return { ...noEffect, runs: value.framework };
    case 'method': {
      const { receiver, name } = value;
      if (receiver.kind === 'session') return { ...noEffect, runs: receiver.framework };
      if (receiver.kind !== 'model') return noEffect;
      const method = receiver.of?.methods.get(name);
      const isRun = predictMethods.has(name) || modelMethods.has(name) || name === 'apply' || name === 'call';
      if (isRun || name === '__call__') return { ...noEffect, runs: receiver.framework };
      return method ? effectOf(method, evidence) : noEffect;
    }
    case 'function':
      return effectOf(value.node, evidence);
    case 'compiled': {
      if (value.effect) return value.effect;
      // `jax.vmap(model)(x)`, where the model is handed in.
      return value.body === undefined && isModelName(value.name)
        ? { ...noEffect, runs: value.framework }
        : effectOfValue(value.body, evidence);
    }
    case 'differentiated':
      return { ...effectOfValue(value.of, evidence), differentiates: true };
    case 'import':
      return /^(?:torch\.func|torch\.nn\.utils\.stateless)\.functional_call$/.test(canonicalPath(value.path))
        ? { ...noEffect, runs: 'torch' }
        : noEffect;
    default:
      return noEffect;
  }
}

/** `model(x)`, where nothing is known of the model. */
function byName(callee: SyntaxNode, name: string, given: Arguments, evidence: Evidence): Effect {
  if (given.count === 0 || !evidence.hasDeepLearning) return noEffect;
  const main = evidence.mainFramework;
  const runs = main === 'tensorflow' && !evidence.hasGraphs ? 'keras' : main;
  const inner = unwrap(callee);
  if (name === 'apply_fn') return { ...noEffect, runs: 'jax' };
  if (name === 'apply' && isParameters(given.positional[0], evidence.text))
    return { ...noEffect, runs: 'jax' };
  if (inner.type === 'attribute' && (predictMethods.has(name) || name === 'apply')) {
    const receiver = lastName(child(inner, 'object')!, evidence.text);
    return isModelName(receiver) ? { ...noEffect, runs } : noEffect;
  }
  return isModelName(name) || isModelPartName(name) ? { ...noEffect, runs } : noEffect;
}

/** `{"params": params}`, `params`, `state.params`: what the `apply` of a Flax or Haiku model is given first. */
export function isParameters(node: SyntaxNode | undefined, text: string): boolean {
  if (!node) return false;
  const inner = unwrap(node);
  if (inner.type === 'dictionary') return /^\{\s*\*{0,2}['"]?params\b/.test(textOf(inner, text));
  return isParametersName(lastName(inner, text));
}
