/** Paths of the frameworks' packages: one name for each thing, and which framework a package belongs to. */

import type { Framework } from '../site';
import { remembered } from './remembered';

/** One name for the many paths by which a framework can be reached. */
export const canonicalPath = remembered((path): string =>
  path
    .replace(/^tensorflow\.compat\.v[12](?=\.|$)/, 'tensorflow')
    .replace(/^tensorflow\.(?:python\.|contrib\.)?keras(?=\.|$)/, 'keras')
    .replace(/^tf_keras(?=\.|$)/, 'keras')
    .replace(/^keras\.(?:api\.|src\.|_tf_keras\.keras\.|compat\.v[12]\.)+/, 'keras.')
    .replace(/^keras\.api$/, 'keras'),
);

/** Packages by the framework that what they offer runs on. */
const packages: readonly (readonly [Framework, RegExp])[] = [
  ['keras', /^(?:keras|keras_(?:hub|nlp|cv|tuner)|scikeras|segmentation_models|classification_models)$/],
  [
    'tensorflow',
    /^(?:tensorflow|tensorflow_(?:hub|addons|text|probability|estimator)|tflite\w*|ai_edge_litert|tflearn|tensorlayer|stable_baselines|pycoral|onnx_tf|tf_agents|sonnet)$/,
  ],
  [
    'torch',
    /^(?:torch\w*|pytorch_\w+|lightning|lightning_fabric|timm|transformers|ultralytics|accelerate|fastai|monai|caffe2|diffusers|sentence_transformers|vllm|peft|trl|setfit|open_clip|segmentation_models_pytorch|efficientnet_pytorch|stable_baselines3|sb3_contrib|detectron2|mm(?:cv|engine|det|det3d|seg|cls|pretrain|pose|ocr|action|rotate)|fairseq|speechbrain|espnet2?|flair|kornia|gpytorch|botorch|deepspeed|apex|skorch|captum|facenet_pytorch|easyocr|whisper|faster_whisper|xformers|auto_gptq|dgl|pyro|allennlp|nemo|optimum|clip|bitsandbytes|yolov5|ignite|catalyst|functorch|exllama\w*|pyannote|silero_vad|segment_anything|sam2|TTS)$/,
  ],
  ['jax', /^(?:jax|flax|haiku|equinox|optax|orbax|objax|elegy|numpyro|jraph|distrax|rlax|chex|trax)$/],
  ['onnxruntime', /^onnxruntime$/],
  ['sklearn', /^(?:sklearn|cuml|imblearn|joblib|skops)$/],
  ['xgboost', /^(?:xgboost|lightgbm|catboost)$/],
];

/** The framework that a top-level package stands for. */
export const frameworkOfModule = remembered((path): Framework | undefined => {
  const top = canonicalPath(path).split('.')[0] ?? '';
  return packages.find(([, pattern]) => pattern.test(top))?.[0];
});

/** Names that mean a framework by custom, where a file that is only a part of a program does not bind them. */
export const customary: ReadonlyMap<string, string> = new Map([
  ['tf', 'tensorflow'],
  ['keras', 'keras'],
  ['torch', 'torch'],
  ['nn', 'torch.nn'],
  ['jax', 'jax'],
  ['jnp', 'jax.numpy'],
  ['nnx', 'flax.nnx'],
  ['eqx', 'equinox'],
  ['hk', 'haiku'],
  ['optax', 'optax'],
]);

/** Likewise functions and classes, by which a part of a program makes its models. */
export const customaryNames: ReadonlyMap<string, string> = new Map([
  ...customary,
  ['cv', 'cv2'],
  ['cv2', 'cv2'],
  ['ort', 'onnxruntime'],
  ['onnxruntime', 'onnxruntime'],
  ['load_model', 'keras.models.load_model'],
  ['model_from_json', 'keras.models.model_from_json'],
  ['Sequential', 'keras.Sequential'],
  ['AutoModelForCausalLM', 'transformers.AutoModelForCausalLM'],
  ['YOLO', 'ultralytics.YOLO'],
]);

/** A package, and not something in it: no star import brings those. */
export function isPackage(path: string): boolean {
  return !/\.[A-Z]\w*$|\.models\.\w+$/.test(path);
}

/** A name for the user: `tensorflow` is TensorFlow. */
export function frameworkTitle(framework: Framework): string {
  const titles: Record<Framework, string> = {
    keras: 'Keras',
    tensorflow: 'TensorFlow',
    torch: 'PyTorch',
    jax: 'JAX',
    onnxruntime: 'ONNX Runtime',
    sklearn: 'scikit-learn',
    xgboost: 'gradient boosting',
    tfjs: 'TensorFlow.js',
    unknown: 'a framework not seen in this file',
  };
  return titles[framework];
}
