import { PassThrough, type Duplex } from 'node:stream';
import { constants } from 'node:os';
import type Docker from 'dockerode';
import { errorText } from '../../common/problem';
import { graces } from '../localProcess';
import type { Prepared, RunState } from '../target';
import { environmentList } from './exec';
import type { Inside } from './inside';

type Ended = RunState & { kind: 'ended' };

/** The user's program in a container, with our standard input, output and error. */
export interface Program {
  ended: Promise<Ended>;
  stop(run: string): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

/** Starts it. Ending the connection would leave it running: `stop` and `signal` reach the process itself, by `pidFile`. */
export async function startExec(inside: Inside, prepared: Prepared, pidFile: string): Promise<Program> {
  const { docker } = inside.engine;
  const terminal = process.stdin.isTTY && process.stdout.isTTY;
  const { user, environment } = inside.surroundings;
  const exec = await docker.getContainer(inside.id).exec({
    Cmd: inside.words('run', pidFile, ...prepared.command),
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: terminal,
    Env: environmentList({ ...environment, ...(prepared.environment as Record<string, string>) }),
    WorkingDir: prepared.cwd,
    ...(user ? { User: user } : {}),
  });
  const stream = await exec.start({ hijack: true, stdin: true, Tty: terminal });
  const disconnect = connect(docker, exec, stream, terminal);
  const signal = (name: NodeJS.Signals): Promise<boolean> =>
    inside.ask<boolean>('kill', pidFile, String(constants.signals[name])).catch(() => false);
  const life = { over: false };
  const isOver = (): boolean => life.over;
  const ended = finished(stream)
    .then(() => outcome(inside, exec))
    .finally(() => {
      life.over = true;
      disconnect();
    });
  return {
    ended,
    signal: (name) => void signal(name),
    async stop(run) {
      for (const [name, milliseconds] of graces) {
        if (isOver()) return;
        await signal(name);
        const end = Date.now() + milliseconds;
        while (Date.now() < end && !isOver()) await new Promise((done) => setTimeout(done, 50));
      }
      // What the program started may hold its output open.
      if (!isOver()) await inside.ask('sweep', run).catch(() => undefined);
    },
  };
}

function finished(stream: Duplex): Promise<void> {
  return new Promise((done) => {
    for (const event of ['end', 'close', 'error']) stream.once(event, () => done());
  });
}

/** Our terminal, or our pipes, to the program's. Returns the undo. */
function connect(docker: Docker, exec: Docker.Exec, stream: Duplex, terminal: boolean): () => void {
  const { stdin, stdout, stderr } = process;
  if (!terminal) {
    const out = new PassThrough();
    const err = new PassThrough();
    out.pipe(stdout, { end: false });
    err.pipe(stderr, { end: false });
    docker.modem.demuxStream(stream, out, err);
    stdin.pipe(stream);
    return () => {
      letGo(stdin, stream);
    };
  }
  const resize = (): void => void exec.resize({ h: stdout.rows, w: stdout.columns }).catch(() => undefined);
  resize();
  stdout.on('resize', resize);
  stdin.setRawMode(true); // Ctrl+C goes to the program by its own terminal
  stdin.pipe(stream);
  stream.pipe(stdout, { end: false });
  return () => {
    stdout.off('resize', resize);
    stdin.setRawMode(false);
    letGo(stdin, stream);
  };
}

/** An input that is still open must not keep us alive. */
function letGo(stdin: NodeJS.ReadStream, stream: Duplex): void {
  stdin.unpipe(stream);
  stdin.pause();
  if (typeof stdin.unref === 'function') stdin.unref(); // a file has none
}

/** How it ended, or why nobody knows. */
async function outcome(inside: Inside, exec: Docker.Exec): Promise<Ended> {
  const container = inside.engine.docker.getContainer(inside.id);
  let away = false;
  for (let attempt = 0; ; attempt++) {
    try {
      const { State } = await container.inspect();
      if (State.Running) {
        const { ExitCode, Running } = await exec.inspect();
        if (ExitCode !== null && !Running) {
          // Killed: by somebody, or with its container, which is told to have ended a moment later.
          if (ExitCode !== 137 || attempt >= 10) return { kind: 'ended', exitCode: ExitCode };
        }
        if (attempt < 40) {
          await new Promise((done) => setTimeout(done, 50)); // the output ends a little before the process
          continue;
        }
        return lost('The connection to the program was lost; it was ended.');
      }
      if (away) return lost('The container engine was restarted while the program ran, and ended it.');
      const memory = State.OOMKilled ? ', because memory ran out' : '';
      return lost(`The container stopped while the program ran (exit code ${State.ExitCode}${memory}).`);
    } catch (error) {
      const code = (error as { statusCode?: number }).statusCode;
      if (code === 404) return lost(await missing(container));
      away ||= code === undefined;
      // The engine may be on its way back: what was recorded is wanted.
      if (attempt >= 60)
        return lost(`The container engine went away while the program ran: ${errorText(error)}.`);
      await new Promise((done) => setTimeout(done, 250));
    }
  }
}

/** The engine knows the program no more: with its container, or alone. */
async function missing(container: Docker.Container): Promise<string> {
  const there = await container.inspect().catch(() => undefined);
  return there
    ? 'The container was restarted while the program ran, which ended it.'
    : 'The container was removed while the program ran.';
}

function lost(message: string): Ended {
  return { kind: 'ended', error: new Error(message) };
}
