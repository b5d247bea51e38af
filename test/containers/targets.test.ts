/** Where programs run: by exec, in a container of ours, in dev containers; with Docker and Podman. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  containerIds,
  endpoints,
  expectNothingLeft,
  hotLine,
  keras,
  profile,
  program,
  root,
  siteLine,
  someContainer,
  workspace,
  type Profiled,
} from './lib';

/** 40 calls of line 19, of 2 ms each in line 12, by the paths of the workspace. */
function expectFigures({ summary }: Profiled, folder: string): void {
  const [site] = summary.sites;
  expect(site).toMatchObject({ file: path.join(folder, 'main.py'), line: siteLine, calls: 40, errors: 0 });
  expect(site!.p50Ns).toBeGreaterThan(2e6);
  expect(site!.p50Ns).toBeLessThan(20e6);
  expect(summary.hotLines.map(({ file, line }) => `${file}:${line}`)).toContain(
    `${path.join(folder, 'main.py')}:${hotLine}`,
  );
}

describe.each(['docker', 'podman'] as const)('a program that runs by %s', (name) => {
  const host = endpoints[name];

  it('by exec in a container that somebody else started, which has the workspace', async () => {
    const folder = workspace({ 'main.py': program });
    const container = await someContainer(host, 'python', { Binds: [`${folder}:/work`] });
    const done = await profile({ host, cwd: folder, site: `main.py:${siteLine}`, input: 'a line' }, [`--target`, `container:${container.id}`], ['python3', 'main.py', 'read', 'exit']); // prettier-ignore
    expect(done.code, done.stderr).toBe(7);
    expect(done.stdout).toBe('out 0\na line\n');
    expect(done.stderr).toMatch(/^err\n/);
    expectFigures(done, folder);
    await expectNothingLeft(container);
    expect((await container.inspect()).State.Running).toBe(true);
  });

  it('as the user of the container, who may not write in the workspace', async () => {
    const folder = workspace({ 'main.py': program });
    const container = await someContainer(host, 'python', { Binds: [`${folder}:/work:ro`] }, { User: '1000:1000' }); // prettier-ignore
    const done = await profile({ host, cwd: folder, site: `main.py:${siteLine}` }, ['--target', `container:${container.id}`], ['python3', 'main.py']); // prettier-ignore
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toBe('out 1000\n');
    expectFigures(done, folder);
    await expectNothingLeft(container);
  });

  it('in an image, with code that only the image has', async () => {
    const before = await containerIds(host);
    const folder = workspace({});
    const done = await profile({ host, cwd: folder }, ['--target', 'image:predictscope-test/app'], ['tellsplice']); // prettier-ignore
    expect(done.code, done.stderr).toBe(0);
    const [site] = done.summary.sites;
    expect(site).toMatchObject({ callee: 'self', framework: 'torch', errors: 0 });
    expect(site!.calls).toBe(30);
    // The copy on this machine is the image's text, and says where it is from.
    expect(site!.file).toMatch(/\/\.code\/[0-9a-f]{12}\/usr\/local\/lib\/python3\.11\/dist-packages\/tellsplice\/model\.py$/); // prettier-ignore
    expect(readFileSync(site!.file, 'utf8')).toBe(
      readFileSync(path.join(root, 'test/containers/images/app/tellsplice/model.py'), 'utf8'),
    );
    expect(done.summary.hotLines.map(({ file }) => file)).toContain(site!.file);
    expect(done.summary.traces.length).toBeGreaterThan(0);
    expect(await containerIds(host)).toEqual(before);
  });
});

describe.each(['docker', 'podman'] as const)(
  'the sample project with Keras, in a dev container of %s',
  (name) => {
    const host = endpoints[name];
    // Podman does not look for short names among its own images.
    const image = name === 'podman' ? 'localhost/predictscope-test/python' : 'predictscope-test/python';
    // For another user the command line starts Podman with --userns=keep-id, which it takes from rootless callers only.
    const user = name === 'podman' ? {} : { remoteUser: 'user' };
    const mount = {
      mounts: [`source=${keras},target=/opt/site,type=bind,readonly`],
      containerEnv: { PYTHONPATH: '/opt/site', TF_CPP_MIN_LOG_LEVEL: '3' },
    };
    const compose = `services:
  app:
    image: ${image}
    volumes: ["..:/code", "${keras}:/opt/site:ro"]
    environment: { PYTHONPATH: /opt/site, TF_CPP_MIN_LOG_LEVEL: "3" }
`;
    const kinds: [string, Record<string, string>][] = [
      ['from an image', { '.devcontainer/devcontainer.json': JSON.stringify({ image, ...mount }) }], // prettier-ignore
      [
        'from a Dockerfile',
        {
          '.devcontainer/devcontainer.json': JSON.stringify({ build: { dockerfile: 'Dockerfile' }, ...user, remoteEnv: { KERAS_HOME: '${containerEnv:HOME}/.keras' }, ...mount }), // prettier-ignore
          '.devcontainer/Dockerfile': `FROM ${image}\nENV BUILT=1\n`,
        },
      ],
      [
        'with compose',
        {
          '.devcontainer/devcontainer.json': JSON.stringify({ dockerComposeFile: 'compose.yml', service: 'app', workspaceFolder: '/code', overrideCommand: true }), // prettier-ignore
          '.devcontainer/compose.yml': compose,
        },
      ],
    ];

    it.each(kinds)('%s', async (_, files) => {
      const before = await containerIds(host);
      const folder = workspace(files, path.join(root, 'test', 'workspace'));
      const done = await profile({ host, cwd: folder, site: 'quick.py:22' }, ['--target', 'devcontainer'], ['python3', 'quick.py']); // prettier-ignore
      expect(done.code, done.stderr).toBe(0);
      expect(done.stdout).toContain('called predict 30 times');
      const [site] = done.summary.sites;
      expect(site).toMatchObject({
        file: path.join(folder, 'quick.py'),
        line: 22,
        calls: 30,
        framework: 'keras',
      });
      expect(done.summary.hotLines.map(({ file, line }) => `${file}:${line}`)).toContain(
        `${path.join(folder, 'quick.py')}:22`,
      );
      expect(Object.keys(site!.parts).length).toBeGreaterThan(1);
      expect(await containerIds(host)).toEqual(before);
    });
  },
);
