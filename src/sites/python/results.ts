/** What a call gives back, as far as it is, or holds, a model. */

import { child, nodesBelow, type SyntaxNode } from '../tree';
import type { Evidence } from './evidence';
import { ofForeignName, ofImport, ofMade } from './foreign';
import { compiledGraph } from './made';
import { evaluateMethods, isTrainingName, predictMethods } from './names';
import { argumentsOf, enclosingClass, lastName, textOf, unwrap, type Arguments } from './nodes';
import { purposeOfTensor } from './sessions';
import { container, elementOf, other, weaken, type Value } from './values';

/** Methods of models that give the same model back. */
const chained: ReadonlySet<string> = new Set(
  (
    'to cuda cpu xpu npu mps half float double bfloat16 type eval train requires_grad_ share_memory to_empty ' +
    'apply_fn freeze unfreeze merge_and_unload to_bettertransformer enable_xformers bind module build ' +
    'unwrap get_concrete_function set_eval set_train fuse'
  ).split(' '),
);

/** Methods of a compiled function that give it in another form. */
const forms: ReadonlySet<string> = new Set(['lower', 'compile', 'get_concrete_function', 'trace']);

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
        at: call,
      });
    case 'function':
      return ofFunction(value.node, callee, given, evidence);
    case 'method':
      return ofMethod(value.receiver, value.name, callee, given, evidence);
    case 'model':
      // `exported.module()`, `net._orig_mod`: read as an attribute it is the model already.
      if (given.count === 0 && unwrap(callee).type === 'attribute') return value;
      return ofCalled(value, callee, given, evidence);
    case 'compiled':
    case 'layer':
    case 'differentiated':
      return ofCalled(value, callee, given, evidence);
    case 'other':
      return value;
    case undefined:
      return ofUnknown(call, callee, given, evidence);
    default:
      return undefined;
  }
}

function ofCalled(value: Value, callee: SyntaxNode, given: Arguments, evidence: Evidence): Value {
  return isSymbolic(given, evidence) || isFunctionalLayer(value, callee)
    ? { kind: 'symbol' }
    : other('a prediction');
}

/** True when an argument is a symbolic tensor: the call builds a graph. */
export function isSymbolic(given: Arguments, evidence: Evidence): boolean {
  if (!evidence.mayBuildGraphs) return false;
  return [...given.positional, ...given.keywords.values()].some((each) => {
    const value = evidence.evaluate(each);
    return (
      (value?.kind === 'tuple' || value?.kind === 'container' ? elementOf(value) : value)?.kind === 'symbol'
    );
  });
}

/** `Dense(3)(x)`: a layer made and called at once is the functional API, whatever x is. */
export function isFunctionalLayer(value: Value, callee: SyntaxNode): boolean {
  return value.kind === 'layer' && value.framework === 'keras' && unwrap(callee).type === 'call';
}

const graphMakers: ReadonlySet<string> = new Set(['Input', 'InputLayer', 'Model', 'Sequential']);

/**
 * Whether a function of the file makes layers and calls them at once, on tensors that it is given: where it makes the
 * inputs itself, those tell what is symbolic, and the model may be tried out further down.
 */
