/** What calling an imported name gives: by the tables of frameworks, by the project's other files, or by its name. */

import type { SyntaxNode } from '../tree';
import { nameOfPassed, transformed } from './compiled';
import type { Evidence } from './evidence';
import { canonicalPath, frameworkOfModule } from './frameworks';
import { madeBy, type Made } from './made';
import { isClassName, isModelClassName, isModelFactoryName } from './names';
import { type Arguments } from './nodes';
import { roleOfBase } from './roles';
import { madeByThing } from './things';
import { container, other, type Model, type Value } from './values';

export function ofImport(
  path: string,
  callee: SyntaxNode,
  given: Arguments,
  evidence: Evidence,
): Value | undefined {
  const made = madeBy(path);
  return made ? ofMade(made, path, callee, given, evidence) : ofUnlisted(path, callee, given, evidence);
}

/** `Pipeline([("scale", StandardScaler()), ("net", KerasClassifier(...))])`: what predicts in it is the network. */
function modelAmong(given: Arguments, evidence: Evidence): Model | undefined {
  const pending = [...given.positional, ...given.keywords.values()];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (['list', 'tuple'].includes(node.type)) {
      pending.push(...node.children.filter((each) => each.named && each.type !== 'comment'));
      continue;
    }
    const value = evidence.evaluate(node);
    // Of all models only those made for scikit-learn can stand there.
    if (value?.kind === 'model' && !value.callable) return value;
  }
  return undefined;
}

export function ofMade(
  made: Made,
  path: string,
  callee: SyntaxNode,
  given: Arguments,
  evidence: Evidence,
): Value | undefined {
  const first = given.positional[0] ?? given.keywords.get('model') ?? given.keywords.get('module');
  switch (made.is) {
    case 'model':
      return ofModel(made, path, first, callee, given, evidence);
    case 'withParts': {
      const value = ofMade(made.model, path, callee, given, evidence);
      return { kind: 'tuple', elements: [value, undefined, undefined], whole: value };
    }
    case 'session': {
      const origin = evidence.origin('opened by', callee);
      return { kind: 'session', framework: made.framework, confidence: made.confidence, origin };
    }
    case 'compiled':
    case 'differentiated': {
      const of = first ?? given.keywords.get('fun') ?? given.keywords.get('func') ?? given.keywords.get('f');
      return transformed(made, evidence.evaluate(of), nameOfPassed(of, evidence), callee, evidence);
    }
    case 'estimator': {
      const inner = modelAmong(given, evidence);
      if (inner) return { ...inner, origin: evidence.origin('built by', callee) };
      // `pickle.loads(pickle.dumps(x))` is x again.
      const pickled = made.pickled ?? false;
      const framework =
        pickled && !evidence.frameworks.has('sklearn') && evidence.frameworks.has('xgboost')
          ? 'xgboost'
          : made.framework;
      return {
        kind: 'estimator',
        framework,
        pickled,
        origin: evidence.origin(pickled ? 'loaded by' : 'built by', callee),
      };
    }
    case 'trainer':
      return { kind: 'trainer', framework: made.framework, origin: evidence.origin('built by', callee) };
    case 'layer':
      return { kind: 'layer', framework: made.framework };
    case 'argument':
      return evidence.evaluate(first);
    case 'second':
      return evidence.evaluate(given.positional[1]);
    case 'arguments': {
      const values = [...given.positional, ...given.keywords.values()].map((each) => evidence.evaluate(each));
      return { kind: 'tuple', elements: values, whole: values[0] };
    }
    case 'halves': {
      const value = evidence.evaluate(first);
      return { kind: 'tuple', elements: [value, value] };
    }
    case 'items':
      return evidence.evaluate(first) ?? container(undefined);
    case 'fields':
      return {
        kind: 'object',
        of: { is: 'object', members: new Map(), own: [], open: true },
        member: (name) => evidence.evaluate(given.keywords.get(name)),
      };
    case 'maker':
      return { kind: 'maker', gives: made.gives };
    case 'symbol':
    case 'profiler':
    case 'launcher':
      return { kind: made.is };
    case 'other':
      return other(canonicalPath(path));
  }
}

