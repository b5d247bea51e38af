/** What a function's parameter holds: by its annotation, its default, and what callers in the file give. */

import { ancestor, child, within, type SyntaxNode } from '../tree';
import type { Evidence } from './evidence';
import { madeBy, roleOfBase } from './frameworks';
import { argumentsOf, decorators, enclosingMethod, textOf } from './nodes';
import { container, strongest, type ClassInfo, type Value, type ValueSource } from './values';

type ParameterSource = ValueSource & { from: 'parameter' };

/** A parameter's value is looked for at this many calls of its function. */
const maxCallers = 12;

export function parameterValue(source: ParameterSource, name: string, evidence: Evidence): Value | undefined {
  const method = classOfMethod(source.function, evidence);
  const bound = method !== undefined && !isDecorated(source.function, 'staticmethod', evidence.text);
  if (bound && source.index === 0)
    return isDecorated(source.function, 'classmethod', evidence.text)
      ? { kind: 'class', of: method }
      : evidence.instanceOf(method);
  return evidence.guarded(source, () =>
    strongest([
      ofAnnotation(source.annotation, evidence),
      evidence.evaluate(source.fallback),
      ...fromCallers(source, name, method, bound, evidence),
    ]),
  );
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

/** `model: nn.Module`, `models: list[keras.Model]`, `model: Optional[Net]`, `model: "Net"` is not read. */
function ofAnnotation(annotation: SyntaxNode | undefined, evidence: Evidence): Value | undefined {
  const type = annotation?.children.find((each) => each.named);
  if (!type) return undefined;
  if (type.type !== 'generic_type' && type.type !== 'subscript') return ofType(type, evidence);
  const inner = strongest(typesInside(type).map((each) => ofType(each, evidence)));
  const outer = (textOf(type, evidence.text).split('[')[0] ?? '').trim();
  const holdsMany = /^(?:\w+\.)*(?:list|dict|tuple|sequence|mapping|iterable)$/i.test(outer);
  return inner && holdsMany ? container(inner) : inner;
}

/** The plain names in `dict[str, nn.Module]`. */
function typesInside(generic: SyntaxNode): SyntaxNode[] {
  if (generic.type === 'identifier' || generic.type === 'attribute') return [generic];
  return generic.children.flatMap(typesInside);
}

function ofType(type: SyntaxNode, evidence: Evidence): Value | undefined {
  const value = evidence.evaluate(type);
  const origin = evidence.origin('declared as', type);
  if (value?.kind === 'class') return evidence.instanceOf(value.of, origin);
  if (value?.kind !== 'import') return undefined;
  const role = roleOfBase(value.path);
  if (role?.is === 'model') return evidence.model(role.framework, 0.9, origin);
  const made = madeBy(value.path);
  if (made?.is === 'model') return evidence.model(made.framework, 0.9, origin);
  if (made?.is === 'session')
    return { kind: 'session', framework: made.framework, confidence: made.confidence, origin };
  return made?.is === 'estimator' ? { kind: 'estimator', framework: made.framework, origin } : undefined;
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
  const callers = evidence.bindings.callsByName.get(callName) ?? [];
  return callers
    .filter((call) => !within(call, source.function))
    .slice(0, maxCallers)
    .map((call) => {
      const given = argumentsOf(call, evidence.text);
      const value = evidence.evaluate(given.keywords.get(name) ?? given.positional[position]);
      return value?.kind === 'other' ? undefined : value;
    });
}
