/** What a function's parameter holds: by its annotation, its default, and what callers in the file give. */

import { ancestor, child, within, type SyntaxNode } from '../tree';
import type { Evidence } from './evidence';
import { madeBy } from './made';
import { isClassName, isLayerName, modelMethods, predictMethods, trainMethods } from './names';
import { argumentsOf, decorators, enclosingMethod, lastName, textOf } from './nodes';
import { roleOfBase } from './roles';
import { madeByThing } from './things';
import { container, strongest, weaken, type ClassInfo, type Value, type ValueSource } from './values';

type ParameterSource = ValueSource & { from: 'parameter' };

/** A parameter's value is looked for at this many calls of its function. */
const maxCallers = 12;

export function parameterValue(source: ParameterSource, name: string, evidence: Evidence): Value | undefined {
  const method = classOfMethod(source.function, evidence);
  const bound = method !== undefined && !isDecorated(source.function, 'staticmethod', evidence.text);
  if (bound && source.index === 0)
    return isDecorated(source.function, 'classmethod', evidence.text) || name === 'cls'
      ? { kind: 'class', of: method }
      : evidence.instanceOf(method);
  return evidence.guarded(source, () =>
    strongest([
      // `Net: nn.Module` is the class, which gives one when it is called.
      isClassName(name) ? undefined : partOf(ofAnnotation(source.annotation, evidence), name),
      ofFallback(source.fallback, evidence),
      ofFixture(source.function, name, evidence),
      ...fromCallers(source, name, method, bound, evidence),
    ]),
  );
}

/** `activ: nn.Module`, `norm_layer: nn.Module`: a part of a model, or what makes one. */
function partOf(declared: Value | undefined, name: string): Value | undefined {
  if (declared?.kind !== 'model' || declared.of || !isLayerName(name)) return declared;
  return { kind: 'layer', framework: declared.framework };
}

/** The class that a function is directly a method of. */
function classOfMethod(definition: SyntaxNode, evidence: Evidence): ClassInfo | undefined {
  if (enclosingMethod(definition) !== undefined) return undefined;
  const owner = ancestor(definition, 'class_definition', 'function_definition');
  return owner?.type === 'class_definition' ? evidence.bindings.classes.get(owner) : undefined;
}

function isDecorated(method: SyntaxNode, by: string, text: string): boolean {
  return decorators(method).some((each) => textOf(each, text) === by);
}

/** A default; of `Depends(get_model)` what FastAPI gets by calling it. */
function ofFallback(fallback: SyntaxNode | undefined, evidence: Evidence): Value | undefined {
  if (fallback?.type !== 'call') return evidence.evaluate(fallback);
  if (lastName(child(fallback, 'function')!, evidence.text) !== 'Depends') return evidence.evaluate(fallback);
  const provider = evidence.evaluate(argumentsOf(fallback, evidence.text).positional[0]);
  return provider?.kind === 'function' ? evidence.returned(provider.node) : undefined;
}

/** pytest gives a test what the fixture of the parameter's name returns. */
function ofFixture(definition: SyntaxNode, name: string, evidence: Evidence): Value | undefined {
  if (definition.type === 'lambda') return undefined;
  for (const { source } of evidence.bindings.atTop(name)?.bindings ?? [])
    if (
      source.from === 'function' &&
      source.node !== definition &&
      decorators(source.node).some((each) => /(?:^|\.)fixture\b/.test(textOf(each, evidence.text)))
    )
      return evidence.returned(source.node);
  return undefined;
}

