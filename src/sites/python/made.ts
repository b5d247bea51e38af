/** What the public names of the frameworks give when they are called: models, sessions, estimators and others. */

import type { Framework } from '../site';
import { canonicalPath } from './frameworks';
import { remembered } from './remembered';
import type { Origin } from './values';

/** Methods by which the objects of one library predict or train, beside those that all models have. */
export interface Methods {
  predict: ReadonlySet<string>;
  train: ReadonlySet<string>;
}

/** What calling an imported name gives. */
export type Made =
  | {
      is: 'model';
      framework: Framework;
      how: Origin['how'];
      confidence: number;
      callable: boolean;
      methods?: Methods;
      /** What other methods of it give. */
      gives?: ReadonlyMap<string, Made>;
    }
  | { is: 'session'; framework: Framework; confidence: number }
  | { is: 'compiled' | 'differentiated'; framework: Framework }
  | { is: 'estimator'; framework: Framework; pickled?: boolean }
  | { is: 'trainer'; framework: Framework }
  | { is: 'layer'; framework: Framework }
  /** `argument`: what it is given first; `second`; `arguments`: a tuple of them; `halves`: it in two. */
  | { is: 'argument' | 'second' | 'arguments' | 'items' | 'halves' }
  | { is: 'withParts'; model: Made }
  | { is: 'maker'; gives: ReadonlyMap<string, Made> }
  | { is: 'symbol' | 'profiler' | 'launcher' | 'other' };

type Rule = readonly [pattern: RegExp, made: Made];

function methods(predict: string, train = ''): Methods {
  const set = (names: string): Set<string> => new Set(names.split(' ').filter(Boolean));
  return { predict: set(predict), train: set(train) };
}

const model = (framework: Framework, how: Origin['how'], confidence = 0.95): Made => ({
  is: 'model',
  framework,
  how,
  confidence,
  callable: true,
});

/** An object that predicts by methods of its library; `callable` when it may be called as well. */
const tool = (
  framework: Framework,
  how: Origin['how'],
  by: Methods,
  callable = false,
  confidence = 0.95,
): Made => ({ is: 'model', framework, how, confidence, callable, methods: by });

const is = (
  what:
    'symbol' | 'profiler' | 'launcher' | 'other' | 'argument' | 'second' | 'arguments' | 'items' | 'halves',
): Made => ({ is: what });

/** A graph that OpenVINO has compiled: it is called, or asked for requests that run it. */
const request: Made = { is: 'session', framework: 'unknown', confidence: 0.9 };
export const compiledGraph: Made = {
  ...(tool('unknown', 'compiled by', methods('infer_new_request infer start_async'), true, 0.9) as Made & {
    is: 'model';
  }),
  gives: new Map([['create_infer_request', request]]),
};
const maker = (gives: Record<string, Made>): Made => ({ is: 'maker', gives: new Map(Object.entries(gives)) });

const boosters = '(?:xgboost|lightgbm|catboost)';
const lightning = '(?:pytorch_lightning|lightning(?:\\.pytorch)?)';
const scikitLike = methods('predict predict_proba predict_log_proba transform', 'fit partial_fit');
const reinforcement = methods('predict', 'learn');
const autoencoder = methods('encode decode tiled_decode');

