import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Language, Parser } from 'web-tree-sitter';
import {
  findJavaScriptSites,
  grammarOf,
  isJavaScriptFile,
  listJavaScriptCalls,
  type JavaScriptGrammar,
} from '../../../src/sites/javascript/javascript';
import type { Site, SitesResult } from '../../../src/sites/site';

const resolve = createRequire(import.meta.url).resolve;
const parsers = new Map<JavaScriptGrammar, Parser>();

beforeAll(async () => {
  await Parser.init({ wasmBinary: readFileSync(resolve('web-tree-sitter/web-tree-sitter.wasm')) });
  for (const grammar of ['javascript', 'typescript', 'tsx'] as const) {
    const wasm = readFileSync(resolve(`@vscode/tree-sitter-wasm/wasm/tree-sitter-${grammar}.wasm`));
    const parser = new Parser();
    parser.setLanguage(await Language.load(wasm));
    parsers.set(grammar, parser);
  }
});

function parserOf(file: string): Parser {
  return parsers.get(grammarOf(file)!)!;
}

function find(text: string, file = '/home/user/m.js'): SitesResult {
  return findJavaScriptSites(parserOf(file), file, text, 'm');
}

/** One line a site: `12 model.predict predict tfjs loop`. */
function brief(site: Site): string {
  const marks = [site.inLoop && 'loop', site.inProfiler && 'profiled', site.confidence < 0.7 && 'unsure'];
  return [site.line, site.callee, site.kind, site.framework, ...marks.filter((mark) => mark !== false)].join(
    ' ',
  );
}

function found(lines: readonly string[], file?: string): string[] {
  const { sites, problems } = find(lines.join('\n'), file);
  expect(problems).toEqual([]);
  return sites.map(brief);
}

type Case = [title: string, lines: string[], expected: string[]];

const star = "import * as tf from '@tensorflow/tfjs';";

describe('TensorFlow.js is known when it comes by', () => {
  const one = ['2 m.predict predict tfjs'];
  const cases: Case[] = [
    ['a namespace', [star, "const m = await tf.loadLayersModel('u'); m.predict(x);"], one],
    [
      'a default import of the Node package',
      ["import tf from '@tensorflow/tfjs-node';", "const m = await tf.loadGraphModel('u'); m.predict(x);"],
      one,
    ],
    [
      'named imports with aliases',
      [
        "import { loadGraphModel as load, tidy } from '@tensorflow/tfjs-converter';",
        "const m = await load('u'); tidy(() => m.predict(x));",
      ],
      one,
    ],
    [
      'require and destructuring',
      [
        "const { loadLayersModel: load } = require('@tensorflow/tfjs-node-gpu');",
        'load(u).then(function (m) { m.predict(x); });',
      ],
      one,
    ],
    [
      'a member of require',
      ["const sequential = require('@tensorflow/tfjs').sequential;", 'const m = sequential(); m.predict(x);'],
      one,
    ],
    [
      'a dynamic import',
      ["const tf = await import('@tensorflow/tfjs');", 'const m = tf.sequential(); m.predict(x);'],
      one,
    ],
    [
      'a dynamic import that is destructured',
      ["const { default: t } = await import('@tensorflow/tfjs');", 'const m = t.sequential(); m.predict(x);'],
      one,
    ],
    ['a script tag', ['', 'const m = await tf.loadLayersModel(u); m.predict(x);'], one],
    ['a script tag, by window', ['', 'const m = window.tf.sequential(); m.predict(x);'], one],
    [
      'a file of the project that chooses the backend',
      ["import { tf } from './backend';", 'const m = tf.sequential(); m.predict(x);'],
      one,
    ],
    ['a parameter', ['', 'function f(tf) { const m = tf.sequential(); m.predict(x); }'], one],
    [
      'a CDN',
      [
        "import * as t from 'https://esm.sh/@tensorflow/tfjs@4.2';",
        'const m = t.sequential(); m.predict(x);',
      ],
      one,
    ],
    [
      'a backend that may be missing',
      [
        "let tf; try { tf = require('@tensorflow/tfjs-node-gpu'); } catch { tf = require('@tensorflow/tfjs'); }",
        'const m = tf.sequential(); m.predict(x);',
      ],
      one,
    ],
  ];
  it.each(cases)('%s', (_, lines, expected) => {
    expect(found(lines)).toEqual(expected);
  });
});