/** `model: nn.Module`, `models: list[keras.Model]`, `model: Optional[Net]`, `model: "Net"`. */
function ofAnnotation(annotation: SyntaxNode | undefined, evidence: Evidence): Value | undefined {
  const type = annotation?.children.find((each) => each.named);
  if (!type) return undefined;
  if (type.type === 'string') return ofQuoted(textOf(type, evidence.text).slice(1, -1), type, evidence);
  if (type.type !== 'generic_type' && type.type !== 'subscript') return ofType(type, evidence);
  // A function that is given a model is none.
  if (/^(?:\w+\.)*Callable\b/.test(textOf(type, evidence.text))) return undefined;
  // `Type[Net]` is the class, and not an object of it.
  if (/^(?:\w+\.)*[tT]ype\s*\[/.test(textOf(type, evidence.text))) return ofClassItself(type, evidence);
  const types = typesInside(type).map((each) => ofType(each, evidence));
  // `Union[Sequential, BaseEstimator]`: which of the two it is another class decides.
  const isEither = types.some((each) => each?.kind === 'estimator');
  const inner = weaken(strongest(types), isEither ? 0.7 : 1);
  const outer = (textOf(type, evidence.text).split('[')[0] ?? '').trim();
  const holdsMany = /^(?:\w+\.)*(?:list|dict|tuple|sequence|mapping|iterable)$/i.test(outer);
  return inner && holdsMany ? container(inner) : inner;
}

/** A class of this file; one of another file, or of a framework, says too little of what is derived from it. */
function ofClassItself(type: SyntaxNode, evidence: Evidence): Value | undefined {
  return typesInside(type)
    .map((each) => evidence.evaluate(each))
    .find((each) => each?.kind === 'class');
}

/** `"Net"`, `"nets.Net"`: a plain dotted name in quotes. */
function ofQuoted(name: string, at: SyntaxNode, evidence: Evidence): Value | undefined {
  const [first = '', ...rest] = name.split('.');
  if (!/^[\w.]+$/.test(name)) return undefined;
  let value = evidence.name(first, at);
  for (const each of rest) value = value && evidence.attribute(value, each, at);
  return ofClass(value, at, evidence);
}

/** The plain names in `dict[str, nn.Module]`. */
function typesInside(generic: SyntaxNode): SyntaxNode[] {
  if (generic.type === 'identifier' || generic.type === 'attribute') return [generic];
  return generic.children.flatMap(typesInside);
}

function ofType(type: SyntaxNode, evidence: Evidence): Value | undefined {
  return ofClass(evidence.evaluate(type), type, evidence);
}

function ofClass(value: Value | undefined, type: SyntaxNode, evidence: Evidence): Value | undefined {
  const origin = evidence.origin('declared as', type);
  if (value?.kind === 'class') return evidence.instanceOf(value.of, origin);
  if (value?.kind !== 'import') return undefined;
  const role = roleOfBase(value.path);
  if (role?.is === 'model') return evidence.model(role.framework, 0.9, origin);
  const made = madeBy(value.path);
  if (made?.is === 'model') return evidence.model(made.framework, 0.9, origin);
  if (made?.is === 'session')
    return { kind: 'session', framework: made.framework, confidence: made.confidence, origin };
  if (made?.is === 'estimator') return { kind: 'estimator', framework: made.framework, origin };
  const thing = made ? undefined : evidence.outside(value.path);
  if (thing) return madeByThing(thing, value.path);
  // The base of all algorithms of a library of reinforcement learning.
  return /^(?:stable_baselines3|sb3_contrib)\..*\.(?:\w+Algorithm|BasePolicy)$/.test(value.path)
    ? { ...evidence.model('torch', 0.9, origin), callable: false }
    : undefined;
}

/** What the calls of a function in this file give for one of its parameters. */
function fromCallers(
  source: ParameterSource,
  name: string,
  method: ClassInfo | undefined,
  bound: boolean,
  evidence: Evidence,
): (Value | undefined)[] {
  const nameNode = child(source.function, 'name');
  const functionName = nameNode ? textOf(nameNode, evidence.text) : '';
  const callName = method && functionName === '__init__' ? method.name : functionName;
  const position = source.index - (bound ? 1 : 0);
  const { bindings, text } = evidence;
  // `partial(run, net)` gives `run` its first argument.
  const partial = bindings
    .passedOnNear(source.function, callName)
    .filter((call) => lastName(child(call, 'function')!, text) === 'partial');
  return [...bindings.callsNear(source.function, callName), ...partial]
    .filter((call) => !within(call, source.function))
    .slice(0, maxCallers)
    .map((call) => {
      const given = argumentsOf(call, text);
      const skipped = partial.includes(call) ? 1 : 0;
      const value = evidence.evaluate(given.keywords.get(name) ?? given.positional[position + skipped]);
      return saysNothing(value) ? undefined : value;
    });
}

/** What is known of the holder only says nothing of what it holds: `model.visual` is a part, or a method. */
function saysNothing(value: Value | undefined): boolean {
  if (value?.kind !== 'method') return value?.kind === 'other';
  const { receiver, name } = value;
  return receiver.kind === 'other' || (receiver.kind === 'model' && !runMethods.has(name));
}

const runMethods: ReadonlySet<string> = new Set([
  ...predictMethods,
  ...trainMethods,
  ...modelMethods,
  'apply',
  '__call__',
]);
