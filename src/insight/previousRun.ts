/** A run beside the one before it that ran the same: the difference in a few words. */
import { formatShare } from '../common/units';
import { compareDurations, type Change, type ComparedRun } from './comparison';
import type { RunSummary, SiteSummary } from './runSummary';

/** The call that a run is about: the one that was asked for, else the one that most time went to. */
export function headline(summary: RunSummary): SiteSummary | undefined {
  return summary.sites.find(({ calls }) => calls > 0);
}

/** Whether two runs ran the same program, as far as their sites and commands tell. */
export function sameProgram(a: RunSummary, b: RunSummary): boolean {
  const site = headline(a);
  return (
    site !== undefined &&
    b.sites.some(({ id, calls }) => id === site.id && calls > 0) &&
    a.run.command.join('\n') === b.run.command.join('\n')
  );
}

/** How the headline of B differs from the same call in A; undefined where one has none, or too few calls. */
export function changeOfHeadline(a: ComparedRun, b: ComparedRun): Change | undefined {
  const site = headline(b.summary);
  if (!site) return undefined;
  const [before, after] = [a, b].map(({ durations }) => durations.get(site.id) ?? new Float64Array());
  const change = compareDurations([before!], [after!]);
  return change.verdict === 'unknown' ? undefined : change;
}

/** An interval wider than this says nothing of whether there is a difference. */
const noisy = 1.1;

/** `12 % slower`, `2.1 times as slow`, `no difference seen`, `too noisy to tell`. */
export function changeText({ ratio, low, high, verdict }: Change): string {
  if (ratio === null || low === null || high === null || verdict === 'unknown')
    return 'too few calls to tell';
  if (verdict === 'same') return high / ratio > noisy ? 'too noisy to tell' : 'no difference seen';
  const factor = ratio > 1 ? ratio : 1 / ratio;
  if (factor >= 2) return `${factor.toFixed(1)} times as ${ratio > 1 ? 'slow' : 'fast'}`;
  return ratio > 1 ? `${formatShare(ratio - 1)} slower` : `${formatShare(1 - ratio)} faster`;
}