describe('a model is followed through', () => {
  const cases: Case[] = [
    [
      'a variable that is set later, in another function',
      [
        star,
        'let net;',
        'async function load() { net = await tf.loadModel(u); }',
        'const run = (x) => net.predict(x);',
      ],
      ['4 net.predict predict tfjs'],
    ],
    [
      'an undeclared global',
      [
        star,
        'async function load() { thing = await tf.loadModel(u); }',
        'function run(x) { thing.predict(x); }',
      ],
      ['3 thing.predict predict tfjs'],
    ],
    [
      'then, catch, and a setter by name',
      [
        star,
        'let thing;',
        'function keep(m) { thing = m; }',
        'tf.loadLayersModel(u).catch(log).then(keep);',
        'thing.predict(x);',
      ],
      ['5 thing.predict predict tfjs'],
    ],
    [
      'what a then gives on',
      [
        star,
        'const thing = await tf.loadLayersModel(u).then((m) => { m.summary(); return m; });',
        'thing.predict(x)',
      ],
      ['3 thing.predict predict tfjs'],
    ],
    [
      'functions of the file, with a cache',
      [
        star,
        'let held = null;',
        'async function get() { if (!held) held = await tf.loadGraphModel(u); return held; }',
        'const out = (await get()).execute(x);',
      ],
      ['4 (awaitget()).execute predict tfjs'],
    ],
    [
      'class fields, private and static ones',
      [
        star,
        'class A {',
        '  #net; static shared; field = tf.sequential();',
        '  async load() { this.#net = await tf.loadLayersModel(u); A.shared = this.#net; }',
        '  run(x) { this.field.predict(x); return this.#net.predict(x); }',
        '  static run(x) { return A.shared.predict(x); }',
        '}',
      ],
      [
        '5 this.field.predict predict tfjs',
        '5 this.#net.predict predict tfjs',
        '6 A.shared.predict predict tfjs',
      ],
    ],
    [
      'getters, bases and self',
      [
        star,
        'class Base { constructor() { this.m = tf.sequential(); } get inner() { return this.m; } }',
        'class B extends Base { run(x) { const self = this; fs.read(function () { self.inner.predict(x); }); } }',
        'new B().m.predict(x);',
      ],
      ['3 self.inner.predict predict tfjs', '4 newB().m.predict predict tfjs'],
    ],
    [
      'constructor functions and prototypes',
      [
        star,
        'function Scorer() { this.brain = tf.sequential(); }',
        'Scorer.prototype.run = function (x) { return this.brain.predict(x); };',
      ],
      ['3 this.brain.predict predict tfjs'],
    ],
    [
      'properties of objects, and methods of the same object',
      [
        star,
        'const app = { brain: null, async load() { this.brain = await tf.loadModel(u); }, run(x) { return this.brain.predict(x); } };',
        'app.brain.predict(x);',
        'exports.run = (x) => app.brain.predictOnBatch(x);',
      ],
      [
        '2 this.brain.predict predict tfjs',
        '3 app.brain.predict predict tfjs',
        '4 app.brain.predictOnBatch predict tfjs',
      ],
    ],
    [
      'destructured results of functions of the file',
      [
        star,
        'async function load() { const a = tf.sequential(); return { a, b: [await tf.loadModel(u)], c: 1 }; }',
        'const { a: first, b: [second], c } = await load();',
        'first.predict(x); second.predict(x); c.predict(x);',
      ],
      ['4 first.predict predict tfjs', '4 second.predict predict tfjs'],
    ],
    [
      'Promise.all, by position',
      [
        star,
        'const [labels, one] = await Promise.all([fetch(u), tf.loadGraphModel(v)]);',
        'labels.predict(x); one.predict(x);',
        'Promise.all([tf.loadGraphModel(u)]).then(([m]) => m.execute(x));',
      ],
      ['3 one.predict predict tfjs', '4 m.execute predict tfjs'],
    ],
    [
      'arrays that are filled, looped over and mapped',
      [
        star,
        'const all = []; for (const u of urls) all.push(await tf.loadLayersModel(u));',
        'for (const each of all) each.predict(x);',
        'all.map((each) => each.predict(x)); all[0].predict(x); all.at(-1).predict(x);',
        'for (const [i, each] of all.entries()) each.predict(x);',
        'all.reduce((sum, each) => sum.add(each.predict(x)), tf.scalar(0));',
      ],
      [
        '3 each.predict predict tfjs loop',
        '4 each.predict predict tfjs loop',
        '4 all[0].predict predict tfjs',
        '4 all.at(-1).predict predict tfjs',
        '5 each.predict predict tfjs loop',
        '6 each.predict predict tfjs loop',
      ],
    ],
    [
      'Promise.all over a map',
      [
        star,
        'const all = await Promise.all(urls.map(async (u) => tf.loadLayersModel(u)));',
        'await Promise.all(all.map((each) => each.predict(x)));',
        'const [head, ...rest] = all; head.predict(x); rest.forEach(function (r) { r.predict(x); });',
      ],
      ['3 each.predict predict tfjs loop', '4 head.predict predict tfjs', '4 r.predict predict tfjs loop'],
    ],
    [
      'maps and tables',
      [
        star,
        'const cache = new Map(); const table = {};',
        'cache.set(k, await tf.loadModel(u)); table[k] = tf.sequential();',
        'cache.get(k).predict(x); table[k].predict(x); table.a?.summary();',
        'for (const [k, each] of cache) each[0].predict(x);',
        'Object.values(table).forEach((t) => t.predict(x));',
      ],
      ['4 cache.get(k).predict predict tfjs', '4 table[k].predict predict tfjs'],
    ],
    [
      'optional chaining, either-or and assignments in place',
      [
        star,
        'let a, b; const c = a ?? (b = tf.sequential()); const d = ok ? c : null;',
        'b?.predict(x); c?.predict?.(x); d.predict(x); (a ||= tf.model(o)).predict(x); b["predict"](x);',
      ],
      [
        '3 b?.predict predict tfjs',
        '3 c?.predict predict tfjs',
        '3 d.predict predict tfjs',
        '3 (a||=tf.model(o)).predict predict tfjs',
        '3 b["predict"] predict tfjs',
      ],
    ],
    [
      'bound and borrowed methods',
      [
        star,
        'const m = tf.sequential(); const run = m.predict.bind(m); const { execute } = m;',
        'run(x); m.predict.call(m, x); m.predict.apply(m, [x]);',
      ],
      ['3 run predict tfjs', '3 m.predict.call predict tfjs', '3 m.predict.apply predict tfjs'],
    ],
    [
      'callers in the file, and defaults',
      [
        star,
        'function one(g, x) { return g.predict(x); }',
        'function two({ g = tf.sequential() }, x) { return g.predict(x); }',
        'const three = (x, { g }) => g.predict(x);',
        'one(tf.sequential(), 1); three(1, { g: tf.sequential() });',
      ],
      ['2 g.predict predict tfjs', '3 g.predict predict tfjs', '4 g.predict predict tfjs'],
    ],
    [
      'the nearest assignment, not the first',
      [star, 'let m = tf.sequential(); m.predict(x);', 'm = new Tree(); m.predict(x);'],
      ['2 m.predict predict tfjs'],
    ],
    [
      'the scope that declares it',
      [
        star,
        'const m = tf.sequential();',
        'function f(x) { const m = new Tree(); { let m = 3; m.predict(x); } return m.predict(x); }',
        'function g(x) { if (x) { let m = 1; } return m.predict(x); }',
      ],
      ['4 m.predict predict tfjs'],
    ],
    [
      'other loaders and constructors',
      [
        star,
        'tf.models.modelFromJSON(j).predict(x); (await tf.node.loadSavedModel(d)).predict(x);',
        'new tf.Sequential().predict(x); tf.loadFrozenModel(u).then((f) => f.execute(x));',
        'const lite = await tflite.loadTFLiteModel(u); lite.predict(x);',
      ],
      [
        '2 tf.models.modelFromJSON(j).predict predict tfjs',
        '2 (awaittf.node.loadSavedModel(d)).predict predict tfjs',
        '3 newtf.Sequential().predict predict tfjs',
        '3 f.execute predict tfjs',
        '4 lite.predict predict tfjs',
      ],
    ],
  ];
  it.each(cases)('%s', (_, lines, expected) => {
    expect(found(lines)).toEqual(expected);
  });
});

