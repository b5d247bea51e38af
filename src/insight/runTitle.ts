import path from 'node:path';
import type { RunNotes } from '../runs/notes';
import type { RunSummary } from './runSummary';

/** Programs that were made of a notebook's cells. */
const ofNotebook = /[\\/]\.predictscope[\\/]notebooks[\\/]/;

/** The user's name for a run, else what it ran. */
export function titleOf({ summary, notes }: { summary: RunSummary; notes: RunNotes }): string {
  return notes.title ?? runTitle(summary);
}

/** `splicescore`, `quick.py`, `tour.ipynb`: the part of the command that tells runs apart. */
export function runTitle(summary: RunSummary): string {
  const words = summary.run.command;
  const module = words.indexOf('-m');
  if (module >= 0 && words[module + 1]) return words[module + 1]!;
  const script = words.find((word) => word.endsWith('.py'));
  const name = path.basename(script ?? words[0] ?? summary.run.id);
  return script && ofNotebook.test(script) ? name.replace(/\.py$/, '.ipynb') : name;
}
