import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { UserError, errorText } from '../common/problem';
import { parseSiteArgument } from '../launch/chooseSites';
import { quoteCommandLine, startsContainer } from '../launch/commandLine';
import { defaultLogDirectory } from '../launch/logDirectory';
import { profile } from '../launch/profile';
import { reapRuns } from '../launch/reapRuns';
import { textReport } from '../launch/report';
import type { RunOptions } from '../runs/runRecord';
import { pathFilter } from '../sites/filter';
import { createSiteFinder } from '../sites/finder';
import { localTarget } from '../targets/local';
import { terminalSignalsReachChild } from '../targets/localProcess';
import type { RunHandle, RunState, Target } from '../targets/target';

const forwarded: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];

/** `predictscope profile [options] -- COMMAND…`; ends as the program ended. */
export async function profileCommand(args: readonly string[], root: string): Promise<void> {
  const { values, command } = parse(args);
  if (values.cwd !== undefined) process.chdir(values.cwd);
  const cwd = process.cwd();
  const sitesRoot = path.resolve(values.root ?? cwd);
  const logDirectory = path.resolve(values['log-dir'] ?? defaultLogDirectory(sitesRoot));
  const pythonPath = path.join(root, 'media', 'python');
  const held: Held = { cancel: new AbortController() };
  const release = holdSignals(held);
  try {
    if (values.editor) {
      delete process.env.ELECTRON_RUN_AS_NODE; // ours, not the program's
      process.stderr.write(`\u001b[2m▶ ${quoteCommandLine(command)}\u001b[0m\n`);
    }
    const place = await placeOf(values, command, {
      logDirectory,
      pythonPath,
      cwd,
      signal: held.cancel.signal,
    });
    held.target = place.target;
    held.cancel.signal.throwIfAborted();
    const result = await profile({
      command: place.command,
      cwd,
      root: sitesRoot,
      logDirectory,
      wanted: (values.site ?? []).map((text) => parseSiteArgument(text, cwd)),
      andConfident: values.editor ?? false,
      accept: pathFilter(values.include ?? [], values.exclude ?? []),
      marks: { dismissed: values.dismissed ?? [], added: values.added ?? [] },
      options: runOptions(values),
      target: held.target,
      finder: await createSiteFinder({ wasmDirectory: path.join(root, 'dist') }),
      pythonPath,
      onStart: (started) => {
        held.handle = started;
        started.ended.then(
          (state) => (held.ended = state),
          () => undefined, // met where it is awaited
        );
      },
    });
    if (values.json !== undefined) await writeJson(values.json, result.summary);
    process.stderr.write(textReport(result.summary, cwd));
    await held.target.close?.();
    delete held.target;
    release();
    endAs(result.ended);
  } finally {
    await held.target?.close?.();
    release();
  }
}

/** What a signal finds. */
interface Held {
  /** Ends what goes on before there is a target. */
  cancel: AbortController;
  target?: Target;
  handle?: RunHandle;
  ended?: Ended;
}

/** Where the program runs, and what runs there. What containers need is loaded only for them. */
async function placeOf(
  values: Values,
  command: readonly string[],
  places: { logDirectory: string; pythonPath: string; cwd: string; signal: AbortSignal },
): Promise<{ target: Target; command: readonly string[] }> {
  const { target = 'local' } = values;
  const container = startsContainer(command);
  if (target === 'local' && !container) return { target: localTarget, command };
  const { openTarget, openPastedLine, reapRun, removeAbandoned } =
    await import('../targets/containers/openTarget');
  await reapRuns(places.logDirectory, (directory, left) => reapRun(directory, left, places.pythonPath));
  await removeAbandoned(values.endpoint ?? '');
  const options = {
    ...places,
    endpoint: values.endpoint ?? '',
    gpu: choice(values.gpu, '--gpu', ['auto', 'required', 'none'] as const),
  };
  if (container) return openPastedLine(command, options);
  const first = command[0] ?? '';
  const named = /(^|\/)(python|pypy)[\d.]*$/.test(first) ? { interpreter: first } : {};
  return { target: await openTarget(target, { ...options, ...named }), command };
}

