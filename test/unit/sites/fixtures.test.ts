import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SiteFinder } from '../../../src/sites/finder';
import { isConfidentPredict, type Site } from '../../../src/sites/site';
import { brief, fixtures, testFinder } from './finders';

let finder: SiteFinder;
beforeAll(async () => {
  finder = await testFinder();
});

async function sitesOf(name: string): Promise<Site[]> {
  return (await finder.findInFiles([join(fixtures, name)])).sites;
}

/** Programs in the shapes of the five seed systems and of each framework's own tutorials. */
const expected: Record<string, string[]> = {
  'jax/flaxed.py': [
    '19 model.apply symbolic jax',
    '23 model.apply symbolic jax',
    '28 jax.value_and_grad(loss_fn) symbolic jax',
    '33 predict predict jax loop',
    '34 fast predict jax loop',
    '35 train_step train jax loop',
    '36 model.apply predict jax',
  ],
  'keras/autoencoder.py': [
    '10 Conv2D(8,3) symbolic keras',
    '11 Dense(4) symbolic keras',
    '14 Dense(32) symbolic keras',
    '15 decoder symbolic keras',
    '16 decoder symbolic keras',
    '16 encoder symbolic keras',
    '22 model.fit train keras',
    '32 model.predict predict keras loop',
  ],
  'keras/plain.py': [
    '9 model.fit train keras',
    '12 model.predict predict keras loop',
    '13 model predict keras loop',
    '14 model.train_on_batch train keras loop',
    '16 model.predict_on_batch predict keras profiled',
    '20 infer predict tensorflow',
    '22 net.predict predict keras loop',
    '25 net.predict predict keras loop',
    '27 run predict keras',
    '29 reloaded.predict predict keras profiled',
    '42 super().predict predict keras',
    '47 model symbolic keras',
    '50 serve predict keras',
    '51 Net() predict keras',
    '53 model train keras',
  ],
  'keras/profiling.py': [
    '22 self.feat_extractor.predict predict keras',
    '28 session.run predict tensorflow loop unsure',
    '35 sess.run predict tensorflow unsure',
  ],
  'other/alone.py': ['8 models[m].predict predict keras loop', '12 model.predict predict unknown'],
  'other/bom_crlf.py': [
    '6 model.predict predict keras',
    '9 model.predict predict keras',
    '9 model.predict predict keras',
  ],
  'other/bom_first.py': ['1 model.predict predict unknown', '1 net.predict predict unknown'],
  'other/classical.py': [
    '10 KNeighborsClassifier(n_neighbors=3).fit train sklearn',
    '11 neigh.predict non-dl sklearn',
    '16 model.predict non-dl xgboost',
    '20 model.predict non-dl sklearn',
    '24 model.predict_proba non-dl sklearn',
    '28 pipe.predict non-dl sklearn',
  ],
  'other/unicode.py': [
    '5 modèle.predict predict keras',
    '6 modèle.predict predict keras loop',
    '6 modèle.predict predict keras',
    '8 modèle.predict predict keras',
    '13 modèle.predict predict keras',
    '15 modèle.predict predict keras',
  ],
  'spliceai/annotate.py': [
    '25 ann.models[m].predict predict keras loop',
    '26 ann.models[m].predict predict keras loop',
    '32 ann.models[0].predict predict keras',
    '33 ann.models[1].predict predict keras',
  ],
  'spliceai/utils.py': ['10 ann.models[m].predict predict keras loop'],
  'torch/chatbot.py': [
    '12 model train torch loop',
    '21 run_model predict torch loop',
    '27 session.run predict onnxruntime',
  ],
  'torch/ddp.py': [
    '21 ddp_model train torch loop',
    '29 ddp_model.module predict torch loop',
    '39 ddp_model.module predict torch loop',
  ],
  'torch/gpfn.py': [
    '12 model predict torch',
    '17 forward wrapper torch',
    '19 lr.fit train sklearn',
    '20 lr.predict non-dl sklearn',
    '42 self predict torch',
    '53 model train torch loop',
  ],
  'torch/hub.py': [
    '19 llm.generate predict torch',
    '23 classify predict torch',
    '25 resnet predict torch',
    '26 scripted.forward predict torch',
    '28 m predict torch loop',
    '30 m predict torch loop',
    '31 resnet predict torch loop',
    '47 self.net predict torch',
  ],
  'torch/profiled.py': ['16 model predict torch loop profiled'],
};

describe('sites of', () => {
  it.each(Object.entries(expected))('%s', async (name, lines) => {
    expect((await sitesOf(name)).map(brief)).toEqual(lines);
  });

  it('lookalikes: none', async () => {
    expect(await sitesOf('other/lookalikes.py')).toEqual([]);
  });

  it('the sample workspace: the predict calls of the scorer and of quick.py', async () => {
    const found = await finder.findInFiles([join(import.meta.dirname, '../../workspace')]);
    const sites = found.sites.filter(({ kind }) => kind === 'predict');
    expect(sites.map((site) => site.callee)).toEqual([
      'model.predict',
      'models[m].predict',
      'models[m].predict',
    ]);
    expect(sites.every((site) => isConfidentPredict(site) && site.inLoop && site.framework === 'keras')).toBe(
      true,
    );
  });
});

describe('a file with a syntax error', () => {
  it('gives its sites all the same, and one problem with its line', async () => {
    const { sites, problems } = await finder.findInFiles([join(fixtures, 'other/broken.py')]);
    expect(sites.map(brief)).toEqual(['4 model.predict predict keras', '10 model.predict predict keras']);
    expect(problems).toEqual([
      {
        file: join(fixtures, 'other/broken.py'),
        line: 5,
        message: 'The syntax on line 5 could not be parsed: calls near it may be missing.',
      },
    ]);
  });

  it('may be nothing but errors', () => {
    const { problems } = finder.find('/m.py', ')))) model.predict(x\n');
    expect(problems).toHaveLength(1);
  });
});

describe('the reason of a site', () => {
  it('names what was built, where, and what follows', async () => {
    const [, predict] = await sitesOf('keras/plain.py');
    expect(predict?.reason).toBe(
      '`model` is built by tf.keras.Sequential on line 7, so this runs inference.',
    );
    const [training, validation] = await sitesOf('torch/ddp.py');
    expect(training?.reason).toBe(
      '`ddp_model` is wrapped by DDP on line 14, and runs for a loss that goes backward, so this is a step of training.',
    );
    expect(validation?.reason).toContain('is called inside no_grad(), so this runs inference.');
  });
});
