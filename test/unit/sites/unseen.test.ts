/** Rules that code of strangers has taught: each with what it finds, and with what looks alike and is not found. */

import { beforeAll, describe, expect, it } from 'vitest';
import { createSiteFinder, type SiteFinder } from '../../../src/sites/finder';
import { brief, grammar, testFinder } from './finders';

let finder: SiteFinder;
beforeAll(async () => {
  finder = await testFinder();
});

function found(...lines: string[]): string[] {
  return finder.find('/home/user/m.py', lines.join('\n')).sites.map(brief);
}

function predicts(...lines: string[]): string[] {
  return found(...lines).filter((each) => each.includes(' predict ') && !each.endsWith('unsure'));
}

/** Predictions in the last of some files of a project. */
async function inProject(files: Record<string, string[]>): Promise<string[]> {
  const texts = new Map(Object.entries(files).map(([name, lines]) => [`/p/${name}`, lines.join('\n')]));
  const project = await createSiteFinder({
    wasm: grammar,
    exists: (file) => texts.has(file),
    read: (file) => Promise.resolve(texts.get(file)),
  });
  const [file, text] = [...texts].at(-1)!;
  const opened = project.open(file);
  opened.update(text);
  const sites = (await opened.followImports())?.sites ?? [];
  opened.dispose();
  return sites.filter(({ kind, confidence }) => kind === 'predict' && confidence >= 0.7).map(brief);
}

describe('a class of the project', () => {
  const net = [
    'from tensorflow.keras import Sequential',
    'class Net(object):',
    '    def __init__(self): self._model = Sequential()',
    '    def predict(self, x): return self._model.predict(x)',
  ];

  it('has methods that are wrappers, and holds models', async () => {
    expect(
      await inProject({
        'net.py': net,
        'main.py': [
          'import tensorflow',
          'from net import Net',
          'q_net = Net()',
          'q_net.predict(x)',
          'q_net._model(x)',
        ],
      }),
    ).toEqual(['5 q_net._model predict keras']);
  });

  it('is one with a base that is abstract, in another file, or cannot be seen', async () => {
    expect(
      await inProject({
        'base.py': ['from abc import ABC', 'class Base(ABC):', '    def predict(self, x): ...'],
        'tiny.py': [
          'from base import Base',
          'from nowhere import Interpreted',
          'class Derived(Base): pass',
          'class Tiny(Interpreted):',
          '    def predict(self, x): return x',
          'def pick(kind): return {"a": Tiny, "b": Tiny}[kind](3)',
        ],
        'main.py': [
          'import torch',
          'from tiny import Derived, Tiny, pick',
          'model, net, best_model = Derived(), Tiny(), pick("a")',
          'model.predict(x), net.predict(x), best_model.predict(x)',
        ],
      }),
    ).toEqual([]);
  });

  it('does not run forever where its objects hold each other', async () => {
    expect(
      await inProject({
        'tree.py': [
          'class Leaf:',
          '    def __init__(self): self.parent = Node()',
          'class Node:',
          '    def __init__(self): self.leaf, self.parent = Leaf(), Node()',
        ],
        'main.py': [
          'import torch',
          'from tree import Node',
          'model = Node()',
          'model.leaf.parent.predict(x)',
        ],
      }),
    ).toEqual([]);
  });

  it('keeps what it gives to its base, whatever other classes give', async () => {
    expect(
      await inProject({
        'base.py': [
          'from typing import Union',
          'from keras.models import Sequential',
          'from sklearn.base import BaseEstimator',
          'class Base:',
          '    def __init__(self, model: Union[Sequential, BaseEstimator]): self.model = model',
        ],
        'main.py': [
          'from keras.models import load_model',
          'from sklearn.svm import SVC',
          'from base import Base',
          'class Margin(Base):',
          '    @classmethod',
          '    def make(cls): return cls(SVC())',
          '    def guess(self, x): return self.model.predict(x)',
          'class Deep(Base):',
          '    def __init__(self, path): super().__init__(load_model(path))',
          '    def guess(self, x): return self.model.predict(x)',
        ],
      }),
    ).toEqual(['10 self.model.predict predict keras']);
  });

  it('that nobody can look into has a predict of its own, but for one that is used like a Keras model', () => {
    expect(
      predicts(
        'import tensorflow as tf',
        'from agents.dqn import QNet, Model',
        'q_net = QNet(4)',
        'q_net.predict(state)',
        'model = Model(cfg)',
        'model.predict(state)',
        'built = Model(cfg)',
        'built.compile(loss="mse"), built.fit(x, y)',
        'built.predict(state)',
        'other_net = QNet(5)',
        'other_net.predict(state, verbose=0)',
      ),
    ).toEqual(['9 built.predict predict keras', '11 other_net.predict predict keras']);
  });

  it('that derives from an estimator or a trainer may keep a network', () => {
    expect(
      predicts(
        'import keras',
        'from sklearn.base import BaseEstimator',
        'class Wrapped(BaseEstimator):',
        '    def fit(self, x, y):',
        '        self.net = keras.Sequential()',
        '        return self',
        '    def predict(self, x): return self.net.predict(x)',
        'Wrapped().fit(x, y).predict(x)',
      ),
    ).toEqual(['7 self.net.predict predict keras']);
  });
});

