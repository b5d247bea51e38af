import path from 'node:path';
import { parseArgs } from 'node:util';
import { UserError } from '../common/problem';
import { summarizeRun } from '../insight/runSummary';
import { attach } from '../launch/attach';
import { attachWays, type AttachWay } from '../launch/attachWays';
import { defaultLogDirectory } from '../launch/logDirectory';
import { textReport } from '../launch/report';
import { RunReader } from '../runs/runReader';
import { localFiles } from '../targets/localFiles';

/** `predictscope attach PID`: the lines of a program that runs without our runtime. */
export async function attachCommand(args: readonly string[], packageRoot: string): Promise<void> {
  const { pid, seconds, root, logDirectory, json, by } = parse(args);
  const pythonPath = path.join(packageRoot, 'media', 'python');
  const tool = process.env.PREDICTSCOPE_PY_SPY ?? 'py-spy';
  const directory = await attach({ pid, seconds, root, logDirectory, pythonPath, tool, by });
  const reader = new RunReader(directory, localFiles);
  await reader.settle();
  const summary = summarizeRun(reader);
  process.stdout.write(json ? `${JSON.stringify(summary)}\n` : textReport(summary, process.cwd()));
}

interface Arguments {
  pid: number;
  seconds: number;
  root: string;
  logDirectory: string;
  json: boolean;
  by: AttachWay | undefined;
}

function parse(args: readonly string[]): Arguments {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        seconds: { type: 'string', default: '10' },
        by: { type: 'string' },
        root: { type: 'string' },
        'log-dir': { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    const seconds = Number(values.seconds);
    if (positionals.length !== 1 || !/^\d+$/.test(positionals[0]!)) throw new Error('attach needs one PID.');
    if (!Number.isInteger(seconds) || seconds < 1) throw new Error('--seconds takes a whole number from 1.');
    const by = attachWays.find((way) => way === values.by);
    if (values.by !== undefined && !by) throw new Error(`--by takes ${attachWays.join(', ')}.`);
    const root = path.resolve(values.root ?? process.cwd());
    const logDirectory = path.resolve(values['log-dir'] ?? defaultLogDirectory(root));
    return { pid: Number(positionals[0]), seconds, root, logDirectory, json: values.json, by };
  } catch (error) {
    throw new UserError((error as Error).message, { fix: 'See predictscope --help.' });
  }
}
