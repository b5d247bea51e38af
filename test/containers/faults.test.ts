/** What goes wrong with containers ends in a clear state: a sentence, the calls that had finished, nothing left. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  containerIds,
  endpoints,
  engine,
  expectNothingLeft,
  inContainer,
  profile,
  program,
  root,
  siteLine,
  someContainer,
  start,
  started,
  summarize,
  until,
  workspace,
} from './lib';

const host = endpoints.docker;
const site = `main.py:${siteLine}`;
const forever = ['python3', '-u', 'main.py', 'forever'];
/** The endless calls are another site. */
const endless = { host, site: `main.py:${siteLine + 6}` };

async function refusal(target: readonly string[], command: readonly string[], of = host): Promise<string> {
  const folder = workspace({ 'main.py': program });
  const done = await profile({ host: of, cwd: folder, site }, target, command);
  expect([done.code, done.stdout]).toEqual([125, '']);
  expect(done.stderr).not.toContain('    at ');
  expect(readdirSync(path.join(folder, '.predictscope'))).not.toContain('report.json');
  return done.stderr;
}

/** The only run of a workspace. */
function onlyRun(folder: string): string {
  const runs = path.join(folder, '.predictscope', 'runs');
  const names = readdirSync(runs).filter((name) => /^\d{8}T/.test(name));
  expect(names).toHaveLength(1);
  return path.join(runs, names[0]!);
}

/** What the processes of the only run have said so far, as far as it was fetched. */
function processLog(folder: string): string {
  const run = onlyRun(folder);
  const folders = readdirSync(run, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => readFileSync(path.join(run, name, 'process.jsonl'), 'utf8')).join('');
}

describe('what cannot be started', () => {
  it('no engine', async () => {
    expect(await refusal(['--target', 'container:x'], ['python3', 'main.py'], 'unix:///nowhere/docker.sock')).toMatch(/No container engine answers.*\/nowhere\/docker.sock.*DOCKER_HOST/s); // prettier-ignore
  });

  it('no right to use the socket', () => {
    const folder = workspace({ 'main.py': program });
    chmodSync(folder, 0o777);
    const cli = path.join(root, 'dist', 'cli.js');
    const words = [cli, 'profile', '--log-dir', path.join(folder, 'runs'), '--site', site, '--target', 'container:x', '--', 'python3', 'main.py']; // prettier-ignore
    const done = spawnSync(process.execPath, words, { cwd: folder, uid: 65534, gid: 65534, env: { ...process.env, DOCKER_HOST: host }, encoding: 'utf8' }); // prettier-ignore
    expect(done.status).toBe(125);
    expect(done.stderr).toContain('this user may not use it');
    expect(done.stderr).toContain('usermod -aG docker');
  });

  it('no such container: the running ones are named', async () => {
    await someContainer(host, 'python', {}, { name: `predictscope-test-${process.pid}` });
    expect(await refusal(['--target', 'container:no-such'], ['python3', 'main.py'])).toMatch(/no container no-such.*predictscope-test-\d+/s); // prettier-ignore
  });

  it('a container that is not running', async () => {
    const container = await engine(host).createContainer({ Image: 'predictscope-test/python' });
    try {
      expect(await refusal(['--target', `container:${container.id}`], ['python3', 'main.py'])).toMatch(/is not running \(created\).*docker start/s); // prettier-ignore
    } finally {
      await container.remove();
    }
  });

  it('no such image', async () => {
    expect(await refusal(['--target', 'image:no/such'], ['python3', 'main.py'])).toMatch(/Fetching no\/such.*docker load/s); // prettier-ignore
  });

  it('no Python in it', async () => {
    const before = await containerIds(host);
    expect(await refusal(['--target', 'image:predictscope-test/bare'], ['python3', 'main.py'])).toContain('no Python 3.7 or newer'); // prettier-ignore
    expect(await containerIds(host)).toEqual(before);
  });

  it('a dev container whose build fails', async () => {
    const folder = workspace({
      'main.py': program,
      '.devcontainer/devcontainer.json': JSON.stringify({ build: { dockerfile: 'Dockerfile' } }),
      '.devcontainer/Dockerfile': 'FROM predictscope-test/python\nRUN echo why it fails >&2; false\n',
    });
    const done = await profile({ host, cwd: folder, site }, ['--target', 'devcontainer'], ['python3', 'main.py']); // prettier-ignore
    expect(done.code).toBe(125);
    expect(done.stderr).toContain('why it fails');
    expect(done.stderr).toMatch(/The dev container of .* could not be started/);
    const label = [`devcontainer.local_folder=${folder}`];
    expect(await engine(host).listContainers({ all: true, filters: { label } })).toEqual([]);
  });

  it('a read-only container without a place to write', async () => {
    const folder = workspace({ 'main.py': program });
    const container = await someContainer(host, 'python', { ReadonlyRootfs: true, Binds: [`${folder}:/work:ro`], ShmSize: 0 }, { User: '1000' }); // prettier-ignore
    await inContainer(container, ['true']);
    const done = await profile({ host, cwd: folder, site }, ['--target', `container:${container.id}`], ['python3', 'main.py']); // prettier-ignore
    // /dev/shm may always be written in Docker: it is the place of last resort.
    expect(done.code, done.stderr).toBe(0);
    expect(done.summary.sites[0]?.calls).toBe(40);
    expect(await inContainer(container, ['ls', '-A', '/dev/shm'])).not.toContain('predictscope');
  });

  it('a program that is not there', async () => {
    const folder = workspace({ 'main.py': program });
    const container = await someContainer(host, 'python', { Binds: [`${folder}:/work`] });
    const done = await profile({ host, cwd: folder, site }, ['--target', `container:${container.id}`], ['no-such-program', 'main.py']); // prettier-ignore
    expect(done.code).toBe(127);
    expect(done.stderr).toContain('no-such-program: No such file or directory');
    await expectNothingLeft(container);
  });
});

