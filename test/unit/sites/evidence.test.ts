import { beforeAll, describe, expect, it } from 'vitest';
import type { SiteFinder } from '../../../src/sites/finder';
import { brief, testFinder } from './finders';

let finder: SiteFinder;
beforeAll(async () => {
  finder = await testFinder();
});

function found(...lines: string[]): string[] {
  return finder.find('/home/user/m.py', lines.join('\n')).sites.map(brief);
}

describe('a receiver is followed through', () => {
  it('functions of the file that give it back, and unpacking', () => {
    expect(
      found(
        'import torch',
        'def build(path):',
        '    thing = torch.jit.load(path).cuda().eval()',
        '    return thing, 3',
        'first, second = build("a")',
        'first(x)',
        'second(x)',
      ),
    ).toEqual(['6 first predict torch']);
  });

  it('lists that are filled later, and dicts of them', () => {
    expect(
      found(
        'from tensorflow.keras.models import load_model',
        'nets = []',
        'held = {}',
        'for p in paths:',
        '    nets.append(load_model(p))',
        '    held[p] = load_model(p)',
        'for i, n in enumerate(nets):',
        '    n.predict_on_batch(x)',
        'held["a"](x)',
        'held.get("b").predict(x)',
      ),
    ).toEqual([
      '8 n.predict_on_batch predict keras loop',
      '9 held["a"] predict keras',
      '10 held.get("b").predict predict keras',
    ]);
  });

  it('attributes, also when they are set in another method or start as None', () => {
    expect(
      found(
        'import onnxruntime as ort',
        'class Server:',
        '    thing = None',
        '    def load(self):',
        '        self.thing = ort.InferenceSession("a.onnx")',
        '    def handle(self, x):',
        '        return self.thing.run(None, x)',
      ),
    ).toEqual(['7 self.thing.run predict onnxruntime']);
  });

  it('globals set in a function, annotations and callers', () => {
    expect(
      found(
        'import torch.nn as nn, torch',
        'held = None',
        'def start():',
        '    global held',
        '    held = torch.jit.load("a")',
        'def one(x): return held(x)',
        'def two(f: nn.Module, x): return f(x)',
        'def three(g, x): return g(x)',
        'three(nn.Sequential(), 1)',
      ),
    ).toEqual(['6 held predict torch', '7 f predict torch', '8 g predict torch']);
  });

  it('the nearest assignment, not the first', () => {
    expect(
      found(
        'import keras',
        'from sklearn.svm import SVC',
        'model = keras.models.load_model("a")',
        'model.predict(x)',
        'model = SVC()',
        'model.predict(x)',
      ),
    ).toEqual(['4 model.predict predict keras', '6 model.predict non-dl sklearn']);
  });

  it('star imports and the many homes of Keras', () => {
    expect(found('from keras.models import *', 'a = load_model("a")', 'a.predict(x)')).toEqual([
      '3 a.predict predict keras',
    ]);
    expect(found('import tf_keras', 'a = tf_keras.Sequential()', 'a.predict(x)')).toEqual([
      '3 a.predict predict keras',
    ]);
    expect(
      found('from tensorflow.python.keras.models import Model as M', 'a = M(i, o)', 'a.predict(x)'),
    ).toEqual(['3 a.predict predict keras']);
  });
});

