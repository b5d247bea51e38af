import type { Settings } from '../common/ids';
import { confidentFrom, type Site } from '../sites/site';

/** Whether a site has a lens with these settings. */
export function getsLens(
  site: Pick<Site, 'kind' | 'confidence'>,
  mode: Settings['codeLens'],
  trainingLens: boolean,
): boolean {
  const sure = site.confidence >= confidentFrom;
  switch (mode) {
    case 'off':
      return false;
    case 'predict':
      return sure && (site.kind === 'predict' || (trainingLens && site.kind === 'train'));
    case 'training':
      return sure && (site.kind === 'predict' || site.kind === 'train' || site.kind === 'wrapper');
    case 'all':
      return true;
  }
}
