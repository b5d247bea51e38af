import { PassThrough, type Duplex } from 'node:stream';
import type Docker from 'dockerode';

export interface ExecOptions {
  user?: string;
  environment?: Readonly<Record<string, string>>;
  cwd?: string;
  /** Given to its standard input, which is then closed. */
  input?: Buffer;
  timeoutMs?: number;
}

export interface ExecResult {
  /** NaN where the engine could not say: the container went away. */
  exitCode: number;
  stdout: Buffer;
  stderr: Buffer;
}

export function environmentList(environment: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(environment).map(([name, value]) => `${name}=${value}`);
}

/** Runs a command in a container and collects what it prints. Rejects when the engine fails, or after the time. */
export async function execIn(
  docker: Docker,
  container: string,
  command: readonly string[],
  { user, environment, cwd, input, timeoutMs = 60_000 }: ExecOptions = {},
): Promise<ExecResult> {
  const exec = await docker.getContainer(container).exec({
    Cmd: [...command],
    AttachStdin: input !== undefined,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    ...(user ? { User: user } : {}),
    ...(environment ? { Env: environmentList(environment) } : {}),
    ...(cwd ? { WorkingDir: cwd } : {}),
  });
  const stream = await exec.start({ hijack: true, stdin: input !== undefined });
  const out = collect();
  const err = collect();
  docker.modem.demuxStream(stream, out.stream, err.stream);
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    finished(stream, input),
    new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        stream.destroy();
        reject(new Error(`${command[0] ?? ''} did not answer within ${timeoutMs / 1000} s.`));
      }, timeoutMs);
    }),
  ]).finally(() => clearTimeout(timer));
  const { ExitCode } = await exec.inspect();
  return { exitCode: ExitCode ?? NaN, stdout: out.bytes(), stderr: err.bytes() };
}

function finished(stream: Duplex, input: Buffer | undefined): Promise<void> {
  return new Promise((done, fail) => {
    stream.once('end', () => done());
    stream.once('close', () => done());
    stream.once('error', fail);
    if (input !== undefined) stream.end(input);
  });
}

function collect(): { stream: PassThrough; bytes: () => Buffer } {
  const chunks: Buffer[] = [];
  const stream = new PassThrough();
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, bytes: () => Buffer.concat(chunks) };
}
