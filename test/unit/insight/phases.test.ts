import { expect, it } from 'vitest';
import { lineFigures } from '../../../src/insight/hotLines';
import { sampledRun } from '../../../src/insight/sampledProcess';
import { handRun, type HandCall } from './handProcess';
import { sampled, type Doing } from './handSamples';

const main = 'MainThread';
const site = '/w/scorer.py:f:10';
const predict = '/v/site-packages/keras/src/backend/tensorflow/trainer.py:TensorFlowTrainer.predict:526';
const epoch = '/v/site-packages/keras/src/backend/tensorflow/trainer.py:TFEpochIterator.__init__:751';
const data = '/v/site-packages/tensorflow/python/data/ops/dataset_ops.py:DatasetV2.map:2341';
const traced =
  '/v/site-packages/tensorflow/python/eager/polymorphic_function/tracing_compilation.py:trace_function:178';
const called =
  '/v/site-packages/tensorflow/python/eager/polymorphic_function/polymorphic_function.py:Function.__call__:833';
const callbacks = '/v/site-packages/keras/src/callbacks/callback_list.py:CallbackList.on_predict_begin:99';
const concat = '/v/site-packages/keras/src/backend/tensorflow/trainer.py:potentially_ragged_concat:1';
const mine = '/w/scorer.py:Layer.call:40';

/** Phases of the one site, µs. */
function phases(doing: Doing[], until: number, calls: HandCall[]): Record<string, number> {
  const reader = handRun([sampled(doing, until, calls)], { cwd: '/w' }, [{ line: 10, endLine: 11 }]);
  const sites = reader.config!.files[0]!.sites.map((each) => ({ ...each, file: '/w/scorer.py' }));
  const run = sampledRun(reader);
  const found = lineFigures(run.sampled, run.files, sites, [until * 1000]).sitePhases.get(0) ?? {};
  return Object.fromEntries(Object.entries(found).map(([name, ns]) => [name, ns / 1000]));
}

it('are told by the frameworks’ own functions, tracing wherever it happens', () => {
  const doing: Doing[] = [
    [0, main, site, predict, epoch],
    [100, main, site, predict, epoch, data],
    [200, main, site, predict, epoch, data, traced],
    [300, main, site, predict, called],
    [400, main, site, predict, called, mine], // a layer of the user's is the model
    [450, main, site, predict, callbacks, called],
    [500, main, site, predict, concat],
    [600, main, site, predict],
    [650, main, site],
  ];
  expect(phases(doing, 700, [{ begin: 0, end: 700_000 }])).toEqual({
    setUp: 200,
    tracing: 100,
    modelFunction: 150,
    callbacks: 50,
    results: 100,
    other: 100,
  });
});

it('are those of calls only', () => {
  const doing: Doing[] = [
    [0, main, site, predict, called],
    [500, main, '/w/scorer.py:f:14', predict, epoch],
  ];
  expect(phases(doing, 1000, [{ begin: 100_000, end: 500_000 }])).toEqual({ modelFunction: 400 });
});
