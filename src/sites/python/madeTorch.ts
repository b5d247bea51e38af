/** What the public names of PyTorch and of the libraries upon it give. */

import {
  autoencoder,
  is,
  lightning,
  methods,
  model,
  reinforcement,
  scikitLike,
  tool,
  type Rule,
} from './making';

export const torchRules: readonly Rule[] = [
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
  // Ignite's engines run a function, or a step of their own, for each batch.
  [/^ignite\.(?:\w+\.)*Engine$/, { is: 'compiled', framework: 'torch' }],
  [/^ignite\.(?:\w+\.)*create_supervised_evaluator$/, tool('torch', 'built by', methods('run'), false)],
  [/^ignite\.(?:\w+\.)*create_supervised_trainer$/, tool('torch', 'built by', methods('', 'run'), false)],
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
  [/^whisper\.load_model$/, tool('torch', 'loaded by', methods('transcribe decode detect_language'), true)],
  // CTranslate2 runs it.
  [
    /^faster_whisper\.(?:\w+\.)*(?:WhisperModel|BatchedInferencePipeline)$/,
    tool('unknown', 'loaded by', methods('transcribe detect_language')),
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
];