function ofModel(
  made: Made & { is: 'model' },
  path: string,
  first: SyntaxNode | undefined,
  callee: SyntaxNode,
  given: Arguments,
  evidence: Evidence,
): Value | undefined {
  const wraps = made.how === 'wrapped by' || made.how === 'compiled by';
  const inner = wraps ? evidence.evaluate(first) : undefined;
  const function_ = transformed(made, inner, nameOfPassed(first, evidence), callee, evidence);
  if (function_) return function_;
  // Augmentations in a row are no model.
  if (path.endsWith('.Sequential') && given.positional.length > 0) {
    const parts = given.positional.map((each) => evidence.evaluate(each));
    if (parts.every((each) => each?.kind === 'other')) return other('transforms');
  }
  return {
    kind: 'model',
    framework: inner?.kind === 'model' ? inner.framework : made.framework,
    confidence: made.confidence,
    callable: made.callable,
    origin: evidence.origin(made.how, callee),
    of: inner?.kind === 'model' ? inner.of : undefined,
    own: inner?.kind === 'model' ? inner.own : undefined,
    methods: made.methods,
    gives: made.gives,
  };
}

/** Class methods that load or build: `Tagger.load_from_checkpoint(...)`. */
const loader =
  /\.(?:load_from_checkpoint|from_pretrained|from_checkpoint|from_dataset|from_hub|from_preset|from_hparams|from_config|load_pretrained|load_model|from_file)$/;

/** Classes whose `from_pretrained` gives something that goes beside a model. */
const besideModels =
  /(?:Tokenizer\w*|Processor|Config|FeatureExtractor|Scheduler|DataModule|Dataset|DataSet|Data|Pipeline|Encoding|Vocab\w*|Preprocessor)$/;

function ofUnlisted(
  path: string,
  callee: SyntaxNode,
  given: Arguments,
  evidence: Evidence,
): Value | undefined {
  const role = roleOfBase(path);
  if (role?.is === 'model') return evidence.model(role.framework, 0.95, evidence.origin('built by', callee));
  const thing = evidence.outside(path);
  if (thing?.is === 'plain' && thing.open) {
    const named = ofForeignName(path.slice(path.lastIndexOf('.') + 1), callee, evidence);
    if (named?.kind === 'model') return { ...named, own: thing.own };
  }
  if (thing) {
    const made = madeByThing(thing, path);
    if (made ?? thing.is !== 'unseen') return made;
  }
  const dot = path.lastIndexOf('.');
  const owner = path.slice(0, dot);
  const name = path.slice(dot + 1);
  const className = owner.slice(owner.lastIndexOf('.') + 1);
  if (/^[A-Z]/.test(className)) {
    // A constructor by another name: `Net.from_file(...)`.
    const ofClass = evidence.outside(owner);
    const isMaker = /^(?:load|from|create|build|restore)_?\w*$/.test(name);
    if (ofClass && isMaker) return madeByThing(ofClass, owner);
    if (loader.test(path) && !besideModels.test(className) && evidence.hasDeepLearning)
      return evidence.model(
        frameworkOfModule(path) ?? (name === 'load_from_checkpoint' ? 'torch' : evidence.foreignFramework),
        0.88,
        evidence.origin('loaded by', callee),
      );
  }
  // A function that wraps the model that it is given is no constructor of another.
  const named = ofForeignName(name, callee, evidence, frameworkOfModule(path));
  if (named?.kind === 'model' && isClassName(name) && frameworkOfModule(path) === undefined)
    return { ...named, unseen: true };
  return named ?? heldBack(name, given, evidence);
}

/** `freeze(model)`, `wrap_model(net, device)`: the value under test is the model that goes in. */
function heldBack(name: string, given: Arguments, evidence: Evidence): Value | undefined {
  if (!/^(?:freeze|unfreeze|to_device|wrap|prepare|replicate|unwrap|half|cast)/i.test(name)) return undefined;
  const first = evidence.evaluate(given.positional[0]);
  return first?.kind === 'model' ? first : undefined;
}

/** A function or class that we cannot see into: its name may still say that it hands out a model. */
export function ofForeignName(
  name: string,
  callee: SyntaxNode,
  evidence: Evidence,
  of = evidence.foreignFramework,
): Value | undefined {
  if (isModelFactoryName(name)) {
    const classical = !evidence.hasDeepLearning && evidence.hasClassical;
    if (classical)
      return {
        kind: 'estimator',
        framework: 'sklearn',
        pickled: true,
        origin: evidence.origin('loaded by', callee),
      };
    const how = /^_?(?:load|restore|read|get)/i.test(name) ? 'loaded by' : 'built by';
    const model = evidence.model(of, evidence.hasDeepLearning ? 0.82 : 0.72, evidence.origin(how, callee));
    return /(?:models|nets|networks|ensemble)$/i.test(name) ? container(model) : model;
  }
  if (isModelClassName(name) && evidence.hasDeepLearning)
    return evidence.model(of, evidence.hasClassical ? 0.72 : 0.82, evidence.origin('built by', callee));
  return undefined;
}
