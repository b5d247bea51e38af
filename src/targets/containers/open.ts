import type { ContainerInspectInfo } from 'dockerode';
import { UserError, type Problem } from '../../common/problem';
import type { PathPair } from '../../common/pathMap';
import type { Target } from '../target';
import { connectEngine, type Engine } from './engine';
import { checkGpu } from './checkGpu';
import type { GpuWish } from './gpuPlan';
import type { Wanted } from './gpuProbe';
import { Inside, type Surroundings } from './inside';
import { sharedFolders } from './mounts';
import { ContainerTarget, copiesFolder } from './target';

export interface OpenOptions {
  /** Setting predictscope.containers.endpoint; '' for none. */
  endpoint: string;
  logDirectory: string;
  /** Folder with the Python runtime. */
  pythonPath: string;
  /** The interpreter that the command names, if any. */
  interpreter?: string;
  /** Where the host is: the container's same folder, when it has it, is where the program runs. */
  cwd: string;
  /** The program runs where the engine itself would start it: the line says so by saying nothing. */
  asTyped?: boolean;
  gpu: GpuWish;
  /** Ends what takes long before there is a target: fetching, building. */
  signal?: AbortSignal;
  /** How to be there, where it was asked for. */
  surroundings?: Partial<Surroundings>;
}

/** A running container as a target, by name or id. Throws a UserError that names the ones that run. */
export async function openContainer(name: string, options: OpenOptions): Promise<Target> {
  const engine = await connectEngine(options.endpoint);
  const info = await inspectContainer(engine, name);
  if (!info.State.Running) {
    throw new UserError(`The container ${name} is not running (${info.State.Status}).`, {
      fix: `Start it: ${engine.kind} start ${name}`,
    });
  }
  return openRunning(engine, info, options, {
    id: `container:${name}`,
    ours: false,
    entrypoint: [],
    release: () => Promise.resolve(),
  });
}

/** A container that runs, as a target. */
export async function openRunning(
  engine: Engine,
  info: ContainerInspectInfo,
  options: OpenOptions,
  own: {
    id: string;
    ours: boolean;
    entrypoint: string[];
    release: () => Promise<void>;
    problems?: Problem[];
    /** How the engine was asked for a GPU, where we started the container. */
    gpuKind?: Wanted['kind'];
  },
): Promise<Target> {
  const mounts: PathPair[] = sharedFolders(engine, info);
  const surroundings = { environment: {}, ...options.surroundings };
  const inside = await Inside.open(engine, info.Id, surroundings, options.pythonPath, options.interpreter);
  const gpuProblems = await checkGpu(inside, info, {
    wish: options.gpu,
    ...(own.gpuKind ? { kind: own.gpuKind } : {}),
    pythonPath: options.pythonPath,
  });
  const here = mounts
    .toSorted((a, b) => b[0].length - a[0].length)
    .find(([host]) => isBelow(options.cwd, host));
  const cwd =
    surroundings.cwd ??
    (here && !options.asTyped ? here[1] + options.cwd.slice(here[0].length) : inside.facts.cwd);
  return new ContainerTarget({
    ...own,
    inside,
    mounts,
    copies: await copiesFolder(options.logDirectory, info.Image, info.Config.Image),
    cwd,
    problems: [...(own.problems ?? []), ...gpuProblems],
  });
}

function isBelow(file: string, folder: string): boolean {
  return file === folder || file.startsWith(`${folder.replace(/\/+$/, '')}/`);
}

async function inspectContainer(engine: Engine, name: string): Promise<ContainerInspectInfo> {
  try {
    return await engine.docker.getContainer(name).inspect();
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
    const running = await engine.docker.listContainers();
    const names = running.map(({ Names }) => Names[0]?.replace(/^\//, '')).filter(Boolean);
    throw new UserError(`There is no container ${name}.`, {
      fix: names.length > 0 ? `Running: ${names.join(', ')}.` : 'No container is running.',
    });
  }
}
