/** What the public names of Keras and TensorFlow give. */

import { is, methods, model, reinforcement, scikitLike, tool, type Rule } from './making';

export const tensorFlowRules: readonly Rule[] = [
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
    /^tensorflow\.(?:Session|InteractiveSession|get_default_session|train\.\w*Session)$/,
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
];
