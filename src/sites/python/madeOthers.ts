/** What the public names of JAX, of runtimes for exported graphs, and of classical machine learning give. */

import { boosters, compiledGraph, is, maker, methods, model, request, tool, type Rule } from './making';

export const otherRules: readonly Rule[] = [
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

  // Objects of which the attributes are what they are given by name.
  [
    /^(?:munch\.(?:Munch|DefaultMunch|munchify)|types\.SimpleNamespace|easydict\.EasyDict|attrdict\.AttrDict|box\.Box|argparse\.Namespace|addict\.Dict|dotmap\.DotMap|ml_collections\.ConfigDict)$/,
    is('fields'),
  ],

  // Functions that hand back what they are given.
  [
    /^(?:copy\.(?:deep)?copy|tqdm\.(?:\w+\.)*\w+|itertools\.cycle|functools\.partial|rich\.progress\.track)$/,
    is('argument'),
  ],
];
