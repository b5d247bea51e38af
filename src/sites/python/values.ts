/** What an expression may hold, as far as its history in the file tells. */

import type { Framework } from '../site';
import { highest } from '../highest';
import type { SyntaxNode } from '../tree';
import type { Made, Methods } from './made';
import type { Held } from './things';

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
  /** Where, in this file; undefined for what an import brings from another one. */
  at: SyntaxNode | undefined;
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
  /** Methods that its library gives it. */
  methods?: Methods | undefined;
  /** What other methods of it give. */
  gives?: ReadonlyMap<string, Made> | undefined;
  /** Methods that a class of the project gives it, which are wrappers of what they call. */
  own?: readonly string[] | undefined;
  /** Of a class that the file imports and that cannot be seen: it may as well be the user's own, around a model. */
  unseen?: boolean | undefined;
}

/** What running a function does, as far as its text shows. */
export interface Effect {
  /** Framework of a model that it runs. */
  runs: Framework | undefined;
  /** It takes gradients of what it runs. */
  differentiates: boolean;
  /** It changes weights by them. */
  updates: boolean;
}

export type Value =
  | Model
  /** Something named by an import and not called yet. */
  | { kind: 'import'; path: string }
  | { kind: 'container'; element: Value | undefined }
  /** `whole`: what it is where it is not taken apart, as some loaders hand out one thing or several. */
  | { kind: 'tuple'; elements: (Value | undefined)[]; whole?: Value | undefined }
  | { kind: 'class'; of: ClassInfo }
  /** An object of a class of this file that is no model. */
  | { kind: 'instance'; of: ClassInfo }
  | { kind: 'function'; node: SyntaxNode }
  /** `receiver.name`, not called yet. */
  | { kind: 'method'; receiver: Value; name: string }
  /** ONNX Runtime, TensorFlow 1 and TensorFlow Lite run a loaded graph by a method of a session. */
  | { kind: 'session'; framework: Framework; confidence: number; origin: Origin }
  /**
   * A function that is traced once and then runs on the device: what is traced, or for one of another file what
   * that does.
   */
  | {
      kind: 'compiled';
      framework: Framework;
      name: string;
      body: Value | undefined;
      effect?: Effect;
      origin: Origin;
    }
  /** The gradient of a function. */
  | { kind: 'differentiated'; framework: Framework; of: Value | undefined; origin: Origin }
  /** Classical machine learning; `of`: the class, when it is one of this file; `pickled`: taken for that, as what is pickled without a word more mostly is. */
  | { kind: 'estimator'; framework: Framework; origin: Origin; pickled?: boolean; of?: ClassInfo }
  /** Something of a runtime whose methods hand out what runs a graph: OpenVINO's `Core`, an engine of TensorRT. */
  | { kind: 'maker'; gives: ReadonlyMap<string, Made> }
  /** Accelerate's and Fabric's: hands back models made ready for a device. */
  | { kind: 'launcher' }
  /** An object of a plain class of another file. */
  | { kind: 'object'; of: Held & { is: 'object' }; member: (name: string) => Value | undefined }
  /** `Trainer` objects of Lightning and Transformers: predict and fit, but are not called. */
  | { kind: 'trainer'; framework: Framework; origin: Origin; of?: ClassInfo }
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
  | { from: 'expression'; node: SyntaxNode; path: number[] }
  | { from: 'iteration'; node: SyntaxNode; path: number[] }
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
export function strongest(values: readonly (Value | undefined)[]): Value | undefined {
  return highest(values, rank);
}

function rank(value: Value): number {
  switch (value.kind) {
    case 'model':
      return 10 + value.confidence;
    case 'session':
    case 'trainer':
    case 'compiled':
    case 'differentiated':
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
