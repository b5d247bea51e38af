/**
 * What is asked of an engine for a GPU, what it says, and what is inside then. There is no GPU here: the second engine
 * has a stand-in (test/containers/fake-gpu), and AMD's device nodes are stand-ins made of /dev/null.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { containerIds, endpoints, engine, profile, program, siteLine, workspace, type Profiled } from './lib';

/** Runs the program by a pasted line in a folder of its own. */
async function pasted(
  host: string,
  options: readonly string[],
  words = ['docker', 'run'],
): Promise<Profiled> {
  const folder = workspace({ 'main.py': `import glob\n${program}print(sorted(glob.glob("/dev/nvidia[0-9]*") + glob.glob("/dev/kfd")))\n` }); // prettier-ignore
  return profile(
    { host, cwd: folder, site: `main.py:${siteLine + 1}` },
    [],
    [...words, ...options, '--rm', '-v', `${folder}:/work`, '-w', '/work', 'predictscope-test/python', 'python3', 'main.py'],
  ); // prettier-ignore
}

async function refused(host: string, options: readonly string[], words?: string[]): Promise<string> {
  const before = await containerIds(host);
  const done = await pasted(host, options, words);
  expect([done.code, done.stdout]).toEqual([125, '']);
  expect(await containerIds(host)).toEqual(before); // also what was created and never started
  return done.stderr;
}

describe('an engine with NVIDIA’s toolkit (a stand-in)', () => {
  it.each([
    ['--gpus all', ['--gpus', 'all'], ['docker', 'run']],
    ['--gpus with a device', ['--gpus', '"device=0"'], ['docker', 'run']],
    ['the legacy runtime', ['--runtime=nvidia', '-e', 'NVIDIA_VISIBLE_DEVICES=all'], ['docker', 'run']],
    ['nvidia-docker', [], ['nvidia-docker', 'run']],
    ['nothing asked', [], ['docker', 'run']],
  ])('%s: the device is inside', async (_, options, words) => {
    const done = await pasted(endpoints.gpu, options, words);
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toContain("['/dev/nvidia0']");
    expect(done.summary.sites[0]?.calls).toBe(40);
  });

  it('the program has the variables that the hook gives, as it would by the engine’s own line', async () => {
    const folder = workspace({ 'main.py': `${program}print(os.environ.get("NVIDIA_VISIBLE_DEVICES"))\n` });
    const done = await profile({ host: endpoints.gpu, cwd: folder, site: `main.py:${siteLine}` }, [], ['docker', 'run', '--gpus', 'all', '-v', `${folder}:/work`, '-w', '/work', 'predictscope-test/python', 'python3', 'main.py']); // prettier-ignore
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toBe('out 0\nall\n');
  });

  it('--gpu none: it stays out', async () => {
    const folder = workspace({ 'main.py': program });
    const done = await profile({ host: endpoints.gpu, cwd: folder, site: `main.py:${siteLine}` }, ['--gpu', 'none'], ['docker', 'run', '-v', `${folder}:/work`, '-w', '/work', 'predictscope-test/python', 'python3', '-c', 'import glob; exec(open("main.py").read()); print(glob.glob("/dev/nvidia*"))']); // prettier-ignore
    expect(done.stdout).toContain('[]');
  });
});

describe('an engine without', () => {
  it.each([
    ['--gpus all', ['--gpus', 'all'], 'nvidia-ctk runtime configure'],
    ['the legacy runtime', ['--runtime=nvidia'], 'nvidia'],
    ['CDI on an engine that has none', ['--device', 'nvidia.com/gpu=all'], 'CDI'],
    ['ROCm without its driver', ['--device', '/dev/kfd', '--device', '/dev/dri'], '/dev/kfd'],
  ])('%s: refused with the reason and what to do, nothing stays', async (_, options, sentence) => {
    expect(await refused(endpoints.docker, options)).toContain(sentence);
  });

  it('nothing asked: it runs, on the CPU', async () => {
    const done = await pasted(endpoints.docker, []);
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toContain('[]');
  });

  it('required by an option: refused', async () => {
    const done = await profile({ host: endpoints.docker, cwd: workspace({}) }, ['--gpu', 'required', '--target', 'image:predictscope-test/app'], ['tellsplice']); // prettier-ignore
    expect(done.code).toBe(125);
    expect(done.stderr).toContain('A GPU is asked for');
  });
});

