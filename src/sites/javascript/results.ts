/** What a call or a `new` gives, as far as it is, or holds, a model. */

import { child, type SyntaxNode } from '../tree';
import { collection, givenBy, ofBuiltIn } from './builtins';
import { boxOf, stateOf } from './components';
import type { Evidence } from './evidence';
import { isModelFactoryName } from './names';
import {
  argumentsOf,
  compactText,
  core,
  elementMethods,
  lastName,
  propertyName,
  stringValue,
  textOf,
  unwrap,
} from './nodes';
import { canonicalModule, isLocalModule, madeBy } from './packages';
import { container, elementOf, other, pathOf, strongest, type Value } from './values';

export function resultOf(call: SyntaxNode, evidence: Evidence): Value | undefined {
  const callee = child(call, 'function');
  if (!callee) return undefined;
  const inner = core(callee);
  const given = argumentsOf(call);
  const module = stringValue(given[0], evidence.text);
  const isRequire = inner.type === 'identifier' && textOf(inner, evidence.text) === 'require';
  if (module !== undefined && (inner.type === 'import' || isRequire))
    return { kind: 'import', module: canonicalModule(module), names: [] };
  const method = propertyName(inner, evidence.text);
  const object = child(inner, 'object');
  if (method !== undefined && object) {
    if (method === 'then') return givenBy(given[0], evidence);
    if (method === 'catch' || method === 'finally') return evidence.evaluate(object);
    const builtIn = ofBuiltIn(textOf(object, evidence.text), method, given, evidence);
    if (builtIn) return builtIn;
  }
  const value = evidence.evaluate(inner);
  // Whatever it is that is mapped, what comes out is known: `urls.map((url) => tf.loadGraphModel(url))`.
  if (method === 'map' && (value === undefined || value.kind === 'other'))
    return container(givenBy(given[0], evidence));
  switch (value?.kind) {
    case 'import':
      return ofImport(value, call, inner, evidence);
    case 'function':
      return evidence.returned(value.node) ?? byName(inner, evidence);
    case 'method':
      return ofMethod(value.receiver, value.name, inner, given, evidence);
    case 'model':
      return other('a prediction');
    case 'other':
      return value;
    case undefined:
      return byHook(call, inner, evidence) ?? byName(inner, evidence);
    default:
      return undefined;
  }
}

/** `new X(…)`. */
export function constructed(node: SyntaxNode, evidence: Evidence): Value | undefined {
  const maker = child(node, 'constructor');
  if (!maker) return undefined;
  const value = evidence.evaluate(maker);
  if (value?.kind === 'class') return evidence.instanceOf(value.of);
  if (value?.kind === 'import') {
    const made = madeBy(pathOf(value));
    return made?.is === 'model' || made?.is === 'layer'
      ? ofImport(value, node, maker, evidence)
      : // An object of the user's own class in another file: its methods are wrappers, whatever they run.
        other('an object of a class from elsewhere');
  }
  if (value) return other('an object');
  const name = lastName(maker, evidence.text);
  const first = argumentsOf(node)[0];
  switch (name) {
    case 'Map':
    case 'WeakMap':
    case 'Set':
    case 'Array':
      return collection(node, name, first, evidence);
    // What a promise resolves to is beyond us, and not an object of the class.
    case 'Promise':
      return undefined;
    default:
      return other('an object');
  }
}