describe('a test of a whole Keras model', () => {
  it('is a prediction', () => {
    expect(
      found(
        'import keras',
        'model = keras.models.load_model(p)',
        'model.evaluate(x, y), model.test_on_batch(x, y), model.evaluate_generator(g)',
        'def report(net): return net.evaluate(x, y, verbose=0)',
      ),
    ).toEqual([
      '3 model.evaluate predict keras',
      '3 model.test_on_batch predict keras',
      '3 model.evaluate_generator predict keras',
      '4 net.evaluate predict keras',
    ]);
  });

  it('is not what others call so', () => {
    expect(
      found(
        'import tensorflow as tf',
        'from lib import evaluate',
        'class Judge:',
        '    def evaluate(self, x): return x',
        'model = Judge()',
        'model.evaluate(x), evaluate(net), coco.evaluate(x), evaluator.evaluate(net), expression.evaluate(a)',
      ),
    ).toEqual([]);
    expect(found('import torch', 'net.evaluate(x)', 'torch.load(p).evaluate(x)')).toEqual([]);
  });
});

describe('a model within a model', () => {
  it('predicts, and a layer does not', () => {
    expect(
      predicts(
        'from keras.models import load_model',
        'net = load_model(p)',
        'branch = net.get_layer("branch")',
        'branch.predict_generator(g), net.layers[1].predict(x)',
        'branch.get_weights(), net.layers[0].get_config(3), net.layers[0](x)',
      ),
    ).toEqual(['4 branch.predict_generator predict keras', '4 net.layers[1].predict predict keras']);
  });

  it('is traced in the function that runs it', () => {
    expect(
      found(
        'import tensorflow as tf',
        'net = tf.keras.models.load_model(p)',
        'resize = net.signatures["resize"]',
        '@tf.function',
        'def embed(x): return net.layers[0](x)',
        'embed(resize(x))',
      ),
    ).toEqual(['6 embed predict keras', '6 resize predict tensorflow']);
  });
});

