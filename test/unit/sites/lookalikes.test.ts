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

describe('named like a model, and none', () => {
  it('classes that are made objects of', () => {
    expect(
      found(
        'import torch, importlib',
        'from zoo import *',
        'a = lambda: VanillaNet(4, Body(8))',
        'nets = importlib.import_module(kind)',
        'b = nets.Model(letters)',
        'Net = choose(kind)',
        'Net(x)',
        'self.G(z), G.eval()',
      ),
    ).toEqual(['7 Net predict torch', '8 self.G predict torch']);
  });

  it('functions that do something with one', () => {
    expect(
      found(
        'import torch',
        'class Session(Base):',
        '    def open(self, path):',
        '        self._verify_model(path)',
        '        self.resolve_model(path)',
        '        return self.multi_gpu_model(path)',
      ),
    ).toEqual([]);
  });

  it('generators of batches, coders of labels, and the methods of strings', () => {
    expect(
      found(
        'import torch',
        'with torch.no_grad():',
        '    a = data_generator(args)',
        '    b = label_encoder(names)',
        '    c = text.translate(table)',
        '    d = generator(noise)',
      ),
    ).toEqual(['6 generator predict torch']);
  });

  it('functions that a star import brings, and what holds many', () => {
    expect(
      found(
        'import torch',
        'from lib import *',
        'flatten_model(net), self.ui.populate_models(folder), fill_part_with_model(x)',
        'model(x)',
        'self.models[0](x)',
      ),
    ).toEqual(['4 model predict torch', '5 self.models[0] predict torch']);
  });

  it('a parameter that is a class, by its name', () => {
    expect(
      found(
        'import torch.nn as nn',
        'def evaluate(Actor: nn.Module, Model: nn.Module, net: nn.Module):',
        '    actor = Actor(size)',
        '    Model[0](size)',
        '    net(size)',
      ),
    ).toEqual(['5 net predict torch']);
  });

  it('what a checkpoint holds beside the model', () => {
    expect(
      found('import torch', 'held = torch.load("a")', 'held["data_cls"](x)', 'held["net"](x)').length,
    ).toBe(1);
  });

  it('classes that begin with a verb', () => {
    expect(found('import torch', 'from shapes import PrepareForNet', 'f = PrepareForNet()', 'f(x)')).toEqual(
      [],
    );
  });

  it('functions that take a module or its weights', () => {
    expect(
      found(
        'import torch.nn as nn',
        'from typing import Callable',
        'def a(leave_out: Callable[[str, nn.Parameter], bool], weight: nn.Parameter, net: nn.Module):',
        '    leave_out("a", weight)',
        '    weight(3)',
        '    net(3)',
      ),
    ).toEqual(['6 net predict torch']);
  });
});

describe('part of a model is', () => {
  it('whatever runs in a method that is a piece of its forward', () => {
    expect(
      found(
        'import torch.nn as nn',
        'class Tower(nn.Module):',
        '    def __init__(self):',
        '        self.blocks = nn.ModuleList([nn.Sequential()])',
        '    def forward_intermediates(self, x):',
        '        for block in self.blocks: x = block(x)',
        '        return x',
        '    def embed(self, x):',
        '        return Tower()(x)',
      ),
    ).toEqual(['9 Tower() predict torch']);
  });

  it('what is declared as a module and named like a layer', () => {
    expect(
      found(
        'import torch.nn as nn',
        'def after(x, activ: nn.Module, norm_layer: nn.Module, net: nn.Module):',
        '    return activ(norm_layer(8)(net(x)))',
      ),
    ).toEqual(['3 net predict torch']);
  });

  it('what a module calls whose base a star import brings', () => {
    expect(
      found(
        'from lib import *',
        'class Block(Module):',
        '    def __init__(self):',
        '        self.convs = nn.Sequential(nn.ReLU())',
        '    def forward(self, x):',
        '        return self.convs(x)',
        'Block()(x)',
      ),
    ).toEqual(['7 Block() predict torch']);
  });

  it('what is tried out in the constructor of a module whose base is not shown', () => {
    expect(
      found(
        'import torch.nn as nn',
        'class Unet(SequentialEx):',
        '    def __init__(self, x):',
        '        middle = nn.Sequential(nn.ReLU())',
        '        x = middle(x)',
        'def plain(x):',
        '    middle = nn.Sequential(nn.ReLU())',
        '    return middle(x)',
      ),
    ).toEqual(['8 middle predict torch']);
  });

  it('what such a function calls of its argument, and makes itself', () => {
    expect(
      found(
        'import torch, torch.nn as nn',
        'def forward_flat(pretrained, x):',
        '    flat = nn.Sequential(nn.Flatten())',
        '    return flat(pretrained.stem(x))',
        'def make(pretrained):',
        '    pretrained.stem = nn.Sequential()',
        'def forward(model, x):',
        '    return model(x)',
      ),
    ).toEqual(['8 model predict torch']);
  });
});

