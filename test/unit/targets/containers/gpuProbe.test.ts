import { describe, expect, it } from 'vitest';
import {
  gpuLabel,
  parseProbe,
  verdict,
  type ProbedFramework,
  type ProbedNode,
  type TargetProbe,
} from '../../../../src/targets/containers/gpuProbe';
import { kernelOrigin } from '../../../../src/targets/containers/kernelOrigin';

const empty: TargetProbe = { format: 'predictscope.targetprobe/1', unanswered: {}, nodes: [], variables: {} };

function node(path: string, error: string | null = null): ProbedNode {
  return { path, gid: 109, usable: error === null, error };
}

function nvidia(some: Partial<NonNullable<TargetProbe['nvidia']>> = {}): NonNullable<TargetProbe['nvidia']> {
  return {
    driverVersion: '535.129.03',
    countersForAdminOnly: true,
    tool: '/usr/bin/nvidia-smi',
    list: ['GPU 0: NVIDIA H200 (UUID: GPU-5f)'],
    devices: [],
    error: null,
    ...some,
  };
}

const loads = { library: 'libcuda.so.1', loaded: true, error: null };
const lacks = {
  library: 'libcuda.so.1',
  loaded: false,
  error: 'libcuda.so.1: cannot open shared object file',
};
const h200: TargetProbe = {
  ...empty,
  nodes: [node('/dev/nvidia0'), node('/dev/nvidiactl')],
  nvidia: nvidia(),
  libraries: { cuda: loads, hip: lacks, cupti: [] },
};
const mi250: TargetProbe = {
  ...empty,
  nodes: [node('/dev/dri/renderD128'), node('/dev/kfd')],
  rocm: { version: '6.0.2', devices: [{ architecture: 'gfx90a' }], tool: null, cards: null, error: null },
  libraries: { cuda: lacks, hip: loads, cupti: [] },
};

function framework(some: Partial<ProbedFramework>): ProbedFramework {
  return {
    name: 'torch',
    version: '2.4.1',
    devices: [],
    error: null,
    cuda: '12.1',
    hip: null,
    cudnn: '90100',
    architectures: ['sm_80', 'sm_90'],
    gpuBuild: true,
    log: '',
    ...some,
  };
}

describe('a GPU that is there', () => {
  it('is seen by its nodes, and named by what knows its name', () => {
    expect(verdict(h200, { wish: 'auto' })).toEqual({ gpu: 'seen', label: 'NVIDIA H200' });
    expect(verdict(mi250, { wish: 'auto' })).toEqual({ gpu: 'seen', label: 'AMD gfx90a' });
    const bare = { ...h200, nvidia: nvidia({ tool: null, list: [] }) };
    expect(verdict(bare, { wish: 'auto' })).toEqual({ gpu: 'seen', label: 'GPU' });
    const named = framework({ devices: [{ type: 'GPU', name: 'NVIDIA H200' }] });
    expect(verdict({ ...bare, framework: named }, { wish: 'auto' }).label).toBe('NVIDIA H200');
  });

  it('is counted', () => {
    const list = ['GPU 0: A (UUID: GPU-1)', 'GPU 1: B', 'GPU 2: A (UUID: GPU-2)'];
    expect(gpuLabel({ ...h200, nvidia: nvidia({ list }) })).toBe('2 × A, B');
  });

  it('may be one whose framework cannot name devices', () => {
    const onnx = framework({
      name: 'onnxruntime',
      devices: [{ type: 'CPU', name: 'CPU' }],
      providers: ['CUDAExecutionProvider'],
    });
    expect(verdict({ ...h200, framework: onnx }, { wish: 'auto' }).gpu).toBe('seen');
  });
});

