import type { HostConfig } from 'dockerode';
import { describe, expect, it } from 'vitest';
import { endpointOf, engine, runContainer, type EngineName } from './engine';

const allGpus: HostConfig = { DeviceRequests: [{ Driver: '', Count: -1, Capabilities: [['gpu']] }] };
const lookForGpu = ['sh', '-c', 'ls /dev/nvidia0; command -v nvidia-smi'];

const run = (name: EngineName, image: string, command: string[], hostConfig: HostConfig = {}) =>
  runContainer(engine(name), {
    Image: `predictscope-test/${image}`,
    Cmd: command,
    HostConfig: { NetworkMode: 'none', ...hostConfig },
  });

describe.each<EngineName>(['docker', 'gpuDocker', 'podman'])('%s', (name) => {
  it('answers', async () => {
    expect(endpointOf(name)).toMatch(/^unix:\/\//);
    expect((await engine(name).version()).ApiVersion).toMatch(/^1\.\d+$/);
  });

  it('has an image with Python and nothing else', async () => {
    const { exitCode, stdout } = await run(name, 'python', [
      'python3',
      '-c',
      'import sys; print(sys.version)',
    ]);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^3\.11\./) as string,
    });
    expect((await run(name, 'python', ['python3', '-c', 'import numpy'])).stderr).toContain(
      'ModuleNotFoundError',
    );
  });

  it('has an image without Python', async () => {
    const { stdout } = await run(name, 'bare', ['sh', '-c', 'command -v python3 tar bash; echo $?; uname']);
    expect(stdout).toBe('127\nLinux\n');
  });

  it('has an image with PyTorch and a program of its own, for an ordinary user', async () => {
    const { exitCode, stdout } = await run(name, 'app', ['sh', '-c', 'id -u; tellsplice 3']);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^1000\n\d+ sites\n$/) as string,
    });
  });

  it('runs a container with an init process', async () => {
    const { stdout } = await run(name, 'python', ['ps', '-o', 'pid='], { Init: true });
    expect(stdout.trim()).not.toBe('1');
  });

  it('ends a container that goes on', async () => {
    const container = await engine(name).createContainer({
      Image: 'predictscope-test/python',
      Cmd: ['sleep', '600'],
    });
    await container.start();
    expect((await container.inspect()).State.Running).toBe(true);
    await container.remove({ force: true });
  });
});

describe('an entry point that swallows errors', () => {
  it('shows them when all is over, and starts the program as a grandchild', async () => {
    const { exitCode, stdout, stderr } = await run('docker', 'swallow', [
      'python',
      '-c',
      'import os, sys; print(os.getpid(), os.getppid()); print("trouble", file=sys.stderr); sys.exit(3)',
    ]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: 'trouble\n' });
    const [pid, parent] = stdout.trim().split(' ').map(Number);
    expect([parent! > 1, pid! > parent!]).toEqual([true, true]);
  });
});

describe('a request for GPUs', () => {
  it('is refused by a Docker without them only at the start, which leaves the container behind', async () => {
    const container = await engine('docker').createContainer({
      Image: 'predictscope-test/python',
      Cmd: lookForGpu,
      HostConfig: allGpus,
    });
    await expect(container.start()).rejects.toThrow(
      'could not select device driver "" with capabilities: [[gpu]]',
    );
    expect((await container.inspect()).State.Status).toBe('created');
    await container.remove();
  });

  it('for a runtime that is not there is refused at once', async () => {
    await expect(run('docker', 'python', lookForGpu, { Runtime: 'nvidia' })).rejects.toThrow(
      'Unknown runtime specified nvidia',
    );
  });

  it('gives their devices, and nobody else gets them', async () => {
    expect(await run('gpuDocker', 'python', lookForGpu, allGpus)).toMatchObject({
      exitCode: 0,
      stdout: '/dev/nvidia0\n/usr/bin/nvidia-smi\n',
    });
    expect(await run('gpuDocker', 'python', lookForGpu)).toMatchObject({ exitCode: 127, stdout: '' });
  });

  it('names those that were asked for', async () => {
    const request = { DeviceRequests: [{ DeviceIDs: ['0', '1'], Capabilities: [['gpu']] }] };
    const { stdout } = await run('gpuDocker', 'python', ['nvidia-smi', '--query-gpu=index,name'], request);
    expect(stdout).toBe('0, Stand-in GPU\n1, Stand-in GPU\n');
  });

  it('may be the name of a runtime', async () => {
    expect(Object.keys((await engine('gpuDocker').info()).Runtimes)).toContain('nvidia');
    const { stdout } = await runContainer(engine('gpuDocker'), {
      Image: 'predictscope-test/python',
      Cmd: ['nvidia-smi', '-L'],
      Env: ['NVIDIA_VISIBLE_DEVICES=all'],
      HostConfig: { Runtime: 'nvidia' },
    });
    expect(stdout).toMatch(/^GPU 0: Stand-in GPU \(UUID: GPU-[0-]+\)\n$/);
  });

  it('fails with the driver’s own words', async () => {
    const words = 'nvidia-container-cli: initialization error: nvml error: driver not loaded: unknown';
    const failing = runContainer(engine('gpuDocker'), {
      Image: 'predictscope-test/python',
      Cmd: ['true'],
      Env: [`FAKE_GPU_ERROR=${words}`],
      HostConfig: allGpus,
    });
    await expect(failing).rejects.toThrow(words);
  });

  it('is passed over in silence by Podman', async () => {
    for (const asked of [allGpus, { Runtime: 'nvidia' }]) {
      const { exitCode, stdout } = await run('podman', 'python', lookForGpu, asked);
      expect({ exitCode, stdout }).toEqual({ exitCode: 127, stdout: '' });
    }
  });

  it('for AMD is one for devices by name', async () => {
    const devices = ['/dev/kfd', '/dev/dri'].map((name) => ({
      PathOnHost: name,
      PathInContainer: name,
      CgroupPermissions: 'rwm',
    }));
    const look = ['ls', '/dev/kfd', '/dev/dri/renderD128'];
    expect((await run('gpuDocker', 'python', look, { Devices: devices })).exitCode).toBe(0);
    await expect(run('docker', 'python', look, { Devices: devices })).rejects.toThrow(
      'error gathering device information while adding custom device "/dev/kfd"',
    );
  });
});