function ofImport(
  value: Value & { kind: 'import' },
  call: SyntaxNode,
  callee: SyntaxNode,
  evidence: Evidence,
): Value | undefined {
  const made = madeBy(pathOf(value));
  const given = argumentsOf(call);
  switch (made?.is) {
    case 'model': {
      const { api, framework, confidence, how } = made;
      return { kind: 'model', api, framework, confidence, origin: evidence.origin(how, callee) };
    }
    case 'layer':
      return { kind: 'layer' };
    case 'symbol':
      return { kind: 'symbol' };
    case 'callback':
      // `tf.tidy('name', () => …)` has its function last.
      return givenBy(given.at(-1), evidence);
    case 'other':
      return other(pathOf(value));
    case undefined:
  }
  if (!isLocalModule(value.module))
    return byHook(call, callee, evidence) ?? byName(callee, evidence) ?? other(value.module);
  // A static method of a class in another file hands out an object of that class.
  if (/^[A-Z]/.test(value.names.find((each) => each !== 'default' && each !== '*') ?? ''))
    return other('an object');
  return byName(callee, evidence);
}

function ofMethod(
  receiver: Value,
  name: string,
  callee: SyntaxNode,
  given: SyntaxNode[],
  evidence: Evidence,
): Value | undefined {
  if (name === 'bind' && (receiver.kind === 'method' || receiver.kind === 'function')) return receiver;
  switch (receiver.kind) {
    case 'container':
    case 'tuple': {
      if (elementMethods.has(name)) return elementOf(receiver);
      if (name === 'entries')
        return container({ kind: 'tuple', elements: [other('a key'), elementOf(receiver)] });
      if (name === 'map' || name === 'flatMap') return container(givenBy(given[0], evidence));
      const keeps = [
        'values',
        'slice',
        'filter',
        'concat',
        'reverse',
        'sort',
        'toSorted',
        'toReversed',
        'set',
        'add',
      ];
      return keeps.includes(name) ? receiver : other('no model');
    }
    case 'layer':
      return name === 'apply' && (isSymbolic(given, evidence) || isFresh(callee))
        ? { kind: 'symbol' }
        : undefined;
    case 'model':
      if (name === 'getLayer') return { kind: 'layer' };
      if (name === 'apply' && isSymbolic(given, evidence)) return { kind: 'symbol' };
      return receiver.of?.methods.has(name)
        ? evidence.returned(receiver.of.methods.get(name)!)
        : other('a prediction');
    default:
      return undefined;
  }
}

/** `tf.layers.dense({…}).apply(x)`: a layer that is made to be applied once is the functional API, whatever x is. */
export function isFresh(callee: SyntaxNode): boolean {
  const object = child(core(callee), 'object');
  return object !== undefined && core(object).type === 'call_expression';
}

export function isSymbolic(given: readonly SyntaxNode[], evidence: Evidence): boolean {
  return given.some((each) => {
    const value = evidence.evaluate(unwrap(each));
    return value?.kind === 'symbol' || elementOf(value)?.kind === 'symbol';
  });
}

/** Hooks of React and Vue, by their names: they come from anywhere. */
function byHook(call: SyntaxNode, callee: SyntaxNode, evidence: Evidence): Value | undefined {
  const given = argumentsOf(call);
  switch (propertyName(callee, evidence.text) ?? lastName(callee, evidence.text)) {
    case 'useRef':
    case 'ref':
    case 'shallowRef':
    case 'createRef':
      return { kind: 'box', inner: strongest([boxOf(call, evidence), evidence.evaluate(given[0])]) };
    case 'useState':
      return stateOf(call, evidence);
    case 'useMemo':
      return givenBy(given[0], evidence);
    case 'useCallback':
    case 'memoize':
    case 'once':
      return evidence.evaluate(given[0]);
    default:
      return undefined;
  }
}

/** A function that we cannot see into: in a file that uses TensorFlow.js its name may say that it hands out a model. */
function byName(callee: SyntaxNode, evidence: Evidence): Value | undefined {
  const name = propertyName(callee, evidence.text) ?? compactText(callee, evidence.text);
  if (!evidence.usesTensorFlow || !isModelFactoryName(name)) return undefined;
  const model: Value = {
    kind: 'model',
    api: 'tfjs',
    framework: 'tfjs',
    confidence: 0.78,
    origin: evidence.origin('handed out by', callee),
  };
  return /s$/i.test(name) ? container(model) : model;
}
