/**
 * GPUs by CDI, of a newer Docker that reads a stand-in of NVIDIA's file: nodes made of /dev/null. This Docker tells that
 * it reads such files, not what it found in them.
 */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as lib from './lib';

const full = process.env.TEST_FULL === '1';
const host = full ? lib.endpoint('PREDICTSCOPE_TEST_CDI_DOCKER') : '';
const look = `import glob\n${lib.program}print(sorted(glob.glob("/dev/nvidia[0-9]*")))\n`; // prettier-ignore
const site = `main.py:${lib.siteLine + 1}`;
const command = ['python3', '-c', look];
const image = ['--target', 'image:predictscope-test/python'];
/** What nobody asked for is tried only where this machine shows a GPU: each try is a container. */
const gpuHere = (): boolean => ['/dev/nvidia0', '/dev/nvidiactl', '/dev/kfd', '/dev/dxg'].some(existsSync);

/** Profiles the program by a pasted line, in a folder of its own; no container is left, however it ends. */
async function pasted(options: readonly string[], our: readonly string[] = []): Promise<lib.Profiled> {
  const before = await lib.containerIds(host);
  const folder = lib.workspace({ 'main.py': look });
  const line = ['docker', 'run', ...options, '--rm', '-v', `${folder}:/work`, '-w', '/work', 'predictscope-test/python', 'python3', 'main.py']; // prettier-ignore
  const done = await lib.profile({ host, cwd: folder, site }, our, line);
  expect(await lib.containerIds(host)).toEqual(before);
  return done;
}

describe.runIf(full)('an engine with CDI', () => {
  it('is one that knows it', async () => {
    const { ServerVersion, CDISpecDirs } = await lib.engine(host).info();
    expect(Number.parseInt(ServerVersion, 10)).toBeGreaterThanOrEqual(25);
    expect(CDISpecDirs).toHaveLength(1);
  });

  it.each([
    ['all', "['/dev/nvidia0', '/dev/nvidia1']"],
    ['0', "['/dev/nvidia0']"],
    ['1', "['/dev/nvidia1']"],
  ])('--device nvidia.com/gpu=%s: what was named is inside', async (name, there) => {
    const done = await pasted(['--device', `nvidia.com/gpu=${name}`]);
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toContain(there);
    expect(done.summary.sites[0]?.calls).toBe(40);
  });

  it('a device that no file names: refused, with what to do', async () => {
    const done = await pasted(['--device', 'nvidia.com/gpu=9']);
    expect([done.code, done.stdout]).toEqual([125, '']);
    expect(done.stderr).toMatch(/nvidia\.com\/gpu=9/);
    expect(done.stderr).toContain('nvidia-ctk cdi');
  });

  // What the line asks for this engine refuses: NVIDIA's hook is not there. The same cards are there by another name.
  it('--gpus all: the engine refuses it, and gives them by CDI', async () => {
    const done = await pasted(['--gpus', 'all']);
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toContain("['/dev/nvidia0', '/dev/nvidia1']");
  });

  it('--gpus with a device: the same one', async () => {
    const done = await pasted(['--gpus', '"device=1"']);
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toContain("['/dev/nvidia1']");
  });

  it('nothing asked, and no sign of a GPU on this machine: on the CPU', async ({ skip }) => {
    skip(gpuHere());
    const done = await pasted([]);
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toContain('[]');
  });

  it('--gpu none: it stays out', async () => {
    const done = await pasted(['--device', 'nvidia.com/gpu=all'], ['--gpu', 'none']);
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toContain('[]');
  });

  it('an image, where a GPU is required', async () => {
    const before = await lib.containerIds(host);
    const done = await lib.profile(
      { host, cwd: lib.workspace({}) },
      [...image, '--gpu', 'required'],
      command,
    );
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toContain("['/dev/nvidia0', '/dev/nvidia1']");
    expect(await lib.containerIds(host)).toEqual(before);
  });

  it('an image, as it is', async ({ skip }) => {
    skip(gpuHere());
    const before = await lib.containerIds(host);
    const auto = await lib.profile({ host, cwd: lib.workspace({}) }, image, command);
    expect(auto.code, auto.stderr).toBe(0);
    expect(auto.stdout).toContain('[]');
    expect(await lib.containerIds(host)).toEqual(before);
  });
});
