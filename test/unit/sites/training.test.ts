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

const torchNet = [
  'import torch',
  'from torch import nn',
  'class Net(nn.Module):',
  '    def __init__(self):',
  '        super().__init__()',
  '        self.fc = nn.Linear(2, 2)',
  '    def forward(self, x):',
  '        return self.fc(x)',
  'net = Net()',
];

describe('a forward pass whose loss goes backward', () => {
  it('in one expression', () => {
    expect(
      found(...torchNet, 'for x, y in data:', '    nn.functional.mse_loss(net(x), y).backward()'),
    ).toEqual(['11 net train torch loop']);
  });

  it('through a helper that gives the loss back, and through one that sends it', () => {
    expect(
      found(
        ...torchNet,
        'def cost(x, y):',
        '    return (net(x) - y).abs().sum()',
        'def send(loss):',
        '    loss.backward()',
        'for x, y in data:',
        '    send(cost(x, y))',
      ),
    ).toEqual(['11 net train torch']);
  });

  it('through an attribute: policy gradients', () => {
    expect(
      found(
        ...torchNet,
        'def act(state):',
        '    chances = torch.distributions.Categorical(net(state))',
        '    action = chances.sample()',
        '    net.kept.append(chances.log_prob(action))',
        '    return action.item()',
        'def learn():',
        '    loss = torch.cat([-p for p in net.kept]).sum()',
        '    loss.backward()',
      ),
    ).toEqual(['11 net train torch']);
  });

  it('but not where an action is chosen beside it, and a detached result gets no lens', () => {
    expect(
      found(
        ...torchNet,
        'for s, a, r, s2 in data:',
        '    best = net(s).argmax()',
        '    later = net(s2).detach()',
        '    loss = (net(s)[a] - r - later.max()) ** 2',
        '    loss.backward()',
      ),
    ).toEqual(['11 net predict torch loop', '12 net predict torch loop unsure', '13 net train torch loop']);
  });

  it('also by accelerator.backward, with what prepare gives back', () => {
    expect(
      found(
        'import torch',
        'from accelerate import Accelerator',
        'from transformers import AutoModel',
        'acc = Accelerator()',
        'thing, opt = acc.prepare(AutoModel.from_pretrained("a"), opt)',
        'for batch in data:',
        '    acc.backward(thing(**batch).loss)',
        'with torch.no_grad():',
        '    thing(**batch)',
        'acc.unwrap_model(thing).save_pretrained("b")',
      ),
    ).toEqual(['7 thing train torch loop', '9 thing predict torch']);
  });
});

describe('a gradient tape', () => {
  const head = ['import tensorflow as tf', 'model = tf.keras.models.load_model("a")', 'def run(x):'];

  it('trains by the gradients of weights', () => {
    expect(
      found(
        ...head,
        '    with tf.GradientTape() as tape:',
        '        loss = model(x)',
        '    opt.apply_gradients(zip(tape.gradient(loss, model.trainable_weights), model.trainable_weights))',
      ),
    ).toEqual(['5 model train keras']);
  });

  it('explains a prediction by those of a layer or an input', () => {
    expect(
      found(
        ...head,
        '    with tf.GradientTape() as tape:',
        '        tape.watch(x)',
        '        y = model(x)',
        '    return tape.gradient(y, x)',
      ),
    ).toEqual(['6 model predict keras']);
  });
});

describe('steps that a trainer calls', () => {
  const lit = [
    'import torch',
    'import pytorch_lightning as pl',
    'class Lit(pl.LightningModule):',
    '    def __init__(self, encoder: torch.nn.Module):',
    '        super().__init__()',
    '        self.encoder = encoder',
  ];

  it('of the module itself and of its parts', () => {
    expect(
      found(
        ...lit,
        '    def forward(self, x):',
        '        return self.embed(x)',
        '    def embed(self, x):',
        '        return self.encoder(x)',
        '    def training_step(self, batch, i):',
        '        return self(batch).sum() + self.encoder(batch).sum()',
        '    def test_step(self, batch, i):',
        '        return self.encoder(batch)',
      ),
    ).toEqual(['12 self train torch', '12 self.encoder train torch', '14 self.encoder predict torch']);
  });

  it('by helpers: what both training and evaluation call gets no lens', () => {
    expect(
      found(
        ...lit,
        '    def shared(self, x):',
        '        return self(x)',
        '    def quiet(self, x):',
        '        return self(x)',
        '    def training_step(self, batch, i):',
        '        return self.shared(batch)',
        '    def validation_step(self, batch, i):',
        '        return self.shared(batch), self.quiet(batch)',
      ),
    ).toEqual(['8 self predict torch unsure', '10 self predict torch']);
  });

  it('by its methods', () => {
    expect(
      found(
        'import pytorch_lightning as pl',
        'from nets import Tagger',
        'tagger = Tagger.load_from_checkpoint("a")',
        'runner = pl.Trainer()',
        'runner.fit(tagger)',
        'runner.validate(tagger)',
        'runner.predict(tagger)',
        'tagger(x)',
      ),
    ).toEqual([
      '5 runner.fit train torch',
      '6 runner.validate predict torch',
      '7 runner.predict predict torch',
      '8 tagger predict torch',
    ]);
  });

  it('and compute_loss of a subclass of Trainer', () => {
    expect(
      found(
        'from transformers import Trainer',
        'class Weighted(Trainer):',
        '    def compute_loss(self, model, inputs):',
        '        return model(**inputs).loss',
        'Weighted(net).evaluate()',
      ),
    ).toEqual(['4 model train torch', '5 Weighted(net).evaluate predict torch']);
  });
});

describe('modules that are no models', () => {
  it('losses, by their inputs or their names, and what runs inside of them', () => {
    expect(
      found(
        'import torch',
        'from torch import nn',
        'import torchvision',
        'class Dice(nn.Module):',
        '    def forward(self, logits, target):',
        '        return (logits * target).sum()',
        'class PerceptualLoss(nn.Module):',
        '    def __init__(self):',
        '        super().__init__()',
        '        self.vgg = torchvision.models.vgg16()',
        '    def forward(self, a, b):',
        '        return (self.vgg(a) - self.vgg(b)).abs().sum()',
        'dice, far = Dice(), PerceptualLoss()',
        'print(dice(a, b), far(a, b))',
      ),
    ).toEqual([]);
  });

  it('transforms and augmentations', () => {
    expect(
      found(
        'import torch, kornia.augmentation as K',
        'from torchvision.models import ResNet50_Weights, resnet50',
        'weights = ResNet50_Weights.DEFAULT',
        'prepare = weights.transforms()',
        'augment = torch.nn.Sequential(K.RandomHorizontalFlip(), K.ColorJitter(0.1))',
        'net = resnet50(weights=weights)',
        'net(augment(prepare(x)))',
      ),
    ).toEqual(['7 net predict torch']);
  });
});
