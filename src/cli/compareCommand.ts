import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { UserError } from '../common/problem';
import type { RunSummary } from '../insight/runSummary';
import { compareBlocks } from '../launch/reports/compareBlocks';
import { compareDirectories } from '../launch/reports/comparison';
import { toMarkdown } from '../launch/reports/markdown';
import { toHtml } from '../launch/reports/html';
import { readRunConfig, readRunRecord } from '../runs/runRecord';

/** `predictscope compare RUN[,RUN…] RUN[,RUN…] [--repeat N] [--json | --html]`. */
export async function compareCommand(args: readonly string[]): Promise<void> {
  const { values, positionals } = parse(args);
  const [a, b] = positionals.map((text) => text.split(',').map((directory) => path.resolve(directory)));
  let [before, after] = [a!, b!];
  const repeat = values.repeat === undefined ? 0 : Number(values.repeat);
  if (!Number.isInteger(repeat) || repeat < 0 || repeat > 100)
    throw new UserError(`--repeat ${values.repeat} is not a number of runs.`);
  if (repeat > 0) [before, after] = await repeatBoth(one(before), one(after), repeat);
  const paired = repeat > 0 || values.paired === true;
  const { comparison, titles, root } = await compareDirectories(before, after, paired);
  if (values.json) process.stdout.write(`${JSON.stringify(comparison)}\n`);
  else {
    const blocks = compareBlocks(comparison, titles, root);
    const title = `${titles.b} against ${titles.a}`;
    process.stdout.write(values.html ? toHtml(blocks, { title }) : toMarkdown(blocks));
  }
}

function parse(args: readonly string[]): {
  values: { repeat?: string; json?: boolean; html?: boolean; paired?: boolean };
  positionals: string[];
} {
  try {
    const parsed = parseArgs({
      args: [...args],
      options: {
        repeat: { type: 'string' },
        json: { type: 'boolean' },
        html: { type: 'boolean' },
        paired: { type: 'boolean' },
      },
      allowPositionals: true,
    });
    if (parsed.positionals.length !== 2)
      throw new UserError('compare needs two runs, or two sets of runs with commas between them.', {
        fix: 'For example: predictscope compare .predictscope/runs/A .predictscope/runs/B',
      });
    return parsed;
  } catch (error) {
    throw error instanceof UserError ? error : new UserError((error as Error).message);
  }
}

function one(directories: readonly string[]): string {
  if (directories.length !== 1) throw new UserError('--repeat takes one run on each side.');
  return directories[0]!;
}

/** Runs what both runs ran, in turn, so that what changes on the machine meanwhile meets both alike. */
async function repeatBoth(a: string, b: string, times: number): Promise<[string[], string[]]> {
  const [before, after] = [await repeatable(a), await repeatable(b)];
  const made: [string[], string[]] = [[], []];
  for (let i = 0; i < times; i++) {
    // The second of a pair finds warmer caches: each side is second as often.
    const turns: [0 | 1, Repeatable][] = [
      [0, before],
      [1, after],
    ];
    if (i % 2 === 1) turns.reverse();
    for (const [side, run] of turns) {
      process.stderr.write(`predictscope: ${side === 0 ? 'A' : 'B'}, run ${i + 1} of ${times}\n`);
      made[side].push(await repeated(run));
    }
  }
  return made;
}

interface Repeatable {
  directory: string;
  cwd: string;
  words: string[];
}

/** The command line that makes the same run again. Throws a UserError where that would run something else. */
async function repeatable(directory: string): Promise<Repeatable> {
  const record = await readRunRecord(directory);
  const config = await readRunConfig(directory);
  if (!record || !config)
    throw new UserError(`${directory} does not say what it ran.`, { fix: 'Compare the runs as they are.' });
  if (record.target !== 'local')
    throw new UserError(
      `${path.basename(directory)} ran in ${record.target}: it is not repeated from here.`,
      {
        fix: 'Profile it a few times and compare the sets: predictscope compare A1,A2,A3 B1,B2,B3',
      },
    );
  const sites: string[] = [];
  for (const { file, sha256, sites: found } of config.files) {
    const text = await readFile(file).catch(() => undefined);
    if (!text || createHash('sha256').update(text).digest('hex') !== sha256)
      throw new UserError(
        `${file} has changed since ${path.basename(directory)}: another program would run.`,
        {
          fix: 'Compare the runs as they are, or make several of each version and compare the sets.',
        },
      );
    for (const { line, column } of found) sites.push('--site', `${file}:${line}:${column}`);
  }
  const { warmUpCalls, tracedCalls, tracedSeconds, samplerIntervalMs, stopAfterCalls, stopAfterSeconds } =
    config.options;
  const { exactLines, keepOutputs } = config.options;
  return {
    directory,
    cwd: record.cwd,
    words: [
      ...(config.root ? ['--root', config.root] : []),
      ...['--log-dir', path.dirname(directory), '--warm-up', String(warmUpCalls)],
      ...['--calls', String(tracedCalls), '--seconds', String(tracedSeconds)],
      ...(samplerIntervalMs === undefined ? [] : ['--sampler-interval', String(samplerIntervalMs)]),
      ...(stopAfterCalls === undefined ? [] : ['--stop-after', String(stopAfterCalls)]),
      ...(stopAfterSeconds === undefined ? [] : ['--stop-after', `${stopAfterSeconds}s`]),
      ...(exactLines ? ['--exact-lines'] : []),
      ...(keepOutputs ? ['--keep-outputs'] : []),
      ...sites,
      '--',
      ...record.command,
    ],
  };
}

/** Makes one run; its directory. What the program prints goes to standard error: ours is the comparison. */
async function repeated({ directory, cwd, words }: Repeatable): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'predictscope-compare-'));
  const report = path.join(folder, 'report.json');
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      const child = spawn(process.execPath, [process.argv[1]!, 'profile', '--json', report, ...words], {
        cwd,
        stdio: ['ignore', process.stderr, process.stderr],
      });
      stop.signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
      child.once('error', reject).once('close', resolve);
    });
    if (stop.signal.aborted) throw new UserError('Cancelled.');
    const text = await readFile(report, 'utf8').catch(() => undefined);
    if (text === undefined)
      throw new UserError(`The program of ${path.basename(directory)} did not run (exit code ${code}).`);
    return (JSON.parse(text) as RunSummary).run.directory;
  } finally {
    process.removeListener('SIGINT', onSignal).removeListener('SIGTERM', onSignal);
    await rm(folder, { recursive: true, force: true });
  }
}