describe('TypeScript says what a model is by', () => {
  const cases: Case[] = [
    [
      'types of parameters and variables',
      [
        star,
        'function a(g: tf.LayersModel, h?: tf.GraphModel | null) { g.predict(x); h!.execute(x); }',
        'let s: tf.Sequential, i: tf.InferenceModel; s.predict(x); i.predict(x);',
        'const many: Array<tf.GraphModel> = [], more: readonly tf.GraphModel[] = []; many[0]!.predict(x); more[1].predict(x);',
      ],
      [
        '2 g.predict predict tfjs',
        '2 h!.execute predict tfjs',
        '3 s.predict predict tfjs',
        '3 i.predict predict tfjs',
        '4 many[0]!.predict predict tfjs',
        '4 more[1].predict predict tfjs',
      ],
    ],
    [
      'types that are imported alone',
      [
        "import type { GraphModel, LayersModel as L } from '@tensorflow/tfjs-node';",
        'export function f(g: GraphModel, p: Promise<L>) { g.predict(x); p.then((l) => l.predict(x)); }',
      ],
      ['2 g.predict predict tfjs', '2 l.predict predict tfjs'],
    ],
    [
      'claims',
      [
        star,
        'const a = get() as tf.GraphModel, b = get() as unknown as tf.LayersModel, c = <tf.GraphModel>get();',
        'a.predict(x) as tf.Tensor; b.predict<tf.Tensor>(x); c.predict(x); (it as tf.GraphModel).predict(x);',
        '(a as any).predict(x); (a satisfies object).predict(x);',
      ],
      [
        '3 a.predict predict tfjs',
        '3 b.predict predict tfjs',
        '3 c.predict predict tfjs',
        '3 (itastf.GraphModel).predict predict tfjs',
        '4 (aasany).predict predict tfjs',
        '4 (asatisfiesobject).predict predict tfjs',
      ],
    ],
    [
      'fields and parameter properties',
      [
        star,
        'class A { private m!: tf.LayersModel; constructor(private readonly g: tf.GraphModel, h: number) {}',
        '  run(x: tf.Tensor) { this.m.predict(x); this.g?.predict(x); this.h.predict(x); } }',
      ],
      ['3 this.m.predict predict tfjs', '3 this.g?.predict predict tfjs'],
    ],
    [
      'interfaces, aliases and records',
      [
        star,
        'interface Loaded { m: tf.GraphModel; labels: string[] } type Both = { a: Loaded; by: Record<string, tf.GraphModel> };',
        'function f({ m, labels }: Loaded, b: Both) { m.predict(x); labels.predict(x); b.a.m.predict(x); b.by[k].predict(x); }',
      ],
      ['3 m.predict predict tfjs', '3 b.a.m.predict predict tfjs', '3 b.by[k].predict predict tfjs'],
    ],
    [
      'what a loader resolves to',
      [
        star,
        'let a: Awaited<ReturnType<typeof tf.loadGraphModel>>; a.predict(x);',
        "let b: import('@tensorflow/tfjs').LayersModel; b.predict(x);",
      ],
      ['2 a.predict predict tfjs', '3 b.predict predict tfjs'],
    ],
    [
      'classes that derive from a model; layers keep their inside to themselves',
      [
        star,
        'class Net extends tf.Sequential { ask(x: tf.Tensor) { return this.predict(x); } }',
        'class Block extends tf.layers.Layer { inner = tf.sequential(); call(x: tf.Tensor) { return this.inner.apply(x); } }',
        'new Net().predict(x);',
      ],
      ['2 this.predict predict tfjs', '4 newNet().predict predict tfjs'],
    ],
  ];
  it.each(cases)('%s', (_, lines, expected) => {
    expect(found(lines, '/home/user/m.ts')).toEqual(expected);
  });
});

