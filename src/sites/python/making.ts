/** The words in which the tables say what the public names of the frameworks give. */

import type { Framework } from '../site';
import type { Origin } from './values';

/** Methods by which the objects of one library predict or train, beside those that all models have. */
export interface Methods {
  predict: ReadonlySet<string>;
  train: ReadonlySet<string>;
}

/** What calling an imported name gives. */
export type Made =
  | {
      is: 'model';
      framework: Framework;
      how: Origin['how'];
      confidence: number;
      callable: boolean;
      methods?: Methods;
      /** What other methods of it give. */
      gives?: ReadonlyMap<string, Made>;
    }
  | { is: 'session'; framework: Framework; confidence: number }
  | { is: 'compiled' | 'differentiated'; framework: Framework }
  | { is: 'estimator'; framework: Framework; pickled?: boolean }
  | { is: 'trainer'; framework: Framework }
  | { is: 'layer'; framework: Framework }
  /** `argument`: what it is given first; `second`; `arguments`: a tuple of them; `halves`: it in two. */
  | { is: 'argument' | 'second' | 'arguments' | 'items' | 'halves' }
  | { is: 'withParts'; model: Made }
  | { is: 'maker'; gives: ReadonlyMap<string, Made> }
  | { is: 'symbol' | 'profiler' | 'launcher' | 'other' }
  /** An object that holds what it is given by names. */
  | { is: 'fields' };

export type Rule = readonly [pattern: RegExp, made: Made];

export function methods(predict: string, train = ''): Methods {
  const set = (names: string): Set<string> => new Set(names.split(' ').filter(Boolean));
  return { predict: set(predict), train: set(train) };
}

export const model = (framework: Framework, how: Origin['how'], confidence = 0.95): Made => ({
  is: 'model',
  framework,
  how,
  confidence,
  callable: true,
});

/** An object that predicts by methods of its library; `callable` when it may be called as well. */
export const tool = (
  framework: Framework,
  how: Origin['how'],
  by: Methods,
  callable = false,
  confidence = 0.95,
): Made => ({ is: 'model', framework, how, confidence, callable, methods: by });

export const is = (
  what:
    | 'symbol'
    | 'profiler'
    | 'launcher'
    | 'other'
    | 'argument'
    | 'second'
    | 'arguments'
    | 'items'
    | 'halves'
    | 'fields',
): Made => ({ is: what });

/** A graph that OpenVINO has compiled: it is called, or asked for requests that run it. */
export const request: Made = { is: 'session', framework: 'unknown', confidence: 0.9 };
export const compiledGraph: Made = {
  ...(tool('unknown', 'compiled by', methods('infer_new_request infer start_async'), true, 0.9) as Made & {
    is: 'model';
  }),
  gives: new Map([['create_infer_request', request]]),
};
export const maker = (gives: Record<string, Made>): Made => ({
  is: 'maker',
  gives: new Map(Object.entries(gives)),
});

export const boosters = '(?:xgboost|lightgbm|catboost)';
export const lightning = '(?:pytorch_lightning|lightning(?:\\.pytorch)?)';
export const scikitLike = methods('predict predict_proba predict_log_proba transform', 'fit partial_fit');
export const reinforcement = methods('predict', 'learn');
export const autoencoder = methods('encode decode tiled_decode');