describe('a run that is cut short', () => {
  it('Ctrl+C ends the program inside, and takes our folder away', async () => {
    const folder = workspace({ 'main.py': program });
    const container = await someContainer(
      host,
      'python',
      { Binds: [`${folder}:/work:ro`] },
      { User: '1000' },
    );
    const { child, ended, said } = await started({ ...endless, cwd: folder }, ['--target', `container:${container.id}`], forever); // prettier-ignore
    await new Promise((done) => setTimeout(done, 1500));
    child.kill('SIGINT');
    await ended;
    expect(said.stderr).toContain('KeyboardInterrupt');
    const summary = await summarize(onlyRun(folder));
    expect(summary.run.state).toBe('ended');
    expect(summary.sites[0]!.calls).toBeGreaterThan(100);
    await expectNothingLeft(container);
  });

  it('a program that ignores every signal but the last', async () => {
    const stubborn = `import signal\nfor s in (signal.SIGINT, signal.SIGTERM):\n    signal.signal(s, signal.SIG_IGN)\n${program}`; // prettier-ignore
    const folder = workspace({ 'main.py': stubborn });
    const container = await someContainer(
      host,
      'python',
      { Binds: [`${folder}:/work:ro`] },
      { User: '1000' },
    );
    const { child, ended } = await started({ host, cwd: folder, site: `main.py:${siteLine + 9}` }, ['--target', `container:${container.id}`], forever); // prettier-ignore
    child.kill('SIGTERM');
    expect(await ended).toBe(137);
    expect((await summarize(onlyRun(folder))).sites[0]!.calls).toBeGreaterThan(100);
    await expectNothingLeft(container);
  });

  it('the container dies', async () => {
    const folder = workspace({ 'main.py': program });
    const container = await someContainer(
      host,
      'python',
      { Binds: [`${folder}:/work:ro`] },
      { User: '1000' },
    );
    const { ended, said } = await started({ ...endless, cwd: folder }, ['--target', `container:${container.id}`], forever); // prettier-ignore
    await new Promise((done) => setTimeout(done, 1000));
    await container.kill();
    expect(await ended).toBe(1);
    expect(said.stderr).toContain('The container stopped while the program ran (exit code 137)');
    expect((await summarize(onlyRun(folder))).sites[0]!.calls).toBeGreaterThan(100);
  });

  it('the container dies and is gone (--rm): what had been fetched stays', async () => {
    const folder = workspace({ 'main.py': program });
    const container = await someContainer(host, 'python', { AutoRemove: true, Binds: [`${folder}:/work:ro`] }, { User: '1000' }); // prettier-ignore
    const { ended, said } = await started({ ...endless, cwd: folder }, ['--target', `container:${container.id}`], forever); // prettier-ignore
    await new Promise((done) => setTimeout(done, 3000));
    await container.kill();
    expect(await ended).toBe(1);
    expect(said.stderr).toMatch(/The container (was removed|stopped) while the program ran/);
    expect((await summarize(onlyRun(folder))).sites[0]!.calls).toBeGreaterThan(100);
  });

  it('we are killed: the next start takes everything away and fetches what was recorded', async () => {
    const before = await containerIds(host);
    const folder = workspace({ 'main.py': program });
    const mount = ['--mount', `type=bind,source=${folder},target=/work`, '-w', '/work'];
    const line = ['docker', 'run', '--user', '1000', ...mount, 'predictscope-test/python', ...forever];
    const ours = await started({ ...endless, cwd: folder }, [], line);
    const someones = await someContainer(host, 'python', { Binds: [`${folder}:/work:ro`] }, { User: '1000' });
    const theirs = await started({ ...endless, cwd: folder, environment: {} }, ['--target', `container:${someones.id}`], forever); // prettier-ignore
    await new Promise((done) => setTimeout(done, 500));
    ours.child.kill('SIGKILL');
    theirs.child.kill('SIGKILL');
    await Promise.all([ours.ended, theirs.ended]);
    expect((await containerIds(host)).length).toBe(before.length + 2);
    await profile({ host, cwd: folder, site }, ['--target', 'container:no-such'], ['python3', 'main.py']);
    expect(await containerIds(host)).toEqual([...before, someones.id].sort());
    await expectNothingLeft(someones);
    const runs = path.join(folder, '.predictscope', 'runs');
    for (const name of readdirSync(runs).filter((each) => /^\d{8}T/.test(each))) {
      const summary = await summarize(path.join(runs, name));
      expect(summary.run.state).toBe('lost');
      expect(summary.sites[0]!.calls).toBeGreaterThan(50);
    }
  });

  it('the folder for the records is full', async () => {
    const folder = workspace({ 'main.py': program });
    const small = path.join(folder, '.predictscope', 'runs');
    mkdirSync(small, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=60k', 'tmpfs', small]);
    try {
      const container = await someContainer(
        host,
        'python',
        { Binds: [`${folder}:/work:ro`] },
        { User: '1000' },
      );
      const done = await profile({ host, cwd: folder, site }, ['--target', `container:${container.id}`], ['python3', 'main.py', 'exit']); // prettier-ignore
      expect(done.code, done.stderr).toBe(7);
      expect(done.stdout).toBe('out 1000\n');
      expect(done.stderr).toMatch(/could not be (written|fetched|read).*space/is);
      await expectNothingLeft(container);
    } finally {
      execFileSync('umount', ['-l', small]);
    }
  });
});

it('what is started has no right, capability or mount beyond what was asked', async () => {
  const folder = workspace({ 'main.py': program });
  const line = [
    'docker',
    'run',
    '-v',
    `${folder}:/work`,
    '-w',
    '/work',
    'predictscope-test/python',
    ...forever,
  ];
  const before = new Set(await containerIds(host));
  const { child, ended } = await started({ ...endless, cwd: folder }, [], line);
  try {
    let id: string | undefined;
    await until(async () => (id = (await containerIds(host)).find((each) => !before.has(each))) !== undefined, 10_000, () => 'no container'); // prettier-ignore
    const ours = await engine(host).getContainer(id!).inspect();
    const plain = await someContainer(host, 'python', {
      Mounts: [{ Type: 'bind', Source: folder, Target: '/work' }],
      Init: true,
    });
    const theirs = await plain.inspect();
    // Docker's own answer to the same request by hand, but for names and times.
    const told = ({ HostConfig, Mounts }: typeof ours): unknown => [HostConfig, Mounts];
    expect(told(ours)).toEqual(told(theirs));
    expect(ours.HostConfig.Privileged).toBe(false);
    expect(ours.HostConfig.CapAdd).toBeNull();
    expect(Object.keys(ours.Config.Labels)).toEqual(['predictscope.owner']);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
  expect(readFileSync(path.join(folder, 'main.py'), 'utf8')).toBe(program);
  expect(readdirSync(folder).sort()).toEqual(['.predictscope', 'main.py']);
});

describe('cancelled before the program is started', () => {
  it('while a dev container is built', async () => {
    const folder = workspace({
      'main.py': program,
      '.devcontainer/devcontainer.json': JSON.stringify({ image: 'predictscope-test/python', postCreateCommand: 'sleep 100' }), // prettier-ignore
    });
    const label = [`devcontainer.local_folder=${folder}`];
    const find = async (): Promise<number> =>
      (await engine(host).listContainers({ all: true, filters: { label } })).length;
    const { child, ended, said } = start({ host, cwd: folder, site }, ['--target', 'devcontainer'], forever);
    await until(async () => (await find()) > 0, 30_000, () => said.stderr); // prettier-ignore
    child.kill('SIGINT');
    expect(await ended).toBe(125);
    expect(said.stderr).toContain('Cancelled before the program was started.');
    expect(await find()).toBe(0);
  });

  it('while an image cannot be fetched', async () => {
    const done = await profile({ host, cwd: workspace({}) }, ['--target', 'image:no.such.host/image'], ['python3', 'main.py']); // prettier-ignore
    expect(done.code).toBe(125);
    expect(done.stderr).toContain('Fetching no.such.host/image:latest');
    expect(done.stderr).toMatch(/no\.such\.host/);
  });
});

it('what is asked of a run reaches a container that has the run directory as a copy', async () => {
  const folder = workspace({ 'main.py': program });
  const container = await someContainer(host, 'python', { Binds: [`${folder}:/work:ro`] }, { User: '1000' });
  const { child, ended } = await started({ ...endless, cwd: folder }, ['--target', `container:${container.id}`], forever); // prettier-ignore
  writeFileSync(path.join(onlyRun(folder), 'stop'), '');
  await until(() => processLog(folder).includes('"stopped"'), 20_000, () => 'it goes on'); // prettier-ignore
  child.kill('SIGINT');
  await ended;
});
