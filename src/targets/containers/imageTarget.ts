import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { HostConfig, ImageInspectInfo } from 'dockerode';
import { UserError, errorText, type Problem } from '../../common/problem';
import type { Target } from '../target';
import { settingsToHostConfig, type ContainerSettings } from './containerSettings';
import { connectEngine, type Engine } from './engine';
import { gpuNodes } from './gpuNodes';
import { planGpu, type EngineInfo, type GpuAttempt, type GpuWish } from './gpuPlan';
import { hostDevices, hostHasGpu } from './hostDevices';
import { startKeeper, type Keeper } from './keeper';
import { openRunning, type OpenOptions } from './open';
import { pullImage } from './pull';
import { explainRefusal, isGpuRefusal, refusalError } from './refusals';

/** What a run in a container of its own asks for. */
export interface ImageRequest {
  image: string;
  settings: ContainerSettings;
}

export interface ImageTarget {
  target: Target;
  /** What the image runs when nothing else is given. */
  command: readonly string[];
}

/** An image as a target: a container of ours that lives as long as the run. */
export async function openImage(request: ImageRequest, options: OpenOptions): Promise<ImageTarget> {
  const engine = await connectEngine(options.endpoint);
  const image = await inspectImage(engine, request.image, options.signal);
  const { keeper, problems, kind } = await startWithGpu(engine, request, options);
  try {
    const info = await engine.docker.getContainer(keeper.id).inspect();
    const { entrypoint } = request.settings;
    const target = await openRunning(engine, info, options, {
      id: `image:${request.image}`,
      ours: true,
      entrypoint: entrypoint === undefined ? words(image.Config.Entrypoint) : entrypoint ? [entrypoint] : [],
      release: keeper.remove,
      problems,
      ...(wishOf(request.settings, options.gpu) === 'none' ? {} : { gpuKind: kind }),
    });
    return { target, command: entrypoint === undefined ? words(image.Config.Cmd) : [] };
  } catch (error) {
    await keeper.remove();
    throw error;
  }
}

function words(given: string | string[] | null | undefined): string[] {
  return typeof given === 'string' ? [given] : (given ?? []);
}

/** Whoever names a GPU wants one: docker would refuse too. */
function wishOf(settings: ContainerSettings, asked: GpuWish): GpuWish {
  const named =
    settings.gpus !== undefined ||
    settings.runtime === 'nvidia' ||
    settings.devices.some((device) => gpuDevice.test(device));
  return asked === 'auto' && named ? 'required' : asked;
}

/**
 * Starts the container with the first request for a GPU that the engine grants and that shows inside: an engine may
 * start a container and ignore the request. Without a GPU where none is required, and then says why.
 */
async function startWithGpu(
  engine: Engine,
  { image, settings }: ImageRequest,
  options: OpenOptions,
): Promise<{ keeper: Keeper; problems: Problem[]; kind: GpuAttempt['kind'] }> {
  const wish = wishOf(settings, options.gpu);
  const plain = settingsToHostConfig(withoutGpu(settings), options.cwd);
  const attempts = planGpu({
    server: engine.kind,
    version: engine.version,
    info: (await engine.docker.info()) as EngineInfo,
    ...(engine.local ? { host: hostDevices() } : {}),
    asked: settings,
    wish,
  }).filter(({ kind, reason }) => wish === 'required' || kind === 'none' || worthTrying(engine, reason));
  const environment = { ...(await fileEnvironment(settings, options.cwd)), ...settings.env };
  const failures: { attempt: GpuAttempt; problem: Problem }[] = [];
  for (const attempt of attempts) {
    options.signal?.throwIfAborted();
    try {
      const keeper = await startKeeper(engine, {
        image,
        config: plain.config,
        hostConfig: merged(plain.hostConfig, attempt.hostConfig),
        environment: { ...attempt.env, ...environment },
      });
      if (attempt.kind === 'none') {
        return { keeper, problems: failures.map(({ problem }) => problem), kind: attempt.kind };
      }
      const nodes = await gpuNodes(engine, keeper.id).catch(() => []);
      if (nodes.length > 0) return { keeper, problems: [], kind: attempt.kind };
      await keeper.remove();
      failures.push({ attempt, problem: ignored(engine, attempt) });
    } catch (error) {
      const refusal = explainRefusal(errorText(error), 'start', { server: engine.kind, image });
      const problem = { message: refusal.message, fix: refusal.fix };
      if (!isGpuRefusal(refusal.kind))
        throw new UserError(refusal.message, { fix: refusal.fix, cause: error });
      failures.push({ attempt, problem });
    }
  }
  const first = failures[0]?.problem;
  throw new UserError(
    `A GPU is asked for and ${image} got none. ${failures.map(({ problem }) => problem.message).join(' ')}`.trim(),
    { fix: first?.fix ?? 'Start it without a GPU (--gpu none) to profile on the CPU.' },
  );
}

const gpuDevice = /^\/dev\/(kfd|dri|nvidia|dxg)|=/;

/** The settings without what the attempts bring. */
function withoutGpu(settings: ContainerSettings): ContainerSettings {
  const plain = { ...settings, devices: settings.devices.filter((device) => !gpuDevice.test(device)) };
  delete plain.gpus;
  if (plain.runtime === 'nvidia') delete plain.runtime;
  return plain;
}

/** What nothing points to is tried only where it could be there: each try is a container. */
function worthTrying(engine: Engine, reason: GpuAttempt['reason']): boolean {
  return reason !== 'try' || !engine.local || hostHasGpu();
}

function ignored(engine: Engine, attempt: GpuAttempt): Problem {
  return {
    message: `${engine.kind === 'podman' ? 'Podman' : 'The engine'} ${engine.version} started the container and ignored the request for a GPU (${attempt.kind}): no device is inside.`,
    fix:
      engine.kind === 'podman'
        ? 'Describe the GPU by CDI (sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml) and use Podman 5 with --device nvidia.com/gpu=all.'
        : 'Configure the engine: sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker',
  };
}

function merged(a: HostConfig, b: HostConfig): HostConfig {
  return {
    ...a,
    ...b,
    ...(a.GroupAdd || b.GroupAdd
      ? { GroupAdd: [...new Set([...(a.GroupAdd ?? []), ...(b.GroupAdd ?? [])])] }
      : {}),
  };
}

/** Variables of `-e NAME` and of --env-file, as the engine's own command line reads them. */
async function fileEnvironment(settings: ContainerSettings, cwd: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const file of settings.envFiles) {
    const text = await readFile(path.resolve(cwd, file), 'utf8').catch((error: unknown) => {
      throw new UserError(`The file of variables ${file} cannot be read.`, { cause: error });
    });
    for (const line of text.split('\n').map((each) => each.trim())) {
      if (line === '' || line.startsWith('#')) continue;
      const [name = ''] = line.split('=', 1);
      const value = line.includes('=') ? line.slice(name.length + 1) : process.env[name];
      if (value !== undefined) found[name] = value;
    }
  }
  for (const name of settings.envNames) {
    const value = process.env[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}

/** What the engine knows of the image; fetched where it is not there yet, as `docker run` would do. */
async function inspectImage(engine: Engine, name: string, signal?: AbortSignal): Promise<ImageInspectInfo> {
  const image = engine.docker.getImage(name);
  try {
    return await image.inspect();
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 404) {
      throw refusalError(error, 'create', { server: engine.kind, image: name });
    }
  }
  await pullImage(engine, name, signal);
  return image.inspect();
}
