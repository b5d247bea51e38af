import { expect, it } from 'vitest';
import { getsLens } from '../../../src/editor/lensFilter';
import type { SiteKind } from '../../../src/sites/site';

const kinds: readonly SiteKind[] = ['predict', 'train', 'wrapper', 'symbolic', 'non-dl'];

it.each([
  ['predict', false, ['predict'], []],
  ['predict', true, ['predict', 'train'], []],
  ['training', false, ['predict', 'train', 'wrapper'], []],
  ['all', false, kinds, kinds],
  ['off', true, [], []],
] as const)('%s, training lens %s', (mode, trainingLens, sure, unsure) => {
  const shown = (confidence: number): SiteKind[] =>
    kinds.filter((kind) => getsLens({ kind, confidence, framework: 'keras' }, mode, trainingLens));
  expect(shown(0.9)).toEqual(sure);
  expect(shown(0.4)).toEqual(unsure);
});

it('a fit of scikit-learn is no step to profile on a device', () => {
  const fit = { kind: 'train', confidence: 0.95, framework: 'sklearn' } as const;
  expect(getsLens(fit, 'predict', true)).toBe(false);
  expect(getsLens(fit, 'training', false)).toBe(false);
  expect(getsLens(fit, 'all', false)).toBe(true);
});