describe('what a call is for', () => {
  it('training by a later backward of the same loop, not of the loop beside it', () => {
    expect(
      found(
        'import torch',
        'net = torch.nn.Sequential()',
        'for epoch in range(3):',
        '    for x in train:',
        '        out = net(x)',
        '        out.backward()',
        '    for x in valid:',
        '        out = net(x)',
      ),
    ).toEqual(['5 net train torch loop', '8 net predict torch loop']);
  });

  it('Lightning steps say themselves what they are', () => {
    expect(
      found(
        'import pytorch_lightning as pl',
        'class Lit(pl.LightningModule):',
        '    def __init__(self, model): self.model = model',
        '    def forward(self, x): return self.model(x)',
        '    def training_step(self, x, i): return self.model(x)',
        '    def predict_step(self, x, i): return self.model(x)',
        'pl.Trainer().predict(Lit(m), loader)',
      ),
    ).toEqual([
      '5 self.model train torch',
      '6 self.model predict torch',
      '7 pl.Trainer().predict predict torch',
    ]);
  });

  it('a TensorFlow 1 session predicts when it fetches a prediction', () => {
    expect(
      found(
        'import tensorflow.compat.v1 as tf',
        'with tf.Session() as sess:',
        '    sess.run(tf.global_variables_initializer())',
        '    sess.run([train_op, loss], feed_dict=f)',
        '    sess.run(predictions, feed_dict=f)',
        '    sess.run(crops)',
      ),
    ).toEqual([
      '4 sess.run train tensorflow',
      '5 sess.run predict tensorflow',
      '6 sess.run predict tensorflow unsure',
    ]);
  });

  it('TensorFlow Lite invokes without arguments', () => {
    // A network in scikit-learn's clothes is one in a pipeline too.
    expect(
      found(
        'from scikeras.wrappers import KerasClassifier',
        'from sklearn.pipeline import Pipeline, make_pipeline',
        'from sklearn.preprocessing import StandardScaler',
        'net = KerasClassifier(build)',
        'a = Pipeline([("scale", StandardScaler()), ("net", net)])',
        'b = make_pipeline(StandardScaler(), StandardScaler())',
        'a.predict(x)',
        'b.predict(x)',
      ),
    ).toEqual(['7 a.predict predict keras', '8 b.predict non-dl sklearn']);
    // What a function that we cannot see makes of an image may be a crop of it: no lens.
    expect(
      found(
        'import tensorflow.compat.v1 as tf',
        'from imaging import crop_graph',
        'image = tf.placeholder(tf.float32)',
        'crops = crop_graph(image)',
        'session = tf.Session()',
        'session.run(crops, {image: 1})',
      ),
    ).toEqual(['6 session.run predict tensorflow unsure']);
    expect(
      found('import cv2', 'net = cv2.dnn.readNetFromONNX("a")', 'net.setInput(b)', 'out = net.forward()'),
    ).toEqual(['4 net.forward predict unknown']);
    expect(found('import tensorflow as tf', 'i = tf.lite.Interpreter("a")', 'i.invoke()')).toEqual([
      '3 i.invoke predict tensorflow',
    ]);
  });
});

describe('loops', () => {
  it('count where the call is run again, not where it is the iterable', () => {
    expect(
      found(
        'import keras',
        'm = keras.models.load_model("a")',
        'for y in m.predict(x): pass',
        'z = [f(y) for y in m.predict(x)]',
        'z = [m.predict(y) for y in x]',
        'for q in x:',
        '    def g():',
        '        return m.predict(x)',
        '    h = lambda: m.predict(x)',
        'else:',
        '    m.predict(x)',
      ),
    ).toEqual([
      '3 m.predict predict keras',
      '4 m.predict predict keras',
      '5 m.predict predict keras loop',
      '8 m.predict predict keras',
      '9 m.predict predict keras loop',
      '11 m.predict predict keras',
    ]);
  });
});

describe('names without evidence', () => {
  it('decide where nothing contradicts', () => {
    expect(found('def f(model, x):', '    return model.predict(x)')).toEqual([
      '2 model.predict predict unknown',
    ]);
    expect(found('def f(sky, x):', '    return sky.predict(x)')).toEqual([]);
    expect(found('import keras', 'def f(sky, x):', '    return sky.predict(x)')).toEqual([
      '3 sky.predict predict keras',
    ]);
    expect(found('import sklearn', 'def f(model, x):', '    return model.predict(x)')).toEqual([
      '3 model.predict non-dl sklearn',
    ]);
    expect(found('def f(sky, x):', '    return sky.predict(x, batch_size=3)')).toEqual([
      '2 sky.predict predict keras',
    ]);
  });

  it('do not make a model of a factory, a function or a string', () => {
    expect(
      found(
        'import torch',
        'def model(): ...',
        'model(1)',
        'model_factory(1)',
        'load_model(1)',
        '"model(x)"',
      ),
    ).toEqual([]);
  });
});

describe('hard files', () => {
  it('a sum of ten thousand terms and a deep nest of calls', () => {
    const sum = Array.from({ length: 10_000 }, () => 'a').join(' + ');
    const nest = 'f('.repeat(300) + 'model.predict(x)' + ')'.repeat(300);
    expect(found('import keras', `s = ${sum}`, nest)).toEqual(['3 model.predict predict keras']);
  });

  it('names that mean each other', () => {
    expect(
      found(
        'import keras',
        'a = b',
        'b = a',
        'def f(): return g()',
        'def g(): return f()',
        'f().predict(1)',
        'a.predict(1)',
      ),
    ).toEqual(['6 f().predict predict keras', '7 a.predict predict keras']);
  });
});
