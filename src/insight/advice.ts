import { formatDuration, formatShare, type Share } from '../common/units';
import { collector } from './owners';
import type { RunSummary, SiteSummary } from './runSummary';

/** Below this the set-up is not what makes a call slow. */
const tellingShare: Share = 0.5;
/** A tenth of a call that nobody wants is worth a sentence. */
const tellingGarbage: Share = 0.1;
const tellingIdle: Share = 0.2;
const mostIdleLines = 4;

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

/** Where Python's garbage collector takes a share of the calls that is worth having. */
export function garbageAdvice(site: SiteSummary): string | undefined {
  const { inside } = site;
  if (!inside || inside.totalNs <= 0 || inside.calls < 2) return undefined;
  const ns = inside.owners.find(({ owner }) => owner === collector)?.ns ?? 0;
  const share = ns / inside.totalNs;
  if (share < tellingGarbage) return undefined;
  return (
    `${formatShare(share)} of the ${inside.calls} calls that were looked at went into Python’s garbage collector, ` +
    'which looks through everything that was imported. gc.freeze() after loading the model takes that out of its sight.'
  );
}

/** Which of the user's lines keep the device waiting; undefined where that is not known, or little. */
export function idleAdvice(summary: RunSummary): string | undefined {
  const { deviceIdle } = summary;
  if (!deviceIdle || deviceIdle.windowNs <= 0) return undefined;
  const share = deviceIdle.idleNs / deviceIdle.windowNs;
  const lines = deviceIdle.lines.slice(0, mostIdleLines).filter(({ shareOfWindow }) => shareOfWindow >= 0.01);
  if (share < tellingIdle || lines.length === 0) return undefined;
  const theirs = lines.reduce((sum, { ns }) => sum + ns, 0) / deviceIdle.windowNs;
  const device = deviceIdle.device === 'GPU' ? 'the GPU' : 'the device';
  const who = lines.length === 1 ? 'One line keeps' : `${lines.length} lines keep`;
  return `${who} ${device} idle for ${formatShare(theirs)} of the ${formatDuration(deviceIdle.windowNs)} that were traced.`;
}
