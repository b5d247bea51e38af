/** Heat and figures of lines, in a bundle of its own: loaded once a run has sampled something. */
import { Disposables, type Disposable } from '../common/disposables';
import { LinesOfDocuments } from './documentLines';
import { LineHeat } from './lineHeat';
import type { RunsModel } from './runsModel';

export interface LoadedLines extends Disposable {
  lines: LinesOfDocuments;
}

export function createLines(runs: RunsModel): LoadedLines {
  const owned = new Disposables();
  const lines = owned.add(new LinesOfDocuments(runs));
  owned.add(new LineHeat(lines, runs));
  return { lines, dispose: () => owned.dispose() };
}