describe('components', () => {
  it('keep models in refs and in state', () => {
    const lines = [
      star,
      "import React, { useEffect, useRef, useState } from 'react';",
      'export function View({ image }: { image: ImageData }) {',
      '  const held = useRef<tf.GraphModel | null>(null);',
      '  const video = useRef<HTMLVideoElement>(null);',
      '  const [brain, setBrain] = useState<tf.LayersModel>();',
      '  const [late, setLate] = React.useState(null);',
      '  useEffect(() => { tf.loadGraphModel(u).then((m) => { held.current = m; }); tf.loadModel(u).then(setLate); }, []);',
      '  const run = async () => { held.current!.predict(x); brain?.predict(x); video.current.predict(x); };',
      '  return <Button onClick={() => late.predict(tf.browser.fromPixels(image))} title="go">Go {run}</Button>;',
      '}',
    ];
    expect(found(lines, '/home/user/m.tsx')).toEqual([
      '9 held.current!.predict predict tfjs',
      '9 brain?.predict predict tfjs',
      '10 late.predict predict tfjs',
    ]);
  });

  it('in JSX without types too, and in the boxes of Vue', () => {
    const lines = [
      star,
      'const App = () => { const r = useRef(null); r.current = tf.sequential(); return <p onClick={() => r.current.predict(x)} />; };',
      'const box = shallowRef(); const load = async () => { box.value = await tf.loadModel(u); };',
      'box.value.predict(x);',
    ];
    expect(found(lines, '/home/user/m.jsx')).toEqual([
      '2 r.current.predict predict tfjs',
      '4 box.value.predict predict tfjs',
    ]);
  });
});

describe('the kind of a call', () => {
  it('is train for what fits and for what a gradient is taken of', () => {
    const lines = [
      star,
      'const m = tf.sequential(); const o = tf.train.adam();',
      'await m.fit(xs, ys); await m.fitDataset(ds, {}); await m.trainOnBatch(xs, ys);',
      'o.minimize(() => loss(m.predict(xs), ys));',
      'const step = () => loss(m.predict(xs)); o.minimize(step);',
      'function error() { return loss(m.apply(xs)); } tf.variableGrads(() => error());',
      'm.evaluate(xs, ys); m.summary(); m.compile({}); m.save(u); m.dispose(0);',
    ];
    expect(found(lines)).toEqual([
      '3 m.fit train tfjs',
      '3 m.fitDataset train tfjs',
      '3 m.trainOnBatch train tfjs',
      '4 m.predict train tfjs',
      '5 m.predict train tfjs',
      '6 m.apply train tfjs',
      '7 m.evaluate predict tfjs',
    ]);
  });

  it('is symbolic on symbolic tensors and predict on concrete ones', () => {
    const lines = [
      star,
      'const i = tf.input({ shape: [3] }); const d = tf.layers.dense({ units: 1 });',
      'const o = tf.layers.relu().apply(d.apply(i)); const m = tf.model({ inputs: i, outputs: o });',
      'm.apply(i); m.apply([i, i]); m.apply(tf.zeros([1, 3])); d.apply(tf.zeros([1, 3])); m.predict(tf.zeros([1, 3]));',
      'const n = tf.model({ inputs: m.inputs, outputs: d.apply(m.getLayer("a").output) });',
      'n.predict(x); n.apply(m.outputs[0]);',
    ];
    expect(found(lines)).toEqual([
      '3 tf.layers.relu().apply symbolic tfjs',
      '3 d.apply symbolic tfjs',
      '4 m.apply symbolic tfjs',
      '4 m.apply symbolic tfjs',
      '4 m.apply predict tfjs',
      '4 m.predict predict tfjs',
      '5 d.apply symbolic tfjs',
      '6 n.predict predict tfjs',
      '6 n.apply symbolic tfjs',
    ]);
  });

  it('needs an argument', () => {
    expect(found([star, 'const m = tf.sequential(); m.predict(); m.predict(...xs);'])).toEqual([
      '2 m.predict predict tfjs',
    ]);
  });
});