/** The first pattern that matches the canonical path decides. */
const rules: readonly Rule[] = [
  // Keras, standalone and inside TensorFlow.
  [/^keras\.(?:models\.|saving\.|saving\.\w+\.)?(?:load_model|model_from_\w+)$/, model('keras', 'loaded by')],
  [
    /^keras\.(?:models\.|engine\.\w+\.)*(?:Sequential|Model|Functional|clone_model)$/,
    model('keras', 'built by'),
  ],
  [/^keras\.(?:models\.)?(?:Model|Sequential)\.from_config$/, model('keras', 'built by')],
  [/^keras\.applications\.(?:\w+\.)*[A-Z]\w*$/, model('keras', 'built by')],
  [/^keras\.(?:backend|K)\.function$/, model('keras', 'compiled by', 0.85)],
  [/^keras\.backend\.get_session$/, { is: 'session', framework: 'tensorflow', confidence: 0.75 }],
  [/^keras\.(?:layers|export)\.(?:\w+\.)*TFSMLayer$/, model('keras', 'loaded by')],
  [/^keras\.wrappers\.\w*\.?Keras\w+$/, tool('keras', 'built by', scikitLike)],
  [/^keras\.(?:layers\.(?:\w+\.)*)?Input$/, is('symbol')],
  [/^keras\.layers\.(?:\w+\.)*[A-Z]\w*$/, { is: 'layer', framework: 'keras' }],
  [/^keras\.layers\.(?:\w+\.)*[a-z]\w*$/, is('symbol')],
  [
    /^keras\.(?:losses|metrics|optimizers|callbacks|utils|preprocessing|datasets|regularizers|ops)\./,
    is('other'),
  ],
  [
    /^keras_(?:hub|nlp|cv)\.(?:\w+\.)*\w*(?:Tokenizer|Preprocessor|ImageConverter|Sampler)(?:\.\w+)?$/,
    is('other'),
  ],
  [/^keras_(?:hub|nlp|cv)\.(?:\w+\.)*\w+\.from_preset$/, model('keras', 'loaded by')],
  [/^keras_(?:hub|nlp|cv)\.models\.(?:\w+\.)*[A-Z]\w+$/, model('keras', 'built by')],
  [/^keras_(?:hub|nlp|cv)\.(?:layers|samplers|losses|metrics)\./, is('other')],
  [/^(?:segmentation_models|keras_unet_collection)\.(?:\w+\.)*[A-Z]\w*$/, model('keras', 'built by')],
  [
    /^(?:efficientnet|keras_efficientnets|classification_models)\.(?:\w+\.)*[A-Z]\w*$/,
    model('keras', 'built by'),
  ],
  [/^scikeras\.wrappers\.\w+$/, tool('keras', 'built by', scikitLike)],

  // TensorFlow.
  [/^tensorflow\.saved_model\.load(?:_v2)?$/, model('tensorflow', 'loaded by', 0.9)],
  [/^tensorflow_hub\.(?:load|KerasLayer|Module)$/, model('tensorflow', 'loaded by', 0.9)],
  [/^tensorflow\.contrib\.predictor\.from_\w+$/, model('tensorflow', 'loaded by')],
  [
    /^tensorflow\.(?:Session|InteractiveSession|train\.\w*Session)$/,
    { is: 'session', framework: 'tensorflow', confidence: 0.75 },
  ],
  [
    /^(?:tensorflow\.(?:contrib\.)?lite(?:\.python\.\w+)?|tflite_runtime\.interpreter|ai_edge_litert\.interpreter|tflite\w*)\.Interpreter$/,
    { is: 'session', framework: 'tensorflow', confidence: 0.95 },
  ],
  [
    /^pycoral\.utils\.edgetpu\.make_interpreter$/,
    { is: 'session', framework: 'tensorflow', confidence: 0.95 },
  ],
  [/^onnx_tf\.(?:\w+\.)*prepare$/, { is: 'session', framework: 'tensorflow', confidence: 0.9 }],
  [/^tensorflow\.estimator\.(?:export|inputs)\./, is('other')],
  [
    /^tensorflow\.(?:compat\.v\d\.)?(?:contrib\.(?:learn|estimator|tpu)|estimator)\.(?:\w+\.)*(?:\w*(?:Estimator|Classifier|Regressor|Machine))$/,
    tool(
      'tensorflow',
      'built by',
      methods('predict evaluate predict_classes predict_scores', 'train fit'),
      false,
      0.9,
    ),
  ],
  [
    /^tflearn\.(?:models\.\w+\.)?DNN$/,
    tool('tensorflow', 'built by', methods('predict predict_label', 'fit')),
  ],
  [/^stable_baselines\.(?:\w+\.)*[A-Z]+\d?(?:\.load)?$/, tool('tensorflow', 'built by', reinforcement)],
  [
    /^tensorflow\.contrib\.eager\.(?:implicit_)?(?:value_and_)?gradients(?:_function)?$/,
    { is: 'differentiated', framework: 'keras' },
  ],
  [/^tensorflow\.function$/, { is: 'compiled', framework: 'tensorflow' }],
  [/^tensorflow\.(?:placeholder|placeholder_with_default|sparse_placeholder)$/, is('symbol')],
  [/^tensorflow\.layers\.[a-z]\w*$/, is('symbol')],
  [/^tensorflow\.profiler\.experimental\.Profile$/, is('profiler')],
  [/^tensorflow\./, is('other')],

  // PyTorch and what is built upon it.
  [/^torch\.hub\.load$/, { is: 'withParts', model: model('torch', 'loaded by', 0.9) }],
  [/^torch\.(?:load|package\.\w+)$/, model('torch', 'loaded by', 0.9)],
  [/^torch\.jit\.(?:load|jit_load)$/, model('torch', 'loaded by')],
  [/^torch\.jit\.(?:script|trace|freeze|optimize_for_inference)$/, model('torch', 'compiled by')],
  [/^torch\.(?:compile|_dynamo\.optimize)$/, model('torch', 'compiled by')],
  [/^torch\.(?:func|nn\.utils\.stateless|vmap)?\.?vmap$/, is('argument')],
  [/^torch\.(?:func\.)?(?:grad|grad_and_value)$/, { is: 'differentiated', framework: 'torch' }],
  [/^torch\.(?:export\.(?:load|export)|fx\.GraphModule)$/, model('torch', 'loaded by', 0.9)],
  [/^torch\.fx\.symbolic_trace$/, model('torch', 'compiled by', 0.9)],
  [/^torch\.(?:_export|_inductor)\.\w*(?:aot|aoti)_load\w*$/, model('torch', 'loaded by')],
  [
    /^torch\.(?:nn\.(?:parallel\.(?:\w+\.)*)?(?:DataParallel|DistributedDataParallel)|distributed\.fsdp\.\w+|optim\.swa_utils\.AveragedModel)$/,
    model('torch', 'wrapped by'),
  ],
  [/^apex\.parallel\.(?:DistributedDataParallel|convert_syncbn_model)$/, model('torch', 'wrapped by')],
  [/^torch\.nn\.SyncBatchNorm\.convert_sync_batchnorm$/, is('argument')],
  [
    /^(?:apex\.amp|deepspeed|torch_xla\.\w+|ipex|intel_extension_for_pytorch)\.(?:initialize|optimize)$/,
    is('arguments'),
  ],
  [/^torch\.(?:ao\.)?quantization\.(?:\w+\.)*(?:get_\w+|default_\w+|\w*[cC]onfig\w*)$/, is('other')],
  [
    /^torch\.(?:ao\.)?quantization\.(?:\w+\.)*(?:quantize|convert|prepare|fuse)\w*$/,
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
  [
    /^torchvision\.models\.(?:\w+\.)*(?:get_weight|list_models|get_model_weights|get_model_builder)$|^torchvision\.models\..*Weights(?:\.|$)/,
    is('other'),
  ],
  [/^torchvision\.models\.(?:\w+\.)*\w+$/, model('torch', 'built by')],
  [/^torchaudio\.(?:models|prototype\.models)\.(?:\w+\.)*(?:[a-z]\w+|[A-Z]\w+)$/, model('torch', 'built by')],
  [/^torchaudio\.pipelines\.\w+\.get_(?:model|wav2vec2\w*|tacotron2|vocoder)$/, model('torch', 'loaded by')],
  [/^(?:torchmetrics|torchtext|torchvision|torchaudio)\./, is('other')],
  [/^(?:kornia|albumentations|imgaug|torchio|monai\.(?:transforms|losses|metrics|data))\./, is('other')],
  [
    /^timm\.(?:create_model|(?:models\.(?:\w+\.)*)(?:create_model|\w*net\w*|vit_\w+|swin_\w+|deit_\w+))$/,
    model('torch', 'built by'),
  ],
  [/^timm\.(?:data|optim|scheduler|loss|utils|list_models|is_model)\b/, is('other')],
  [/^segmentation_models_pytorch\.(?:losses|metrics|utils|encoders\.get_pre\w+)\b/, is('other')],
  [
    /^segmentation_models_pytorch\.(?:\w+\.)*(?:[A-Z]\w*|create_model|from_pretrained)$/,
    model('torch', 'built by'),
  ],
  [/^monai\.networks\.nets\.(?:\w+\.)*\w+$/, model('torch', 'built by')],
  [/^torch_geometric\.nn\.models\.\w+$/, model('torch', 'built by')],
  [
    /^(?:open_clip|clip)\.(?:create_model_and_transforms|create_model_from_pretrained|load)$/,
    { is: 'withParts', model: model('torch', 'loaded by') },
  ],
  [/^open_clip\.create_model$/, model('torch', 'loaded by')],
  [/^(?:open_clip|clip)\./, is('other')],
  [
    /^(?:ultralytics(?:\.\w+)*\.(?:YOLO\w*|RTDETR|SAM|FastSAM|NAS))$/,
    tool('torch', 'loaded by', methods('predict val track embed benchmark', 'train tune'), true),
  ],
  [/^yolov5\.load$/, model('torch', 'loaded by')],
  [
    /^(?:stable_baselines3|sb3_contrib)\.(?:\w+\.)*[A-Z][A-Z\d]+\w*(?:\.load)?$/,
    tool('torch', 'built by', reinforcement),
  ],
  [
    /^sentence_transformers\.(?:\w+\.)*(?:SentenceTransformer|CrossEncoder|SparseEncoder)$/,
    tool(
      'torch',
      'loaded by',
      methods('encode encode_multi_process encode_query encode_document predict rank', 'fit'),
    ),
  ],
  [
    /^(?:faster_)?whisper\.(?:load_model|WhisperModel)$/,
    tool('torch', 'loaded by', methods('transcribe decode detect_language'), true),
  ],
  [
    /^fastai\.(?:\w+\.)*(?:load_learner|\w+_learner|Learner)$/,
    tool(
      'torch',
      'loaded by',
      methods('predict get_preds validate tta', 'fit fit_one_cycle fine_tune fit_flat_cos learn'),
    ),
  ],
  [
    /^vllm\.(?:\w+\.)*LLM$/,
    tool('torch', 'loaded by', methods('generate chat encode embed classify score beam_search')),
  ],
  [/^flair\.(?:\w+\.)*\w+\.load$/, tool('torch', 'loaded by', methods('predict embed'))],
  [/^easyocr\.Reader$/, tool('torch', 'built by', methods('readtext detect recognize'))],
  [/^mtcnn\.(?:\w+\.)*MTCNN$/, tool('keras', 'built by', methods('detect_faces'))],
  [/^TTS\.api\.TTS$/, tool('torch', 'loaded by', methods('tts tts_to_file tts_with_vc voice_conversion'))],
  [/^pyannote\.audio\.(?:\w+\.)*\w+\.from_pretrained$/, model('torch', 'loaded by')],
  [/^silero_vad\.load_silero_vad$/, model('torch', 'loaded by')],
  [
    /^(?:segment_anything|sam2)\.(?:\w+\.)*\w*(?:Predictor|MaskGenerator)$/,
    tool('torch', 'built by', methods('predict predict_torch set_image generate')),
  ],
  [/^(?:segment_anything|sam2)\.(?:\w+\.)*build_\w+$/, model('torch', 'built by')],
  [/^facenet_pytorch\.\w+$/, model('torch', 'built by')],
  [/^skorch\.(?:\w+\.)*NeuralNet\w*$/, tool('torch', 'built by', scikitLike)],
  [/^pytorch_tabnet\.(?:\w+\.)*TabNet\w+$/, tool('torch', 'built by', scikitLike)],
  [/^detectron2\.(?:\w+\.)*(?:DefaultPredictor|build_model)$/, model('torch', 'built by')],
  [/^detectron2\.(?:\w+\.)*DefaultTrainer$/, { is: 'trainer', framework: 'torch' }],
  [
    /^mm(?:det|seg|cls|pretrain|pose|ocr|action|det3d|rotate)\.(?:\w+\.)*init_\w+$/,
    model('torch', 'loaded by'),
  ],
  [
    /^speechbrain\.(?:\w+\.)*\w+\.from_hparams$/,
    tool(
      'torch',
      'loaded by',
      methods(
        'encode_batch classify_batch classify_file transcribe_file transcribe_batch separate_batch separate_file',
      ),
      true,
    ),
  ],
  [/^peft\.(?:\w+\.)*(?:get_peft_model|prepare_model_for_\w+)$/, model('torch', 'wrapped by')],
  [
    new RegExp(`^${lightning}\\.(?:\\w+\\.)*Trainer(?:\\.from_argparse_args)?$`),
    { is: 'trainer', framework: 'torch' },
  ],
  [new RegExp(`^${lightning}\\.(?:\\w+\\.)*Fabric$`), is('launcher')],
  [/^lightning_fabric\.(?:\w+\.)*Fabric$/, is('launcher')],
  [/^accelerate\.(?:\w+\.)*Accelerator$/, is('launcher')],
  [/^accelerate\.(?:\w+\.)*(?:dispatch_model|cpu_offload|load_checkpoint_and_dispatch)$/, is('argument')],
  [/^caffe2\.(?:\w+\.)*prepare$/, { is: 'session', framework: 'torch', confidence: 0.9 }],

  // Hugging Face; which framework a class belongs to is in its prefix.
  [/^(?:transformers|optimum)\.(?:\w+\.)*pipeline$/, model('torch', 'loaded by')],
  [
    /^(?:transformers|trl|setfit|sentence_transformers)\.(?:\w+\.)*\w*Trainer$/,
    { is: 'trainer', framework: 'torch' },
  ],
  [
    /^(?:transformers|diffusers|peft|optimum)\..*(?:Tokenizer\w*|Processor\w*|Config|FeatureExtractor\w*|Scheduler|Arguments|Collator\w*|Dataset)(?:\.\w+)?$/,
    is('other'),
  ],
  [/^transformers\.(?:\w+\.)*TF[A-Z]\w*\.from_(?:pretrained|config)$/, model('keras', 'loaded by')],
  [/^transformers\.(?:\w+\.)*Flax[A-Z]\w*\.from_(?:pretrained|config)$/, model('jax', 'loaded by')],
  [/^transformers\.(?:\w+\.)*TF[A-Z]\w*(?:Model|For[A-Z]\w+)$/, model('keras', 'built by')],
  [/^transformers\.(?:\w+\.)*Flax[A-Z]\w*(?:Model|For[A-Z]\w+)$/, model('jax', 'built by')],
  [/^optimum\.onnxruntime\.ORT\w+\.from_pretrained$/, model('onnxruntime', 'loaded by')],
  [/^diffusers\.(?:\w+\.)*Onnx\w+\.from_pretrained$/, model('onnxruntime', 'loaded by')],
  [/^diffusers\.(?:\w+\.)*Flax\w+\.from_pretrained$/, { is: 'withParts', model: model('jax', 'loaded by') }],
  [
    /^diffusers\.(?:\w+\.)*(?:Autoencoder|VQ)\w+(?:\.from_\w+)?$/,
    tool('torch', 'loaded by', autoencoder, true),
  ],
  [
    /^(?:transformers|diffusers|peft|optimum)\.(?:\w+\.)*\w+\.from_(?:pretrained|config|single_file|pipe)$/,
    model('torch', 'loaded by'),
  ],
  [/^transformers\.(?:\w+\.)*\w+(?:Model|For[A-Z]\w+|Pipeline)$/, model('torch', 'built by')],
  [/^diffusers\.(?:\w+\.)*\w+(?:Model|Pipeline)$/, model('torch', 'built by')],

  // JAX.
  [
    /^jax\.(?:jit|pmap|vmap|xmap|pjit|shard_map|experimental\.(?:pjit\.pjit|shard_map\.shard_map))$/,
    { is: 'compiled', framework: 'jax' },
  ],
  [
    /^(?:flax|haiku|equinox)\.(?:\w+\.)*(?:jit|filter_jit|pmap|filter_pmap|vmap|filter_vmap)$/,
    { is: 'compiled', framework: 'jax' },
  ],
  [
    /^(?:jax|flax|haiku|equinox|optax)\.(?:\w+\.)*(?:filter_)?(?:grad|value_and_grad|jacfwd|jacrev|hessian)$/,
    { is: 'differentiated', framework: 'jax' },
  ],
  [
    /^(?:jax|flax|equinox)\.(?:\w+\.)*(?:checkpoint|remat|filter_checkpoint|named_call|named_scope)$/,
    is('argument'),
  ],
  [/^flax\.jax_utils\.(?:un)?replicate$/, is('argument')],
  [/^jax\.(?:tree_util\.tree_map|tree_map|tree\.map|tree_multimap)$/, is('second')],
  [/^jax\.(?:device_put|device_get|block_until_ready|lax\.stop_gradient)$/, is('argument')],
  [/^(?:equinox|optax)\.(?:apply_updates|incremental_update)$/, is('argument')],
  [/^equinox\.(?:filter|combine|filter_shard)$/, is('argument')],
  [/^equinox\.partition$/, is('halves')],
  [
    /^haiku\.(?:multi_)?transform\w*$|^haiku\.without_(?:apply_rng|state)$/,
    tool('jax', 'built by', methods(''), false, 0.9),
  ],
  [/^equinox\.(?:nn\.)?(?:inference_mode|tree_inference|tree_at)$/, is('argument')],
  [/^equinox\.tree_deserialise_leaves$/, is('second')],
  [/^equinox\.nn\.(?:MLP|Sequential)$/, model('jax', 'built by')],
  [/^flax\.nnx\.(?:merge)$/, model('jax', 'built by', 0.85)],
  [/^flax\.nn\.Model$/, model('jax', 'built by')],
  [/^jax\.profiler\.trace$/, is('profiler')],
  [/^flax\.(?:linen|nnx)\.Sequential$/, model('jax', 'built by')],
  [/^flax\.(?:linen|nnx|nn)\.[A-Z]\w*$/, { is: 'layer', framework: 'jax' }],
  [/^haiku\.(?:nets\.)?[A-Z]\w*$/, { is: 'layer', framework: 'jax' }],
  [/^equinox\.nn\.[A-Z]\w*$/, { is: 'layer', framework: 'jax' }],
  [/^(?:jax|optax|flax|orbax)\./, is('other')],

  // Runtimes of exported graphs.
  [
    /^onnxruntime\.(?:\w+\.)*(?:Training)?InferenceSession$/,
    { is: 'session', framework: 'onnxruntime', confidence: 0.97 },
  ],
  [
    /^(?:cv2|cv)\.dnn(?:\.readNet\w*|_\w+Model|\.\w+Model)$/,
    { is: 'session', framework: 'unknown', confidence: 0.9 },
  ],
  [/^openvino\.(?:\w+\.)*compile_model$/, compiledGraph],
  [
    /^openvino\.(?:\w+\.)*(?:IE)?Core$/,
    maker({ compile_model: compiledGraph, load_network: compiledGraph, import_model: compiledGraph }),
  ],
  [/^openvino\.(?:\w+\.)*(?:AsyncInferQueue|InferRequest)$/, request],
  [/^tensorrt\.Runtime$/, maker({ deserialize_cuda_engine: maker({ create_execution_context: request }) })],
  [
    /^coremltools\.(?:models\.)?(?:MLModel|convert)$/,
    tool('unknown', 'loaded by', methods('predict'), false, 0.9),
  ],
  [
    /^llama_cpp\.Llama(?:\.from_pretrained)?$/,
    tool('unknown', 'loaded by', methods('create_completion create_chat_completion embed generate'), true),
  ],
  [
    /^ctranslate2\.(?:Translator|Generator|Encoder)$/,
    tool(
      'unknown',
      'loaded by',
      methods('translate_batch translate_iterable generate_batch generate_tokens forward_batch score_batch'),
    ),
  ],
  [/^insightface\.app\.FaceAnalysis$/, tool('onnxruntime', 'loaded by', methods('get'))],
  [/^onnxruntime\.backend\.(?:\w+\.)*prepare$/, { is: 'session', framework: 'onnxruntime', confidence: 0.9 }],

  // Registries that hand out models of a named framework.
  [/^mlflow\.pytorch\.load_model$/, model('torch', 'loaded by')],
  [/^mlflow\.(?:keras|tensorflow)\.load_model$/, model('keras', 'loaded by')],
  [/^mlflow\.onnx\.load_model$/, is('other')],
  [/^mlflow\.sklearn\.load_model$/, { is: 'estimator', framework: 'sklearn' }],
  [new RegExp(`^mlflow\\.${boosters}\\.load_model$`), { is: 'estimator', framework: 'xgboost' }],
  [/^mlflow\.pyfunc\.load_model$/, tool('unknown', 'loaded by', methods('predict'), false, 0.8)],
  [/^mlflow\./, is('other')],

  // Classical machine learning.
  [
    /^(?:sklearn|cuml|imblearn|skops)\.(?:\w+\.)*(?:[A-Z]\w*|make_pipeline)$/,
    { is: 'estimator', framework: 'sklearn' },
  ],
  [/^(?:sklearn|scipy|numpy|pandas)\./, is('other')],
  [
    /^(?:pickle|cPickle|dill|cloudpickle|joblib|sklearn\.externals\.joblib|skops\.io)\.loads?$/,
    { is: 'estimator', framework: 'sklearn', pickled: true },
  ],
  [new RegExp(`^${boosters}\\.(?:DMatrix|QuantileDMatrix|Dataset|Pool|callback\\..*)$`), is('other')],
  [new RegExp(`^${boosters}\\.(?:\\w+\\.)*(?:[A-Z]\\w*|train)$`), { is: 'estimator', framework: 'xgboost' }],
  [/^statsmodels\./, { is: 'estimator', framework: 'unknown' }],

  // Doubles in tests answer what they are told to.
  [/^(?:unittest\.)?mock\.(?:\w*Mock|create_autospec|patch\w*)$/, is('other')],

  // Functions that hand back what they are given.
  [
    /^(?:copy\.(?:deep)?copy|tqdm\.(?:\w+\.)*\w+|itertools\.cycle|functools\.partial|rich\.progress\.track)$/,
    is('argument'),
  ],
];

export const madeBy = remembered((path): Made | undefined => {
  const canonical = canonicalPath(path);
  return rules.find(([pattern]) => pattern.test(canonical))?.[1];
});