describe('Podman, which ignores what it does not know', () => {
  it.each([
    ['--gpus all', ['--gpus', 'all']],
    ['the legacy runtime', ['--runtime=nvidia']],
  ])('%s: it starts, has no device, and that is noticed', async (_, options) => {
    const said = await refused(endpoints.podman, options);
    expect(said).toMatch(/ignored the request|no GPU|CDI|runtime/);
  });
});

describe('ROCm device nodes (stand-ins)', () => {
  const made = !existsSync('/dev/kfd');
  beforeAll(() => {
    if (!made) return;
    execFileSync('sh', ['-c', 'mknod -m 660 /dev/kfd c 1 3 && mkdir -p /dev/dri && mknod -m 660 /dev/dri/renderD128 c 1 3 && chgrp 4711 /dev/kfd /dev/dri/renderD128']); // prettier-ignore
  });
  afterAll(() => {
    if (made) execFileSync('sh', ['-c', 'rm -f /dev/kfd /dev/dri/renderD128; rmdir /dev/dri || true']);
  });

  it.each([
    ['as ROCm’s own documentation starts it', ['--device', '/dev/kfd', '--device', '/dev/dri']],
    ['nothing asked', []],
  ])('%s: the node is inside, with its group', async (_, options) => {
    const done = await pasted(endpoints.docker, options);
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toContain("['/dev/kfd']");
  });

  it('asks for the group by its number, which needs no name in the image', async () => {
    const created: string[] = [];
    const events = (await engine(endpoints.docker).getEvents({
      filters: { type: ['container'], event: ['create'] },
    })) as NodeJS.ReadableStream & { destroy: () => void };
    const seen = new Promise<void>((done) => {
      events.on('data', (chunk: Buffer) => {
        const { id } = JSON.parse(chunk.toString()) as { id: string };
        void engine(endpoints.docker)
          .getContainer(id)
          .inspect()
          .then(({ HostConfig }) => {
            created.push(...(HostConfig.GroupAdd ?? []));
            done();
          });
      });
    });
    await Promise.all([pasted(endpoints.docker, []), seen]);
    events.destroy();
    expect(created).toEqual(['4711']);
  });
});

describe('a dev container that asks for a GPU', () => {
  const files = (gpu: unknown): Record<string, string> => ({
    'main.py': `import glob\n${program}print(glob.glob("/dev/nvidia0"))\n`,
    '.devcontainer/devcontainer.json': JSON.stringify({
      image: 'predictscope-test/python',
      hostRequirements: { gpu },
    }),
  });
  const run = (host: string, gpu: unknown): Promise<Profiled> =>
    profile({ host, cwd: workspace(files(gpu)), site: `main.py:${siteLine + 1}` }, ['--target', 'devcontainer'], ['python3', 'main.py']); // prettier-ignore

  it('required, and not there: it stops with the reason, and the container goes', async () => {
    const before = await containerIds(endpoints.docker);
    const done = await run(endpoints.docker, true);
    expect(done.code).toBe(125);
    expect(done.stderr).toMatch(/A GPU is required\..*(nvidia-container-toolkit|--gpus|GPU)/s);
    expect(await containerIds(endpoints.docker)).toEqual(before);
  });

  it('optional, and not there: it runs on the CPU', async () => {
    const done = await run(endpoints.docker, 'optional');
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toContain('[]');
  });

  it('required, and there', async () => {
    const done = await run(endpoints.gpu, true);
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toContain("['/dev/nvidia0']");
  });
});
