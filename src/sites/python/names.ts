/** What names alone suggest. A name never decides against evidence; it decides where there is none. */

import type { SiteKind } from '../site';
import { remembered } from './remembered';

const makerVerb =
  /^(?:load|build|create|get|make|define|learn|train|fit|generate|save|compile|log|export|convert|init|initialize|setup|prepare|register|test|run|plot|print|check|validate|evaluate|select|update|set|is|has|num|n|use|new|wrap|unwrap|freeze|unfreeze|move|copy|clone|delete|del|remove|add|append|list|fetch|find|download|upload|push|deploy|serve|quantize|prune|optimize|reset|configure|instantiate|parse|describe|summarize|visualize|inspect|debug|profile|benchmark|measure|attach|replace|swap|merge|split|share|send|call|with|to|from|read|write|restore|count|show|draw|import|dump|choose|pick|ensure|want|watch|verify|resolve|assert|multi_gpu|patch|enable|disable|switch|toggle|change|modify|process|preprocess|postprocess|extract|compute|calculate|apply|close|open|start|stop|launch|lock|release|rename|rebuild|reload|assemble|finalize|gather|collect|upgrade|dispatch|publish|request|rescan|scan|assign|inject|adapt|exclude|include|sync|synchronize|refresh|broadcast|migrate|warmup|calibrate|distill|bundle|archive|backup|recover|flatten|store|report|annotate|simulate)_/i;

/** `model_a`, `model_fp16`, but not `model_factory`. */
const namedVariant =
  /^(?:model|net|network)_(?:\w|fp16|bf16|int8|ema|large|small|base|tiny|best|final|gpu|cpu|eval|infer|compiled|jit|jitted|scripted|parallel|ddp|onnx|quantized|left|right|src|tgt)$/;

/** `model`, `models`, `net`, `ddp_model`, `feat_extractor`, `model_a`, `splice_net2`. */
export const isModelName = remembered((name): boolean => {
  const bare = name
    .replace(/^_+|[_\d]+$/g, '')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
  if (makerVerb.test(bare) || /_(?:with|from|for|by|and|or|in|as|into)_/.test(bare)) return false;
  if (
    /_(?:path|file|dir|name|names|type|config|cfg|params|id|fn|class|kwargs|args|size|dim|device)$/.test(bare)
  )
    return false;
  return (
    /^(?:\w+_)?(?:models?|nets?|networks?|mdl|nn|dnn|cnn|rnn|lstm|gru|unet|vgg|resnet\w*|bert|gpt|vae|gan|transformer|ensemble|extractor|predictor)$/.test(
      bare,
    ) || namedVariant.test(bare)
  );
});

/** Generators of batches and coders of labels and texts. */
const otherParts =
  /(?:^|_)(?:data|batch|image|img|sample|sequence|seq|train|val|valid|validation|test|text|word|token|mask|segmentation|anchor|prior|grid|random|transform|effect|report|key|name|id|url|query|prompt)_generator\d*$|(?:^|_)(?:label|byte|json|url|base64|one_hot|onehot|ordinal|target|category|position|pos|box|bbox|image|audio|video|string|html|base)_?(?:en|de)coder\d*$/i;

/** Names of parts that are often whole models: taken when something else speaks for them too. */
export const isModelPartName = remembered((name): boolean => {
  if (otherParts.test(name)) return false;
  return /^(?:\w+_)?(?:encoder|decoder|generator|discriminator|backbone|classifier|policy|actor|critic|teacher|student|detector|segmenter|embedder|trunk|tower|tagger|recognizer|denoiser|vocoder|vqvae|joint|joiner|transducer|upsampler|reranker|[a-z]*net)\d*$/i.test(
    name,
  );
});

/** Names that people give to estimators of classical machine learning. */
export function isEstimatorName(name: string): boolean {
  return /^(?:lr|lin_?reg|log_?reg|knn|neigh|clf|rf|svm|svc|svr|reg|regr|regressor|k_?means|gbm|xgb\w*|lgbm?\w*|forest|tree|dt|pca|nb|gnb|gp|gpr|gpc|ridge|lasso|pipe|pipeline|estimator|scaler|bst|booster|kf|dbscan|lda|cluster\w*)\d*$/i.test(
    name.replace(/^_+/, ''),
  );
}

/** Functions that hand out a model: `load_model`, `build_models`, `getNet`, `load_network_pkl`, `model_from_config`. */
export function isModelFactoryName(name: string): boolean {
  if (/^[A-Z]/.test(name)) return false;
  const bare = name.replace(/([a-z])([A-Z])/g, '$1_$2');
  return (
    /^_?(?:load|build|create|get|make|define|restore|init|setup|prepare|read)_(?:\w+_)?(?:models?|nets?|networks?|ensemble)(?:_(?:(?:from|for)_\w+|pkl|onnx|checkpoint))?$/i.test(
      bare,
    ) || /^_?(?:model|net|network)_from_\w+$/.test(bare)
  );
}

