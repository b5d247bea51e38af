import { describe, expect, it } from 'vitest';
import { plainCell } from '../../../src/editor/cellText';

describe('a cell as Python of the same length', () => {
  it.each([
    ['x = 1\nmodel.predict(x)', 'x = 1\nmodel.predict(x)'],
    ['', ''],
    ['\n\n', '\n\n'],
    ['%matplotlib inline\nimport keras\n', '0#################\nimport keras\n'],
    ['if 1:\n  !ls\n  x = !ls -l\n', 'if 1:\n  0##\n  0#########\n'],
    ['a?', '0#'],
    ['%%time\r\nx = 1\r\n', '"####"\r\nx = 1\r\n'],
    ['%%bash\nls; rm x\n', '"####"\n0#######\n'],
    ['t = """\n%not a magic\n"""\n%magic', 't = """\n%not a magic\n"""\n0#####'],
  ])('%j', (cell, plain) => {
    expect(plainCell(cell)).toBe(plain);
    expect(plain.length).toBe(cell.length);
  });
});
