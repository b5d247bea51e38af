/** What the user said about calls: “not a predict call” and “treat as predict call”, kept in the settings. */

import path from 'node:path';
import type { Site } from '../sites/site';

/** Each begins with the id of a call; what follows says in words what it is: `3f2a9c0d1b2e4f55 model.predict in scorer.py`. */
export interface Marks {
  dismissed: readonly string[];
  added: readonly string[];
}

export const noMarks: Marks = { dismissed: [], added: [] };

/** A callee can be any expression: settings are read by people. */
const longestCallee = 60;

export function markText(site: Pick<Site, 'id' | 'callee'>, place: string): string {
  const callee =
    site.callee.length > longestCallee ? `${site.callee.slice(0, longestCallee - 1)}…` : site.callee;
  return `${site.id} ${callee} in ${place.replaceAll('\\', '/')}`;
}

export function markId(mark: string): string {
  return mark.trimStart().slice(0, 16).toLowerCase();
}

/** The path that the words end with, relative to the workspace folder; undefined where they name none. */
export function markPlace(mark: string): string | undefined {
  const at = mark.lastIndexOf(' in ');
  return at < 0 ? undefined : mark.slice(at + 4).trim();
}

export function isMarked(marks: readonly string[], id: string): boolean {
  return marks.some((mark) => markId(mark) === id);
}

/** Marks without those of one call. */
export function withoutMark(marks: readonly string[], id: string): string[] {
  return marks.filter((mark) => markId(mark) !== id);
}

/** Ids of added calls that may be in this file and are not among its sites. */
export function missingCalls(sites: readonly Site[], marks: Marks, file: string): Set<string> {
  // The place is a hint: a file that was moved keeps its ids, and mostly its name.
  const missing = new Set(marks.added.filter((mark) => isIn(markPlace(mark), file)).map(markId));
  for (const site of sites) missing.delete(site.id);
  for (const mark of marks.dismissed) missing.delete(markId(mark));
  return missing;
}

/**
 * Sites of a file as the user sees them. `calls` lists every call of the file; it is asked only when a mark
 * may mean a call that is no site, since listing them costs as much as finding the sites.
 */
export function applyMarks(
  sites: readonly Site[],
  marks: Marks,
  file: string,
  calls: () => readonly Site[],
): Site[] {
  const kept = sites
    .filter((site) => !isMarked(marks.dismissed, site.id))
    .map((site) => (isMarked(marks.added, site.id) ? asPredict(site, site.reason) : site));
  const missing = missingCalls(sites, marks, file);
  if (missing.size === 0) return kept;
  const found = calls().filter((call) => missing.has(call.id));
  return [...kept, ...found.map((call) => asPredict(call))].sort(
    (a, b) => (a.cell ?? 0) - (b.cell ?? 0) || a.line - b.line || a.column - b.column,
  );
}

function isIn(place: string | undefined, file: string): boolean {
  return place === undefined || path.posix.basename(place) === path.basename(file);
}

const saidSo = 'Marked as a predict call in the settings of this workspace.';

function asPredict(site: Site, reason = ''): Site {
  return { ...site, kind: 'predict', confidence: 1, reason: [saidSo, reason].filter(Boolean).join(' ') };
}
