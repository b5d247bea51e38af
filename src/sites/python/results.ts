/** What a call gives back, as far as it is, or holds, a model. */

import { child, type SyntaxNode } from '../tree';
import type { Evidence } from './evidence';
import { canonicalPath, madeBy, roleOfBase } from './frameworks';
import { isModelClassName, isModelFactoryName, isTrainingName, predictMethods } from './names';
import { argumentsOf, decorators, enclosingClass, lastName, textOf, unwrap, type Arguments } from './nodes';
import { container, elementOf, other, weaken, type Model, type Value } from './values';

/** Methods of models that give the same model back. */
const chained: ReadonlySet<string> = new Set(
  (
    'to cuda cpu xpu npu mps half float double bfloat16 type eval train requires_grad_ share_memory to_empty ' +
    'apply_fn freeze unfreeze merge_and_unload to_bettertransformer enable_xformers bind module build'
  ).split(' '),
);

export function resultOf(call: SyntaxNode, evidence: Evidence): Value | undefined {
  const callee = child(call, 'function');
  if (!callee) return undefined;
  const given = argumentsOf(call, evidence.text);
  const value = evidence.evaluate(callee);
  switch (value?.kind) {
    case 'import':
      return ofImport(value.path, callee, given, evidence);
    case 'class':
      return evidence.instanceOf(value.of, {
        how: 'built by',
        by: value.of.name,
        line: evidence.bindings.line(call),
      });
    case 'function':
      return ofFunction(value.node, callee, given, evidence);
    case 'method':
      return ofMethod(value.receiver, value.name, callee, given, evidence);
    case 'model':
    case 'compiled':
    case 'layer':
      return isSymbolic(given, evidence) || isFunctionalLayer(value, callee)
        ? { kind: 'symbol' }
        : other('a prediction');
    case 'other':
      return value;
    case undefined:
      return ofUnknown(call, callee, given, evidence);
    default:
      return undefined;
  }
}

/** True when an argument is a symbolic tensor: the call builds a graph. */
export function isSymbolic(given: Arguments, evidence: Evidence): boolean {
  return [...given.positional, ...given.keywords.values()].some((each) => {
    const value = evidence.evaluate(each);
    return (
      (value?.kind === 'tuple' || value?.kind === 'container' ? elementOf(value) : value)?.kind === 'symbol'
    );
  });
}

/** `Dense(3)(x)`: a layer made and called at once is the functional API, whatever x is. */
function isFunctionalLayer(value: Value, callee: SyntaxNode): boolean {
  return value.kind === 'layer' && value.framework === 'keras' && unwrap(callee).type === 'call';
}

function ofImport(path: string, callee: SyntaxNode, given: Arguments, evidence: Evidence): Value | undefined {
  const made = madeBy(path);
  const first = given.positional[0] ?? given.keywords.get('model') ?? given.keywords.get('module');
  switch (made?.is) {
    case 'model': {
      const inner =
        made.how === 'wrapped by' || made.how === 'compiled by' ? evidence.evaluate(first) : undefined;
      return {
        kind: 'model',
        framework: made.framework,
        confidence: made.confidence,
        callable: made.callable,
        origin: evidence.origin(made.how, callee),
        of: inner?.kind === 'model' ? inner.of : undefined,
      };
    }
    case 'session': {
      const origin = evidence.origin('opened by', callee);
      return { kind: 'session', framework: made.framework, confidence: made.confidence, origin };
    }
    case 'compiled':
      return compiled(made.framework, first, callee, evidence);
    case 'estimator':
      return { kind: 'estimator', framework: made.framework, origin: evidence.origin('built by', callee) };
    case 'trainer':
      return { kind: 'trainer', framework: made.framework, origin: evidence.origin('built by', callee) };
    case 'layer':
      return { kind: 'layer', framework: made.framework };
    case 'symbol':
      return { kind: 'symbol' };
    case 'profiler':
      return { kind: 'profiler' };
    case 'argument':
      return evidence.evaluate(first);
    case 'items':
      return evidence.evaluate(first) ?? container(undefined);
    case 'other':
      return other(canonicalPath(path));
    default: {
      const role = roleOfBase(path);
      if (role?.is === 'model')
        return evidence.model(role.framework, 0.95, evidence.origin('built by', callee));
      return ofForeignName(path.split('.').at(-1) ?? '', callee, evidence);
    }
  }
}

