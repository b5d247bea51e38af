import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseProbe, type TargetProbe } from '../../../../src/targets/containers/gpuProbe';

const script = path.resolve('media/python/predictscope/targetprobe.py');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'predictscope-probe-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Runs the probe with tools of our own before the system's. */
async function probe(words: string[] = [], environment: Record<string, string> = {}): Promise<TargetProbe> {
  const { stdout, stderr } = await promisify(execFile)('python3', [script, ...words], {
    env: { ...process.env, PATH: `${folder}:${process.env.PATH ?? ''}`, ...environment },
    cwd: folder,
    timeout: 30_000,
  });
  expect(stderr).toBe('');
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  return parseProbe(stdout);
}

async function tool(name: string, text: string): Promise<void> {
  await writeFile(path.join(folder, name), `#!/bin/sh\n${text}\n`);
  await chmod(path.join(folder, name), 0o755);
}

describe.skipIf(process.platform !== 'linux')('the probe', () => {
  it('tells where it runs', async () => {
    const told = await probe([], { CUDA_VISIBLE_DEVICES: '0', SECRET_TOKEN: 'x' });
    expect(told.unanswered).toEqual({});
    expect(told.python?.version).toMatch(/^3\.\d+\.\d+$/);
    expect(told.folders?.cwd).toMatchObject({ path: folder, writable: true, error: null });
    expect(told.user?.uid).toBe(process.getuid?.());
    expect(told.variables).toEqual(expect.objectContaining({ CUDA_VISIBLE_DEVICES: '0' }));
    expect(told.variables).not.toHaveProperty('SECRET_TOKEN');
    expect(told).not.toHaveProperty('framework');
  });

  it('asks nvidia-smi only for fields that the driver knows', async () => {
    await tool(
      'nvidia-smi',
      `case "$*" in
        -L) echo "GPU 0: NVIDIA T4 (UUID: GPU-1)";;
        *compute_cap*) echo 'Field "compute_cap" is not a valid field to query.'; exit 2;;
        *) echo "NVIDIA T4, 450.51, 15109, [N/A], 0x0000000000000001";;
      esac`,
    );
    expect((await probe()).nvidia).toMatchObject({
      tool: path.join(folder, 'nvidia-smi'),
      list: ['GPU 0: NVIDIA T4 (UUID: GPU-1)'],
      devices: [
        {
          name: 'NVIDIA T4',
          driverVersion: '450.51',
          computeCapability: null,
          memoryBytes: 15109 * 2 ** 20,
          powerLimitW: null,
          throttleReasons: '0x0000000000000001',
        },
      ],
      error: null,
    });
  });

  it('keeps what nvidia-smi says when it fails', async () => {
    await tool('nvidia-smi', 'echo "Failed to initialize NVML: Unknown Error"; exit 255');
    expect((await probe()).nvidia).toMatchObject({
      list: [],
      devices: [],
      error: 'Failed to initialize NVML: Unknown Error',
    });
  });

  it('does not wait for a tool that hangs, nor for what that one started', async () => {
    await tool('nvidia-smi', 'sleep 300 & sleep 300');
    const told = await probe(['--limit', '1']);
    expect(told.nvidia).toMatchObject({ list: [], error: 'no answer within 1 s' });
    expect(told.python).toBeDefined();
  });

  it('loads a framework only when it is asked for, and by itself', async () => {
    await writeFile(
      path.join(folder, 'onnxruntime.py'),
      `print("noise")
__version__ = "1.20.0"
cuda_version = "12.4"
def get_available_providers():
    return ["CUDAExecutionProvider", "CPUExecutionProvider"]
`,
    );
    expect((await probe(['--framework', 'onnxruntime'])).framework).toEqual({
      name: 'onnxruntime',
      version: '1.20.0',
      devices: [{ type: 'CPU', name: 'CPU' }],
      error: null,
      cuda: '12.4',
      hip: null,
      cudnn: null,
      architectures: [],
      providers: ['CUDAExecutionProvider', 'CPUExecutionProvider'],
      gpuBuild: true,
      log: 'noise\n',
    });
    expect((await probe(['--framework', 'os'])).framework).toBeUndefined();
  });

  it('tells how a framework failed', async () => {
    await writeFile(path.join(folder, 'torch.py'), 'raise ImportError("libcudart.so.12: cannot open")\n');
    expect((await probe(['--framework', 'torch'])).framework).toMatchObject({
      name: 'torch',
      version: null,
      error: 'ImportError: libcudart.so.12: cannot open',
    });
    await writeFile(path.join(folder, 'torch.py'), 'import os; os.abort()\n');
    expect((await probe(['--framework', 'torch'])).framework).toMatchObject({ version: null });
  });
});
