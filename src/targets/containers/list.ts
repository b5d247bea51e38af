import { readdir, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import type { ContainerInfo, ImageInfo } from 'dockerode';
import { errorText, isUserError, type Problem } from '../../common/problem';
import { formatBytes } from '../../common/units';
import { findExecutable } from '../localMachine';
import { builtPrefix } from './build';
import {
  findDevcontainers,
  findDockerfiles,
  type DevcontainerFile,
  type Dockerfile,
  type FoundDevcontainers,
} from './devcontainerFile';
import { connectEngine, type Engine } from './engine';
import { ownerLabel } from './keeper';

/** A place that a program can run in, as it is offered. */
export interface ListedTarget {
  /** What `--target` takes. */
  id: string;
  kind: 'local' | 'devcontainer' | 'container' | 'image' | 'dockerfile' | 'apptainer';
  label: string;
  detail: string;
  running: boolean;
  /** Where it has the folder of the workspace, as far as its mounts tell. */
  folder?: string;
  /** Why it cannot be used as it is. */
  problem?: Problem;
}

export interface TargetList {
  targets: ListedTarget[];
  /** What could not be asked. */
  problems: Problem[];
}

export interface ListOptions {
  /** Folder of the workspace; undefined where none is open. */
  root: string | undefined;
  /** Setting predictscope.containers.endpoint; '' for none. */
  endpoint: string;
  searchPath: string;
  connect?: (endpoint: string) => Promise<Engine>;
}

/** Everything that a program of this workspace can run in, best first. */
export async function listTargets(options: ListOptions): Promise<TargetList> {
  const { root, endpoint, searchPath, connect = connectEngine } = options;
  const local: ListedTarget = {
    id: 'local',
    kind: 'local',
    label: 'This machine',
    detail: hostname(),
    running: true,
  };
  const nothing: FoundDevcontainers = { devcontainers: [], problems: [] };
  const [{ engine, containers, images, problems }, found, dockerfiles, apptainer] = await Promise.all([
    engineTargets(() => connect(endpoint), root),
    root === undefined ? nothing : findDevcontainers(root),
    root === undefined ? [] : findDockerfiles(root),
    root === undefined ? [] : apptainerImages(root, searchPath),
  ]);
  const targets = [
    local,
    ...(root === undefined ? [] : devContainers(root, found.devcontainers, engine, containers)),
    ...containers.filter((each) => !isDevContainerOf(each, root)).map((each) => container(each, root)),
    ...images.flatMap(imageTargets),
    ...dockerfiles
      // One of a dev container needs what the dev container says.
      .filter(({ file }) => !found.devcontainers.some(({ dockerfile }) => dockerfile === file))
      .map((each) => dockerfileTarget(root ?? '', each, engine)),
    ...apptainer,
  ];
  return { targets, problems: [...problems, ...found.problems] };
}

interface OfEngine {
  engine: Engine | undefined;
  containers: ContainerInfo[];
  images: ImageInfo[];
  problems: Problem[];
}

async function engineTargets(connect: () => Promise<Engine>, root: string | undefined): Promise<OfEngine> {
  const nothing = { engine: undefined, containers: [], images: [] };
  try {
    const engine = await connect();
    const [all, images] = await Promise.all([
      engine.docker.listContainers({ all: true }),
      engine.docker.listImages(),
    ]);
    const containers = all
      .filter(({ Labels }) => Labels[ownerLabel] === undefined) // ours go by themselves
      .filter((each) => each.State === 'running' || isDevContainerOf(each, root))
      .toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)));
    return { engine, containers, images: images.toSorted((a, b) => b.Created - a.Created), problems: [] };
  } catch (error) {
    const fix = isUserError(error) ? error.fix : undefined;
    return { ...nothing, problems: [{ message: errorText(error), ...(fix ? { fix } : {}) }] };
  }
}