describe('where models are kept', () => {
  it('in lists of dictionaries, beside other things', () => {
    expect(
      found(
        'import keras',
        'from sklearn.svm import SVC',
        'kept = {"names": [], "models": []}',
        'for name, model in {"a": SVC()}.items():',
        '    kept["models"].append(model)',
        '    kept["names"].append(name)',
        'best_model = kept["models"][0]',
        'best_model.predict(x)',
      ),
    ).toEqual(['8 best_model.predict non-dl sklearn']);
  });

  it('in objects of which the attributes are keys', () => {
    expect(
      predicts(
        'import torch',
        'from munch import Munch',
        'from transformers import AutoModel',
        'def build(): return Munch(encoder=AutoModel.from_pretrained(p), words=[])',
        'nets = build()',
        'nets.encoder(x), nets.words(x)',
      ),
    ).toEqual(['6 nets.encoder predict torch']);
  });

  it('under a name that a step has given back', () => {
    expect(
      predicts(
        'import jax',
        'from flax import nnx',
        'class Actor(nnx.Module):',
        '    def __call__(self, x): return x',
        'actor, key = Actor(), Actor()',
        'state = train(actor)',
        'actor = state[0]',
        'actor(obs)',
        'scale = Actor()',
        'scale = state[1]',
        'scale(obs)',
      ),
    ).toEqual(['8 actor predict jax']);
  });
});

describe('a part by its name', () => {
  it('runs where tensors go in or come out, or a class of such a name makes it', () => {
    expect(
      predicts(
        'import torch',
        'from nets import TextEncoder, EpsilonGreedy',
        'def decode(encoder, joint, decoder, policy):',
        '    state = torch.zeros(1, 8)',
        '    enc, _ = encoder(wave, (state, state.clone()))',
        '    prob = joint(enc, token)',
        '    prob.argmax(-1)',
        '    decoder(text)',
        'style = TextEncoder(3)',
        'text_encoder = TextEncoder(4)',
        'text_encoder(words)',
        'policy = EpsilonGreedy(0.1)',
        'policy(words)',
      ),
    ).toEqual(['5 encoder predict torch', '6 joint predict torch', '11 text_encoder predict torch']);
  });

  it('is no generator of batches that some object hands out', () => {
    expect(
      predicts(
        'import torch',
        'with torch.no_grad():',
        '    for part in rollouts.recurrent_generator(x): pass',
      ),
    ).toEqual([]);
  });
});

describe('a class that is picked', () => {
  it('makes a model and is none', () => {
    expect(
      predicts(
        'import torch, importlib',
        'from zoo import models',
        'Net = importlib.import_module(kind).Net',
        'Other = getattr(zoo, kind)',
        'net = Net(config)',
        'model = models[kind](size, depth)',
        'self.left = models[kind](*args, **kwargs)',
        'other_net = Other(config)',
        'net(x), model(x), models["a"](x)',
      ),
    ).toEqual(['9 net predict torch', '9 model predict torch', '9 models["a"] predict torch']);
  });

  it('by a method of the class itself, or declared as one', () => {
    expect(
      predicts(
        'import torch.nn as nn',
        'from typing import Type',
        'class Base(nn.Module):',
        '    registry = {}',
        '    def __init_subclass__(cls): cls.registry[cls.__name__] = cls',
        '    @classmethod',
        '    def pick(cls, name): return cls.registry[name]',
        '    @classmethod',
        '    def make(cls, name): return cls.pick(name)(3)',
        'def build(kind: Type[Base], base: type[Base]):',
        '    kind(4)',
        '    return base(5)',
        'build(Base, Base)(x)',
      ),
    ).toEqual(['13 build(Base,Base) predict torch']);
  });
});

