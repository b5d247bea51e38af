import path from 'node:path';
import { parseArgs } from 'node:util';
import { UserError } from '../common/problem';
import { examine } from '../launch/doctor/examine';
import { doctorReport } from '../launch/doctor/report';
import { startsContainer } from '../launch/commandLine';
import { findInterpreter } from '../launch/interpreter';
import { defaultLogDirectory } from '../launch/logDirectory';
import { localTarget } from '../targets/local';
import type { OpenOptions } from '../targets/containers/open';
import type { Target } from '../targets/target';

/** `predictscope doctor [--target T] [-- PYTHON]`: what stands in the way of a true profile there. */
export async function doctorCommand(args: readonly string[], root: string): Promise<void> {
  const { target: name, endpoint, logDirectory, words, json, editor } = parse(args);
  const line = startsContainer(words);
  const python = line ? undefined : words[0];
  const pythonPath = path.join(root, 'media', 'python');
  const cwd = process.cwd();
  const cancel = new AbortController();
  // A container that was started to be asked must not stay behind.
  const stop = (): void => {
    cancel.abort(new UserError('The examination was stopped.'));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
  let target: Target | undefined;
  try {
    target = await open(name, line ? words : undefined, {
      endpoint,
      logDirectory,
      pythonPath,
      cwd,
      signal: cancel.signal,
      ...(python ? { interpreter: python } : {}),
    });
    const place = line ? target.id : name;
    const interpreter = python ?? (target === localTarget ? await localPython(cwd) : undefined);
    const findings = await unlessStopped(
      cancel.signal,
      examine(target, {
        ...(interpreter === undefined ? {} : { python: interpreter }),
        pythonPath,
        logDirectory,
        cwd,
        signal: cancel.signal,
        onStep: progress(editor),
      }),
    );
    process.stdout.write(
      json ? `${JSON.stringify({ target: place, findings })}\n` : doctorReport(place, findings),
    );
  } catch (error) {
    await target?.close?.();
    // What was being asked ends by itself, each after its limit; who stopped us does not wait for it.
    if (cancel.signal.aborted) process.exit(125);
    throw error;
  }
  await target.close?.();
  // What was asked and did not answer may still hold a pipe to us.
  process.stdout.write('', () => process.exit());
}

function unlessStopped<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_, reject) => {
      const stop = (): void => {
        reject(signal.reason as Error);
      };
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    }),
  ]);
}

/** `line`: words such as `docker run …`, which say more than a name. */
async function open(
  name: string,
  line: readonly string[] | undefined,
  places: Omit<OpenOptions, 'gpu'>,
): Promise<Target> {
  if (name === 'local' && !line) return localTarget;
  const { openTarget, openPastedLine } = await import('../targets/containers/openTarget');
  const options: OpenOptions = { ...places, gpu: 'auto' };
  return line ? (await openPastedLine(line, options)).target : openTarget(name, options);
}

/** The same interpreter as a run from the editor takes, where the Python extension says nothing. */
async function localPython(folder: string): Promise<string> {
  const found = await findInterpreter({
    pythonExtension: () => Promise.resolve(undefined),
    setting: '',
    folder,
    searchPath: process.env.PATH ?? '',
  });
  return found.path;
}

/** One line on a terminal's standard error, written over; a line each for the editor, which reads them. */
function progress(editor: boolean): (text: string) => void {
  if (editor) return (text) => void process.stderr.write(`${stepMark}${text}\n`);
  if (!process.stderr.isTTY) return () => undefined;
  process.once('exit', () => process.stderr.write('\r\u001b[K'));
  return (text) => void process.stderr.write(`\r\u001b[KAsking for ${text} …`);
}

/** Before what is being asked, on standard error, for the editor. */
export const stepMark = 'step: ';

interface Parsed {
  target: string;
  endpoint: string;
  logDirectory: string;
  /** An interpreter, or a line such as `docker run …`. */
  words: readonly string[];
  json: boolean;
  editor: boolean;
}

function parse(args: readonly string[]): Parsed {
  const dashes = args.indexOf('--');
  const own = dashes < 0 ? args : args.slice(0, dashes);
  const words = dashes < 0 ? [] : args.slice(dashes + 1);
  if (words.length > 1 && !startsContainer(words)) {
    throw new UserError(
      `doctor takes one interpreter after --, or a line that starts a container, not ${words.length} words.`,
      { fix: 'For example: predictscope doctor -- .venv/bin/python' },
    );
  }
  try {
    const { values } = parseArgs({
      args: [...own],
      options: {
        target: { type: 'string', default: 'local' },
        endpoint: { type: 'string', default: '' },
        'log-dir': { type: 'string' },
        json: { type: 'boolean', default: false },
        // Set by the editor, which shows what is being asked.
        editor: { type: 'boolean', default: false },
      },
    });
    return {
      target: values.target,
      endpoint: values.endpoint,
      logDirectory: path.resolve(values['log-dir'] ?? defaultLogDirectory(process.cwd())),
      words,
      json: values.json,
      editor: values.editor,
    };
  } catch (error) {
    throw new UserError((error as Error).message, { fix: 'See predictscope --help.' });
  }
}
