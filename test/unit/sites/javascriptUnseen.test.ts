import { beforeAll, describe, expect, it } from 'vitest';
import type { SiteFinder } from '../../../src/sites/finder';
import { brief, testFinder } from './finders';

let finder: SiteFinder;
beforeAll(async () => {
  finder = await testFinder();
  await finder.prepare('/home/user/m.js');
});

function found(...lines: string[]): string[] {
  return finder.find('/home/user/m.js', lines.join('\n')).sites.map(brief);
}

describe('ready-made models', () => {
  it('face-api.js runs them by functions of its own, imported or from a script tag', () => {
    expect(
      found(
        'const all = await faceapi.detectAllFaces(video, options).withFaceLandmarks();',
        'faceapi.matchDimensions(canvas, video);',
        'await faceapi.nets.tinyFaceDetector.loadFromUri("/nets");',
      ),
    ).toEqual(['1 faceapi.detectAllFaces predict tfjs']);
    expect(
      found(
        'import * as fa from "@vladmandic/face-api";',
        'const one = await fa.detectSingleFace(img);',
        'const shown = fa.resizeResults(one, size);',
      ),
    ).toEqual(['2 fa.detectSingleFace predict tfjs']);
  });

  it('all that ml5 makes, also when it was given its video before; neighbours are no network', () => {
    expect(
      found(
        'const features = ml5.featureExtractor("MobileNet", ready);',
        'const sketch = ml5.sketchRNN("cat");',
        'const watcher = ml5.imageClassifier("MobileNet", video);',
        'const near = ml5.KNNClassifier();',
        'const logits = features.infer(video);',
        'sketch.generate(seed, got);',
        'watcher.classify();',
        'near.classify(logits, got);',
        'ml5.setBackend("webgl");',
      ),
    ).toEqual([
      '5 features.infer predict tfjs',
      '6 sketch.generate predict tfjs',
      '7 watcher.classify predict tfjs',
      '8 near.classify non-dl tfjs',
    ]);
  });

  it('beside a model of the file under the same name: the method tells', () => {
    expect(
      found(
        'import * as tf from "@tensorflow/tfjs";',
        'import * as mobilenet from "@tensorflow-models/mobilenet";',
        'class Sorter {',
        '  async load(url) {',
        '    if (url) this.held = await tf.loadLayersModel(url);',
        '    else this.held = await mobilenet.load();',
        '  }',
        '  sort(img) { return this.held.classify(img); }',
        '  raw(img) { return this.held.predict(img); }',
        '}',
      ),
    ).toEqual(['8 this.held.classify predict tfjs', '9 this.held.predict predict tfjs']);
  });

  it('of a package that few know: loaded by it, and asked by the name of a task', () => {
    const lines = [
      'const [net, store] = kept;',
      'net.classify(img);',
      'store.classify(img);',
      'net.connect(img);',
    ];
    expect(
      found(
        'import * as shrooms from "mushroom-js";',
        'shrooms.load("/nets").then(keep); // predict',
        ...lines,
      ),
    ).toEqual(['4 net.classify predict tfjs']);
    expect(found('// predict', ...lines)).toEqual([]);
  });
});

describe('a model that comes from somewhere else', () => {
  it('is known by what else is asked of it, and by what it gives', () => {
    expect(
      found(
        'import * as tf from "@tensorflow/tfjs";',
        'let trunk, agent;',
        'const shape = trunk.outputs[0].shape;',
        'trunk.predict(frame);',
        'const best = (await agent.predict(frame)).argMax();',
        'agent.predict(frame);',
      ),
    ).toEqual(['4 trunk.predict predict tfjs', '5 agent.predict predict tfjs']);
  });

  it('is known by methods that only ready-made models have', () => {
    expect(
      found(
        'import * as tf from "@tensorflow/tfjs-core";',
        'export const pose = (img, net) => net.estimateSinglePose(img);',
        'export const cost = (img, job) => job.estimateSinglePose(img);',
        'export const sum = (net) => net.classify(tf.zeros([1]));',
      ),
    ).toEqual(['2 net.estimateSinglePose predict tfjs']);
  });

  it('is kept in a map beside its name', () => {
    expect(
      found(
        'import { AutoModel } from "@huggingface/transformers";',
        'const held = new Map();',
        'held.set(name, await AutoModel.from_pretrained(name));',
        'for (const [name, each] of held) await each(inputs), name(inputs);',
      ),
    ).toEqual(['4 each predict onnxruntime loop']);
  });
});

describe('models of TensorFlow.js', () => {
  it('are given to class components, and kept in their state, as these are declared', async () => {
    await finder.prepare('/home/user/m.tsx');
    const lines = [
      'import * as tf from "@tensorflow/tfjs";',
      'import * as nets from "@tensorflow-models/mobilenet";',
      'type Props = { base: nets.MobileNet | null; label: string; onReady: (x: number) => void };',
      'class Cam extends React.Component<Props, { head: tf.LayersModel }> {',
      '  look(v) {',
      '    const { base, label } = this.props;',
      '    base.infer(v, true), label.infer(v), this.props.onReady(v);',
      '    return this.state.head.predict(v);',
      '  }',
      '}',
      'class Other extends Thing<Props> { look(v) { return this.words.infer(v); } }',
    ];
    expect(finder.find('/home/user/m.tsx', lines.join('\n')).sites.map(brief)).toEqual([
      '7 base.infer predict tfjs',
      '8 this.state.head.predict predict tfjs',
    ]);
  });

  it('are tested as a whole, also where that is handed on; games and expressions are evaluated too', () => {
    expect(
      found(
        'import * as tf from "@tensorflow/tfjs";',
        'async function report(model) { return await model.evaluateDataset(ds, {}); }',
        'const m = tf.sequential(); m.evaluate(x, y);',
        'board.evaluate(x); math.evaluate("1 + 1"); page.evaluate(() => 1);',
      ),
    ).toEqual(['2 model.evaluateDataset predict tfjs', '3 m.evaluate predict tfjs']);
  });

  it('are explained by the gradient of an input, and trained by that of their weights', () => {
    expect(
      found(
        'import * as tf from "@tensorflow/tfjs";',
        'const m = tf.sequential();',
        'const look = tf.grad((x) => m.apply(x).gather([1], 1));',
        'tf.grad((w) => m.apply(xs).mul(w));',
        'tf.variableGrads(() => m.apply(xs));',
      ),
    ).toEqual(['3 m.apply predict tfjs', '4 m.apply train tfjs', '5 m.apply train tfjs']);
  });

  it('are kept under keys, which are no methods of the collection', async () => {
    await finder.prepare('/home/user/m.ts');
    const lines = [
      'import * as tf from "@tensorflow/tfjs";',
      'const kept: Record<string, tf.LayersModel> = {};',
      'kept.digits.predict(x); kept.forEach.predict(x);',
    ];
    expect(finder.find('/home/user/m.ts', lines.join('\n')).sites.map(brief)).toEqual([
      '3 kept.digits.predict predict tfjs',
    ]);
  });
});
