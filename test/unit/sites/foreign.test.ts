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

describe('a model that comes from somewhere else', () => {
  it('is of Keras when methods and attributes of Keras are asked of it', () => {
    expect(
      found('from lib import TramNet, Plan', 't = TramNet()', 't.summary()', 't(x)', 'p = Plan()', 'p(x)'),
    ).toEqual(['4 t predict keras']);
    expect(
      found(
        'import lightgbm',
        'from lib import build_model',
        'a = build_model()',
        'a.predict(x)',
        'net = build_model()',
        'size = net.layers[0].input_shape',
        'net.predict(x)',
      ),
    ).toEqual(['4 a.predict non-dl sklearn', '7 net.predict predict keras']);
  });

  it('is no Keras model for its layers where the file imports PyTorch', () => {
    expect(found('import torch', 'first = model.layers[0]', 'model(x)')).toEqual(['3 model predict torch']);
  });

  it('is of Keras in a file of TensorFlow 2, of TensorFlow where there are sessions', () => {
    expect(found('import tensorflow as tf', 'from lib import TramNet', 'a = TramNet()', 'a(x)')).toEqual([
      '4 a predict keras',
    ]);
    expect(
      found(
        'import tensorflow as tf',
        'from lib import TramNet',
        's = tf.Session()',
        'a = TramNet()',
        'a(x)',
      ),
    ).toEqual(['5 a predict tensorflow']);
  });

  it('is of Keras where its scores are looked at', () => {
    expect(
      found(
        'from lib import Age',
        'age_model = Age.load()',
        'age_model.predict(img)[0, :]',
        'age_model.predict(img)[0][1]',
        'age_model.predict(img)[0]',
        'p = age_model.predict(img)',
        'np.argmax(p[0])',
      ),
    ).toEqual([
      '3 age_model.predict predict keras',
      '4 age_model.predict predict keras',
      '5 age_model.predict predict unknown',
      '6 age_model.predict predict keras',
    ]);
  });

  it('is handed out by functions of many names', () => {
    expect(
      found(
        'import torch',
        'from lib import load_network_pkl, model_from_checkpoint, PrepareForNet, Zoo',
        'a = load_network_pkl(f)["G_ema"].to(device)',
        'a(z)',
        'b = model_from_checkpoint(p)',
        'b(z)',
        'c = PrepareForNet()',
        'c(z)',
        'd = Zoo.loadModel(p)',
        'd(z)',
      ),
    ).toEqual(['4 a predict torch', '6 b predict torch', '10 d predict torch']);
  });

  it('is one when it is set to evaluate, or when what a generator gives is used as a tensor', () => {
    expect(
      found(
        'import torch, copy',
        'f = copy.deepcopy(opts.best).eval().to(device)',
        'f(z)',
        'image = G(z)',
        'image.permute(0, 2, 3, 1)',
        'E(z), D(z).cpu()',
      ),
    ).toEqual(['3 f predict torch', '4 G predict torch', '6 D predict torch']);
    expect(found('import tensorflow as tf', 'f = loss.eval()', 'f(z)')).toEqual([]);
  });

  it('is kept by a class whose base is named like a model', () => {
    const inBase = (base: string): string[] =>
      found(
        'from lib import *',
        `class Sheet(${base}):`,
        '    def write(self, z):',
        '        return self.painter.predict(z)',
      );
    expect(inBase('TileGAN')).toEqual(['4 self.painter.predict predict keras']);
    expect(inBase('Page')).toEqual([]);
  });
});

describe('a part of a program that imports nothing', () => {
  it('means by Sequential and load_model those of Keras, unless a star import may bring another', () => {
    const lines = [
      'model = Sequential()',
      'a.held = load_model(p)',
      'a.held.predict(x)',
      'f = Sequential()',
      'f(x)',
    ];
    expect(found(...lines)).toEqual(['3 a.held.predict predict keras', '5 f predict keras']);
    expect(found('from torch.nn import *', ...lines.slice(3))).toEqual(['3 f predict torch']);
    expect(found('from lib import *', ...lines.slice(3))).toEqual([]);
  });

  it('means by cv OpenCV, and by a session asked for everything ONNX Runtime', () => {
    expect(found('net = cv.dnn.readNet(a)', 'net.setInput(b)', 'net.forward()')).toEqual([
      '3 net.forward predict unknown',
    ]);
    expect(found('self.inner_session.run(None, {"x": x})', 'session.run("x", 3)')).toEqual([
      '1 self.inner_session.run predict onnxruntime',
    ]);
  });
});

