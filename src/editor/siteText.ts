import * as vscode from 'vscode';
import { formatCount, formatDuration, formatShare } from '../common/units';
import type { SiteSummary } from '../insight/runSummary';
import { changeText } from '../insight/previousRun';
import type { Site } from '../sites/site';
import type { RunsModel } from './runsModel';

/** What a click on the lens of a site starts. */
export function lensTitle(site: Site): string {
  switch (site.kind) {
    case 'predict':
      return vscode.l10n.t('Profile predict');
    case 'train':
      return vscode.l10n.t('Profile training step');
    default:
      return vscode.l10n.t('Profile this call');
  }
}

/** `3,120 calls · p50 34 ms · p95 41 ms · 52 % of run`. */
export function lensFigures(site: SiteSummary): string {
  if (site.calls === 0) return vscode.l10n.t('first call running');
  const calls =
    site.calls === 1 ? vscode.l10n.t('1 call') : vscode.l10n.t('{0} calls', formatCount(site.calls));
  const share = vscode.l10n.t('{0} of run', formatShare(site.shareOfRun));
  if (site.calls === 1) return [calls, formatDuration(site.firstNs ?? NaN), share].join(' · ');
  return [
    calls,
    `p50 ${formatDuration(site.p50Ns ?? NaN)}`,
    `p95 ${formatDuration(site.p95Ns ?? NaN)}`,
    share,
  ].join(' · ');
}

/** ` · 12 % slower than quick.py of 14:02` while a comparison is open; empty where it says nothing of the site. */
export function changeSuffix({ comparison: open }: RunsModel, id: string): string {
  const site = open?.comparison.sites.find((each) => each.id === id);
  if (!open || typeof site?.ratio !== 'number') return '';
  return ` · ${vscode.l10n.t('{0} (against {1})', changeText(site), open.title)}`;
}
