/** What deriving from a class of the frameworks makes of a class. */

import type { Framework } from '../site';
import { canonicalPath } from './frameworks';
import { remembered } from './remembered';

export type Role =
  | { is: 'model' | 'layer' | 'estimator'; framework: Framework }
  /** Derives from a `Trainer` of Lightning or Transformers. */
  | { is: 'trainer'; framework: Framework }
  /** A module that scores predictions and is none. */
  | { is: 'loss' }
  | { is: 'other' };

const rules: readonly (readonly [pattern: RegExp, role: Role])[] = [
  [
    /^keras\.(?:models\.|engine\.\w+\.|src\.\w+\.)*(?:Model|Sequential|Functional)$/,
    { is: 'model', framework: 'keras' },
  ],
  [/^keras\.applications\.(?:\w+\.)*[A-Z]\w*$/, { is: 'model', framework: 'keras' }],
  [/^keras\.losses\.\w+$/, { is: 'loss' }],
  [/^keras\.(?:metrics|callbacks|optimizers|utils)\./, { is: 'other' }],
  [/^keras\.layers\.(?:\w+\.)*\w+$/, { is: 'layer', framework: 'keras' }],
  [/^keras_(?:hub|nlp|cv)\.models\.(?:\w+\.)*\w+$/, { is: 'model', framework: 'keras' }],
  [/^tensorflow\.Module$/, { is: 'model', framework: 'tensorflow' }],
  [/^torch\.nn\.(?:\w+\.)*\w*Loss$/, { is: 'loss' }],
  [/^torch\.nn\.(?:modules\.loss|modules\.module)\._\w+$/, { is: 'loss' }],
  [/^torch\.nn\.(?:\w+\.)*(?:Uninitialized)?(?:Parameter|Buffer)$/, { is: 'other' }],
  [/^torch\.nn\.(?:\w+\.)*[A-Z]\w*$|^torch\.jit\.ScriptModule$/, { is: 'model', framework: 'torch' }],
  [/^torch\.(?:utils|optim|autograd|distributions)\./, { is: 'other' }],
  [
    /^(?:pytorch_lightning|lightning(?:\.pytorch)?)\.(?:\w+\.)*LightningModule$/,
    { is: 'model', framework: 'torch' },
  ],
  [/^(?:pytorch_lightning|lightning(?:\.pytorch)?)\./, { is: 'other' }],
  [
    /^(?:transformers|trl|setfit|sentence_transformers|detectron2)\.(?:\w+\.)*\w*Trainer$/,
    { is: 'trainer', framework: 'torch' },
  ],
  [/^transformers\.(?:\w+\.)*TF[A-Z]\w*Model\w*$/, { is: 'model', framework: 'keras' }],
  [/^transformers\.(?:\w+\.)*Flax[A-Z]\w*Model\w*$/, { is: 'model', framework: 'jax' }],
  [/^(?:transformers|diffusers)\.(?:\w+\.)*\w*Pipeline$/, { is: 'model', framework: 'torch' }],
  [
    /^(?:torchvision\.models|transformers|timm\.models|huggingface_hub|diffusers|segmentation_models_pytorch|torchaudio\.models)\.(?:\w+\.)*\w*(?:Model|Net|For[A-Z]\w+)\w*$/,
    { is: 'model', framework: 'torch' },
  ],
  [/^segmentation_models_pytorch\.(?:\w+\.)*[A-Z]\w+$/, { is: 'model', framework: 'torch' }],
  [/^gpytorch\.models\.\w+$/, { is: 'model', framework: 'torch' }],
  [/^(?:flax\.(?:linen|nnx|nn)|haiku|equinox)\.(?:Module|RNNCore)$/, { is: 'model', framework: 'jax' }],
  [/^(?:sklearn|cuml)\./, { is: 'estimator', framework: 'sklearn' }],
  // Of Python's own library, and of those that have nothing to do with models.
  [
    /^(?:abc|typing|typing_extensions|enum|threading|multiprocessing|unittest|collections|dataclasses|logging|pydantic|gym|gymnasium|PyQt\d|PySide\d|tkinter|django|flask|fastapi|rest_framework|celery|tornado|kivy|rclpy|cmd|argparse|contextlib|asyncio|concurrent|nltk|spacy|attr)\./,
    { is: 'other' },
  ],
];

export const roleOfBase = remembered((path): Role | undefined => {
  const canonical = canonicalPath(path);
  return rules.find(([pattern]) => pattern.test(canonical))?.[1];
});

/** Modules of these roles run inside of a model, or are one. */
export function isModule(role: Role | undefined): boolean {
  return role?.is === 'model' || role?.is === 'layer' || role?.is === 'loss';
}