describe('a GPU that is not there', () => {
  it('is no problem where none was wanted or none exists', () => {
    expect(verdict({ ...empty, nvidia: nvidia() }, { wish: 'none', kind: 'none' })).toEqual({
      gpu: 'absent',
      label: 'CPU',
    });
    expect(verdict(empty, { wish: 'auto', kind: 'none' })).toEqual({ gpu: 'absent', label: 'CPU' });
  });

  it.each([
    ['device-request', 'podman', '4.3.1', 'nvidia-ctk cdi generate'],
    ['nvidia-runtime', 'podman', '5.4.2', 'nvidia-ctk cdi generate'],
    ['cdi', 'podman', '4.3.1', 'from Podman 5 on'],
    ['device-request', 'docker', '28.5.2', 'nvidia-ctk runtime configure'],
  ] as const)('was asked for by %s of %s %s, and passed over', (kind, server, version, part) => {
    const found = verdict(empty, { wish: 'auto', kind, server, version });
    expect(found).toMatchObject({ gpu: 'absent', label: 'CPU' });
    expect(found.message).toBe(
      `${server === 'podman' ? 'Podman' : 'Docker'} ${version} started the container, but passed over the request for a GPU.`,
    );
    expect(found.fix).toContain(part);
  });

  it('is missing since the image says so', () => {
    const probe = { ...empty, variables: { NVIDIA_VISIBLE_DEVICES: 'void' } };
    expect(verdict(probe, { wish: 'auto', kind: 'nvidia-runtime', server: 'docker' })).toMatchObject({
      message: 'The container has no GPU: its environment says NVIDIA_VISIBLE_DEVICES=void.',
      fix: 'Start it with -e NVIDIA_VISIBLE_DEVICES=all, or take the variable out of the Dockerfile.',
    });
  });

  it('shows through in a container that was started without it', () => {
    expect(verdict({ ...empty, nvidia: nvidia({ list: [] }) }, { wish: 'auto', server: 'docker' })).toEqual({
      gpu: 'absent',
      label: 'CPU',
      message: 'The machine has an NVIDIA GPU (driver 535.129.03), but the container was started without it.',
      fix: 'A container gets its devices when it is made: make it anew with --gpus all (in devcontainer.json: "runArgs": ["--gpus", "all"]).',
    });
    expect(verdict({ ...mi250, nodes: [] }, { wish: 'auto' }).fix).toContain(
      '"runArgs": ["--device", "/dev/kfd", "--device", "/dev/dri"]',
    );
    expect(verdict({ ...empty, nvidia: nvidia() }, { wish: 'auto', server: 'podman' }).fix).toContain(
      '--device nvidia.com/gpu=all',
    );
  });

  it('is said to be missing where it is required', () => {
    expect(verdict(empty, { wish: 'required' }).message).toBe('The container has no GPU.');
  });
});

