import { describe, expect, it } from 'vitest';
import { ownerOfFile, ownerOfNative, ownerTitle } from '../../../src/insight/owners';

describe('the owner of a file', () => {
  it.each([
    ['/v/lib/python3.11/site-packages/keras/src/models/model.py', 'keras'],
    ['/v/lib/python3.8/site-packages/tf_keras/src/engine/training.py', 'keras'],
    ['/v/lib/python3.7/site-packages/tensorflow/python/keras/engine/training.py', 'keras'],
    ['/v/lib/python3.7/site-packages/tensorflow_core/python/keras/engine/training.py', 'keras'],
    ['/v/lib/python3.11/site-packages/tensorflow/python/eager/execute.py', 'tensorflow'],
    ['/usr/lib/python3/dist-packages/torch/nn/modules/module.py', 'torch'],
    ['/v/lib/python3.11/site-packages/jaxlib/xla_client.py', 'jax'],
    ['/v/lib/python3.11/site-packages/optree/ops.py', 'optree'],
    ['/v/lib/python3.11/site-packages/typing_extensions.py', 'typing_extensions'],
    ['C:\\py\\Lib\\site-packages\\numpy\\core\\numeric.py', 'numpy'],
    ['/usr/lib/python3.11/inspect.py', 'python'],
    ['<frozen importlib._bootstrap>', 'python'],
  ])('%s: %s', (file, owner) => {
    expect(ownerOfFile(file)).toBe(owner);
  });
});

describe('the owner of a function in C', () => {
  it.each([
    [
      '<built-in method tensorflow.python._pywrap_tfe.TFE_Py_FastPathExecute>',
      'tensorflow',
      'tensorflow native',
    ],
    ['<built-in method torch._C._nn.linear>', 'torch', 'torch native'],
    ['<built-in method conv2d of type object at 0x7f2a>', 'torch', 'torch native'],
    ['<built-in method numpy.array>', 'keras', 'numpy native'],
    ["<method 'reduce' of 'numpy.ufunc' objects>", 'keras', 'numpy native'],
    ['<built-in method builtins.isinstance>', 'tensorflow', 'tensorflow python'],
    ["<method 'append' of 'list' objects>", 'torch', 'torch python'],
    ["<method 'match' of 're.Pattern' objects>", 'torch', 'torch python'],
    ['<built-in method time.sleep>', 'yours', 'yours python'],
    ['<built-in method spam.eggs>', 'keras', 'keras python'],
  ])('%s called by %s: %s', (name, caller, expected) => {
    const { owner, language } = ownerOfNative(name, caller);
    expect(`${owner} ${language}`).toBe(expected);
  });
});

it('has titles that a user knows', () => {
  expect(ownerTitle({ owner: 'yours', language: 'python' })).toBe('your lines');
  expect(ownerTitle({ owner: 'tensorflow', language: 'native' })).toBe('TensorFlow, C++');
  expect(ownerTitle({ owner: 'optree', language: 'python' })).toBe('optree, Python');
  expect(ownerTitle({ owner: 'garbage collection', language: 'native' })).toBe('garbage collection');
});