describe('other packages', () => {
  const cases: Case[] = [
    [
      'ONNX Runtime',
      [
        "import * as ort from 'onnxruntime-node';",
        'const s = await ort.InferenceSession.create(path); const out = await s.run(feeds);',
        "const { InferenceSession } = require('onnxruntime-web');",
        'InferenceSession.create(u).then((t) => t.run(feeds));',
        'function f(session) { return session.run(feeds); }',
      ],
      ['2 s.run predict onnxruntime', '4 t.run predict onnxruntime', '5 session.run predict onnxruntime'],
    ],
    [
      'ml5, by its script tag',
      [
        'const classifier = ml5.imageClassifier("MobileNet");',
        'classifier.classify(image, (error, results) => show(results));',
        'ml5.setBackend("webgl");',
      ],
      ['2 classifier.classify predict tfjs'],
    ],
    [
      'ONNX Runtime from a script tag',
      ['class A { async go() { this.s = await ort.InferenceSession.create(u); await this.s.run({}); } }'],
      ['1 this.s.run predict onnxruntime'],
    ],
    [
      'ready-made models',
      [
        "import * as mobilenet from '@tensorflow-models/mobilenet'; import * as coco from '@tensorflow-models/coco-ssd';",
        "import * as pose from '@tensorflow-models/pose-detection'; const { load } = require('@tensorflow-models/toxicity');",
        'const a = await mobilenet.load(); a.classify(img); a.infer(img, true);',
        'coco.load().then((b) => b.detect(img));',
        'const c = await pose.createDetector(pose.SupportedModels.MoveNet); c.estimatePoses(img);',
        'load(0.9).then((d) => { d.classify(s); d.dispose(s); });',
      ],
      [
        '3 a.classify predict tfjs',
        '3 a.infer predict tfjs',
        '4 b.detect predict tfjs',
        '5 c.estimatePoses predict tfjs',
        '6 d.classify predict tfjs',
      ],
    ],
    [
      'ready-made models of script tags',
      ['const net = await posenet.load(); net.estimateSinglePose(v); (await cocoSsd.load()).detect(v);'],
      ['1 net.estimateSinglePose predict tfjs', '1 (awaitcocoSsd.load()).detect predict tfjs'],
    ],
    [
      'neighbours on tensors',
      [
        "import * as knn from '@tensorflow-models/knn-classifier';",
        'const k = knn.create(); k.predictClass(t);',
      ],
      ['2 k.predictClass non-dl tfjs'],
    ],
    [
      'pipelines of Transformers.js',
      [
        "import { pipeline, AutoModel, AutoTokenizer } from '@huggingface/transformers';",
        "const ask = await pipeline('fill-mask'); await ask('a [MASK]');",
        'const t = await AutoTokenizer.from_pretrained(n); const m = await AutoModel.from_pretrained(n);',
        'const { logits } = await m(t(text)); await m.generate(t(text));',
      ],
      ['2 ask predict onnxruntime', '4 m predict onnxruntime', '4 m.generate predict onnxruntime'],
    ],
    [
      'pipelines that are made once',
      [
        "import { pipeline } from '@xenova/transformers';",
        'class One { static held = null; static async get() { this.held ??= pipeline(t); return this.held; } }',
        'const run = await One.get(); const out = await run(text);',
      ],
      ['3 run predict onnxruntime'],
    ],
  ];
  it.each(cases)('%s', (_, lines, expected) => {
    expect(found(lines)).toEqual(expected);
  });
});

describe('a name alone', () => {
  it('counts in a file that uses TensorFlow.js', () => {
    const { sites } = find([star, 'export const f = (model, x) => model.predict(x);'].join('\n'));
    expect(sites.map((site) => [brief(site), site.confidence])).toEqual([
      ['2 model.predict predict tfjs', 0.75],
    ]);
    expect(found([star, 'import { net } from "./net"; net.fit(x, y); props.model.execute(x);'])).toEqual([
      '2 net.fit train tfjs',
      '2 props.model.execute predict tfjs',
    ]);
    expect(
      found([star, "import { loadModel } from './load'; const it = await loadModel(); it.predict(x);"]),
    ).toEqual(['2 it.predict predict tfjs']);
  });

  it('counts with the method of a task in a file that uses ready-made models', () => {
    const lines = [
      "import { util } from '@tensorflow-models/pose-detection';",
      'detector.estimatePoses(v); props.model.detect(v); input.detect(v); Detector.detect(v);',
    ];
    expect(found(lines)).toEqual([
      '2 detector.estimatePoses predict tfjs',
      '2 props.model.detect predict tfjs',
    ]);
  });

  it('is a doubt elsewhere', () => {
    const { sites } = find('export const f = (model, x) => model.predict(x);');
    expect(sites.map((site) => [brief(site), site.confidence])).toEqual([
      ['1 model.predict predict unknown unsure', 0.5],
    ]);
  });
});