describe('PyTorch', () => {
  it('switches gradients off by a statement', () => {
    const lines = [
      'import torch',
      'net = torch.nn.Sequential()',
      'for epoch in range(3):',
      '    for x in train:',
      '        torch.set_grad_enabled(True)',
      '        if amp:',
      '            out = net(x)',
      '        else:',
      '            out = net(x, 1)',
      '        loss = out["loss"]',
      '        loss.backward()',
      '    torch.set_grad_enabled(False)',
      '    for x in test:',
      '        out = net(x)',
    ];
    expect(predicts(...lines)).toEqual(['14 net predict torch loop']);
    // Without it the loss is of either branch of its own loop, and of no other.
    expect(predicts(...lines.filter((each) => !each.includes('set_grad')))).toEqual([
      '12 net predict torch loop',
    ]);
  });

  it("runs functions by Ignite's engines", () => {
    expect(
      found(
        'import torch',
        'from ignite.engine import Engine, create_supervised_evaluator',
        'net = torch.nn.Sequential()',
        'def step(engine, x):',
        '    net(x).sum().backward()',
        'def look(engine, x):',
        '    with torch.no_grad(): return net(x)',
        'Engine(step).run(data)',
        'evaluator = Engine(look)',
        'evaluator.run(data)',
        'create_supervised_evaluator(net).run(data)',
        'Engine(print).run(data)',
      ),
    ).toEqual([
      '5 net train torch',
      '7 net predict torch',
      '8 Engine(step).run train torch',
      '10 evaluator.run predict torch',
      '11 create_supervised_evaluator(net).run predict torch',
      '12 Engine(print).run predict torch unsure',
    ]);
  });
});

describe('graphs', () => {
  it('are built on the inputs of a model that was handed in', () => {
    expect(
      predicts(
        'from tensorflow import keras',
        'def join(q_func, other_model):',
        '    S, A = q_func.train_model.inputs[:2]',
        '    q = other_model(other_model.inputs)',
        '    keras.Input((3,))',
        'class Agent:',
        '    def __init__(self): self.train_model = keras.Model(a, b)',
        '    def build(self, q_func):',
        '        S, A = self.train_model.inputs[:2]',
        '        q_func.target_model([S, A])',
        '        q_func.sync_target_model(tau=1.0)',
        '    def run(self, q_func): return q_func.target_model(x)',
      ),
    ).toEqual(['12 q_func.target_model predict keras']);
  });

  it('are built by functions under a scope of variables', () => {
    expect(
      predicts(
        'import tensorflow as tf',
        'def build(policy_network, x):',
        '    with tf.variable_scope("pi", reuse=True):',
        '        return policy_network(x)',
      ),
    ).toEqual([]);
  });

  it('are run by the session of the program', () => {
    expect(
      found(
        'import tensorflow as tf',
        'def current(): return tf.get_default_session()',
        'def test(logits, ops=None):',
        '    fetches = [logits, loss] if ops is None else ops',
        '    return current().run(fetches)',
        'def train(self):',
        '    current().run([self.update_op, self.logits])',
      ),
    ).toEqual(['5 current().run predict tensorflow', '7 current().run train tensorflow']);
  });

  it('of TensorFlow Lite and OpenVINO are known by what they are fed', () => {
    expect(
      predicts(
        'from boards import Lite',
        'from openvino.inference_engine import IECore',
        'class Bird(Lite):',
        '    def look(self, x):',
        '        self.core.set_tensor(0, x)',
        '        self.core.invoke()',
        '        return self.core.get_tensor(1)',
        '    def pose(self, x): return self.core.get_signature_runner("a")(crop=x)',
        'chain.invoke()',
        'joint.infer({"enc": x}), rules.infer(facts)',
      ),
    ).toEqual([
      '6 self.core.invoke predict tensorflow',
      '8 self.core.get_signature_runner("a") predict tensorflow',
      '10 joint.infer predict unknown',
    ]);
  });
});

describe('JAX', () => {
  it('runs a compiled function of another file that is given weights, and trains one that gives new ones', () => {
    expect(
      found(
        'import jax',
        'import play',
        'roll = jax.jit(play.batch)',
        'block = roll(variables, key)',
        'variables, opt_state = roll(variables, opt_state)',
        'turn = roll(key)',
      ),
    ).toEqual(['4 roll predict jax', '5 roll train jax', '6 roll predict jax unsure']);
  });

  it('may compile what a function hands out', () => {
    expect(
      found(
        'import jax',
        'def make(net):',
        '    def run(variables, x): return net.apply(variables, x)',
        '    return run',
        'def score(net, variables, x): return net.apply(variables, x)',
      ),
    ).toEqual(['3 net.apply predict jax unsure', '5 net.apply predict jax']);
  });
});