describe('a GPU that cannot be used', () => {
  it.each<[string, TargetProbe, string, string]>([
    [
      'is hidden',
      { ...h200, variables: { CUDA_VISIBLE_DEVICES: '-1' } },
      'which CUDA_VISIBLE_DEVICES=-1 hides',
      'Take CUDA_VISIBLE_DEVICES out',
    ],
    [
      'belongs to another group',
      { ...mi250, nodes: [node('/dev/kfd', 'Permission denied')] },
      'may not open /dev/kfd (it belongs to group 109)',
      '--group-add 109',
    ],
    [
      'is shut off by its control group',
      { ...h200, nodes: [node('/dev/nvidia0', 'Operation not permitted')] },
      'control group',
      'Make the container anew',
    ],
    [
      'does not answer',
      { ...h200, nodes: [node('/dev/nvidia0', 'no answer')] },
      '/dev/nvidia0 cannot be opened: no answer.',
      'nvidia-smi',
    ],
    [
      'was lost',
      { ...h200, nvidia: nvidia({ list: [], error: 'Failed to initialize NVML: Unknown Error' }) },
      'has lost its GPU',
      'anew',
    ],
    [
      'has a tool that complains',
      { ...h200, nvidia: nvidia({ list: [], error: 'No devices were found' }) },
      'nvidia-smi says: No devices were found.',
      'nvidia-smi',
    ],
    [
      'came without the driver’s libraries',
      { ...h200, libraries: { cuda: lacks, hip: lacks, cupti: [] } },
      'but not the driver’s library',
      '--gpus all',
    ],
    [
      'was given for pictures only',
      {
        ...h200,
        libraries: { cuda: lacks, hip: lacks, cupti: [] },
        variables: { NVIDIA_DRIVER_CAPABILITIES: 'utility,video' },
      },
      'NVIDIA_DRIVER_CAPABILITIES=utility,video leaves it out',
      'compute,utility',
    ],
    [
      'meets a build for CPUs',
      { ...h200, framework: framework({ gpuBuild: false, cuda: null }) },
      'this build of torch (2.4.1) is for CPUs only',
      'pytorch.org',
    ],
    [
      'meets a framework that does not load',
      { ...h200, framework: framework({ version: null, error: "No module named 'torch'" }) },
      "torch could not be loaded to ask it for its devices: No module named 'torch'.",
      'import torch',
    ],
    [
      'lacks a library of the framework',
      {
        ...h200,
        framework: framework({
          name: 'tensorflow',
          version: '2.15.0',
          cuda: '12.2',
          cudnn: '8',
          log: "W tsl: Could not load dynamic library 'libcudnn.so.8'; dlerror: libcudnn.so.8: cannot open",
        }),
      },
      'tensorflow did not find libcudnn.so.8.',
      '(CUDA 12.2 and cuDNN 8)',
    ],
    [
      'has too old a driver',
      {
        ...h200,
        framework: framework({ error: 'CUDA driver version is insufficient for CUDA runtime version' }),
      },
      'driver is older than the CUDA',
      'Update the driver',
    ],
    [
      'is not seen, for a reason that nobody knows',
      { ...h200, framework: framework({ error: 'Something\nelse.' }) },
      'torch 2.4.1 sees none: Something else.',
      'CUDA 12.1',
    ],
    [
      'of AMD is not seen',
      { ...mi250, framework: framework({ hip: '6.0', cuda: null }) },
      'torch 2.4.1 sees none.',
      'seccomp=unconfined',
    ],
  ])('%s', (_, probe, message, fix) => {
    const found = verdict(probe, { wish: 'auto', kind: 'device-request', server: 'docker' });
    expect(found).toMatchObject({ gpu: 'present-not-usable', label: 'CPU' });
    expect(found.message).toContain(message);
    expect(found.fix).toContain(fix);
  });
});

describe('what the probe printed', () => {
  it('is its last line, whatever an image prints before', () => {
    expect(parseProbe(`== CUDA ==\n{"x": 1}\n${JSON.stringify(empty)}\n`)).toEqual(empty);
  });

  it.each([
    ['', 'python3: not found', 'Python did not answer there: python3: not found.'],
    ['', '', 'Python did not answer there.'],
    ['{"format": "other/1"}', '', 'Python did not answer there: {"format": "other/1"}.'],
    ['null', '', 'Python did not answer there: null.'],
  ])('%s %s may be something else', (stdout, stderr, message) => {
    expect(() => parseProbe(stdout, stderr)).toThrow(message);
  });
});

describe('kernels', () => {
  it.each([
    [['sm_80', 'sm_90'], '9.0', 'native'],
    [['sm_80', 'sm_86'], '8.9', 'native'],
    [['sm_60', 'sm_70', 'compute_80'], '9.0', 'compiled-at-first-use'],
    [['sm_35', 'sm_50', 'sm_60', 'sm_70', 'sm_75', 'compute_80'], '7.5', 'native'],
    [['sm_50', 'sm_60', 'sm_70', 'sm_75', 'sm_80', 'sm_86', 'sm_90'], '12.0', 'unsupported'],
    [['sm_100', 'compute_120'], '12.0', 'compiled-at-first-use'],
    [['sm_90a'], '9.0', 'native'],
    [['sm_90a', 'compute_90a'], '10.0', 'unsupported'],
    [['3.5', '7.0'], '7.0', 'native'],
    [['gfx900', 'gfx90a'], 'gfx90a:sramecc+:xnack-', 'native'],
    [['gfx900', 'gfx90a'], 'gfx1100', 'unsupported'],
    [[], '9.0', undefined],
    [['sm_80'], '', undefined],
  ] as const)('for %j on %s are %s', (architectures, device, origin) => {
    expect(kernelOrigin(architectures, device)).toBe(origin);
  });
});