describe('no site is', () => {
  const cases: [title: string, lines: string[]][] = [
    [
      'a database model',
      [
        "const { Schema, model } = require('mongoose'); // predict",
        "const User = model('User', s); User.find({}); User.predict(x);",
      ],
    ],
    [
      'a query',
      [
        "import { Sequelize } from 'sequelize'; const model = new Sequelize(); model.execute(q); model.predict(q);",
      ],
    ],
    [
      'an application',
      [
        star,
        "const app = express(); app.model('predict'); app.get('/predict', h); app.call(x); app.apply(y);",
      ],
    ],
    [
      'a child process',
      [
        "import { execute } from 'child_process'; execute('predict'); pool.execute('predict', [model]);",
        star,
      ],
    ],
    [
      'a regular expression',
      [star, '/predict(model)/.exec(x); /a/.test(model); const model = /x/; model.execute(x);'],
    ],
    [
      'jQuery',
      [
        '$("#predict").on("click", predict); $.fn.model = 1; $model.fit(x); predictButton.click(x);',
        'tf.ready();',
      ],
    ],
    [
      'a scene',
      [star, 'scene.model.add(mesh); model.position.apply(m); model.traverse(f); gltf.model.call(x);'],
    ],
    [
      'a function named so',
      [star, "import { predict } from './x'; predict(x); predictions.push(x); predict.call(null, x);"],
    ],
    ['a function of a module', [star, "import * as model from './model'; model.predict(x); model.fit(x);"]],
    [
      'an object of the user’s own class',
      [star, 'class Model { predict(x) { return x; } } const model = new Model(); model.predict(x);'],
    ],
    [
      'an object of a class from another file',
      [
        star,
        "import { Scorer } from './s'; const model = new Scorer(); model.predict(x);",
        'const net = await Scorer.load(); net.predict(x);',
      ],
    ],
    [
      'another library',
      ["import brain from 'brain.js'; const net = new brain.NeuralNetwork(); net.run(x); net.predict(x);"],
    ],
    ['an SVM', ["import SVM from 'ml-svm'; const model = new SVM(); model.predict(x);", star]],
    [
      'a tensor',
      [
        star,
        'const model = tf.tensor([1]); model.predict(x); const net = other.guess(x).squeeze(); tf.tidy(() => 1);',
      ],
    ],
    [
      'a comment or a string',
      [star, '// model.predict(x)', 'const s = "model.predict(x)"; `model.predict(${x})`;'],
    ],
    [
      'a class or a method named so',
      [star, 'Model.predict(x); viewModel.predict(x); loadModel.call(x); modelPath.predict(x);'],
    ],
    [
      'what else a model has',
      [star, 'const m = tf.sequential(); m.getWeights(x); m.layers[0].call(x); evaluate(m);'],
    ],
    ['a tagged template', [star, 'const m = tf.sequential(); m.predict`x`; super.predict;']],
    [
      'a tokenizer or a processor',
      [
        "import { AutoProcessor } from '@xenova/transformers'; const p = await AutoProcessor.from_pretrained(n); p(x); p.call(x);",
      ],
    ],
    [
      'a session of a web server',
      ["import * as ort from 'onnxruntime-web'; req.session.save(x); session.destroy(x); runner.run(x);"],
    ],
    [
      'a local that is named like a global',
      ['function f(use, mobilenet) { return use.load(x).classify(mobilenet); } // predict'],
    ],
  ];
  it.each(cases)('%s', (_, lines) => {
    const file = lines.join('\n').includes('super') ? '/home/user/m.mjs' : undefined;
    const { sites } = find(lines.join('\n'), file);
    expect(sites.map(brief)).toEqual([]);
  });

  it('in a file without any hint, which is not even parsed', () => {
    const { sites, problems } = find('const a = ((((; b.run(c)');
    expect({ sites, problems }).toEqual({ sites: [], problems: [] });
  });
});

describe('a call is in a loop', () => {
  it('of any kind, and in what is called for each element', () => {
    const lines = [
      star,
      'const m = tf.sequential();',
      'for (let i = 0; i < 3; i++) m.predict(1); while (m.predict(2)) ; do m.predict(3); while (a);',
      'for (const k in o) m.predict(4); for await (const x of s) tf.tidy(() => m.predict(5));',
      'xs.forEach((x) => m.predict(x)); Array.from(xs, (x) => m.predict(x)); ds.forEachAsync(async (x) => { await m.predict(x); });',
      'for (const x of m.predict(6)) g(x); for (let p = m.predict(7); p; ) g(p);',
      'for (const x of xs) { function later() { m.predict(8); } }',
      'xs.sort(m.predict(9));',
    ];
    expect(found(lines).map((line) => line.replace(' m.predict predict tfjs', ''))).toEqual([
      '3 loop',
      '3 loop',
      '3 loop',
      '4 loop',
      '4 loop',
      '5 loop',
      '5 loop',
      '5 loop',
      '6',
      '6',
      '7',
      '8',
    ]);
  });
});