export function putsLayersOnTensors(definition: SyntaxNode, evidence: Evidence): boolean {
  const known = evidence.building.get(definition);
  if (known !== undefined) return known;
  const callees = nodesBelow(definition).flatMap((node) =>
    node.type === 'call' ? (child(node, 'function') ?? []) : [],
  );
  const puts =
    callees.some((each) => {
      if (unwrap(each).type !== 'call') return false;
      const value = evidence.evaluate(each);
      return value !== undefined && isFunctionalLayer(value, each);
    }) && !callees.some((each) => graphMakers.has(lastName(each, evidence.text)));
  evidence.building.set(definition, puts);
  return puts;
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

function ofMethod(
  receiver: Value,
  name: string,
  callee: SyntaxNode,
  given: Arguments,
  evidence: Evidence,
): Value | undefined {
  switch (receiver.kind) {
    case 'maker': {
      const made = receiver.gives.get(name);
      return made ? ofMade(made, name, callee, given, evidence) : other('no model');
    }
    case 'model': {
      const made = receiver.gives?.get(name);
      if (made) return ofMade(made, name, callee, given, evidence);
      const method = receiver.of?.methods.get(name);
      if (chained.has(name) && !method) return receiver;
      if (name === 'get_layer') return { kind: 'layer', framework: receiver.framework };
      if (name === 'get_signature_runner') return receiver;
      if (name === 'compile' && receiver.framework === 'torch') return receiver;
      if (method) return evidence.returned(method) ?? (chained.has(name) ? receiver : undefined);
      return predictMethods.has(name) || evaluateMethods.has(name) ? other('a prediction') : undefined;
    }
    case 'compiled':
      return forms.has(name) ? receiver : undefined;
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
      return ofSession(receiver, name, callee, given, evidence);
    case 'launcher':
      return ofLauncher(name, given, evidence);
    case 'super': {
      const owner = enclosingClass(callee);
      const of = owner && evidence.bindings.classes.get(owner);
      if (name === '__new__') return of && { kind: 'instance', of };
      return of && chained.has(name) ? weaken(evidence.instanceOf(of), 0.95) : undefined;
    }
    case 'estimator':
      if (receiver.of?.methods.has(name)) {
        const given = evidence.returned(receiver.of.methods.get(name)!);
        return given ?? (name.startsWith('fit') ? receiver : undefined);
      }
      return name.startsWith('fit') && name !== 'fit_transform' ? receiver : other('an estimate');
    case 'other':
      // A data set that is mapped, batched and shuffled is a data set.
      return /^tensorflow\.data\b/.test(receiver.what) ? receiver : undefined;
    default:
      return isSymbolic(given, evidence) ? { kind: 'symbol' } : undefined;
  }
}

function ofSession(
  session: Value & { kind: 'session' },
  name: string,
  callee: SyntaxNode,
  given: Arguments,
  evidence: Evidence,
): Value | undefined {
  // TensorFlow Lite: a function that runs the graph.
  if (name === 'get_signature_runner')
    return evidence.model(session.framework, session.confidence, evidence.origin('loaded by', callee));
  if (name === 'make_callable') {
    const purpose = purposeOfTensor(given.positional[0] ?? given.keywords.get('fetches'), evidence);
    return purpose === 'prediction' || purpose === 'unsaid'
      ? evidence.model(
          session.framework,
          purpose === 'unsaid' ? 0.6 : 0.85,
          evidence.origin('compiled by', callee),
        )
      : other('an operation');
  }
  return undefined;
}

/** `accelerator.prepare(model, optimizer)` gives back both, made ready; `unwrap_model(model)` the model. */
export function ofLauncher(name: string, given: Arguments, evidence: Evidence): Value | undefined {
  if (!/^(?:prepare|prepare_model|setup|setup_module|unwrap_model|to_device)$/.test(name))
    return other('no model');
  const values = given.positional.map((each) => evidence.evaluate(each));
  return values.length === 1 ? values[0] : { kind: 'tuple', elements: values };
}

function ofUnknown(
  call: SyntaxNode,
  callee: SyntaxNode,
  given: Arguments,
  evidence: Evidence,
): Value | undefined {
  const name = lastName(callee, evidence.text);
  const inner = unwrap(callee);
  const known = inner.type === 'identifier' ? ofBuiltin(name, call, given, evidence) : undefined;
  if (known) return known.value;
  if (inner.type === 'attribute') {
    const receiver = lastName(child(inner, 'object')!, evidence.text);
    if (/(?:^|_)(?:accelerator|fabric)$/i.test(receiver)) return ofLauncher(name, given, evidence);
  }
  // `copy.deepcopy(opts.G).eval()`: only modules are put into their mode of evaluation, and given back by that.
  if (inner.type === 'attribute' && name === 'eval' && given.count === 0 && isTorchOnly(evidence))
    return evidence.model('torch', 0.85, evidence.origin('loaded by', callee));
  // A function that runs a graph of TensorFlow Lite.
  if (inner.type === 'attribute' && name === 'get_signature_runner')
    return evidence.model('tensorflow', 0.9, evidence.origin('loaded by', callee));
  // OpenVINO's core, which is handed around.
  if (inner.type === 'attribute' && name === 'compile_model')
    return ofMade(compiledGraph, name, callee, given, evidence);
  // `np.array`, arithmetic helpers and the like keep a symbolic tensor symbolic.
  if (isSymbolic(given, evidence)) return { kind: 'symbol' };
  return ofForeignName(name, callee, evidence);
}

/** In TensorFlow 1 `eval` computes a tensor. */
function isTorchOnly({ frameworks }: Evidence): boolean {
  return frameworks.has('torch') && !frameworks.has('tensorflow') && !frameworks.has('keras');
}

/** What Python's own functions give; undefined for those that say nothing about models. */
function ofBuiltin(
  name: string,
  call: SyntaxNode,
  given: Arguments,
  evidence: Evidence,
): { value: Value | undefined } | undefined {
  const first = given.positional[0];
  switch (name) {
    case 'super': {
      const owner = enclosingClass(call);
      const of = owner && evidence.bindings.classes.get(owner);
      return { value: of && { kind: 'super', of } };
    }
    case 'enumerate':
      return {
        value: container({
          kind: 'tuple',
          elements: [other('an index'), elementOf(evidence.evaluate(first))],
        }),
      };
    case 'zip':
      return {
        value: container({
          kind: 'tuple',
          elements: given.positional.map((each) => elementOf(evidence.evaluate(each))),
        }),
      };
    case 'list':
    case 'tuple':
    case 'sorted':
    case 'reversed':
    case 'set':
    case 'iter':
    case 'dict':
    case 'tqdm':
      return { value: first ? evidence.evaluate(first) : container(undefined) };
    case 'next':
      return { value: elementOf(evidence.evaluate(first)) };
    case 'getattr':
      return { value: ofGetattr(given, call, evidence) };
    default:
      return undefined;
  }
}

/** `getattr(heads, kind)`: any of the attributes; of a module any of its names. */
function ofGetattr(given: Arguments, call: SyntaxNode, evidence: Evidence): Value | undefined {
  const [object, name] = given.positional;
  const held = evidence.evaluate(object);
  if (!held || !name) return undefined;
  if (name.type === 'string') return evidence.attribute(held, textOf(name, evidence.text).slice(1, -1), call);
  // Modules of architectures: `getattr(torchvision.models, arch)`.
  if (held.kind === 'import') return { kind: 'import', path: `${held.path}.any_of_them` };
  return held.kind === 'instance' ? evidence.anyMember(held.of) : undefined;
}
