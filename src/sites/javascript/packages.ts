/** What packages, their public names and the globals of their script tags are. */

import type { Framework } from '../site';
import type { Api, Origin } from './values';

/** One name for a package, however it is reached: by npm, by a CDN, by Deno. Others' packages keep theirs. */
export function canonicalModule(specifier: string): string {
  const local = /^(?:\.{0,2}\/|\.{1,2}$|[@~]\/|#)/.test(specifier);
  if (local) return `./${specifier}`;
  const name = specifier.replace(/^https?:\/\/[^/]+\/(?:npm\/|v\d+\/|gh\/)?|^npm:/, '');
  if (/^@tensorflow\/tfjs(?:-[\w-]+)?(?:[@/]|$)/.test(name)) return 'tfjs';
  if (/^(?:onnxruntime-(?:web|node|common|react-native)|onnxjs)(?:[@/]|$)/.test(name)) return 'ort';
  if (/^ml5(?:[@/]|$)/.test(name)) return 'task:ml5';
  if (/^(?:face-api\.js|@vladmandic\/face-api)(?:[@/]|$)/.test(name)) return 'task:face-api';
  if (/^@(?:xenova|huggingface)\/transformers(?:[@/]|$)/.test(name)) return 'transformers';
  const task = /^(?:@tensorflow-models\/([\w-]+)|@teachablemachine\/([\w-]+)|(nsfwjs))(?:[@/]|$)/.exec(name);
  if (task) return `task:${task[1] ?? task[2] ?? 'nsfwjs'}`;
  return name;
}

export function isLocalModule(module: string): boolean {
  return module.startsWith('./');
}

/** Names that script tags define: taken for the package where the file itself defines no such name. */
const globals: ReadonlyMap<string, string> = new Map([
  ['tf', 'tfjs'],
  ['tflite', 'tfjs'],
  ['automl', 'tfjs'],
  ['tfTask', 'task:tasks'],
  ['ort', 'ort'],
  ['mobilenet', 'task:mobilenet'],
  ['cocoSsd', 'task:coco-ssd'],
  ['posenet', 'task:posenet'],
  ['bodyPix', 'task:body-pix'],
  ['blazeface', 'task:blazeface'],
  ['handpose', 'task:handpose'],
  ['facemesh', 'task:facemesh'],
  ['faceLandmarksDetection', 'task:face-landmarks-detection'],
  ['poseDetection', 'task:pose-detection'],
  ['handPoseDetection', 'task:hand-pose-detection'],
  ['bodySegmentation', 'task:body-segmentation'],
  ['speechCommands', 'task:speech-commands'],
  ['toxicity', 'task:toxicity'],
  ['use', 'task:universal-sentence-encoder'],
  ['qna', 'task:qna'],
  ['deeplab', 'task:deeplab'],
  ['knnClassifier', 'task:knn-classifier'],
  ['tmImage', 'task:image'],
  ['tmPose', 'task:pose'],
  ['nsfwjs', 'task:nsfwjs'],
  ['ml5', 'task:ml5'],
  ['faceapi', 'task:face-api'],
]);

export function globalModule(name: string): string | undefined {
  return globals.get(name);
}

/** Names that only TensorFlow.js has below `tf`, however `tf` came into the file. */
export function isTensorFlowName(name: string): boolean {
  return /^(?:tensor\d?d?|scalar|tidy|dispose|keep|load\w*Model|sequential|layers|browser|train|zeros|setBackend|ready|Tensor\d?D?|\w*Model)$/.test(
    name,
  );
}

/** A file without any of these has no site, and need not be parsed. */
export const worthParsing = new RegExp(
  `predict|tensorflow|tfjs|ml5|onnx|face-api|transformers|teachablemachine|InferenceSession|\\b(?:${[...globals.keys()].join('|')})\\.`,
);

/** What calling a public name, or making an object of it, gives. */
export type Made =
  | { is: 'model'; api: Api; framework: Framework; how: Origin['how']; confidence: number }
  /** It runs a model itself. */
  | { is: 'run'; framework: Framework; confidence: number }
  /** `callback`: what the function that is given gives. */
  | { is: 'layer' | 'symbol' | 'callback' | 'other' };

const model = (api: Api, how: Origin['how'], confidence: number, framework: Framework = 'tfjs'): Made => ({
  is: 'model',
  api,
  framework,
  how,
  confidence,
});

const onnx = 'onnxruntime';

/** The first pattern that matches the module and the names below it decides. */
const rules: readonly (readonly [RegExp, Made])[] = [
  [
    /^tfjs\.(?:(?:models\.|io\.|node\.)?(?:load\w*Model(?:Sync)?|loadSavedModel|modelFromJSON)|models\.load\w*)$/,
    model('tfjs', 'loaded by', 0.95),
  ],
  // Before 1.0 the converter had a class of its own, with `load` as a static method.
  [/^tfjs\.(?:GraphModel|FrozenModel|LayersModel|TFLiteModel)\.\w+$/, model('tfjs', 'loaded by', 0.9)],
  [
    /^tfjs\.(?:models\.)?(?:sequential|model|Sequential|LayersModel|Model|GraphModel|FrozenModel)$/,
    model('tfjs', 'built by', 0.95),
  ],
  // The task libraries of tfjs-automl and tfjs-tflite.
  [
    /^tfjs\.(?:load(?:ImageClassification|ObjectDetection|TextClassification)|(?:\w+\.)*[A-Z]\w*\.create)$/,
    model('task', 'loaded by', 0.8),
  ],
  [/^tfjs\.(?:layers\.)?[iI]nput$/, { is: 'symbol' }],
  [/^tfjs\.layers\.\w+$/, { is: 'layer' }],
  [/^tfjs\.(?:tidy|time|profile)$/, { is: 'callback' }],
  [/^tfjs\./, { is: 'other' }],

  // Its functions are named after the task, and are called with or without waiting for the model.
  [/^task:ml5\.(?:KNNClassifier|kmeans|word2[vV]ec)$/, model('neighbours', 'built by', 0.75)],
  [
    /^task:ml5\.(?:version|flipImage|preloadRegister|(?:set|get|is|add|on|use)[A-Z]\w*|tf|utils)\b/,
    { is: 'other' },
  ],
  [/^task:ml5\.\w+$/, model('task', 'loaded by', 0.75)],
  [
    /^task:face-api\.(?:detect\w+|allFaces\w*|locateFaces|compute\w*Descriptor|recognize\w+|predict\w+|(?:ssd|tiny)\w*|mtcnn)$/,
    { is: 'run', framework: 'tfjs', confidence: 0.85 },
  ],
  [
    /^task:face-api\.nets\.\w+\.(?:locateFaces|detect\w*|computeFaceDescriptor|predict\w+|forward)$/,
    { is: 'run', framework: 'tfjs', confidence: 0.85 },
  ],
  [/^task:face-api\.create\w+$|^task:face-api\.[A-Z]\w*Net$/, model('task', 'built by', 0.75)],
  [/^task:knn-classifier\.create$/, model('neighbours', 'built by', 0.75)],
  [
    /^task:[\w-]+\.(?:(?:\w+\.)*load\w*|create(?:Detector|Segmenter|Estimator|Model|\w*Recognizer)?|[A-Z]\w*)$/,
    model('task', 'loaded by', 0.75),
  ],
  [/^task:/, { is: 'other' }],

  [/^ort\.(?:\w+\.)*InferenceSession(?:\.create)?$/, model('session', 'opened by', 0.95, onnx)],
  [/^ort\.(?:\w+\.)*TrainingSession\.create$/, model('session', 'opened by', 0.9, onnx)],
  [/^ort\./, { is: 'other' }],

  [/^transformers\.pipeline$/, model('callable', 'built by', 0.8, onnx)],
  [/^transformers\.\w*(?:Tokenizer|Processor|Config|Extractor)\./, { is: 'other' }],
  [/^transformers\.\w+\.from_(?:pretrained|config)$/, model('callable', 'loaded by', 0.8, onnx)],
  [/^transformers\./, { is: 'other' }],
];

/** `path` is the module and the names below it, joined by dots. */
export function madeBy(path: string): Made | undefined {
  return rules.find(([pattern]) => pattern.test(path))?.[1];
}

/** What a variable of an imported type holds. */
export function madeByType(path: string): Made | undefined {
  if (
    /^tfjs\.(?:\w*LayersModel|GraphModel|Sequential|InferenceModel|Model|FrozenModel|TFSavedModel|TFLiteModel)$/.test(
      path,
    )
  )
    return model('tfjs', 'declared as', 0.9);
  if (/^tfjs\.SymbolicTensor$/.test(path)) return { is: 'symbol' };
  if (/^tfjs\.layers\.Layer$/.test(path)) return { is: 'layer' };
  if (/^ort\.InferenceSession$/.test(path)) return model('session', 'declared as', 0.9, onnx);
  if (/^transformers\.(?:\w+Pipeline|PreTrainedModel|Pipeline)$/.test(path))
    return model('callable', 'declared as', 0.8, onnx);
  if (/^task:knn-classifier\.KNNClassifier$/.test(path)) return model('neighbours', 'declared as', 0.75);
  // What a task gives back is declared by the same package: predictions, poses, options.
  if (/^task:[\w-]+\.(?:\w+\.)*[A-Z]\w*$/.test(path))
    return /(?:Config|Options|Params|Input|Result|Output|Prediction|Pose|Face|Hand|Keypoint|Point|Detected\w+|Enum)s?$/.test(
      path,
    )
      ? { is: 'other' }
      : model('task', 'declared as', 0.75);
  return path.startsWith('tfjs.') || path.startsWith('ort.') ? { is: 'other' } : undefined;
}

/** A class that derives from one of these is a model, or a layer. */
export function roleOfBase(path: string): 'model' | 'layer' | undefined {
  if (/^tfjs\.(?:LayersModel|Sequential|Model|GraphModel)$/.test(path)) return 'model';
  return /^tfjs\.layers\.\w+$/.test(path) ? 'layer' : undefined;
}

/** Functions that a gradient is taken of: what runs inside is a step of training. */
export function isGradient(path: string): boolean {
  return /^tfjs\.(?:grads?|valueAndGrads?|variableGrads|customGrad)$/.test(path);
}

/** Sessions of the framework's own profiler: what is given to them is measured. */
export function isProfiler(path: string): boolean {
  return /^tfjs\.(?:profile|time)$/.test(path);
}
