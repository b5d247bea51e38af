import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../common/problem';
import type { Target } from '../target';
import { connectEngine } from './engine';
import { gpuWish, type DevcontainerGpu } from './gpuPlan';
import { openRunning, type OpenOptions } from './open';

interface Up {
  outcome: 'success' | 'error';
  containerId?: string;
  remoteUser?: string;
  remoteWorkspaceFolder?: string;
  message?: string;
  description?: string;
}

interface Configured {
  remoteEnv?: Record<string, string | null>;
  hostRequirements?: { gpu?: DevcontainerGpu['gpu'] };
}

interface Configuration {
  configuration?: Configured;
  mergedConfiguration?: Configured;
}

/**
 * The workspace's dev container as a target: made or started by the official command line where it does not run yet,
 * and left afterwards as it was before (running, stopped, or not there).
 */
export async function openDevContainer(folder: string, options: OpenOptions): Promise<Target> {
  const engine = await connectEngine(options.endpoint);
  const { workspace, file } = configurationOf(path.resolve(folder));
  const labels = [
    `devcontainer.local_folder=${workspace}`,
    ...(file ? [`devcontainer.config_file=${file}`] : []),
  ];
  const find = async (): Promise<{ Id: string; State: string } | undefined> =>
    (await engine.docker.listContainers({ all: true, filters: { label: labels } }))[0];
  const before = await find();
  const environment = {
    ...process.env,
    DOCKER_HOST: engine.endpoint.host,
    // Podman's own command line goes to its own store unless it is told where the engine listens.
    ...(engine.kind === 'podman' ? { CONTAINER_HOST: engine.endpoint.host } : {}),
  };
  const docker = engine.kind === 'podman' ? ['--docker-path', 'podman'] : [];
  const words = ['--workspace-folder', workspace, ...(file ? ['--config', file] : []), ...docker];
  const up = await runCli<Up>(['up', ...words], environment, options.signal).catch(async (error: unknown) => {
    const made = await find();
    if (made && !before) await engine.docker.getContainer(made.Id).remove({ force: true, v: true });
    throw error;
  });
  const id = up.containerId;
  const release = async (): Promise<void> => {
    const container = engine.docker.getContainer(id ?? '');
    if (!before) await container.remove({ force: true, v: true }).catch(() => undefined);
    else if (before.State !== 'running') await container.stop().catch(() => undefined);
  };
  if (up.outcome !== 'success' || !id) {
    if (id) await release();
    throw new UserError(
      `The dev container of ${workspace} could not be started: ${up.description ?? up.message ?? 'no reason given'}`,
      { fix: 'Its own messages are above; “Dev Containers: Rebuild Container” shows them too.' },
    );
  }
  try {
    const { configuration, mergedConfiguration } = await runCli<Configuration>(
      ['read-configuration', '--include-merged-configuration', ...words],
      environment,
      options.signal,
    );
    const info = await engine.docker.getContainer(id).inspect();
    const wanted = { ...configuration?.remoteEnv, ...mergedConfiguration?.remoteEnv };
    // The command line only warns where a GPU is required and none is there.
    const gpu = (mergedConfiguration ?? configuration)?.hostRequirements?.gpu;
    return await openRunning(
      engine,
      info,
      {
        ...options,
        gpu: gpuWish(options.gpu, gpu === undefined ? {} : { gpu }),
        surroundings: {
          environment: variables(wanted),
          ...(up.remoteUser ? { user: up.remoteUser } : {}),
          ...(options.cwd === workspace && up.remoteWorkspaceFolder ? { cwd: up.remoteWorkspaceFolder } : {}),
        },
      },
      {
        id: `devcontainer:${workspace}`,
        ours: !before,
        entrypoint: [],
        release,
      },
    );
  } catch (error) {
    await release();
    throw error;
  }
}

/** Variables that whoever starts a program adds: they are not in the container. null takes one away. */
function variables(remoteEnv: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(Object.entries(remoteEnv).map(([name, value]) => [name, value ?? ''] as const));
}

/** A folder, or one of several configurations in it: DIR/.devcontainer/NAME/devcontainer.json. */
function configurationOf(place: string): { workspace: string; file?: string } {
  const found = /^(.*?)\/(?:\.devcontainer\/(?:[^/]+\/)?devcontainer|\.devcontainer)\.json$/.exec(place);
  return found ? { workspace: found[1] || '/', file: place } : { workspace: place };
}

/** The command line of @devcontainers/cli: what comes with us, in the package or in the checkout. */
function cliFile(): string {
  const shipped = path.join(__dirname, 'devcontainer', 'dist', 'spec-node', 'devContainersSpecCLI.js');
  return existsSync(shipped)
    ? shipped
    : createRequire(path.join(__dirname, 'cli.js')).resolve('@devcontainers/cli/devcontainer.js');
}

/** Runs it; its log goes to our standard error, the answer is its one line of JSON. */
function runCli<T>(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [cliFile(), ...args],
      { env: environment, maxBuffer: 1 << 26, windowsHide: true, ...(signal ? { signal } : {}) },
      (error, stdout) => {
        if (signal?.aborted) {
          reject(signal.reason as Error);
          return;
        }
        const line = stdout.trim().split('\n').pop() ?? '';
        try {
          resolve(JSON.parse(line) as T);
        } catch {
          reject(
            new UserError(`devcontainer ${args[0] ?? ''} gave no answer.`, {
              fix: 'Its messages are above.',
              cause: error,
            }),
          );
        }
      },
    );
    child.stderr?.pipe(process.stderr, { end: false });
  });
}
