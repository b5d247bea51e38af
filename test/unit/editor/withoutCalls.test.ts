import { expect, it } from 'vitest';
import { withoutCalls } from '../../../src/editor/withoutCalls';

it.each([
  ['y = f(x)\n', 'y = f(x)\n'],
  ['y = _predictscope_e(_predictscope_b(1), f(x))\n', 'y = f(x)\n'],
  ['y = g(_predictscope_e(_predictscope_b(1), 7, f(")")), 2)', 'y = g(7, f(")"), 2)'],
  ['a = _predictscope_e(_predictscope_b(1), _predictscope_e(_predictscope_b(2), f)(1))', 'a = f(1)'],
  ['import keras\r\nexec("# Written by Predictscope: …"); x = 1\r\ny = 2\r\n', 'import keras\r\ny = 2\r\n'],
  ['try:  # predictscope\n    y = 1\nfinally:  # predictscope\n', '    y = 1\n'],
  ['y = _predictscope_e(_predictscope_b(1), f(x', 'y = f(x'],
])('%j', (text, without) => {
  expect(withoutCalls(text)).toBe(without);
});
