import { stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError, type Problem } from '../../common/problem';
import { localTarget } from '../local';
import type { Plan, Prepared, RunHandle, Target } from '../target';
import type { ApptainerHost, ApptainerInside } from './apptainerInside';
import { apptainerWords, bindOption, injectVariables, type ApptainerLine } from './apptainerLine';
import { startInImage } from './apptainerProgram';
import type { ContainerMachine } from './machine';

export interface ApptainerPlace {
  /** `apptainer:IMAGE`. */
  id: string;
  line: ApptainerLine;
  host: ApptainerHost;
  inside: ApptainerInside;
  machine: ContainerMachine;
  problems: Problem[];
}

/** The local target, with the tool and its options before the command. */
export function apptainerTarget({ id, line, host, inside, machine, problems }: ApptainerPlace): Target {
  let run = '';
  let tool: RunHandle | undefined;
  let handle: RunHandle | undefined;
  return {
    ...localTarget,
    id,
    problems,
    cwd: inside.facts.cwd,
    machine: {
      findExecutable: (word, cwd) => machine.findExecutable(word, cwd),
      readScript: (file) => machine.readScript(file),
      ask: (command, cwd, timeoutMs) => machine.ask(command, cwd, timeoutMs),
      async bring(place) {
        if (machine.paths.hasTarget(place)) return machine.bring(place);
        // What both sides have under one name needs no copy.
        const [same] = await shown(inside, [[place, place]]);
        return same ? place : machine.bring(place);
      },
    },
    get paths() {
      return machine.paths;
    },

    async prepare(plan: Plan): Promise<Prepared> {
      const placed = await place(line, inside, machine.paths.toTarget(plan.runDirectory), plan);
      run = placed.run;
      const before = plan.environment.PYTHONPATH ?? inside.facts.environment.PYTHONPATH;
      const variables = {
        ...plan.environment,
        PREDICTSCOPE_RUN: run,
        PYTHONPATH: before ? `${plan.pythonPath}:${before}` : plan.pythonPath,
      };
      const injected = injectVariables(line, variables, host.environment);
      const command = await plan.command(path.join(plan.pythonPath, 'launch.py'));
      return {
        command: apptainerWords(line, command, [...placed.options, ...injected.options]),
        cwd: host.cwd,
        environment: { ...host.environment, ...injected.environment },
      };
    },

    async start(prepared, onState): Promise<RunHandle> {
      handle = await startInImage(id, run, prepared, onState, (started) => {
        tool = started;
        void started.ended.then(() => (tool = undefined));
      });
      return handle;
    },

    async close(): Promise<void> {
      if (!tool) return;
      const { ended } = tool;
      if (handle) await handle.stop();
      else tool.signal('SIGKILL'); // takes along what it was about to start
      await ended;
    },
  };
}

/** How the recorder and the run directory show in the image: by themselves, else by binds. */
async function place(
  line: ApptainerLine,
  inside: ApptainerInside,
  there: string,
  { pythonPath, runDirectory }: Plan,
): Promise<{ run: string; options: string[] }> {
  const [runtime, ours] = await shown(inside, [
    [pythonPath, pythonPath],
    [runDirectory, there],
  ]);
  const options: string[] = [];
  if (!runtime) options.push(...bindOption(pythonPath, true));
  if (ours === 'writable' && options.length === 0) return { run: there, options };
  const run = ours === 'writable' ? there : runDirectory;
  if (ours !== 'writable') options.push(...bindOption(runDirectory, false));
  const [nowRuntime, nowOurs] = await shown(inside.having(options), [
    [pythonPath, pythonPath],
    [runDirectory, run],
  ]);
  if (nowRuntime && nowOurs === 'writable') return { run, options };
  const lost = nowRuntime ? runDirectory : pythonPath;
  throw new UserError(`${line.tool} does not show ${lost} in ${line.image}, so nothing could be recorded.`, {
    fix: 'The administrator may have switched off binds of users (user bind control in apptainer.conf). Put logs (--log-dir) and the extension below a folder that the image shows: your home folder or /tmp.',
  });
}

/** Which paths are the very same file or folder on both sides, and whether it may be written there. */
async function shown(
  inside: ApptainerInside,
  pairs: readonly (readonly [here: string, there: string])[],
): Promise<('writable' | 'readable' | undefined)[]> {
  const names = pairs.map(([, there]) => there);
  const { exitCode, stdout } = await inside.exec([inside.facts.executable, '-I', '-S', '-c', look, ...names]);
  const found = exitCode === 0 ? (JSON.parse(stdout.toString()) as ([string, boolean] | null)[]) : [];
  return Promise.all(
    pairs.map(async ([here], index) => {
      const [identity, writable] = found[index] ?? [];
      const own = await stat(here, { bigint: true }).catch(() => undefined);
      if (!own || identity !== `${own.dev}:${own.ino}`) return undefined;
      return writable ? 'writable' : 'readable';
    }),
  );
}

/** A bind keeps the numbers of device and file. A read-only file system counts: os.access asks it. */
const look = `
import json, os, sys
def one(path):
    try:
        found = os.stat(path)
    except OSError:
        return None
    return ["%d:%d" % (found.st_dev, found.st_ino), os.access(path, os.W_OK)]
print(json.dumps([one(path) for path in sys.argv[1:]]))
`;
