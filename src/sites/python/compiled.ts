/** Functions that are handed to `jax.jit`, `tf.function`, `torch.compile`, `jax.grad`: by a call or a decorator. */

import { child, type SyntaxNode } from '../tree';
import { effectOf } from './effects';
import type { Evidence } from './evidence';
import { madeBy, type Made } from './made';
import { argumentsOf, decorators, lastName, textOf, unwrap } from './nodes';
import type { Value } from './values';

/** What a framework's function makes of a function or model that it is given; undefined when it is none of these. */
export function transformed(
  made: Made,
  held: Value | undefined,
  name: string,
  by: SyntaxNode,
  evidence: Evidence,
): Value | undefined {
  if (made.is === 'differentiated')
    return {
      kind: 'differentiated',
      framework: made.framework,
      of: held,
      origin: evidence.origin('compiled by', by),
    };
  if (made.is === 'compiled')
    return {
      kind: 'compiled',
      framework: made.framework,
      name,
      body: held,
      origin: evidence.origin('compiled by', by),
    };
  // `torch.compile(f)` is a compiled function, `torch.compile(model)` a model.
  if (made.is === 'model' && made.how === 'compiled by') {
    const isFunction = held?.kind === 'function' || held?.kind === 'method' || held?.kind === 'compiled';
    if (isFunction && !(held.kind === 'method' && held.name === 'forward'))
      return transformed({ is: 'compiled', framework: made.framework }, held, name, by, evidence);
  }
  return undefined;
}

/** What a function of the file is under its decorators. */
export function decorated(definition: SyntaxNode, evidence: Evidence): Value {
  let value: Value = { kind: 'function', node: definition };
  const nameNode = child(definition, 'name');
  const name = nameNode ? textOf(nameNode, evidence.text) : '';
  for (const decorator of decorators(definition).toReversed()) {
    const found = decoratorPath(decorator, evidence);
    const made = found && madeBy(found.path);
    if (!made) continue;
    const next = transformed(made, value, name, found.by, evidence);
    if (next) value = next;
    else if (made.is === 'model' && made.framework === 'jax')
      value = haikuModel(made, value, found.by, evidence);
  }
  return value;
}

/** `@hk.transform`: a pair of functions, of which `apply` runs the modules that the function makes. */
function haikuModel(made: Made & { is: 'model' }, of: Value, by: SyntaxNode, evidence: Evidence): Value {
  if (of.kind === 'function' && !effectOf(of.node, evidence).runs) return { kind: 'other', what: 'no model' };
  const { framework, confidence, callable } = made;
  return { kind: 'model', framework, confidence, callable, origin: evidence.origin('built by', by) };
}

/** The imported name that decorates: of `@jit`, `@jit(...)` and `@partial(jit, ...)`. */
function decoratorPath(
  decorator: SyntaxNode,
  evidence: Evidence,
): { path: string; by: SyntaxNode } | undefined {
  const isCall = decorator.type === 'call';
  let by = isCall ? child(decorator, 'function')! : decorator;
  let value = evidence.evaluate(by);
  if (isCall && value?.kind === 'import' && value.path === 'functools.partial') {
    const first = argumentsOf(decorator, evidence.text).positional[0];
    if (!first) return undefined;
    by = first;
    value = evidence.evaluate(first);
  }
  return value?.kind === 'import' ? { path: value.path, by } : undefined;
}

/** The name by which a function that is passed on is known. */
export function nameOfPassed(argument: SyntaxNode | undefined, evidence: Evidence): string {
  if (!argument) return '';
  const inner = unwrap(argument);
  if (inner.type !== 'call') return lastName(inner, evidence.text);
  // `jit(vmap(f))`, `pmap(partial(f, net))`
  return nameOfPassed(argumentsOf(inner, evidence.text).positional[0], evidence);
}
