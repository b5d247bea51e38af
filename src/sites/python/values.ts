/** What an expression may hold, as far as its history in the file tells. */

import type { Framework } from '../site';
import type { SyntaxNode } from '../tree';

/** Where the evidence lies, for the sentence in the hover: "built by tf.keras.Sequential on line 12". */
export interface Origin {
  how:
    | 'built by'
    | 'loaded by'
    | 'wrapped by'
    | 'compiled by'
    | 'exported by'
    | 'opened by'
    | 'declared as'
    | 'defined by';
  by: string;
  /** From 1. */
  line: number;
}

export interface Model {
  kind: 'model';
  framework: Framework;
  confidence: number;
  origin: Origin;
  /** False for objects that predict by a method only. */
  callable: boolean;
  /** The class, when it is defined in this file. */
  of?: ClassInfo | undefined;
}

export type Value =
  | Model
  /** Something named by an import and not called yet. */
  | { kind: 'import'; path: string }
  | { kind: 'container'; element: Value | undefined }
  | { kind: 'tuple'; elements: (Value | undefined)[] }
  | { kind: 'class'; of: ClassInfo }
  /** An object of a class of this file that is no model. */
  | { kind: 'instance'; of: ClassInfo }
  | { kind: 'function'; node: SyntaxNode }
  /** `receiver.name`, not called yet. */
  | { kind: 'method'; receiver: Value; name: string }
  /** ONNX Runtime, TensorFlow 1 and TensorFlow Lite run a loaded graph by a method of a session. */
  | { kind: 'session'; framework: Framework; confidence: number; origin: Origin }
  /** A function that is traced once and then runs on the device. */
  | { kind: 'compiled'; framework: Framework; name: string; runsModel: boolean; origin: Origin }
  /** Classical machine learning. */
  | { kind: 'estimator'; framework: Framework; origin: Origin }
  /** `Trainer` objects of Lightning and Transformers: predict and fit, but are not called. */
  | { kind: 'trainer'; framework: Framework; origin: Origin }
  /** Part of a model: called while a model runs or is built, not a prediction by itself. */
  | { kind: 'layer'; framework: Framework }
  /** A symbolic tensor of the functional API. */
  | { kind: 'symbol' }
  | { kind: 'profiler' }
  | { kind: 'super'; of: ClassInfo }
  /** Known, and none of the above: a loss, a prediction, a literal. */
  | { kind: 'other'; what: string };

/** A class definition of this file. */
export interface ClassInfo {
  name: string;
  node: SyntaxNode;
  bases: SyntaxNode[];
  methods: Map<string, SyntaxNode>;
  /** What is assigned to `self.NAME` in its methods and to NAME in its body. */
  attributes: Map<string, ValueSource[]>;
}

/** One way in which a name gets its value. `path` are the indices of an unpacking, outermost first. */
export type ValueSource =
  | { from: 'expression'; node: SyntaxNode; path: number[]; line: number }
  | { from: 'iteration'; node: SyntaxNode; path: number[]; line: number }
  | { from: 'import'; path: string }
  | { from: 'function'; node: SyntaxNode }
  | { from: 'class'; of: ClassInfo }
  | {
      from: 'parameter';
      function: SyntaxNode;
      index: number;
      annotation?: SyntaxNode;
      fallback?: SyntaxNode;
    };

export function container(element: Value | undefined): Value {
  return { kind: 'container', element };
}

export function other(what: string): Value {
  return { kind: 'other', what };
}

/** Which of several possible values says most: a name that may be a model is treated as one. */
export function strongest(values: (Value | undefined)[]): Value | undefined {
  let best: Value | undefined;
  for (const value of values) if (value && (!best || rank(value) > rank(best))) best = value;
  return best;
}

function rank(value: Value): number {
  switch (value.kind) {
    case 'model':
      return 10 + value.confidence;
    case 'session':
    case 'trainer':
    case 'compiled':
      return 9;
    case 'container':
      return value.element ? rank(value.element) / 2 : 0.5;
    case 'tuple':
      return 4;
    case 'estimator':
      return 5;
    case 'other':
      return 0;
    default:
      return 3;
  }
}

/** The same value, held to be less certain. */
export function weaken(value: Value | undefined, by: number): Value | undefined {
  if (!value) return undefined;
  if (value.kind === 'model' || value.kind === 'session')
    return { ...value, confidence: value.confidence * by };
  if (value.kind === 'container') return { ...value, element: weaken(value.element, by) };
  return value;
}

/** The elements of a list, a dict's values, or any of a tuple. */
export function elementOf(value: Value | undefined, index?: number): Value | undefined {
  if (value?.kind === 'container') return value.element;
  if (value?.kind === 'tuple') return index === undefined ? strongest(value.elements) : value.elements[index];
  return undefined;
}