async function writeJson(file: string, value: object): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(value)}\n`);
  } catch (error) {
    // The program has run and its exit code counts; the report below is still printed.
    process.stderr.write(`predictscope: ${file} could not be written: ${errorText(error)}\n`);
  }
}

/**
 * While the program runs, signals are its business. Ctrl+C reaches it from the terminal by itself; a
 * signal sent to us alone is passed on. A program in a container does not end with us: what would end us
 * stops it there. Returns the undo.
 */
function holdSignals(held: Held): () => void {
  const undo: (() => void)[] = [];
  const on = (signal: NodeJS.Signals, pass: () => boolean): void => {
    const listener = (): void => {
      const { handle, ended, target } = held;
      if (ended) {
        if (target?.close === undefined) endNow(ended); // the report is not worth waiting for
      } else if (!handle) {
        // Not started yet: nothing to keep, and nothing to leave behind. A second signal does not wait.
        if (held.cancel.signal.aborted || target?.id === 'local') process.exit(125);
        held.cancel.abort(new UserError('Cancelled before the program was started.'));
        if (target) void Promise.resolve(target.close?.()).finally(() => process.exit(125));
      } else if (handle.ref.container && endsUs.has(signal)) {
        void handle.stop();
      } else if (pass()) {
        handle.signal(signal);
      }
    };
    process.on(signal, listener);
    undo.push(() => process.removeListener(signal, listener));
  };
  on('SIGINT', () => !terminalSignalsReachChild());
  for (const signal of forwarded) on(signal, () => true);
  return () => {
    for (const remove of undo.splice(0)) remove();
  };
}

const endsUs: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']);

type Ended = RunState & { kind: 'ended' };

/** Ends as the program ended, once what is still being written is written. */
function endAs(ended: Ended): void {
  if ('signal' in ended) endBySignal(ended.signal);
  else process.exitCode = 'exitCode' in ended ? ended.exitCode : 1;
}

function endNow(ended: Ended): void {
  if ('exitCode' in ended) process.exit(ended.exitCode);
  process.removeAllListeners();
  endAs(ended);
}

function endBySignal(signal: NodeJS.Signals): void {
  process.kill(process.pid, signal);
  // A signal that Node itself ignores or that only stops us leaves the shell's code for it.
  setTimeout(() => process.exit(128), 200);
}

interface Values {
  site?: string[] | undefined;
  root?: string | undefined;
  target?: string | undefined;
  endpoint?: string | undefined;
  gpu?: string | undefined;
  'log-dir'?: string | undefined;
  include?: string[] | undefined;
  exclude?: string[] | undefined;
  dismissed?: string[] | undefined;
  added?: string[] | undefined;
  'warm-up'?: string | undefined;
  calls?: string | undefined;
  seconds?: string | undefined;
  'sampler-interval'?: string | undefined;
  'exact-lines'?: boolean | undefined;
  'keep-outputs'?: boolean | undefined;
  'stop-after'?: string | undefined;
  'framework-calls'?: boolean | undefined;
  json?: string | undefined;
  editor?: boolean | undefined;
  cwd?: string | undefined;
}

function parse(args: readonly string[]): { values: Values; command: string[] } {
  const dashes = args.indexOf('--');
  if (dashes < 0 || dashes === args.length - 1) {
    throw new UserError('profile needs -- and the command to run.', {
      fix: 'For example: predictscope profile -- python main.py',
    });
  }
  try {
    const { values } = parseArgs({
      args: args.slice(0, dashes),
      options: {
        site: { type: 'string', multiple: true },
        root: { type: 'string' },
        target: { type: 'string' },
        endpoint: { type: 'string' },
        gpu: { type: 'string' },
        'log-dir': { type: 'string' },
        include: { type: 'string', multiple: true },
        exclude: { type: 'string', multiple: true },
        // What the user said about calls in the editor, as its settings keep it.
        dismissed: { type: 'string', multiple: true },
        added: { type: 'string', multiple: true },
        'warm-up': { type: 'string' },
        calls: { type: 'string' },
        seconds: { type: 'string' },
        'sampler-interval': { type: 'string' },
        'exact-lines': { type: 'boolean' },
        'keep-outputs': { type: 'boolean' },
        'stop-after': { type: 'string' },
        'framework-calls': { type: 'boolean' },
        json: { type: 'string' },
        // Set by the editor: its terminal shows the command, and the clicked site comes on top of the others.
        editor: { type: 'boolean' },
        // Where the program starts: the terminal of a window without a folder is always in the home folder.
        cwd: { type: 'string' },
      },
    });
    return { values, command: args.slice(dashes + 1) };
  } catch (error) {
    throw new UserError((error as Error).message, { fix: 'See predictscope --help.' });
  }
}

/** Calls of each site whose results are noted where that is asked for. */
const keptOutputs = 20;

function runOptions(values: Values): RunOptions {
  const options: RunOptions = {
    warmUpCalls: whole(values['warm-up'], '--warm-up', 5),
    tracedCalls: Math.min(500, whole(values.calls, '--calls', 20)),
    tracedSeconds: number(values.seconds, '--seconds', 'seconds', 10),
    samplerIntervalMs: number(values['sampler-interval'], '--sampler-interval', 'milliseconds', 5),
    ...(values['exact-lines'] ? { exactLines: true } : {}),
    ...(values['keep-outputs'] ? { keepOutputs: keptOutputs } : {}),
    ...(values['framework-calls'] ? { frameworkCalls: true } : {}),
  };
  const after = values['stop-after'];
  if (after !== undefined) {
    const seconds = /^(\d+(?:\.\d+)?)s$/.exec(after);
    if (seconds) options.stopAfterSeconds = Number(seconds[1]);
    else options.stopAfterCalls = whole(after, '--stop-after', 0);
  }
  return options;
}

function number(text: string | undefined, name: string, unit: string, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^\d+(\.\d+)?$/.test(text)) throw new UserError(`${name} ${text} is not a number of ${unit}.`);
  return Number(text);
}

function whole(text: string | undefined, name: string, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^\d+$/.test(text)) throw new UserError(`${name} ${text} is not a whole number.`);
  return Number(text);
}

/** One of the words; the first where none is given. */
function choice<T extends string>(text: string | undefined, option: string, words: readonly [T, ...T[]]): T {
  if (text === undefined) return words[0];
  const found = words.find((word) => word === text);
  if (found === undefined) throw new UserError(`${option} ${text} is none of ${words.join(', ')}.`);
  return found;
}
