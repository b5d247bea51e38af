import { readdir, readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import type { ContainerInfo, ImageInfo } from 'dockerode';
import { errorText, isUserError, type Problem } from '../../common/problem';
import { formatBytes } from '../../common/units';
import { findExecutable } from '../localMachine';
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
  const [ofEngine, files] = await Promise.all([
    engineTargets(() => connect(endpoint), root),
    root === undefined ? [] : workspaceFiles(root),
  ]);
  const { engine, containers, images, problems } = ofEngine;
  const targets = [
    local,
    ...(root === undefined ? [] : devContainers(root, files, engine, containers)),
    ...containers.filter((each) => !isDevContainerOf(each, root)).map((each) => container(each, root)),
    ...images.flatMap(imageTargets),
    ...(root === undefined ? [] : files.filter(isDockerfile).map((file) => dockerfile(root, file, engine))),
    ...(root === undefined ? [] : await apptainerImages(root, files, searchPath)),
  ];
  return { targets, problems };
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
  files: readonly string[],
  engine: Engine | undefined,
  containers: readonly ContainerInfo[],
): ListedTarget[] {
  const own = containers.filter((each) => isDevContainerOf(each, root));
  return files.filter(isDevContainerFile).map((file, index) => {
    // A container that was made before there was such a label belongs to the only configuration.
    const there = own.find(
      ({ Labels }) => (Labels[fileLabel] ?? path.join(root, file)) === path.join(root, file),
    );
    const running = there?.State === 'running';
    const state = running ? `running as ${nameOf(there)}` : there ? 'stopped' : 'not started yet';
    return {
      id: index === 0 ? 'devcontainer' : `devcontainer:${path.join(root, file)}`,
      kind: 'devcontainer',
      label: devContainerName(file, root),
      detail: `${file} · ${state}`,
      running,
      ...(engine ? {} : { problem: noEngine }),
    };
  });
}

const noEngine: Problem = {
  message: 'No container engine answers.',
  fix: 'Start Docker or Podman, then look again.',
};

function devContainerName(file: string, root: string): string {
  const folder = path.basename(path.dirname(file));
  return folder === '.devcontainer' || folder === '.' ? path.basename(root) : folder;
}

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
    .filter((name) => !name.includes('<none>') && !/^(localhost\/)?vsc-[\w.-]+(-uid)?:/.test(name))
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

function dockerfile(root: string, file: string, engine: Engine | undefined): ListedTarget {
  return {
    id: `dockerfile:${path.join(root, file)}`,
    kind: 'dockerfile',
    label: file,
    detail: 'built, then run',
    running: false,
    ...(engine ? {} : { problem: noEngine }),
  };
}

async function apptainerImages(
  root: string,
  files: readonly string[],
  searchPath: string,
): Promise<ListedTarget[]> {
  const images = files.filter((file) => file.endsWith('.sif'));
  if (images.length === 0) return [];
  const tools = await Promise.all(
    ['apptainer', 'singularity'].map((tool) => findExecutable(tool, root, searchPath)),
  );
  const tool = tools.find((each) => each !== undefined);
  if (tool === undefined) return [];
  return Promise.all(
    images.map(async (file): Promise<ListedTarget> => {
      const { size } = await stat(path.join(root, file));
      return {
        id: `apptainer:${path.join(root, file)}`,
        kind: 'apptainer',
        label: file,
        detail: `${formatBytes(size)} · by ${path.basename(tool)}`,
        running: false,
      };
    }),
  );
}

const skipped = new Set([
  'node_modules',
  '.git',
  '.venv',
  'venv',
  '.predictscope',
  '__pycache__',
  'site-packages',
]);
/** Of a workspace that is a home folder not all is looked at. */
const deepest = 3;
const mostFolders = 2000;

/** Files of a workspace that say what a container is made of, by their path below it, the nearest first. */
async function workspaceFiles(root: string): Promise<string[]> {
  const found: string[] = [];
  let folders = [''];
  let looked = 0;
  for (let depth = 0; depth <= deepest && looked < mostFolders; depth++) {
    const below: string[] = [];
    for (const folder of folders.slice(0, mostFolders - looked)) {
      looked++;
      const entries = await readdir(path.join(root, folder), { withFileTypes: true }).catch(() => []);
      for (const entry of entries.sort((a, b) => a.name.localeCompare(b.name))) {
        const file = path.posix.join(folder, entry.name);
        if (entry.isDirectory() && !skipped.has(entry.name)) below.push(file);
        else if (entry.isFile() && (isDevContainerFile(file) || isDockerfile(file) || file.endsWith('.sif')))
          found.push(file);
      }
    }
    folders = below;
  }
  const configurations = found.filter(isDevContainerFile).sort((a, b) => rank(a) - rank(b));
  return [
    ...configurations,
    ...(await realDockerfiles(root, found.filter(isDockerfile))),
    ...found.filter((file) => file.endsWith('.sif')),
  ];
}

/** As the dev containers tools look for it: .devcontainer/devcontainer.json, then .devcontainer.json, then the others. */
function rank(file: string): number {
  return file === '.devcontainer/devcontainer.json' ? 0 : file === '.devcontainer.json' ? 1 : 2;
}

function isDevContainerFile(file: string): boolean {
  return /^(\.devcontainer\/([^/]+\/)?devcontainer|\.devcontainer)\.json$/.test(file);
}

function isDockerfile(file: string): boolean {
  return /(^|\/)(Dockerfile|Containerfile)(\.[\w-]+)?$|\.(dockerfile)$/i.test(file);
}

async function realDockerfiles(root: string, files: readonly string[]): Promise<string[]> {
  const real: string[] = [];
  for (const file of files) {
    const text = await readFile(path.join(root, file), 'utf8').catch(() => '');
    if (/^\s*FROM\s+\S/im.test(text)) real.push(file);
  }
  return real;
}
