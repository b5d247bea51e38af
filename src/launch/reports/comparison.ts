/** Reads runs on disk and compares them. */
import path from 'node:path';
import { stat } from 'node:fs/promises';
import { UserError } from '../../common/problem';
import { comparedRun } from '../../insight/comparedRuns';
import { compareRuns, type ComparedRun, type Comparison } from '../../insight/comparison';
import { summarizeRun } from '../../insight/runSummary';
import { titleOf } from '../../insight/runTitle';
import { addTraces } from '../../insight/traceParts';
import { readNotes } from '../../runs/notes';
import { RunReader } from '../../runs/runReader';
import { localFiles } from '../../targets/localFiles';

export interface ReadRun extends ComparedRun {
  title: string;
  root: string;
}

/** A run with its traces. Throws a UserError where there is none, or it still goes on. */
export async function readRun(directory: string): Promise<ReadRun> {
  const reader = new RunReader(directory, localFiles);
  if (!(await stat(directory).catch(() => undefined))?.isDirectory())
    throw new UserError(`${directory} is not there.`, { fix: 'Give the folders of two runs.' });
  await reader.settle();
  if (!reader.record && !reader.config)
    throw new UserError(`${directory} is not a run directory: it holds neither run.json nor config.json.`, {
      fix: 'Runs lie below the log directory, by default .predictscope/runs.',
    });
  const summary = summarizeRun(reader);
  if (summary.run.state === 'running' || summary.run.state === 'starting')
    throw new UserError(`The run ${path.basename(directory)} still goes on.`, {
      fix: 'Compare it when it has ended.',
    });
  await addTraces(reader, summary);
  return {
    ...comparedRun(reader, summary),
    title: titleOf({ summary, notes: await readNotes(directory) }),
    root: reader.config?.root ?? reader.record?.cwd ?? '',
  };
}

export interface ReadComparison {
  comparison: Comparison;
  titles: { a: string; b: string };
  root: string;
}

/** Compares sets of run directories; `paired` if they were made in turn. */
export async function compareDirectories(
  a: readonly string[],
  b: readonly string[],
  paired: boolean,
): Promise<ReadComparison> {
  const before = await Promise.all(a.map(readRun));
  const after = await Promise.all(b.map(readRun));
  const title = (runs: readonly ReadRun[]): string => {
    const names = [...new Set(runs.map((run) => run.title))].join(', ');
    const [first] = runs;
    return runs.length === 1 ? `${names} (${first!.summary.run.id})` : `${names} (${runs.length} runs)`;
  };
  return {
    comparison: compareRuns(before, after, { paired }),
    titles: { a: title(before), b: title(after) },
    root: after[0]?.root ?? '',
  };
}