describe('a call is in a profiler session', () => {
  it('inside of tf.profile and tf.time only', () => {
    const lines = [
      star,
      'const m = tf.sequential(); const go = () => m.predict(0);',
      'await tf.profile(() => m.predict(1)); const t = await tf.time(async () => { f(() => m.predict(2)); });',
      'tf.profile(go); tf.tidy(() => m.predict(3)); console.time(() => m.predict(4));',
    ];
    expect(found(lines)).toEqual([
      '2 m.predict predict tfjs profiled',
      '3 m.predict predict tfjs profiled',
      '3 m.predict predict tfjs profiled',
      '4 m.predict predict tfjs',
      '4 m.predict predict tfjs',
    ]);
  });
});

describe('the reason', () => {
  const reason = (line: string): string | undefined => find(`${star}\n${line}`).sites.at(-1)?.reason;

  it('names what was loaded, where, and what follows', () => {
    expect(reason('const model = await tf.loadLayersModel(u);\nmodel.predict(x)')).toBe(
      '`model` is loaded by tf.loadLayersModel on line 2, so this runs inference.',
    );
    expect(reason('const m = tf.sequential(); m.fit(x, y)')).toBe(
      '`m` is built by tf.sequential on line 2, and fit trains it.',
    );
    expect(reason('const m = tf.sequential(); o.minimize(() => m.predict(x))')).toBe(
      '`m` is built by tf.sequential on line 2, and runs in what minimize differentiates, so this is a step of training.',
    );
    expect(reason('this.model.predict(x)')).toBe(
      '`this.model` is named like a model and the file uses TensorFlow.js, so this runs inference.',
    );
  });
});

describe('the identity of a call', () => {
  const text = [
    star,
    'class Scorer {',
    '  async run(models, x) {',
    "    models['a b'].predict(x); models['a b'].predict(-x);",
    '  }',
    '}',
  ].join('\n');
  const ids = (code: string, file?: string): string[] => find(code, file).sites.map((site) => site.id);

  it('is of the name of what is around it, the callee and the ordinal', () => {
    expect(find(text).sites.map((site) => site.runtime)).toEqual([
      {
        qualname: 'Scorer.run',
        callee: "models['a b'].predict",
        ordinal: 0,
        utf8Column: 4,
        endUtf8Column: 28,
      },
      {
        qualname: 'Scorer.run',
        callee: "models['a b'].predict",
        ordinal: 1,
        utf8Column: 30,
        endUtf8Column: 55,
      },
    ]);
    expect(new Set(ids(text)).size).toBe(2);
    expect(ids(text)[0]).toMatch(/^[0-9a-f]{16}$/);
  });

  it('survives edits above, a new name for another variable, and a reformat', () => {
    const others = '\n// why\nfunction g(models) { models["a b"].predict(1); }\nconst k = 1;\n';
    expect(ids(text.replace('\nclass', `${others}class`)).slice(1)).toEqual(ids(text));
    expect(ids(text.replaceAll(/\bx\b/g, 'image'))).toEqual(ids(text));
    const wrapped = text.replace(
      "models['a b'].predict(x)",
      "(\n  models // which\n    ['a b' /* that */]\n    .predict\n)(\n  x,\n)",
    );
    expect(ids(wrapped)).toEqual(ids(text));
    expect(ids(text, '/home/user/m.ts')).toEqual(ids(text));
  });

  it('survives CRLF and a byte order mark, which are not counted', () => {
    const marked = find('\uFEFF' + text.replaceAll('\n', '\r\n'));
    expect(marked.sites).toEqual(find(text).sites);
    expect(find('\uFEFFtf.sequential().predict(x)').sites[0]).toMatchObject({
      line: 1,
      column: 1,
      endColumn: 27,
    });
  });

  it('counts equal calls that are no sites', () => {
    const { sites } = find(`${star}\nmodel.predict(); model.predict(1); other.predict(2);`);
    expect(sites.map((site) => site.runtime.ordinal)).toEqual([1]);
  });

  it.each([
    ['const f = async () => m.predict(x);', 'f'],
    ['const f = function g() { m.predict(x); };', 'g'],
    ['exports.handler = async () => m.predict(x);', 'handler'],
    ['const o = { f() { m.predict(x); } };', 'f'],
    ["const o = { 'a-b': () => m.predict(x) };", 'a-b'],
    ['class A { static #f = () => m.predict(x); }', 'A.#f'],
    ['class A { static { m.predict(x); } }', 'A'],
    ['const A = class { get f() { return m.predict(x); } };', 'A.f'],
    ['class A extends B(m.predict(x)) {}', ''],
    ['function f() { xs.map((x) => tf.tidy(() => { function g() { m.predict(x); } })); }', 'f.g'],
    ['export default function () { m.predict(x); }', ''],
    ['function* f() { yield m.predict(x); }', 'f'],
  ])('%s is in "%s"', (line, qualname) => {
    const { sites } = find(`${star} const m = tf.sequential();\n${line}`);
    expect(sites.map((site) => site.runtime.qualname)).toEqual([qualname]);
  });
});

