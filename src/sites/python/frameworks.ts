/** What the public names of the frameworks are: constructors and loaders of models, layers, sessions, estimators. */

import type { Framework } from '../site';
import type { Origin } from './values';

/** What calling an imported name gives. */
export type Made =
  | { is: 'model'; framework: Framework; how: Origin['how']; confidence: number; callable: boolean }
  | { is: 'models'; framework: Framework }
  | { is: 'session'; framework: Framework; confidence: number }
  | { is: 'compiled'; framework: Framework }
  | { is: 'estimator'; framework: Framework }
  | { is: 'trainer'; framework: Framework }
  | { is: 'layer'; framework: Framework }
  | { is: 'symbol' | 'profiler' | 'argument' | 'items' | 'other' };

type Rule = readonly [pattern: RegExp, made: Made];

const model = (framework: Framework, how: Origin['how'], confidence = 0.95, callable = true): Made => ({
  is: 'model',
  framework,
  how,
  confidence,
  callable,
});
const is = (what: 'symbol' | 'profiler' | 'argument' | 'items' | 'other'): Made => ({ is: what });

const boosters = '(?:xgboost|lightgbm|catboost)';

/** The first pattern that matches the canonical path decides. */
const rules: readonly Rule[] = [
  // Keras, standalone and inside TensorFlow.
  [/^keras\.(?:models\.|saving\.|saving\.\w+\.)?(?:load_model|model_from_\w+)$/, model('keras', 'loaded by')],
  [
    /^keras\.(?:models\.|engine\.\w+\.)*(?:Sequential|Model|Functional|clone_model)$/,
    model('keras', 'built by'),
  ],
  [/^keras\.applications\.(?:\w+\.)*[A-Z]\w*$/, model('keras', 'built by')],
  [/^keras\.(?:backend|K)\.function$/, model('keras', 'compiled by', 0.85)],
  [/^keras\.backend\.get_session$/, { is: 'session', framework: 'tensorflow', confidence: 0.75 }],
  [/^keras\.layers\.TFSMLayer$/, model('keras', 'loaded by')],
  [/^keras\.(?:layers\.(?:\w+\.)*)?Input$/, is('symbol')],
  [/^keras\.layers\.(?:\w+\.)*[A-Z]\w*$/, { is: 'layer', framework: 'keras' }],
  [/^keras\.layers\.(?:\w+\.)*[a-z]\w*$/, is('symbol')],
  [
    /^keras\.(?:losses|metrics|optimizers|callbacks|utils|preprocessing|datasets|regularizers)\./,
    is('other'),
  ],

  // TensorFlow.
  [/^tensorflow\.saved_model\.load(?:_v2)?$/, model('tensorflow', 'loaded by', 0.9)],
  [/^tensorflow_hub\.(?:load|KerasLayer|Module)$/, model('tensorflow', 'loaded by', 0.9)],
  [
    /^tensorflow\.(?:Session|InteractiveSession|train\.\w*Session)$/,
    { is: 'session', framework: 'tensorflow', confidence: 0.75 },
  ],
  [
    /^(?:tensorflow\.lite|tflite_runtime\.interpreter|ai_edge_litert\.interpreter)\.Interpreter$/,
    { is: 'session', framework: 'tensorflow', confidence: 0.95 },
  ],
  [/^tensorflow\.estimator\.\w+$/, model('tensorflow', 'built by', 0.9, false)],
  [/^tensorflow\.function$/, { is: 'compiled', framework: 'tensorflow' }],
  [/^tensorflow\.placeholder$/, is('symbol')],
  [/^tensorflow\.profiler\.experimental\.Profile$/, is('profiler')],
  [/^tensorflow\./, is('other')],

  // PyTorch and what is built upon it.
  [/^torch\.(?:load|hub\.load|package\.\w+)$/, model('torch', 'loaded by', 0.9)],
  [/^torch\.jit\.(?:load|jit_load)$/, model('torch', 'loaded by')],
  [/^torch\.jit\.(?:script|trace|freeze|optimize_for_inference)$/, model('torch', 'compiled by')],
  [/^torch\.(?:compile|_dynamo\.optimize)$/, model('torch', 'compiled by')],
  [/^torch\.(?:export\.load|fx\.symbolic_trace|fx\.GraphModule)$/, model('torch', 'loaded by', 0.9)],
  [
    /^torch\.(?:nn\.(?:parallel\.(?:\w+\.)*)?(?:DataParallel|DistributedDataParallel)|distributed\.fsdp\.\w+)$/,
    model('torch', 'wrapped by'),
  ],
  [
    /^torch\.(?:ao\.)?quantization\.(?:\w+\.)*(?:quantize\w*|convert|fuse_modules)$/,
    model('torch', 'wrapped by', 0.9),
  ],
  [/^torch\.nn\.Sequential$/, model('torch', 'built by')],
  [/^torch\.nn\.(?:ModuleList|ModuleDict)$/, is('items')],
  [/^torch\.nn\.(?:\w+\.)*\w*(?:Loss|Similarity|Distance)$/, is('other')],
  [/^torch\.nn\.(?:modules\.(?:\w+\.)*)?[A-Z]\w*$/, { is: 'layer', framework: 'torch' }],
  [
    /^torch\.(?:profiler\.(?:profiler\.)?|autograd\.profiler\.)(?:profile|emit_nvtx|emit_itt)$/,
    is('profiler'),
  ],
  [/^torch\./, is('other')],
  [/^torchvision\.models\.(?:\w+\.)*(?:\w+_Weights|get_weight|list_models)$/, is('other')],
  [/^torchvision\.models\.(?:\w+\.)*\w+$/, model('torch', 'built by')],
  [/^(?:torchmetrics|torchtext|torchvision)\./, is('other')],
  [/^timm\.(?:models\.(?:\w+\.)*)?(?:create_model|\w+net\w*|vit_\w+)$/, model('torch', 'built by')],
  [/^segmentation_models_pytorch\.[A-Z]\w*$/, model('torch', 'built by')],
  [/^monai\.networks\.nets\.(?:\w+\.)*\w+$/, model('torch', 'built by')],
  [/^torch_geometric\.nn\.models\.\w+$/, model('torch', 'built by')],
  [/^(?:ultralytics(?:\.\w+)*\.(?:YOLO|RTDETR|SAM)|yolov5\.load)$/, model('torch', 'loaded by')],
  [
    /^sentence_transformers\.(?:\w+\.)*(?:SentenceTransformer|CrossEncoder)$/,
    model('torch', 'loaded by', 0.95, false),
  ],
  [/^whisper\.load_model$/, model('torch', 'loaded by', 0.95, false)],
  [/^fastai\.(?:\w+\.)*load_learner$/, model('torch', 'loaded by', 0.95, false)],
  [/^(?:vllm\.LLM)$/, model('torch', 'loaded by', 0.95, false)],
  [/^peft\.get_peft_model$/, model('torch', 'wrapped by')],
  [
    /^(?:pytorch_lightning|lightning(?:\.pytorch)?)\.(?:\w+\.)*Trainer$/,
    { is: 'trainer', framework: 'torch' },
  ],
  [/^caffe2\.(?:\w+\.)*prepare$/, { is: 'session', framework: 'torch', confidence: 0.9 }],

  // Hugging Face Transformers; which framework a class belongs to is in its prefix.
  [/^transformers\.(?:\w+\.)*pipeline$/, model('torch', 'loaded by')],
  [/^transformers\.(?:\w+\.)*\w*Trainer$/, { is: 'trainer', framework: 'torch' }],
  [
    /^(?:transformers|diffusers|peft|optimum)\..*(?:Tokenizer\w*|Processor|Config|FeatureExtractor|Scheduler)(?:\.\w+)?$/,
    is('other'),
  ],
  [/^transformers\.(?:\w+\.)*TF[A-Z]\w*\.from_(?:pretrained|config)$/, model('keras', 'loaded by')],
  [/^transformers\.(?:\w+\.)*Flax[A-Z]\w*\.from_(?:pretrained|config)$/, model('jax', 'loaded by')],
  [/^optimum\.onnxruntime\.\w+\.from_pretrained$/, model('onnxruntime', 'loaded by')],
  [
    /^(?:transformers|diffusers|peft)\.(?:\w+\.)*\w+\.from_(?:pretrained|config|single_file)$/,
    model('torch', 'loaded by'),
  ],
  [/^(?:transformers)\.(?:\w+\.)*\w+(?:Model|For[A-Z]\w+)$/, model('torch', 'built by')],

  // JAX.
  [/^jax\.(?:jit|pmap|pjit|experimental\.pjit\.pjit)$/, { is: 'compiled', framework: 'jax' }],
  [/^(?:flax|haiku|equinox)\.(?:\w+\.)*(?:jit|filter_jit)$/, { is: 'compiled', framework: 'jax' }],
  [/^haiku\.(?:transform\w*|without_apply_rng)$/, model('jax', 'built by', 0.9, false)],
  [/^equinox\.nn\.(?:MLP|Sequential)$/, model('jax', 'built by')],
  [/^jax\.profiler\.trace$/, is('profiler')],
  [/^(?:jax|optax)\./, is('other')],
  [/^flax\.linen\.[A-Z]\w*$/, { is: 'layer', framework: 'jax' }],

  // Runtimes of exported graphs.
  [
    /^onnxruntime\.(?:\w+\.)*(?:Training)?InferenceSession$/,
    { is: 'session', framework: 'onnxruntime', confidence: 0.97 },
  ],

  // Registries that hand out models of a named framework.
  [/^mlflow\.pytorch\.load_model$/, model('torch', 'loaded by')],
  [/^mlflow\.(?:keras|tensorflow)\.load_model$/, model('keras', 'loaded by')],
  [/^mlflow\.onnx\.load_model$/, is('other')],
  [/^mlflow\.sklearn\.load_model$/, { is: 'estimator', framework: 'sklearn' }],
  [new RegExp(`^mlflow\\.${boosters}\\.load_model$`), { is: 'estimator', framework: 'xgboost' }],
  [/^mlflow\.pyfunc\.load_model$/, model('unknown', 'loaded by', 0.8, false)],
  [/^mlflow\./, is('other')],

  // Classical machine learning.
  [
    /^(?:sklearn|cuml|imblearn|skops)\.(?:\w+\.)*(?:[A-Z]\w*|make_pipeline)$/,
    { is: 'estimator', framework: 'sklearn' },
  ],
  [/^(?:sklearn|scipy|numpy|pandas)\./, is('other')],
  [/^(?:joblib|sklearn\.externals\.joblib)\.load$/, { is: 'estimator', framework: 'sklearn' }],
  [new RegExp(`^${boosters}\\.(?:\\w+\\.)*(?:[A-Z]\\w*|train)$`), { is: 'estimator', framework: 'xgboost' }],
  [/^statsmodels\./, { is: 'estimator', framework: 'unknown' }],

  // Functions that hand back what they are given.
  [
    /^(?:copy\.(?:deep)?copy|tqdm\.(?:\w+\.)*\w+|itertools\.cycle|accelerate\.(?:\w+\.)*prepare)$/,
    is('argument'),
  ],
];

