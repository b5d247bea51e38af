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