/** `jax.jit(f)`, `tf.function(f)`, `jax.jit(model.apply)`. */
function compiled(
  framework: Model['framework'],
  argument: SyntaxNode | undefined,
  callee: SyntaxNode,
  evidence: Evidence,
): Value {
  const held = evidence.evaluate(argument);
  const runsModel =
    held?.kind === 'model' ||
    (held?.kind === 'method' && held.receiver.kind === 'model') ||
    (held?.kind === 'function' && bodyRunsModel(held.node, evidence));
  const name = argument ? lastName(argument, evidence.text) : '';
  return { kind: 'compiled', framework, name, runsModel, origin: evidence.origin('compiled by', callee) };
}

/** True when a function's own text calls a model. */
function bodyRunsModel(definition: SyntaxNode, evidence: Evidence): boolean {
  const pending = [...definition.children];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (node.type === 'call') {
      const value = evidence.evaluate(child(node, 'function'));
      if (value?.kind === 'model') return true;
      if (value?.kind === 'method' && value.receiver.kind === 'model' && value.name !== 'init') return true;
    }
    pending.push(...node.children);
  }
  return false;
}

/** The traced form of a function that is decorated with `jax.jit` or `tf.function`. */
export function compiledByDecorator(
  definition: SyntaxNode,
  evidence: Evidence,
): (Value & { kind: 'compiled' }) | undefined {
  for (const decorator of decorators(definition)) {
    const isCall = decorator.type === 'call';
    const target = isCall ? child(decorator, 'function')! : decorator;
    const value = evidence.evaluate(target);
    if (value?.kind !== 'import') continue;
    let made = madeBy(value.path);
    // `@partial(jax.jit, static_argnums=0)`
    if (isCall && value.path === 'functools.partial') {
      const inner = evidence.evaluate(argumentsOf(decorator, evidence.text).positional[0]);
      made = inner?.kind === 'import' ? madeBy(inner.path) : undefined;
    }
    if (made?.is !== 'compiled') continue;
    const name = child(definition, 'name');
    return {
      kind: 'compiled',
      framework: made.framework,
      name: name ? textOf(name, evidence.text) : '',
      runsModel: bodyRunsModel(definition, evidence),
      origin: evidence.origin('compiled by', target),
    };
  }
  return undefined;
}

function ofFunction(
  definition: SyntaxNode,
  callee: SyntaxNode,
  given: Arguments,
  evidence: Evidence,
): Value | undefined {
  const returned = evidence.returned(definition);
  if (returned) return returned;
  const name = lastName(callee, evidence.text);
  if (isSymbolic(given, evidence) && !isTrainingName(name)) return { kind: 'symbol' };
  return ofForeignName(name, callee, evidence);
}

/** A function or class that we cannot see into: its name may still say that it hands out a model. */
function ofForeignName(name: string, callee: SyntaxNode, evidence: Evidence): Value | undefined {
  const framework = evidence.mainFramework;
  if (isModelFactoryName(name)) {
    const classical = !evidence.hasDeepLearning && evidence.hasClassical;
    if (classical)
      return { kind: 'estimator', framework: 'sklearn', origin: evidence.origin('loaded by', callee) };
    const how = /^_?(?:load|restore|read|get)/i.test(name) ? 'loaded by' : 'built by';
    const model = evidence.model(
      framework,
      evidence.hasDeepLearning ? 0.82 : 0.72,
      evidence.origin(how, callee),
    );
    return /(?:models|nets|networks|ensemble)$/i.test(name) ? container(model) : model;
  }
  if (isModelClassName(name) && evidence.hasDeepLearning)
    return evidence.model(
      framework,
      evidence.hasClassical ? 0.72 : 0.82,
      evidence.origin('built by', callee),
    );
  return undefined;
}

