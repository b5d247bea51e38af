import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { UserError, describeProblem } from '../common/problem';
import { formatCount, formatDuration } from '../common/units';
import { summarizeRun } from '../insight/runSummary';
import { addTraces } from '../insight/traceParts';
import { textReport } from '../launch/report';
import { RunReader } from '../runs/runReader';
import { localFiles } from '../targets/localFiles';
import { summarizeTrace, type TraceSummary } from '../trace/summary';

/** `predictscope summarize PATH [--json]`: a run directory, or one trace file. */
export async function summarizeCommand(args: readonly string[]): Promise<void> {
  const { json, file } = parse(args);
  const target = path.resolve(file);
  const found = await stat(target).catch((error: unknown) => {
    throw new UserError(`${file} cannot be read.`, {
      fix: 'Give a run directory or a trace file.',
      cause: error,
    });
  });
  if (!found.isDirectory()) {
    const summary = await summarizeTrace(target);
    process.stdout.write(json ? `${JSON.stringify(summary)}\n` : traceReport(summary));
    return;
  }
  const names = await readdir(target);
  if (!names.some((name) => name === 'run.json' || name === 'config.json' || /-\d+-\d{15,}$/.test(name))) {
    throw new UserError(`${file} is not a run directory: it holds neither run.json nor config.json.`, {
      fix: 'Runs lie below the log directory, by default .predictscope/runs.',
    });
  }
  const reader = new RunReader(target, localFiles);
  await reader.settle();
  const summary = summarizeRun(reader);
  await addTraces(reader, summary);
  process.stdout.write(json ? `${JSON.stringify(summary)}\n` : textReport(summary, process.cwd()));
}

function parse(args: readonly string[]): { json: boolean; file: string } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { json: { type: 'boolean' } },
      allowPositionals: true,
    });
    if (positionals.length !== 1) throw new UserError('summarize needs one run directory or trace file.');
    return { json: values.json ?? false, file: positionals[0]! };
  } catch (error) {
    throw error instanceof UserError ? error : new UserError((error as Error).message);
  }
}

function traceReport(summary: TraceSummary): string {
  const lines = [
    `${summary.path} · ${summary.format} · ${formatCount(summary.events)} events · ${formatDuration(summary.durationNs)}`,
    '',
    ...summary.tracks.map((t) => `${String(t.events).padStart(9)} events  ${t.process} / ${t.thread}`),
    '',
    ...summary.topOps
      .slice(0, 20)
      .map(
        (op) =>
          `${formatDuration(op.totalNs).padStart(9)} total ${formatDuration(op.selfNs).padStart(9)} self ${formatCount(op.count).padStart(7)} ×  ${op.name}`,
      ),
    '',
    ...summary.problems.map((problem) => `! ${describeProblem(problem)}`),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}
