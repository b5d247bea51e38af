/** What an expression may hold, as far as its history in the file tells. A promise is what it resolves to. */

import type { Framework } from '../site';
import { highest } from '../highest';
import type { SyntaxNode } from '../tree';

/** Where the evidence lies, for the sentence in the hover: "loaded by tf.loadLayersModel on line 12". */
export interface Origin {
  how: 'loaded by' | 'built by' | 'opened by' | 'declared as' | 'handed out by' | 'derived by';
  by: string;
  /** From 1. */
  line: number;
}

/**
 * What runs a model: the methods of TensorFlow.js, those of a ready-made task, `run` of a session, or the
 * object itself, which is called; `neighbours` is a k-nearest-neighbours classifier on tensors.
 */
export type Api = 'tfjs' | 'task' | 'session' | 'callable' | 'neighbours';

export interface Model {
  kind: 'model';
  api: Api;
  framework: Framework;
  confidence: number;
  origin: Origin;
  /** The class, when it is defined in this file. */
  of?: ClassInfo | undefined;
}

export type Value =
  | Model
  /** A module by its canonical name, or something below it that is not called yet. */
  | { kind: 'import'; module: string; names: readonly string[] }
  | { kind: 'container'; element: Value | undefined }
  | { kind: 'tuple'; elements: (Value | undefined)[] }
  /** An object literal, or the body of an interface or object type. */
  | { kind: 'object'; node: SyntaxNode }
  | { kind: 'shape'; node: SyntaxNode }
  /** React's `useRef` and Vue's `ref`: a box with one value. */
  | { kind: 'box'; inner: Value | undefined }
  | { kind: 'class'; of: ClassInfo }
  | { kind: 'instance'; of: ClassInfo }
  | { kind: 'function'; node: SyntaxNode }
  /** `receiver.name`, not called yet. */
  | { kind: 'method'; receiver: Value; name: string }
  /** Part of a model. */
  | { kind: 'layer' }
  /** A symbolic tensor of the functional API. */
  | { kind: 'symbol' }
  /** Known, and none of the above. */
  | { kind: 'other'; what: string };

/** A class definition of this file. */
export interface ClassInfo {
  name: string;
  node: SyntaxNode;
  base: SyntaxNode | undefined;
  methods: Map<string, SyntaxNode>;
  /** What its fields are declared as and set to, and what is assigned to `this.NAME`. */
  attributes: Map<string, ValueSource[]>;
}

/** Steps of a destructuring pattern, outermost first: an index or a key. */
export type Path = readonly (number | string)[];

/** One way in which a name gets its value. */
export type ValueSource =
  | { from: 'expression'; node: SyntaxNode; path: Path }
  | { from: 'iteration'; node: SyntaxNode; path: Path }
  | { from: 'import'; module: string; names: readonly string[] }
  | { from: 'function'; node: SyntaxNode }
  | { from: 'class'; of: ClassInfo }
  | { from: 'type'; node: SyntaxNode }
  | {
      from: 'parameter';
      function: SyntaxNode;
      index: number;
      path: Path;
      annotation: SyntaxNode | undefined;
    };

export function container(element: Value | undefined): Value {
  return { kind: 'container', element };
}

export function other(what: string): Value {
  return { kind: 'other', what };
}

/** Which of several possible values says most: a name that may be a model is treated as one. */
export function strongest(values: readonly (Value | undefined)[]): Value | undefined {
  return highest(values, rank);
}

function rank(value: Value): number {
  switch (value.kind) {
    case 'model':
      return 10 + value.confidence;
    case 'container':
      return value.element ? rank(value.element) / 2 : 0.5;
    case 'box':
      return value.inner ? rank(value.inner) / 2 : 0.5;
    case 'tuple':
      return value.elements.length > 0 ? 4 : 0.5;
    case 'other':
      return 0;
    default:
      return 3;
  }
}

/** The same value, held to be less certain; doubt alone does not take a lens away. */
export function weaken(value: Value | undefined, by: number): Value | undefined {
  if (value?.kind === 'model')
    return { ...value, confidence: Math.max(value.confidence * by, Math.min(value.confidence, 0.7)) };
  if (value?.kind === 'container') return { ...value, element: weaken(value.element, by) };
  return value;
}

/** One of what a collection holds; with an index, that element of a literal array. */
export function elementOf(value: Value | undefined, index?: number): Value | undefined {
  if (value?.kind === 'container') return value.element;
  if (value?.kind === 'tuple') return index === undefined ? strongest(value.elements) : value.elements[index];
  return undefined;
}

/** Module and names joined by dots; a default export and a namespace are the module itself. */
export function pathOf(value: Value & { kind: 'import' }): string {
  return [value.module, ...value.names.filter((each) => each !== 'default' && each !== '*')].join('.');
}
