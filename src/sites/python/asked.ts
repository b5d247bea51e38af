/** A call whose receiver cannot be followed: what is known of it for a guess by name. */

import type { Framework, SiteKind } from '../site';
import { child, type SyntaxNode } from '../tree';
import { tellingAttributes } from './bindings';
import type { Verdict } from './classify';
import type { Context } from './context';
import type { Evidence } from './evidence';
import { isModelName, isModelPartName } from './names';
import { argumentsOf, lastName, shownText, textOf, unwrap, type Arguments } from './nodes';

/** Methods by which even a file that names no framework says that it means Keras. */
export const ofKeras: ReadonlySet<string> = new Set(
  (
    'summary load_weights save_weights predict_on_batch train_on_batch test_on_batch get_layer fit_generator ' +
    'predict_generator evaluate_generator predict_classes'
  ).split(' '),
);

/** Methods that only models of one framework have, called on the same name somewhere in the file. */
const tells: readonly (readonly [Framework, ReadonlySet<string>])[] = [
  ['keras', ofKeras],
  [
    'torch',
    new Set(['eval', 'state_dict', 'load_state_dict', 'parameters', 'named_parameters', 'cuda', 'zero_grad']),
  ],
  [
    'sklearn',
    new Set(['score', 'fit_transform', 'kneighbors', 'decision_function', 'partial_fit', 'transform']),
  ],
];

/** Whether a name is compiled somewhere in the file, as of all models those of Keras are. */
export function isCompiled(name: string, { bindings, frameworks }: Evidence): boolean {
  const used = bindings.methodsUsed.get(name) ?? [];
  return !frameworks.has('torch') && used.includes('compile') && used.includes('fit');
}

export interface Asked {
  call: SyntaxNode;
  /** What is called, or what has the method. */
  receiver: SyntaxNode;
  name: string;
  /** The method, where the callee is an attribute. */
  method: string;
  given: Arguments;
  evidence: Evidence;
  context: Context;
  /** Framework that other methods called on the same name speak for. */
  told: Framework | undefined;
}

export function askedOf(
  call: SyntaxNode,
  callee: SyntaxNode,
  methods: ReadonlySet<string>,
  evidence: Evidence,
  context: Context,
): Asked {
  const inner = unwrap(callee);
  const method = inner.type === 'attribute' ? textOf(child(inner, 'attribute')!, evidence.text) : '';
  const receiver = methods.has(method) ? child(inner, 'object')! : inner;
  const name = lastName(receiver, evidence.text);
  const told = toldBy(name, evidence);
  return { call, receiver, name, method, given: argumentsOf(call, evidence.text), evidence, context, told };
}

/** The framework that what is done with a name elsewhere in the file speaks for. */
export function toldBy(name: string, evidence: Evidence): Framework | undefined {
  const used = evidence.bindings.methodsUsed.get(name) ?? [];
  const told = tells.find(([, methods]) => used.some((each) => methods.has(each)))?.[0];
  // Models of other frameworks may call something of their own `layers`.
  if (told !== undefined || evidence.frameworks.has('torch')) return told;
  if (!isModelName(name) && !isModelPartName(name)) return undefined;
  return used.some((each) => tellingAttributes.has(each)) ? 'keras' : undefined;
}

export function verdict(
  asked: Asked,
  kind: SiteKind,
  framework: Framework,
  confidence: number,
  because: string,
): Verdict {
  const shown = '`' + shownText(asked.receiver, asked.evidence.text) + '`';
  return { kind, framework, confidence, reason: `${shown} ${because}` };
}
