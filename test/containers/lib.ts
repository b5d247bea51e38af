/** What the tests of containers share: the command line as a user starts it, and the engines to look into. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { afterAll, expect } from 'vitest';
import type { RunSummary } from '../../src/insight/runSummary';

export const root = path.resolve(import.meta.dirname, '../..');
const cli = path.join(root, 'dist', 'cli.js');
const run = promisify(execFile);

export const endpoints = {
  docker: endpoint('PREDICTSCOPE_TEST_DOCKER'),
  gpu: endpoint('PREDICTSCOPE_TEST_GPU_DOCKER'),
  podman: endpoint('PREDICTSCOPE_TEST_PODMAN'),
};

/** A site-packages folder with TensorFlow and Keras, to be mounted. */
export const keras = endpoint('PREDICTSCOPE_TEST_KERAS');

/** What an engine of Docker that a test starts itself begins with. */
export const images = (): string => endpoint('PREDICTSCOPE_TEST_IMAGES');

/** A variable of the container ring. */
export function endpoint(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run npm test -- --ring containers`);
  return value;
}

export function engine(host: string): Docker {
  return new Docker({ socketPath: host.replace('unix://', '') });
}

// vitest takes no afterAll() from a test that runs already: what tests make is written down for the one of the file.
const ends: (() => unknown)[] = [];
const atEnd = (end: () => unknown): unknown => ends.push(end);
afterAll(async () => {
  // Containers first: folders are mounted in them.
  for (const end of ends.toReversed()) await end();
});

/** A folder that goes when the file's tests have ended. */
export function scratchFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'predictscope-containers-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A workspace of its own with these files. */
export function workspace(files: Readonly<Record<string, string>>, from?: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'predictscope-containers-'));
  chmodSync(folder, 0o755); // who runs in a container is not who made it
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  if (from) cpSync(from, folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

/** A program with 40 calls of a torch-like model, in which line 12 takes 2 ms a call. `torch` in it is a stand-in. */
export const program = `import os
import sys
import time


class Model:
    def predict(self, x):
        wait(0.002)
        return x

def wait(seconds):
    time.sleep(seconds)


model = Model()
print("out", os.getuid())
print("err", file=sys.stderr)
for i in range(40):
    model.predict([i])
if "read" in sys.argv:
    print(sys.stdin.read())
if "exit" in sys.argv:
    sys.exit(7)
while "forever" in sys.argv:
    model.predict([i])
`;
export const siteLine = 19;
export const hotLine = 12;

export interface Profiled {
  code: number | null;
  stdout: string;
  stderr: string;
  summary: RunSummary;
  directory: string;
}

export interface ProfileOptions {
  host: string;
  cwd: string;
  input?: string;
  environment?: NodeJS.ProcessEnv;
  /** undefined: every confident site. */
  site?: string;
}

function words(folder: string, { site }: Partial<ProfileOptions>, options: readonly string[]): string[] {
  return [
    ...[cli, 'profile', '--log-dir', path.join(folder, '.predictscope', 'runs')],
    ...['--json', path.join(folder, '.predictscope', 'report.json')],
    ...(site ? ['--site', site] : []),
    ...options,
  ];
}

function environmentOf({ host, environment }: ProfileOptions): NodeJS.ProcessEnv {
  return { ...process.env, DOCKER_HOST: host, PREDICTSCOPE_ENDPOINT: undefined, ...environment };
}

/** `predictscope profile OPTIONS -- COMMAND` in a folder; the summary is there when a program was started. */
export async function profile(
  options: ProfileOptions,
  target: readonly string[],
  command: readonly string[],
): Promise<Profiled> {
  const { cwd } = options;
  const report = path.join(cwd, '.predictscope', 'report.json');
  mkdirSync(path.dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const child = spawn(process.execPath, [...words(cwd, options, target), '--', ...command], {
    cwd,
    env: environmentOf(options),
  });
  const said = collect(child);
  child.stdin.end(options.input ?? '');
  const code = await new Promise<number | null>((done) => child.once('close', done));
  const summary = (existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined) as RunSummary;
  return { code, ...said, summary, directory: (summary as RunSummary | undefined)?.run.directory ?? '' };
}

export interface Started {
  child: ChildProcess;
  ended: Promise<number | null>;
  said: { stdout: string; stderr: string };
}

/** The same, left running; resolves once the program has made its first calls. */
export async function started(
  options: ProfileOptions,
  target: readonly string[],
  command: readonly string[],
): Promise<Started> {
  const running = start(options, target, command);
  const { said } = running;
  await until(
    () => said.stdout.includes('out'),
    60_000,
    () => said.stderr,
  );
  return running;
}

export function start(
  options: ProfileOptions,
  target: readonly string[],
  command: readonly string[],
): Started {
  const child = spawn(process.execPath, [...words(options.cwd, options, target), '--', ...command], {
    cwd: options.cwd,
    env: environmentOf(options),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = collect(child);
  const ended = new Promise<number | null>((done) => child.once('close', done));
  return { child, ended, said };
}

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const said = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
  return said;
}

export async function summarize(directory: string): Promise<RunSummary> {
  const { stdout } = await run(process.execPath, [cli, 'summarize', directory, '--json'], {
    maxBuffer: 1 << 26,
  });
  return JSON.parse(stdout) as RunSummary;
}

export async function until(
  holds: () => boolean | Promise<boolean>,
  milliseconds: number,
  otherwise: () => string,
): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`It did not come to that: ${otherwise()}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** A running container that somebody else started; it goes when the file's tests have ended. */
export async function someContainer(
  host: string,
  image: string,
  hostConfig: Docker.HostConfig = {},
  more: Docker.ContainerCreateOptions = {},
): Promise<Docker.Container> {
  const container = await engine(host).createContainer({
    Image: `predictscope-test/${image}`,
    Entrypoint: [],
    Cmd: ['sleep', '100000'],
    HostConfig: hostConfig,
    ...more,
  });
  atEnd(() => container.remove({ force: true, v: true }).catch(() => undefined));
  await container.start();
  return container;
}

/** Ids of all containers and what lies in a container's folder for temporary files. */
export async function containerIds(host: string): Promise<string[]> {
  return (await engine(host).listContainers({ all: true })).map(({ Id }) => Id).sort();
}

export async function inContainer(container: Docker.Container, command: string[]): Promise<string> {
  const exec = await container.exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({ hijack: true });
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise((done) => stream.once('end', done));
  return Buffer.concat(chunks)
    .toString('latin1')
    .replace(/[\0-\x07].{7}/gs, '');
}

/** The program's folder is empty again and nothing of it runs. */
export async function expectNothingLeft(container: Docker.Container): Promise<void> {
  expect(await inContainer(container, ['ls', '-A', '/tmp'])).not.toContain('predictscope');
  expect(await inContainer(container, ['ps', 'axww', '-o', 'args'])).not.toMatch(/main\.py|inside/);
}
