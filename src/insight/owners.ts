/** Whose code a function is: the user's, a framework's, a library's; and in which language it runs. */

export type Language = 'python' | 'native';

export interface Owner {
  /** `yours`, `python` (its own library), or the name of a package: `keras`, `tensorflow`, `numpy`. */
  owner: string;
  language: Language;
}

export const yours = 'yours';
export const standardLibrary = 'python';
/** Python's garbage collector, whomever it stopped. */
export const collector = 'garbage collection';

/** Packages that are one thing to their user, by the folder in site-packages or the module in C. */
const families: readonly (readonly [RegExp, string])[] = [
  [/^(keras|tf_keras)$/, 'keras'],
  [/^(tensorflow|tensorflow_intel|tensorboard)$/, 'tensorflow'],
  [/^(torch|torchvision|functorch|torchgen)$/, 'torch'],
  [/^(jax|jaxlib|flax)$/, 'jax'],
];

const packaged =
  /[\\/](?:site-packages|dist-packages)[\\/]([^\\/]+?)(?:\.py|\.cpython.*|\.abi3.*)?(?=[\\/]|$)/;
/** Keras lay inside TensorFlow until 2.6. */
const kerasInTensorFlow = /[\\/]tensorflow(_core)?[\\/]python[\\/]keras[\\/]/;

/** The package of a file of Python source that is not the user's; `python` for its own library. */
export function ownerOfFile(file: string): string {
  if (kerasInTensorFlow.test(file)) return 'keras';
  const name = packaged.exec(file)?.[1];
  if (name === undefined) return standardLibrary;
  return families.find(([pattern]) => pattern.test(name))?.[1] ?? name;
}

/** Functions in C that are Python itself: what they do belongs to whoever calls them. */
const pythonItself =
  /^<built-in method (builtins|_abc|_thread|time|posix|_io|_codecs|_struct|math|gc|sys|_operator|_functools|_weakref|itertools|fromkeys|__new__|marshal|_imp|binascii|zlib|_json|_pickle|_random|_warnings|select|_socket)\b|^<built-in function |of '(str|dict|list|tuple|set|frozenset|bytes|bytearray|int|float|bool|type|object|generator|property|mappingproxy|collections\.\w+|re\.\w+|_io\.\w+|_thread\.\w+|types\.\w+|functools\.\w+|weakref\.?\w*|dict_\w+|odict_\w+)' objects>$/i;
/** Names in C that say whose they are, whoever calls them. */
const nativeNames: readonly (readonly [RegExp, string])[] = [
  [/tensorflow|_pywrap|\bTFE?_\w/, 'tensorflow'],
  [/\btorch\b|torch\._C/, 'torch'],
  [/\b(jaxlib|jax|xla|pjrt|nanobind)\b|_xla\b/i, 'jax'],
  [/\bnumpy\b/, 'numpy'],
  [/\bonnxruntime\b/, 'onnxruntime'],
];
/** Whose functions in C do not always say so (`<built-in method conv2d of type object at 0x…>`). */
const nativeCallers = new Set(['tensorflow', 'torch', 'jax', 'numpy', 'onnxruntime']);

/**
 * Owner of a function in C as `_lsprof` names it, called from a function of `caller`. What is Python's own, or says
 * nothing, is the caller's Python.
 */
export function ownerOfNative(name: string, caller: string): Owner {
  const named = nativeNames.find(([pattern]) => pattern.test(name));
  if (named) return { owner: named[1], language: 'native' };
  if (pythonItself.test(name) || !nativeCallers.has(caller)) return { owner: caller, language: 'python' };
  return { owner: caller, language: 'native' };
}

const titles: Readonly<Record<string, string>> = {
  [yours]: 'your lines',
  [standardLibrary]: 'Python’s own library',
  [collector]: 'garbage collection',
  keras: 'Keras',
  tensorflow: 'TensorFlow',
  torch: 'PyTorch',
  jax: 'JAX',
  numpy: 'NumPy',
  onnxruntime: 'ONNX Runtime',
};

/** `your lines`, `Keras, Python`, `TensorFlow, C++`. */
export function ownerTitle({ owner, language }: Owner): string {
  const title = titles[owner] ?? owner;
  if (owner === yours || owner === standardLibrary || owner === collector) return title;
  return `${title}, ${language === 'native' ? 'C++' : 'Python'}`;
}
