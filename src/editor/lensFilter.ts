import type { Settings } from '../common/ids';
import { confidentFrom, isConfidentTraining, type Site } from '../sites/site';

/** Whether a site has a lens with these settings. */
export function getsLens(
  site: Pick<Site, 'kind' | 'confidence' | 'framework'>,
  mode: Settings['codeLens'],
  trainingLens: boolean,
): boolean {
  const sure = site.confidence >= confidentFrom;
  switch (mode) {
    case 'off':
      return false;
    case 'predict':
      return (sure && site.kind === 'predict') || (trainingLens && isConfidentTraining(site));
    case 'training':
      return (sure && (site.kind === 'predict' || site.kind === 'wrapper')) || isConfidentTraining(site);
    case 'all':
      return true;
  }
}