describe('a graph is built by', () => {
  it('a model that is not shown, of a placeholder, and whatever else it is called with there', () => {
    expect(
      found(
        'import tensorflow as tf',
        'x = tf.placeholder(tf.float32)',
        'logits = model(x)',
        'more = model(None)',
      ),
    ).toEqual(['3 model symbolic tensorflow', '4 model symbolic tensorflow']);
  });

  it('every model that old Keras calls', () => {
    const lines = [
      'from keras.models import Model',
      'from keras.layers import Input',
      'net = Model(a, b)',
      'def extract(x): return net(x)',
      'net.predict(x)',
    ];
    expect(found(...lines)).toEqual(['4 net predict keras', '5 net.predict predict keras']);
    expect(found('from keras.layers.merge import concatenate', ...lines)).toEqual([
      '5 net symbolic keras',
      '6 net.predict predict keras',
    ]);
  });
});

describe('a name holds', () => {
  it('not what the other branch of an if gives it', () => {
    expect(
      found(
        'import torch',
        'def build(name, n):',
        '    maker = table[name]',
        '    if name == "a":',
        '        maker = torch.jit.load(n)',
        '    elif name == "b":',
        '        maker = maker(n)',
        '    return maker(n)',
      ),
    ).toEqual(['8 maker predict torch']);
  });

  it('in a loop what a turn before has taken', () => {
    expect(
      found(
        'import torch',
        'for name in names:',
        '    if name == "a":',
        '        held = torch.jit.load(n)',
        '    else:',
        '        held(n)',
      ),
    ).toEqual(['6 held predict torch loop']);
  });

  it('not the flag or number that another object keeps under the name of a method', () => {
    expect(
      found(
        'import torch',
        'class Runner:',
        '    def __init__(self, model, half=False):',
        '        self.half = half',
        '        self.model = model.half()',
        '        self.mean = torch.load("mean.pt")',
        '    def process(self, x):',
        '        return self.model(x - x.mean(axis=0))',
      ),
    ).toEqual(['8 self.model predict torch']);
  });

  it('as a parameter not the part that one caller gives', () => {
    expect(
      found(
        'import torch',
        'def flops(model, size):',
        '    model(torch.ones(size))',
        'clip = torch.jit.load("clip.pt")',
        'flops(clip.visual, 3)',
      ),
    ).toEqual(['3 model predict torch']);
  });
});

describe('a loss is followed back', () => {
  it('through the methods of tensors that share a name with an attribute', () => {
    expect(
      found(
        'import torch',
        'class Mean:',
        '    def __init__(self): self.mean = 0',
        'net = torch.jit.load("a")',
        'for x in data:',
        '    error = (net(x) - 1).pow(2).mean()',
        '    error.backward()',
      ),
    ).toEqual(['6 net train torch loop']);
  });
});
