import { finished } from 'node:stream/promises';
import { PassThrough } from 'node:stream';
import Docker from 'dockerode';

const variables = {
  docker: 'PREDICTSCOPE_TEST_DOCKER',
  gpuDocker: 'PREDICTSCOPE_TEST_GPU_DOCKER',
  podman: 'PREDICTSCOPE_TEST_PODMAN',
} as const;

export type EngineName = keyof typeof variables;

/** Where one of the test engines listens, as DOCKER_HOST has it. */
export const endpointOf = (name: EngineName): string => required(variables[name]);

/** A folder with TensorFlow and Keras for the Python of the images; what mounts it needs it on PYTHONPATH. */
export const keras = (): string => required('PREDICTSCOPE_TEST_KERAS');

export function engine(name: EngineName): Docker {
  return new Docker({ socketPath: endpointOf(name).slice('unix://'.length) });
}

function required(variable: string): string {
  const value = process.env[variable];
  if (value) return value;
  throw new Error(
    `${variable} is not set: run npm test -- --ring containers, or node scripts/containers.mjs meanwhile.`,
  );
}

export interface Ended {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs a container to its end, and removes it also when it could not be started. */
export async function runContainer(docker: Docker, options: Docker.ContainerCreateOptions): Promise<Ended> {
  const container = await docker.createContainer(options);
  try {
    const stream = await container.attach({ stream: true, stdout: true, stderr: true });
    const output = split(docker, stream);
    const ended = container.wait({ condition: 'next-exit' }) as Promise<{ StatusCode: number }>;
    ended.catch(() => undefined); // Where it does not start, start() says why.
    await container.start();
    const { StatusCode: exitCode } = await ended;
    return { exitCode, ...(await output) };
  } finally {
    await container.remove({ force: true }).catch(() => undefined);
  }
}

/** Runs a command in a running container to its end. */
export async function execute(
  docker: Docker,
  container: Docker.Container,
  command: string[],
  options: Docker.ExecCreateOptions = {},
): Promise<Ended> {
  const exec = await container.exec({
    Cmd: command,
    AttachStdout: true,
    AttachStderr: true,
    ...options,
  });
  const output = await split(docker, await exec.start({ hijack: true, stdin: false }));
  const { ExitCode: exitCode } = await exec.inspect();
  return { exitCode: exitCode ?? -1, ...output };
}

/** The program's two outputs, which come in one stream. */
async function split(docker: Docker, stream: NodeJS.ReadWriteStream): Promise<Omit<Ended, 'exitCode'>> {
  const texts = { stdout: '', stderr: '' };
  const sink = (name: keyof typeof texts) =>
    new PassThrough().setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
  docker.modem.demuxStream(stream, sink('stdout'), sink('stderr'));
  await finished(stream);
  await new Promise(setImmediate); // What came last is still on its way through the sinks.
  return texts;
}