/** A class whose name says that it is a whole model. */
export function isModelClassName(name: string): boolean {
  if (
    /^_?(?:Prepare|Load|Create|Build|Make|Get|Convert|Export|Train|Test|Save|Check|Parse|Normalize|Resize)[A-Z]/.test(
      name,
    )
  )
    return false;
  return /^[A-Z]\w*(?:Model|Net|Network|Transformer|Classifier|Autoencoder|UNet|CNN|RNN|LSTM|GAN|VAE|GPT|BERT)(?:V?\d+)?$|^[A-Z]+\w*(?:NN|FN|GPT)$/.test(
    name,
  );
}

/** Names of parts that nobody gives to a whole model. */
export function isLayerName(name: string): boolean {
  return /(?:^|_)(?:layer|norm|act|activ|activation|dropout|pool|pooling|conv|head|attn|attention)\d*$/i.test(
    name,
  );
}

/** What runs a graph in OpenVINO: `infer_request`, `exec_net`. */
export function isRequestName(name: string): boolean {
  return /^_*(?:\w+_)?(?:infer(?:ence)?_?req(?:uest)?|exec_?net(?:work)?|compiled_(?:model|net|network))s?\d*$/i.test(
    name,
  );
}

/** `VanillaNet`, `Model`: what is called by such a name is a class, and what comes of it an object. */
export function isClassName(name: string): boolean {
  return /^_?[A-Z][A-Za-z\d]*[a-z]/.test(name);
}

/** Modules, and objects of them, that score a prediction and are not one. */
export function isLossName(name: string): boolean {
  return /(?:loss(?:es)?|crit(?:erion|erions|eria)?|metrics?|penalty|regulari[sz]er)(?:_?(?:fn|func|fct|function|module|layer))?\d*$/i.test(
    name,
  );
}

/** Modules that change what goes into a model. */
export function isPreprocessingName(name: string): boolean {
  return /(?:transforms?|augment(?:s|er|or|ation|ations)?|preprocess(?:or|ing)?|normali[sz]e[rs]?|resize[rs]?|collator|collate_fn|tokenizer|processor|optimi[sz]er|scheduler|scaler)\d*$/i.test(
    name,
  );
}

/** What a written-out network keeps its weights in, as an argument. */
export function isParametersName(name: string): boolean {
  return /^_?(?:\w+_)?(?:params|variables|weights|theta|state_dict)$/i.test(name);
}

/** A parameter that tells what a module is to be measured against. */
export function isTargetName(name: string): boolean {
  return /^_?(?:targets?|labels?|gt|gts|ground_truth|y_true|truth|y|gold|real_labels?|annotations?)$/i.test(
    name,
  );
}

/** Functions of the user's own that predict on the caller's behalf. */
export function isWrapperName(name: string): boolean {
  return /^_?(?:infer|inference|forward|run_model|run_inference|predict(?:_(?!to_)\w+)?)$/.test(name);
}

/** Functions that a traced function of this name trains with. */
export function isTrainingName(name: string): boolean {
  return (
    /(?:^|_)(?:train\w*|fit|update|step|loss\w*|grads?)(?:_|$)/i.test(name) &&
    !/(?:predict|eval|infer)/i.test(name)
  );
}

/** Methods of a model that run it forward. */
export const predictMethods: ReadonlySet<string> = new Set([
  'predict',
  'predict_on_batch',
  'predict_generator',
  'predict_step',
  'predict_classes',
  'predict_proba',
  'predict_batch',
  'infer',
  'inference',
  'generate',
]);

/** Methods of Keras models by which they are tested as a whole: a loop of forward passes. */
export const evaluateMethods: ReadonlySet<string> = new Set([
  'evaluate',
  'evaluate_generator',
  'test_on_batch',
]);

export const trainMethods: ReadonlySet<string> = new Set([
  'fit',
  'fit_generator',
  'train_on_batch',
  'train_step',
]);

/** Methods of torch and other modules, given by no user, that run a part of the module. */
export const modelMethods: ReadonlySet<string> = new Set([
  'forward',
  'forward_features',
  'forward_head',
  'forward_intermediates',
  'encode_image',
  'encode_text',
  'get_image_features',
  'get_text_features',
  'get_audio_features',
  'extract_features',
  'stateless_call',
  'generate_images',
  'translate',
]);

/** Methods of Lightning's and Transformers' trainers. */
export const trainerMethods: ReadonlyMap<string, SiteKind> = new Map([
  ['fit', 'train'],
  ['train', 'train'],
  ['hyperparameter_search', 'train'],
  ['predict', 'predict'],
  ['validate', 'predict'],
  ['test', 'predict'],
  ['evaluate', 'predict'],
]);

/** Keyword arguments that only the `predict` of Keras takes. */
export const kerasKeywords: readonly string[] = [
  'verbose',
  'batch_size',
  'steps',
  'workers',
  'use_multiprocessing',
  'callbacks',
];
