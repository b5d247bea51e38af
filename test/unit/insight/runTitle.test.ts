import { expect, it } from 'vitest';
import type { RunSummary } from '../../../src/insight/runSummary';
import { runTitle } from '../../../src/insight/runTitle';

it.each([
  [['/env/bin/python', 'tools/quick.py', '--fast'], 'quick.py'],
  [['python', '-m', 'splicescore', '-I', 'a.vcf'], 'splicescore'],
  [['/env/bin/spliceai'], 'spliceai'],
  [['python', '/home/user/.predictscope/notebooks/notes/tour.py'], 'tour.ipynb'],
  [[], '20261121T000000Z-0000'],
])('%j is %s', (command, title) => {
  const run = { id: '20261121T000000Z-0000', command };
  expect(runTitle({ run } as unknown as RunSummary)).toBe(title);
});
