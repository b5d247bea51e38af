/** What the source edit is asked for and what it answers. */

import type { Site } from '../sites/site';
import type { TextEdit } from './edits';
import type { InstrumentedLanguage } from './grammars';

/** `compact`: in place, with one marked line. `plain`: the lines that one would write by hand. */
export type InsertForm = 'compact' | 'plain';

export interface InsertRequest {
  text: string;
  language: InstrumentedLanguage;
  sites: readonly Site[];
  form: InsertForm;
  /** Absolute; the inserted code writes below it. */
  logDirectory: string;
  /** Absolute path of the file, by which the run names it. */
  file: string;
}

export interface Refusal {
  site: Site;
  /** A sentence. */
  reason: string;
}

export interface InsertResult {
  edits: TextEdit[];
  text: string;
  inserted: Site[];
  refused: Refusal[];
}

/** Something that was inserted once, and that the removal does not understand any more. */
export interface Leftover {
  line: number;
  /** A sentence. */
  message: string;
}

export interface RemoveResult {
  edits: TextEdit[];
  text: string;
  /** Sites that were taken out. */
  removed: number;
  left: Leftover[];
}

/** An insertion that is in the text, by the line that its call or statement begins on. */
export interface Inserted {
  line: number;
  form: InsertForm;
}