function nameOf({ Names, Id }: ContainerInfo): string {
  return Names[0]?.replace(/^\//, '') ?? Id.slice(0, 12);
}

const folderLabel = 'devcontainer.local_folder';
const fileLabel = 'devcontainer.config_file';

function isDevContainerOf({ Labels }: ContainerInfo, root: string | undefined): boolean {
  return root !== undefined && Labels[folderLabel] === root;
}

/** One for each configuration: it runs, or it can be started. */
function devContainers(
  root: string,
  files: readonly DevcontainerFile[],
  engine: Engine | undefined,
  containers: readonly ContainerInfo[],
): ListedTarget[] {
  const own = containers.filter((each) => isDevContainerOf(each, root));
  return files.map(({ file, name, image }, index) => {
    // A container that was made before there was such a label belongs to the only configuration.
    const there = own.find(({ Labels }) => (Labels[fileLabel] ?? file) === file);
    const running = there?.State === 'running';
    const state = running ? `running as ${nameOf(there)}` : there ? 'stopped' : 'not started yet';
    return {
      id: index === 0 ? 'devcontainer' : `devcontainer:${file}`,
      kind: 'devcontainer',
      label: name,
      detail: [state, ...(image ? [withoutLatest(image)] : []), path.relative(root, file)].join(' · '),
      running,
      ...(engine ? {} : { problem: noEngine }),
    };
  });
}

const noEngine: Problem = {
  message: 'No container engine answers.',
  fix: 'Start Docker or Podman, then look again.',
};

function container(info: ContainerInfo, root: string | undefined): ListedTarget {
  const name = nameOf(info);
  const mount =
    root === undefined
      ? undefined
      : info.Mounts.filter(({ Source }) => isBelow(root, Source)).toSorted(
          (a, b) => b.Source.length - a.Source.length,
        )[0];
  const there = mount && root !== undefined ? mount.Destination + root.slice(mount.Source.length) : undefined;
  return {
    id: `container:${name}`,
    kind: 'container',
    label: name,
    detail: [
      withoutLatest(info.Image),
      info.Status.toLowerCase(),
      ...(there === undefined ? [] : [`has this folder at ${there}`]),
    ].join(' · '),
    running: true,
    ...(there === undefined ? {} : { folder: there }),
  };
}

function isBelow(file: string, folder: string): boolean {
  return folder !== '' && (file === folder || file.startsWith(`${folder.replace(/\/+$/, '')}/`));
}

/** Images by their names. What has none is left over from a build; what the dev containers tools made is another's. */
function imageTargets(info: ImageInfo): ListedTarget[] {
  // Podman gives none where Docker gives <none>.
  const names = (info.RepoTags as string[] | null) ?? [];
  return names
    .filter(
      (name) =>
        !name.includes('<none>') &&
        !name.includes(builtPrefix) &&
        !/^(localhost\/)?vsc-[\w.-]+(-uid)?:/.test(name),
    )
    .map((name) => ({
      id: `image:${withoutLatest(name)}`,
      kind: 'image',
      label: withoutLatest(name).replace(/^localhost\//, ''),
      detail: `${formatBytes(info.Size)} · made ${dayOf(info.Created)}`,
      running: false,
    }));
}

function withoutLatest(image: string): string {
  return image.replace(/:latest$/, '');
}

function dayOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

function dockerfileTarget(
  root: string,
  { file, base }: Dockerfile,
  engine: Engine | undefined,
): ListedTarget {
  return {
    id: `dockerfile:${file}`,
    kind: 'dockerfile',
    label: path.relative(root, file),
    detail: base ? `built on ${withoutLatest(base)}` : 'is built first',
    running: false,
    ...(engine ? {} : { problem: noEngine }),
  };
}

async function apptainerImages(root: string, searchPath: string): Promise<ListedTarget[]> {
  const tools = await Promise.all(
    ['apptainer', 'singularity'].map((tool) => findExecutable(tool, root, searchPath)),
  );
  const tool = tools.find((each) => each !== undefined);
  if (tool === undefined) return [];
  const images = await filesBelow(root, (name) => name.endsWith('.sif'));
  return Promise.all(
    images.map(async (file): Promise<ListedTarget> => {
      const { size } = await stat(file);
      return {
        id: `apptainer:${file}`,
        kind: 'apptainer',
        label: path.relative(root, file),
        detail: `${formatBytes(size)} · by ${path.basename(tool)}`,
        running: false,
      };
    }),
  );
}

const skipped = new Set(['node_modules', 'venv', '__pycache__', 'site-packages']);
/** Of a workspace that is a home folder not all is looked at. */
const deepest = 3;
const mostFolders = 2000;

async function filesBelow(root: string, wanted: (name: string) => boolean): Promise<string[]> {
  const found: string[] = [];
  let folders = [root];
  for (let depth = 0, looked = 0; depth <= deepest && looked < mostFolders; depth++) {
    const below: string[] = [];
    for (const folder of folders.slice(0, mostFolders - looked)) {
      looked++;
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      for (const entry of entries.sort((a, b) => a.name.localeCompare(b.name))) {
        const file = path.join(folder, entry.name);
        if (entry.isDirectory() && !entry.name.startsWith('.') && !skipped.has(entry.name)) below.push(file);
        else if (entry.isFile() && wanted(entry.name)) found.push(file);
      }
    }
    folders = below;
  }
  return found;
}