describe('positions', () => {
  it('count UTF-16 units for the editor and UTF-8 bytes for the runtime', () => {
    const { sites } = find(`${star}\nconst é = tf.sequential(); s = "𝒳 é"; é.predict(x);`);
    expect(sites[0]).toMatchObject({ line: 2, column: 40, endLine: 2, endColumn: 52, callee: 'é.predict' });
    expect(sites[0]?.runtime).toMatchObject({ utf8Column: 43, endUtf8Column: 56 });
  });

  it('end where the call ends', () => {
    const { sites } = find(`${star}\nmodel.predict(\n  x,\n).dataSync();`);
    expect(sites[0]).toMatchObject({ line: 2, column: 1, endLine: 4, endColumn: 2 });
  });
});

describe('a broken file', () => {
  it('gives what can be read, and one problem with its line', () => {
    const { sites, problems } = find(
      `${star}\nconst m = tf.sequential();\nm.predict(x);\nconst = ;\nfunction f( { \n}\nm.predict(y);\n`,
    );
    expect(sites.map(brief)).toContain('3 m.predict predict tfjs');
    expect(problems).toEqual([
      {
        file: '/home/user/m.js',
        line: 4,
        message: 'The syntax on line 4 could not be parsed: calls near it may be missing.',
      },
    ]);
  });

  it.each([
    '',
    ')))) model.predict(x',
    'class { predict',
    'import from; predict(',
    'const { a: , b = } = predict',
    'for (of predict',
  ])('may be nothing but errors: %s', (text) => {
    for (const file of ['/m.js', '/m.ts', '/m.tsx']) expect(() => find(text, file)).not.toThrow();
  });

  it('that ends in the middle of any token is read all the same', () => {
    const text = readFileSync(join(import.meta.dirname, '../../fixtures/sites/tfjs/service.ts'), 'utf8');
    for (let end = 0; end < text.length; end += 97) {
      expect(() => find(text.slice(0, end), '/m.ts')).not.toThrow();
      expect(() => find(text.slice(0, end), '/m.js')).not.toThrow();
    }
  });
});

describe('a generated file', () => {
  it.each([
    ['deep calls', 'f('.repeat(5000) + 'model.predict(x)' + ')'.repeat(5000)],
    ['long sums', 'const predict = ' + 'a + '.repeat(20_000) + '1;'],
    ['long chains', '$' + '.on("predict", f)'.repeat(5000) + ';'],
    ['deep arrays', 'const ' + '['.repeat(2000) + 'predict' + ']'.repeat(2000) + ' = x;'],
    [
      'many aliases',
      'let a0 = tf.sequential();' + Array.from({ length: 5000 }, (_, i) => `let a${i + 1} = a${i};`).join(''),
    ],
    ['one long line', star + 'é;' + 'var a=function(t){return t.predict(e),n(t)?r(t):o[t]};'.repeat(10_000)],
    // Work that grew by the square would not end within the limit that holds for every test.
  ])('with %s is neither an overflow nor without end', (_, text) => {
    expect(() => find(text)).not.toThrow();
  });
});

describe('listJavaScriptCalls', () => {
  it('gives every call; sites are described as sites', () => {
    const text = `${star}\nconst m = tf.sequential();\nconst out = m.predict(f(x));\n(() => g(1))();\nimport('a'); new A(h());\n`;
    const calls = listJavaScriptCalls(parserOf('/m.js'), '/m.js', text, 'm');
    expect(calls.map((site) => [site.line, site.callee, site.kind, site.confidence])).toEqual([
      [2, 'tf.sequential', 'wrapper', 0],
      [3, 'm.predict', 'predict', 0.95],
      [3, 'f', 'wrapper', 0],
      [4, 'g', 'wrapper', 0],
      [5, 'h', 'wrapper', 0],
    ]);
    expect(calls[1]?.id).toBe(find(text).sites[0]?.id);
  });
});

describe('files', () => {
  it.each([
    ['/a/b.js', 'javascript'],
    ['/a/b.mjs', 'javascript'],
    ['b.CJS', 'javascript'],
    ['b.jsx', 'javascript'],
    ['b.ts', 'typescript'],
    ['b.mts', 'typescript'],
    ['C:\\a\\b.cts', 'typescript'],
    ['b.test.tsx', 'tsx'],
    ['b.d.ts', undefined],
    ['b.json', undefined],
    ['/a.js/b', undefined],
    ['b.py', undefined],
  ])('%s is read as %s', (path, grammar) => {
    expect(grammarOf(path)).toBe(grammar);
    expect(isJavaScriptFile(path)).toBe(grammar !== undefined);
  });
});

describe('the fixture of a service', () => {
  it('has these sites', () => {
    const file = join(import.meta.dirname, '../../fixtures/sites/tfjs/service.ts');
    expect(found([readFileSync(file, 'utf8')], file)).toEqual([
      '40 this.#encoder!.predict predict tfjs',
      '44 this.detector.executeAsync predict tfjs',
      '48 this.#encoder?.predict predict tfjs',
      '51 this.#encoder!.predict predict tfjs profiled',
      '76 model.execute predict tfjs loop',
      '85 member.predict predict tfjs loop',
      '90 head.fit train tfjs',
      '92 head.predict train tfjs',
      '93 head.evaluate predict tfjs',
      '99 classifier!.classify predict tfjs',
    ]);
  });
});