describe('runtimes of exported graphs', () => {
  it('OpenVINO: compiled models, their requests, and a core that is handed in', () => {
    expect(
      found(
        'from openvino.runtime import Core',
        'graph = Core().compile_model("a.xml", "CPU")',
        'graph([x])',
        'request = graph.create_infer_request()',
        'request.infer({0: x})',
        'class Reader:',
        '    def __init__(self, core):',
        '        self.held = core.compile_model("b.xml")',
        '    def read(self, x):',
        '        return self.held.infer_new_request({0: x})',
        'def run(infer_request): return infer_request.infer(x)',
        'core.read_model("a.xml")',
      ),
    ).toEqual([
      '3 graph predict unknown',
      '5 request.infer predict unknown',
      '10 self.held.infer_new_request predict unknown',
      '11 infer_request.infer predict unknown',
    ]);
  });

  it('TensorRT: contexts of an engine', () => {
    expect(
      found(
        'import tensorrt as trt',
        'engine = trt.Runtime(log).deserialize_cuda_engine(data)',
        'context = engine.create_execution_context()',
        'context.execute_v2(bindings)',
        'engine.get_binding_shape(0)',
      ),
    ).toEqual(['4 context.execute_v2 predict unknown']);
  });
});

describe('JAX', () => {
  it('a model stays one when its leaves are updated', () => {
    expect(
      found(
        'import jax, equinox as eqx',
        'model = eqx.nn.MLP(2, 3, 4, 1)',
        'model = jax.tree_util.tree_map(lambda m, g: m - g, model, grads)',
        'jax.vmap(model)(x)',
        'params, static = eqx.partition(model, eqx.is_array)',
        'again = eqx.combine(params, static)',
        'again(x)',
        'sizes = jax.tree_util.tree_map(len, leaves)',
        'sizes(x)',
      ),
    ).toEqual(['4 jax.vmap(model) predict jax', '7 again predict jax']);
  });

  it('a compiled function that is handed its model runs it', () => {
    expect(
      found(
        'import jax, equinox as eqx',
        '@eqx.filter_jit',
        'def accuracy(model, x):',
        '    return jax.vmap(model)(x).mean()',
        '@eqx.filter_jit',
        'def norm(rows, x):',
        '    return jax.vmap(rows.sum)(x)',
        'def evaluate(model, x):',
        '    return accuracy(model, x) + norm(model, x)',
      ),
    ).toEqual(['4 jax.vmap(model) symbolic jax', '9 accuracy predict jax']);
  });
});

describe('Keras', () => {
  it('a model that runs where new layers are put on tensors is part of a graph', () => {
    expect(
      found(
        'from keras.layers import Dense, Input',
        'from keras.models import Model',
        'head = Model(a, b)',
        'def join(levels):',
        '    out = [head(each) for each in levels]',
        '    return Dense(3)(out[0])',
        'def whole(x):',
        '    i = Input((3,))',
        '    net = Model(i, Dense(3)(i))',
        '    return net(x)',
      ).filter((each) => /head|net/.test(each)),
    ).toEqual(['5 head symbolic keras loop', '10 net predict keras']);
  });
});

describe('PyTorch', () => {
  it('what a step of training keeps for another method may be either', () => {
    const kept = finder.find(
      '/home/user/m.py',
      [
        'import torch',
        'class Steps(Base):',
        '    def step(self):',
        '        self.fake = self.net_g(self.real)',
        '        loss = self.net_d(self.real)',
        '        loss.backward()',
      ].join('\n'),
    ).sites;
    expect(kept.map(({ callee, kind, confidence }) => [callee, kind, confidence < 0.7])).toEqual([
      ['self.net_g', 'predict', true],
      ['self.net_d', 'train', false],
    ]);
  });
});
