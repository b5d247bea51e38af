/** Functions of the frameworks that themselves run or train a model that they are given. */

import type { Framework, SiteKind } from '../site';
import { canonicalPath } from './frameworks';
import { remembered } from './remembered';

export interface Runner {
  kind: SiteKind;
  framework: Framework;
}

const runners: readonly (readonly [pattern: RegExp, runner: Runner])[] = [
  [/^caffe2\..*\.run(?:_model|_node)?$/, { kind: 'predict', framework: 'torch' }],
  [
    /^(?:torch\.func|torch\.nn\.utils\.stateless|functorch)\.functional_call$/,
    { kind: 'predict', framework: 'torch' },
  ],
  [/^torch\.nn\.parallel\.(?:\w+\.)*data_parallel$/, { kind: 'predict', framework: 'torch' }],
  [
    /^mm(?:det|seg|cls|pretrain|pose|ocr|action|det3d|rotate)\.(?:\w+\.)*inference_\w+$/,
    { kind: 'predict', framework: 'torch' },
  ],
  [/^pycoral\.utils\.edgetpu\.run_inference$/, { kind: 'predict', framework: 'tensorflow' }],
  [/^monai\.inferers\.(?:\w+\.)*sliding_window_inference$/, { kind: 'predict', framework: 'torch' }],
  [/^onnxruntime\.backend\.run\w*$/, { kind: 'predict', framework: 'onnxruntime' }],
  [
    /^tensorflow\.(?:contrib\.)?(?:slim\.learning\.train|training\.train|estimator\.train_and_evaluate)$/,
    { kind: 'train', framework: 'tensorflow' },
  ],
  [/^(?:xgboost|lightgbm|catboost)\.(?:train|cv)$/, { kind: 'train', framework: 'xgboost' }],
];

export const runnerAt = remembered((path): Runner | undefined => {
  const canonical = canonicalPath(path);
  return runners.find(([pattern]) => pattern.test(canonical))?.[1];
});
