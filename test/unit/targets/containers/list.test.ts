import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ContainerInfo, ImageInfo } from 'dockerode';
import { afterEach, describe, expect, it } from 'vitest';
import { UserError } from '../../../../src/common/problem';
import type { Engine } from '../../../../src/targets/containers/engine';
import { listTargets, type ListedTarget } from '../../../../src/targets/containers/list';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function workspace(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'predictscope-list-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

function container(name: string, more: Partial<ContainerInfo> = {}): ContainerInfo {
  return {
    Id: `${name}-id`,
    Names: [`/${name}`],
    Image: 'app:latest',
    State: 'running',
    Status: 'Up 2 hours',
    Labels: {},
    Mounts: [],
    ...more,
  } as unknown as ContainerInfo;
}

function image(...names: string[]): ImageInfo {
  return { RepoTags: names, Size: 1.5e9, Created: 1_700_000_000 } as unknown as ImageInfo;
}

/** An engine that answers two questions. */
function engine(containers: ContainerInfo[], images: ImageInfo[]): () => Promise<Engine> {
  const docker = {
    listContainers: () => Promise.resolve(containers),
    listImages: () => Promise.resolve(images),
  };
  return () => Promise.resolve({ docker } as unknown as Engine);
}

const none = (): Promise<Engine> =>
  Promise.reject(new UserError('No container engine answers. Tried: here.', { fix: 'Start one.' }));

async function listed(
  connect: () => Promise<Engine>,
  root?: string,
  searchPath = '',
): Promise<Omit<ListedTarget, 'problem'>[]> {
  return (await listTargets({ root, endpoint: '', searchPath, connect })).targets;
}

describe('where a program can run', () => {
  it('is this machine where no engine answers, and what is needed for more is said', async () => {
    const list = await listTargets({ root: undefined, endpoint: '', searchPath: '', connect: none });
    expect(list.targets.map(({ id, running }) => [id, running])).toEqual([['local', true]]);
    expect(list.problems).toEqual([
      { message: 'No container engine answers. Tried: here.', fix: 'Start one.' },
    ]);
  });

  it('is any running container but our own, with where it has the folder', async () => {
    const root = workspace({});
    const bind = (Source: string, Destination: string): object => ({ Type: 'bind', Source, Destination });
    const found = await listed(
      engine(
        [
          container('b', {
            Mounts: [bind(path.dirname(root), '/data'), bind(root, '/code')],
          } as Partial<ContainerInfo>),
          container('a', { Mounts: [bind(`${root}-other`, '/code')] } as Partial<ContainerInfo>),
          container('ours', { Labels: { 'predictscope.owner': 'x' } }),
          container('over', { State: 'exited' }),
        ],
        [],
      ),
      root,
    );
    expect(found.slice(1)).toEqual([
      { id: 'container:a', kind: 'container', label: 'a', detail: 'app · up 2 hours', running: true },
      {
        id: 'container:b',
        kind: 'container',
        label: 'b',
        detail: 'app · up 2 hours · has this folder at /code',
        running: true,
        folder: '/code',
      },
    ]);
  });

  it('is any image that has a name and was not made by the dev containers tools', async () => {
    const found = await listed(
      engine(
        [],
        [
          image('app:latest', 'app:1.2'),
          image('<none>:<none>'),
          image('vsc-project-0123abcd-uid:latest'),
          image('localhost/mine:latest'),
          { ...image(), RepoTags: undefined },
        ],
      ),
    );
    expect(found.slice(1).map(({ id, label }) => [id, label])).toEqual([
      ['image:app', 'app'],
      ['image:app:1.2', 'app:1.2'],
      ['image:localhost/mine', 'mine'],
    ]);
    expect(found[1]!.detail).toBe('1.5 GB · made 2023-11-14');
  });

  it('is each dev container of the folder: one that runs is not listed again', async () => {
    const root = workspace({
      '.devcontainer/gpu/devcontainer.json': '{}',
      '.devcontainer/devcontainer.json': '{ "image": "lab/app:latest" } // with a comment',
    });
    const labels = {
      'devcontainer.local_folder': root,
      'devcontainer.config_file': path.join(root, '.devcontainer/gpu/devcontainer.json'),
    };
    const found = await listed(engine([container('happy', { Labels: labels })], []), root);
    expect(found.map(({ id, label, running }) => [id, label, running])).toEqual([
      ['local', 'This machine', true],
      ['devcontainer', path.basename(root), false],
      [`devcontainer:${path.join(root, '.devcontainer/gpu/devcontainer.json')}`, 'gpu', true],
    ]);
    expect(found.map(({ detail }) => detail).slice(1)).toEqual([
      'not started yet · lab/app · .devcontainer/devcontainer.json',
      'running as happy · .devcontainer/gpu/devcontainer.json',
    ]);
  });

  it('is a dev container that cannot be started without an engine', async () => {
    const root = workspace({ '.devcontainer.json': '{}' });
    const { targets } = await listTargets({ root, endpoint: '', searchPath: '', connect: none });
    expect(targets[1]).toMatchObject({
      id: 'devcontainer',
      problem: { message: 'No container engine answers.' },
    });
  });

  it('is each Dockerfile that no dev container is made of', async () => {
    const root = workspace({
      '.devcontainer/devcontainer.json': '{ "build": { "dockerfile": "Dockerfile" } }',
      '.devcontainer/Dockerfile': 'FROM python\n',
      'docker/Dockerfile.gpu': 'FROM lab/cuda:12\n',
    });
    const found = await listed(engine([], [image('predictscope-built/x-01234567:latest')]), root);
    expect(found.slice(2)).toEqual([
      {
        id: `dockerfile:${path.join(root, 'docker/Dockerfile.gpu')}`,
        kind: 'dockerfile',
        label: 'docker/Dockerfile.gpu',
        detail: 'built on lab/cuda:12',
        running: false,
      },
    ]);
  });

  it('is an Apptainer image only where Apptainer is', async () => {
    const root = workspace({ 'images/model.sif': 'x', 'bin/apptainer': '#!/bin/sh\n' });
    chmodSync(path.join(root, 'bin/apptainer'), 0o755);
    expect((await listed(none, root)).map(({ id }) => id)).toEqual(['local']);
    expect((await listed(none, root, path.join(root, 'bin'))).slice(1)).toMatchObject([
      {
        id: `apptainer:${path.join(root, 'images/model.sif')}`,
        label: 'images/model.sif',
        detail: '1 B · by apptainer',
      },
    ]);
  });
});
