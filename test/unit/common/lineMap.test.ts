import { describe, expect, it } from 'vitest';
import { mapLines } from '../../../src/common/lineMap';

const text = (...lines: string[]): string => lines.join('\n');

describe('where lines are by now', () => {
  const then = text('import a', '', 'x = 1', 'y = f(x)', 'y = f(x)', 'print(y)');

  it('is where they were when nothing changed, whatever the line ends and blanks behind', () => {
    const map = mapLines(then, then.replaceAll('\n', '  \r\n'));
    expect([...map]).toEqual([1, 2, 3, 4, 5, 6].map((line) => [line, line]));
  });

  it('follows lines that were put in and taken out', () => {
    const map = mapLines(
      then,
      text('# head', 'import a', 'x = 1', 'y = f(x)', 'z = 2', 'y = f(x)', 'print(y)'),
    );
    expect(map.get(1)).toBe(2);
    expect(map.get(3)).toBe(3);
    expect(map.get(4)).toBe(4);
    expect(map.get(5)).toBe(6);
    expect(map.get(6)).toBe(7);
  });

  it('knows nothing of a line that was changed', () => {
    const map = mapLines(then, then.replace('x = 1', 'x = 2'));
    expect(map.has(3)).toBe(false);
    expect(map.get(4)).toBe(4);
  });

  it('does not take minutes for a file that is another one', () => {
    const lines = (seed: number): string =>
      Array.from({ length: 20_000 }, (_, i) => `${seed} ${i}`).join('\n');
    const begin = performance.now();
    expect(mapLines(lines(1), lines(2)).size).toBe(0);
    expect(performance.now() - begin).toBeLessThan(10_000);
  });
});
