/** A place in source code that calls a model, and why we think so. Lines and columns count from 1. */

export type SiteKind = 'predict' | 'train' | 'wrapper' | 'symbolic' | 'non-dl';

export type Framework =
  'keras' | 'tensorflow' | 'torch' | 'jax' | 'onnxruntime' | 'sklearn' | 'xgboost' | 'tfjs' | 'unknown';

/** Columns count UTF-16 units, as the editor does. `end` is exclusive. */
export interface SourceRange {
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

/** What the Python runtime needs to find the same call again: UTF-8 columns from 0, as CPython's `ast` counts. */
export interface RuntimeKey {
  /** Dotted names of the enclosing classes and functions, '' at module level; `<locals>` is left out. */
  qualname: string;
  /** Callee text without blanks and comments. */
  callee: string;
  /** Index among the calls with the same qualname and callee, in source order. */
  ordinal: number;
  utf8Column: number;
  endUtf8Column: number;
}

export interface Site extends SourceRange {
  /** 16 hex digits; survives edits elsewhere in the file and a reformat. */
  id: string;
  /** Absolute path. */
  file: string;
  /** Index of the notebook cell, from 0; absent in plain files. */
  cell?: number;
  callee: string;
  framework: Framework;
  kind: SiteKind;
  inLoop: boolean;
  /** Inside a profiler session of the user's own. */
  inProfiler: boolean;
  /** 0 to 1; a lens is shown from `confidentFrom` on. */
  confidence: number;
  /** A sentence for the hover. */
  reason: string;
  runtime: RuntimeKey;
}

export const confidentFrom = 0.7;

export interface SitesProblem {
  file: string;
  cell?: number;
  line?: number;
  message: string;
}

export interface SitesResult {
  sites: Site[];
  problems: SitesProblem[];
}

/** True for the sites that get a lens and are timed by default. */
export function isConfidentPredict(site: Site): boolean {
  return site.kind === 'predict' && site.confidence >= confidentFrom;
}

/** True for the steps of training that a device may be profiled by: scikit-learn and boosted trees train elsewhere. */
export function isConfidentTraining(site: Pick<Site, 'kind' | 'confidence' | 'framework'>): boolean {
  const classical = site.framework === 'sklearn' || site.framework === 'xgboost';
  return site.kind === 'train' && site.confidence >= confidentFrom && !classical;
}
