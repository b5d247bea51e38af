import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSiteFinder, type SiteFinder } from '../../../src/sites/finder';
import { brief, grammar } from './finders';

/** A project in memory. */
const files = new Map<string, string>();
let finder: SiteFinder;

beforeEach(async () => {
  files.clear();
  finder = await createSiteFinder({
    wasm: grammar,
    exists: (file) => files.has(file),
    read: (file) => Promise.resolve(files.get(file)),
  });
});
afterEach(() => finder.dispose());

function project(texts: Record<string, string>): void {
  for (const [name, text] of Object.entries(texts)) files.set(`/p/${name}`, text);
}

async function sitesOf(name: string): Promise<string[]> {
  const opened = finder.open(`/p/${name}`);
  const first = opened.update(files.get(`/p/${name}`)!);
  const { sites } = (await opened.followImports()) ?? first;
  opened.dispose();
  return sites.filter((site) => site.kind !== 'wrapper').map(brief);
}

const netClass =
  'import torch\nclass Scorer(torch.nn.Module):\n    def forward(self, x):\n        return x\n';

describe('a class of another file', () => {
  it.each([
    ['from net import Scorer', 'net.py'],
    ['from .net import Scorer', 'net.py'],
    ['from lib.net import Scorer', 'lib/net.py'],
    ['from lib import Scorer', 'lib/__init__.py'],
    ['from . import Scorer', '__init__.py'],
    ['import net\nScorer = net.Scorer', 'net.py'],
    ['from pkg.net import Scorer', 'src/pkg/net.py'],
  ])('%s', async (line, file) => {
    project({ 'main.py': `${line}\nthing = Scorer()\nprint(thing(3))\n`, [file]: netClass });
    const lines = line.split('\n').length;
    expect(await sitesOf('main.py')).toEqual([`${lines + 2} thing predict torch`]);
  });

  it('is not confused with a plain one of the same name', async () => {
    const main =
      'import torch\nfrom net import ScoreModel\nthing = ScoreModel()\nprint(thing(3), thing.predict(4))\n';
    project({
      'main.py': main,
      'net.py': 'class ScoreModel:\n    def predict(self, x):\n        return x\n',
    });
    expect(await sitesOf('main.py')).toEqual([]);
  });

  it('may be derived from, here and there', async () => {
    project({
      'base.py': netClass,
      'net.py': 'from base import Scorer\nclass Better(Scorer):\n    pass\n',
      'main.py': 'from net import Better\nclass Best(Better):\n    pass\nbest = Best()\nbest(1)\n',
    });
    expect(await sitesOf('main.py')).toEqual(['5 best predict torch']);
  });
});

describe('what another file makes', () => {
  it('a function that gives a model', async () => {
    project({
      'load.py': 'import keras\ndef fetch(path):\n    return keras.models.load_model(path)\n',
      'main.py': 'from load import fetch\nthing = fetch("a")\nthing.predict(1)\n',
    });
    expect(await sitesOf('main.py')).toEqual(['3 thing.predict predict keras']);
  });

  it('a model, and a list of models', async () => {
    project({
      'load.py':
        'import keras\none = keras.models.load_model("a")\nmany = [keras.models.load_model(p) for p in "ab"]\n',
      'main.py':
        'import load\nfrom load import one\none.predict(1)\nfor each in load.many:\n    each.predict(2)\n',
    });
    expect(await sitesOf('main.py')).toEqual([
      '3 one.predict predict keras',
      '5 each.predict predict keras loop',
    ]);
  });

  it('is handed on by a package', async () => {
    project({
      'lib/__init__.py': 'from .net import Scorer\n',
      'lib/net.py': netClass,
      'main.py': 'from lib import Scorer\nthing = Scorer()\nthing(1)\n',
    });
    expect(await sitesOf('main.py')).toEqual(['3 thing predict torch']);
  });

  it('is handed on from a framework', async () => {
    project({
      'compat.py':
        'try:\n    from keras.models import load_model\nexcept ImportError:\n    from tensorflow.keras.models import load_model\n',
      'main.py': 'from compat import load_model as fetch\nthing = fetch("a")\nthing.predict(1)\n',
    });
    expect(await sitesOf('main.py')).toEqual(['3 thing.predict predict keras']);
  });

  it('is found in a file whose last call takes long to follow', async () => {
    const many = Array.from({ length: 500 }, (_, i) => `make_${i}`).join(', ');
    project({
      'load.py': `import keras\ndef fetch(path):\n    return keras.models.load_model(path)\n[${many}][0](1)\n`,
      'main.py': 'from load import fetch\nthing = fetch("a")\nthing.predict(1)\n',
    });
    expect(await sitesOf('main.py')).toEqual(['3 thing.predict predict keras']);
  });

  it('a circle of imports ends', async () => {
    project({
      'a.py': 'from b import thing\nthing.predict(1)\n',
      'b.py': 'from a import thing\n',
      'main.py': 'from a import thing\nthing.predict(1)\n',
    });
    await expect(sitesOf('main.py')).resolves.toBeDefined();
  });
});

describe('an open file', () => {
  it('keeps what its imports turned out to be while it is edited', async () => {
    project({ 'net.py': netClass });
    const opened = finder.open('/p/main.py');
    const text = 'from net import Scorer\nthing = Scorer()\nprint(thing(3))\n';
    expect(opened.update(text).sites).toEqual([]);
    expect((await opened.followImports())!.sites.map(brief)).toEqual(['3 thing predict torch']);
    expect(opened.update(`${text}thing(4)\n`).sites.map(brief)).toEqual([
      '3 thing predict torch',
      '4 thing predict torch',
    ]);
    expect(await opened.followImports()).toBeUndefined();
    opened.dispose();
  });

  it('reads again what has changed on the disk', async () => {
    project({ 'net.py': 'class Scorer:\n    pass\n' });
    const text = 'from net import Scorer\nthing = Scorer()\nprint(thing(3))\n';
    files.set('/p/main.py', text);
    expect(await sitesOf('main.py')).toEqual([]);
    project({ 'net.py': netClass });
    finder.forgetImports();
    expect(await sitesOf('main.py')).toEqual(['3 thing predict torch']);
  });
});
