import { formatShare, type Share } from '../common/units';
import type { SiteSummary } from './runSummary';

/** Below this the set-up is not what makes a call slow. */
const tellingShare: Share = 0.5;

/**
 * What would make the call faster, as far as its parts tell; undefined when they do not. The shares are
 * those of the traced calls; the alternatives are the ones that Keras documents for `predict`.
 */
export function adviceFor(site: SiteSummary): string | undefined {
  if (site.partsTotalNs <= 0 || site.partsCalls < 2 || !/\bpredict$/.test(site.callee)) return undefined;
  const around = ((site.parts.setUp ?? 0) + (site.parts.tracing ?? 0)) / site.partsTotalNs;
  if (around < tellingShare) return undefined;
  return (
    `${formatShare(around)} of a call is predict’s own set-up, not the model. ` +
    'Inputs that fit into one batch do without it: model(x, training=False) or predict_on_batch(x); ' +
    'or give predict many inputs at once.'
  );
}