/** One name for the many paths by which a framework can be reached. */
export function canonicalPath(path: string): string {
  return path
    .replace(/^tensorflow\.compat\.v[12](?=\.|$)/, 'tensorflow')
    .replace(/^tensorflow\.(?:python\.|contrib\.)?keras(?=\.|$)/, 'keras')
    .replace(/^tf_keras(?=\.|$)/, 'keras')
    .replace(/^keras\.(?:api\.|src\.|_tf_keras\.keras\.|compat\.v[12]\.)+/, 'keras.')
    .replace(/^keras\.api$/, 'keras');
}

export function madeBy(path: string): Made | undefined {
  const canonical = canonicalPath(path);
  return rules.find(([pattern]) => pattern.test(canonical))?.[1];
}

/** What deriving from an imported class makes of a class. */
export type Role = { is: 'model' | 'layer' | 'estimator'; framework: Framework } | { is: 'other' };

export function roleOfBase(path: string): Role | undefined {
  const canonical = canonicalPath(path);
  if (/^keras\.(?:models\.|engine\.\w+\.)*(?:Model|Sequential|Functional)$/.test(canonical))
    return { is: 'model', framework: 'keras' };
  if (/^keras\.layers\.(?:\w+\.)*\w+$/.test(canonical)) return { is: 'layer', framework: 'keras' };
  if (/^tensorflow\.Module$/.test(canonical)) return { is: 'model', framework: 'tensorflow' };
  if (/^torch\.nn\.(?:\w+\.)*\w*Loss$/.test(canonical)) return { is: 'other' };
  if (/^torch\.nn\.(?:\w+\.)*[A-Z]\w*$|^torch\.jit\.ScriptModule$/.test(canonical))
    return { is: 'model', framework: 'torch' };
  if (/^(?:pytorch_lightning|lightning(?:\.pytorch)?)\.(?:\w+\.)*LightningModule$/.test(canonical))
    return { is: 'model', framework: 'torch' };
  if (/^(?:torchvision\.models|transformers)\.(?:\w+\.)*TF[A-Z]\w*Model$/.test(canonical))
    return { is: 'model', framework: 'keras' };
  if (
    /^(?:torchvision\.models|transformers|timm\.models|huggingface_hub)\.(?:\w+\.)*\w*(?:Model|Net|For[A-Z]\w+)\w*$/.test(
      canonical,
    )
  )
    return { is: 'model', framework: 'torch' };
  if (/^(?:flax\.(?:linen|nnx)|haiku|equinox)\.Module$/.test(canonical))
    return { is: 'model', framework: 'jax' };
  if (/^(?:sklearn|cuml)\./.test(canonical)) return { is: 'estimator', framework: 'sklearn' };
  return undefined;
}

/** The framework that a top-level package stands for. */
export function frameworkOfModule(path: string): Framework | undefined {
  const canonical = canonicalPath(path);
  const top = canonical.split('.')[0] ?? '';
  if (top === 'keras') return 'keras';
  if (['tensorflow', 'tensorflow_hub', 'tflite_runtime', 'tensorflow_addons'].includes(top))
    return 'tensorflow';
  if (
    /^(?:torch\w*|pytorch_lightning|lightning|timm|transformers|ultralytics|accelerate|fastai|monai|caffe2)$/.test(
      top,
    )
  )
    return 'torch';
  if (['jax', 'flax', 'haiku', 'equinox', 'optax'].includes(top)) return 'jax';
  if (top === 'onnxruntime') return 'onnxruntime';
  if (['sklearn', 'cuml', 'imblearn', 'joblib'].includes(top)) return 'sklearn';
  if (['xgboost', 'lightgbm', 'catboost'].includes(top)) return 'xgboost';
  return undefined;
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
