/** Methods that run a model, by what kind of object they belong to. */

import type { SiteKind } from '../site';
import type { Api } from './values';

const kinds: Record<Exclude<Api, 'task'>, Readonly<Record<string, SiteKind>>> = {
  tfjs: {
    predict: 'predict',
    predictOnBatch: 'predict',
    predictAsync: 'predict',
    execute: 'predict',
    executeAsync: 'predict',
    apply: 'predict',
    call: 'predict',
    evaluate: 'predict',
    evaluateDataset: 'predict',
    fit: 'train',
    fitDataset: 'train',
    trainOnBatch: 'train',
  },
  session: { run: 'predict', runAsync: 'predict', runTrainStep: 'train', runEvalStep: 'predict' },
  callable: { generate: 'predict', _call: 'predict', call: 'predict', forward: 'predict' },
  neighbours: { predictClass: 'non-dl', classify: 'non-dl' },
};

/** Ready-made models name their method after the task. `listen` and `train` belong to speech commands. */
const taskMethods =
  /^(?:predict\w*|classify\w*|infer|detect(?:Single|Multi|Start|Multiple)?|estimate[A-Z]\w*|segment\w*|embed|findAnswers|recognize|generate|singlePose|multiPose|transfer|getPitch|locateFaces|computeFaceDescriptor|detectLandmarks)$/;

/** Methods that may be given nothing, where the object has been given its video or sound before. */
export function runsUnasked(api: Api, method: string): boolean {
  return api === 'task' && /^(?:classify|predict|detect|segment)$/.test(method);
}

/** What a method of such an object does; undefined when it runs nothing. */
export function kindOfMethod(api: Api, method: string): SiteKind | undefined {
  if (api !== 'task') return Object.hasOwn(kinds[api], method) ? kinds[api][method] : undefined;
  if (method === 'train') return 'train';
  return taskMethods.test(method) ? 'predict' : undefined;
}