function ofMethod(
  receiver: Value,
  name: string,
  callee: SyntaxNode,
  given: Arguments,
  evidence: Evidence,
): Value | undefined {
  switch (receiver.kind) {
    case 'model':
      if (chained.has(name)) return receiver;
      if (name === 'get_layer') return { kind: 'layer', framework: receiver.framework };
      if (name === 'get_signature_runner') return receiver;
      if (name === 'compile' && receiver.framework === 'torch') return receiver;
      if (receiver.of?.methods.has(name)) return evidence.returned(receiver.of.methods.get(name)!);
      return predictMethods.has(name) ? other('a prediction') : undefined;
    case 'class': {
      // A constructor by another name: `Net.load_from_checkpoint(...)`, `Net.from_pretrained(...)`.
      const isMaker = /^(?:load|from|create|build|restore)_?\w*$/.test(name);
      return isMaker && evidence.roleOf(receiver.of)?.is === 'model'
        ? evidence.instanceOf(receiver.of, evidence.origin('loaded by', callee))
        : undefined;
    }
    case 'container':
      if (['values', 'copy', 'children', 'modules', 'parameters'].includes(name)) return receiver;
      if (name === 'items' || name === 'named_children')
        return container({ kind: 'tuple', elements: [other('a key'), receiver.element] });
      if (['get', 'pop', 'popitem', 'setdefault'].includes(name)) return receiver.element;
      return undefined;
    case 'session':
      return name === 'get_signature_runner' ? sessionRunner(receiver, callee, evidence) : undefined;
    case 'super': {
      const owner = enclosingClass(callee);
      const of = owner && evidence.bindings.classes.get(owner);
      return of && chained.has(name) ? weaken(evidence.instanceOf(of), 0.95) : undefined;
    }
    case 'estimator':
      return name.startsWith('fit') && name !== 'fit_transform' ? receiver : other('an estimate');
    default:
      return isSymbolic(given, evidence) ? { kind: 'symbol' } : undefined;
  }
}

/** TensorFlow Lite: `interpreter.get_signature_runner()` gives a function that runs the graph. */
function sessionRunner(session: Value & { kind: 'session' }, callee: SyntaxNode, evidence: Evidence): Value {
  return evidence.model(session.framework, session.confidence, evidence.origin('loaded by', callee));
}

function ofUnknown(
  call: SyntaxNode,
  callee: SyntaxNode,
  given: Arguments,
  evidence: Evidence,
): Value | undefined {
  const name = lastName(callee, evidence.text);
  const first = given.positional[0];
  if (unwrap(callee).type === 'identifier')
    switch (name) {
      case 'super': {
        const owner = enclosingClass(call);
        const of = owner && evidence.bindings.classes.get(owner);
        return of && { kind: 'super', of };
      }
      case 'enumerate':
        return container({
          kind: 'tuple',
          elements: [other('an index'), elementOf(evidence.evaluate(first))],
        });
      case 'zip':
        return container({
          kind: 'tuple',
          elements: given.positional.map((each) => elementOf(evidence.evaluate(each))),
        });
      case 'list':
      case 'tuple':
      case 'sorted':
      case 'reversed':
      case 'set':
      case 'iter':
      case 'dict':
      case 'tqdm':
        return first ? evidence.evaluate(first) : container(undefined);
      case 'next':
        return elementOf(evidence.evaluate(first));
      default:
    }
  // `np.array`, arithmetic helpers and the like keep a symbolic tensor symbolic.
  if (isSymbolic(given, evidence)) return { kind: 'symbol' };
  return ofForeignName(name, callee, evidence);
}
