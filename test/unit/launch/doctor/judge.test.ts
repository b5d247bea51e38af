import { describe, expect, it } from 'vitest';
import type { Answers } from '../../../../src/launch/doctor/answers';
import type { Finding } from '../../../../src/launch/doctor/finding';
import { judge } from '../../../../src/launch/doctor/judge';
import { gpuContainer, smallContainer, wellMachine } from './answers';

function one(answers: Answers, id: string): Finding {
  const found = judge(answers).filter((finding) => finding.id === id);
  expect(found, id).toHaveLength(1);
  return found[0]!;
}

const severities = (answers: Answers): Record<string, string> =>
  Object.fromEntries(
    judge(answers)
      .filter(({ severity, unknown }) => severity !== 'ok' || unknown)
      .map(({ id, severity, unknown }) => [id, unknown ? 'unknown' : severity]),
  );

describe('a machine on which all is well', () => {
  it('has nothing but what is all right', () => {
    expect(severities(wellMachine())).toEqual({});
  });

  it('is told with what was measured', () => {
    const answers = wellMachine();
    expect(one(answers, 'gpu-0').title).toBe('GPU 0: NVIDIA H100 80GB HBM3');
    expect(one(answers, 'gpu-0').detail).toBe('compute capability 9.0, 80 GiB.');
    expect(one(answers, 'driver')).toMatchObject({ title: 'NVIDIA driver 550.54.15', detail: 'It runs programs of CUDA 12.4 and older.' }); // prettier-ignore
    expect(one(answers, 'torch-gpu').detail).toBe('NVIDIA H100 80GB HBM3; built for CUDA 12.4.');
    expect(one(answers, 'torch-cudnn').title).toBe('cuDNN 9.1.0 for PyTorch');
    expect(one(answers, 'torch-kernels').title).toBe('PyTorch 2.6.0 was built for this card');
    expect(one(answers, 'cupti').detail).toContain('libcupti.so.12');
    expect(one(answers, 'clock')).toMatchObject({ title: 'The clock is read from tsc', detail: 'One reading takes 38 ns.' }); // prettier-ignore
  });

  it('has ids that are each used once, and every sentence ends', () => {
    for (const answers of [wellMachine(), smallContainer(), gpuContainer()]) {
      const findings = judge(answers);
      expect(new Set(findings.map(({ id }) => id)).size).toBe(findings.length);
      for (const { title, severity, detail, fix } of findings) {
        expect(title).not.toMatch(/undefined|NaN|\bnull\b/);
        expect(detail).not.toMatch(/undefined|NaN|\bnull\b/);
        if (severity === 'problem' || severity === 'warning') expect(fix, title).toBeDefined();
      }
    }
  });
});

describe('a container without a GPU', () => {
  it('has nothing worse than its small shared memory', () => {
    expect(severities(smallContainer())).toEqual({
      shm: 'warning',
      gpu: 'note',
      'engine-gpu': 'note',
      virtual: 'note',
      governor: 'unknown',
    });
  });

  it('is told how to get the GPU, by an option and by a line of devcontainer.json', () => {
    expect(one(smallContainer(), 'gpu').fix).toMatchObject({
      command: '--gpus=all',
      devcontainer: {
        path: ['hostRequirements', 'gpu'],
        value: true,
        snippet: '"hostRequirements": { "gpu": true }',
      },
    });
  });

  it('says that 64 MiB of shared memory are few for DataLoader workers', () => {
    const { title, detail, fix } = one(smallContainer(), 'shm');
    expect(title).toBe('Shared memory is small: 64 MiB');
    expect(detail).toContain('the engine’s default');
    expect(fix).toMatchObject({ command: '--shm-size=8g', devcontainer: { path: ['runArgs'], value: ['--shm-size=8g'], snippet: '"runArgs": ["--shm-size=8g"]' } }); // prettier-ignore
    const without = { ...smallContainer(), frameworks: {} };
    expect(one(without, 'shm').severity).toBe('note');
  });
});

describe('an engine that ignored the request for a GPU', () => {
  it('is told as a problem, whatever was asked', () => {
    const answers = smallContainer();
    answers.container.gpuRequests = ['--gpus=all'];
    const { severity, title, detail, fix } = one(answers, 'gpu');
    expect(severity).toBe('problem');
    expect(title).toBe('The GPU that was asked for is not in the container');
    expect(detail).toContain('--gpus=all, and Docker 20.10.24+dfsg1 reported success');
    expect(fix?.command).toBe('docker run --rm --gpus all --entrypoint nvidia-smi predictscope-test/app');
  });

  it('of Podman is told to take CDI, which it hands over', () => {
    const answers = smallContainer();
    Object.assign(answers.container, { engine: 'podman', version: '4.3.1', runtime: 'nvidia' });
    const { detail, fix } = one(answers, 'gpu');
    expect(detail).toContain('--runtime=nvidia, and Podman 4.3.1 reported success');
    expect(fix).toMatchObject({
      command: 'sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml',
      devcontainer: { value: ['--device=nvidia.com/gpu=all'] },
    });
  });
});

describe('kernels that the driver compiles', () => {
  function blackwell(): ReturnType<typeof gpuContainer> {
    const answers = gpuContainer();
    const { torch } = wellMachine().frameworks;
    answers.frameworks = {
      torch: {
        ...torch,
        builtFor: ['sm_80', 'sm_90', 'compute_90'],
        devices: [{ name: 'NVIDIA B200', capability: '10.0', gfx: '' }],
      },
    };
    return answers;
  }

  it('are a warning, and their loss with the container another', () => {
    expect(one(blackwell(), 'torch-kernels')).toMatchObject({
      severity: 'warning',
      title: 'PyTorch 2.6.0 was not built for this card: the driver compiles its kernels at first use',
    });
    expect(one(blackwell(), 'cuda-cache')).toMatchObject({
      severity: 'warning',
      title: 'Compiled kernels are thrown away with the container',
      fix: {
        devcontainer: {
          path: ['containerEnv', 'CUDA_CACHE_PATH'],
          value: '${containerWorkspaceFolder}/.predictscope/cuda-cache',
        },
      },
    });
  });

  it('are kept on a mount', () => {
    const answers = blackwell();
    Object.assign(answers.place.cudaCache, { mount: { point: '/home/user', type: 'ext4', readOnly: false } });
    expect(one(answers, 'cuda-cache').severity).toBe('ok');
    answers.place.environment = { CUDA_CACHE_DISABLE: '1' };
    expect(one(answers, 'cuda-cache')).toMatchObject({ severity: 'warning', fix: { command: 'unset CUDA_CACHE_DISABLE' } }); // prettier-ignore
  });

  it('do not exist where the build has neither code nor PTX for the card', () => {
    const answers = blackwell();
    Object.assign(answers.frameworks.torch!, { builtFor: ['sm_80', 'sm_90'] });
    expect(one(answers, 'torch-kernels')).toMatchObject({ severity: 'problem', title: 'PyTorch 2.6.0 has no code for this card' }); // prettier-ignore
  });

  it('are not known where the build does not say for which cards it is', () => {
    const answers = blackwell();
    Object.assign(answers.frameworks.torch!, { builtFor: null });
    expect(one(answers, 'torch-kernels').unknown).toBe(true);
  });
});

describe('a framework for the CPU on a machine with a GPU', () => {
  it('is a problem with the line that installs the other build', () => {
    const answers = wellMachine();
    answers.frameworks.torch = { ...answers.frameworks.torch, version: '2.6.0+cpu', cuda: null, gpu: false };
    expect(one(answers, 'torch-gpu')).toMatchObject({
      severity: 'problem',
      title: 'PyTorch 2.6.0+cpu is a build for the CPU only, and this machine has a GPU',
      fix: {
        command:
          '/opt/venv/bin/python -m pip install --force-reinstall --index-url https://pypi.org/simple torch==2.6.0',
      },
    });
    expect(judge(answers).some(({ id }) => id === 'torch-kernels')).toBe(false);
  });

  it('differs from one that was built for a newer CUDA than the driver runs', () => {
    const answers = wellMachine();
    answers.frameworks.torch = { ...answers.frameworks.torch, cuda: '13.0', gpu: false, gpuError: 'The NVIDIA driver on your system is too old' }; // prettier-ignore
    const { detail, fix } = one(answers, 'torch-gpu');
    expect(detail).toBe(
      'It is built for CUDA 13.0, and the driver runs programs of CUDA 12.4 and older only.',
    );
    expect(fix?.text).toContain('Update the driver');
  });

  it('that cannot be imported says why', () => {
    const answers: Answers = {
      ...wellMachine(),
      frameworks: { tensorflow: { failed: 'ImportError: numpy.core' } },
    };
    expect(one(answers, 'tensorflow-import')).toMatchObject({
      severity: 'problem',
      detail: 'ImportError: numpy.core.',
      fix: { command: "/opt/venv/bin/python -c 'import tensorflow'" },
    });
    answers.frameworks = { tensorflow: { failed: 'It did not answer in time' } };
    expect(one(answers, 'tensorflow-import').unknown).toBe(true);
  });
});

describe('counters for administrators only', () => {
  it('are a note: tracing works without them', () => {
    const answers = wellMachine();
    answers.probe.nvidia!.countersForAdminOnly = true;
    const { severity, title } = one(answers, 'gpu-counters');
    expect({ severity, title }).toEqual({
      severity: 'note',
      title: 'GPU counters are for administrators only; tracing works without them',
    });
  });

  it('may be read by who has SYS_ADMIN, or PERFMON with a driver from 565 on', () => {
    const answers = wellMachine();
    answers.probe.nvidia!.countersForAdminOnly = true;
    answers.probe.user!.capabilities = (1n << 21n).toString(16);
    expect(one(answers, 'gpu-counters').severity).toBe('ok');
    answers.probe.user!.capabilities = (1n << 38n).toString(16);
    expect(one(answers, 'gpu-counters').severity).toBe('note');
    answers.probe.nvidia!.driverVersion = '570.86.10';
    expect(one(answers, 'gpu-counters').severity).toBe('ok');
  });

  it('are not known where the driver’s parameters cannot be read', () => {
    const answers = wellMachine();
    answers.probe.nvidia!.countersForAdminOnly = null;
    expect(one(answers, 'gpu-counters')).toMatchObject({ unknown: true, severity: 'note' });
  });
});

describe('what holds the card back', () => {
  const card = (change: Record<string, string>): Answers => {
    const answers = wellMachine();
    answers.place.gpus = (answers.place.gpus as Record<string, string>[]).map((each) => ({
      ...each,
      ...change,
    }));
    return answers;
  };

  it('is named: power limit, throttling, heat, persistence, MIG', () => {
    expect(one(card({ 'power.limit': '400.00' }), 'gpu-0-power')).toMatchObject({
      severity: 'warning',
      title: 'GPU 0 is held to 400 of 700 W',
      fix: { command: 'sudo nvidia-smi -i 0 -pl 700' },
    });
    expect(one(card({ 'clocks_event_reasons.active': '0x0000000000000024' }), 'gpu-0-clocks').title).toBe(
      'GPU 0 is slowed down by its power limit and its temperature (by the driver)',
    );
    expect(one(card({ 'temperature.gpu': '88' }), 'gpu-0-clocks').severity).toBe('warning');
    expect(one(card({ persistence_mode: 'Disabled' }), 'gpu-0-persistence').fix?.command).toBe('sudo nvidia-smi -i 0 -pm 1'); // prettier-ignore
    expect(one(card({ 'mig.mode.current': 'Enabled' }), 'gpu-0-mig').severity).toBe('note');
  });

  it('may be another program, seen or not', () => {
    const busy = card({ 'utilization.gpu': '97', 'memory.used': '40000' }) as ReturnType<typeof wellMachine>;
    expect(one(busy, 'gpu-processes').title).toBe('The GPU is busy, and by whom is not seen from here');
    busy.place.gpuProcesses = [{ pid: 4711, name: 'python', memoryMib: 39000 }];
    expect(one(busy, 'gpu-processes')).toMatchObject({
      severity: 'warning',
      title: 'Another program is on the GPU',
    });
    busy.place.gpuProcesses = { failed: 'nvidia-smi did not answer within 10 s' };
    expect(one(busy, 'gpu-processes').unknown).toBe(true);
  });

  it('may be another profiler', () => {
    const answers = wellMachine();
    answers.place.profilers = [{ pid: 7, name: 'DCGM' }];
    expect(one(answers, 'profilers').severity).toBe('note');
    answers.place.profilers = [{ pid: 9, name: 'Nsight Systems' }];
    expect(one(answers, 'profilers').severity).toBe('warning');
    answers.place.environment = { CUDA_INJECTION64_PATH: '/opt/nsys/libToolsInjection64.so', CUDA_LAUNCH_BLOCKING: '1' }; // prettier-ignore
    expect(one(answers, 'profiler-injected').fix?.command).toBe('unset CUDA_INJECTION64_PATH');
    expect(one(answers, 'launch-blocking').severity).toBe('warning');
  });
});

describe('processors and clock', () => {
  it('tells a container of one processor, and the threads that a framework makes on it', () => {
    const answers = smallContainer();
    Object.assign(answers.place.processor, { count: 32, allowed: 32, cgroupCpus: 1 });
    Object.assign(answers.frameworks.torch!, { threads: 32 });
    expect(one(answers, 'cpu')).toMatchObject({
      severity: 'warning',
      title: 'Limited to 1 of 32 processors',
    });
    expect(one(answers, 'threads')).toMatchObject({
      severity: 'warning',
      detail: 'PyTorch makes 32 threads; OMP_NUM_THREADS is not set.',
      fix: { command: '--env=OMP_NUM_THREADS=1', devcontainer: { path: ['containerEnv', 'OMP_NUM_THREADS'], value: '1' } }, // prettier-ignore
    });
    answers.place.environment = { OMP_NUM_THREADS: '16' };
    expect(one(answers, 'threads').title).toBe('OMP_NUM_THREADS is 16, for 1 processor');
    answers.place.environment = { OMP_NUM_THREADS: '1' };
    expect(one(answers, 'threads').severity).toBe('ok');
  });

  it('tells a slow clock, and how to get the fast one', () => {
    const answers = wellMachine();
    answers.place.clock = { source: 'hpet', available: ['tsc', 'hpet'], readNs: 1400 };
    expect(one(answers, 'clock')).toMatchObject({
      severity: 'warning',
      title: 'The clock is slow: it is read from hpet',
    });
    expect(one(answers, 'clock').fix?.command).toContain('echo tsc');
  });

  it('tells the governor and a busy machine', () => {
    const answers = wellMachine();
    Object.assign(answers.place.processor, { governors: ['powersave'], load: 31 });
    expect(one(answers, 'governor').fix?.command).toBe('sudo cpupower frequency-set -g performance');
    expect(one(answers, 'load').severity).toBe('warning');
  });
});

describe('places that can hardly be asked', () => {
  it('an old Python is told, and nothing else is claimed', () => {
    for (const version of [
      [2, 7, 18],
      [3, 6, 15],
    ] as [number, number, number][]) {
      const { python, store } = wellMachine();
      const answers: Answers = { target: 'local', store, frameworks: {}, python: { ...python, version } };
      const findings = judge(answers);
      expect(findings[0]).toMatchObject({ id: 'python', severity: 'problem' });
      expect(findings.filter(({ severity }) => severity === 'ok').map(({ id }) => id)).toEqual(['log-directory', 'log-space', 'store']); // prettier-ignore
    }
  });

  it('probes that failed make everything not known, with the reason', () => {
    const why = { failed: 'Permission denied' };
    const answers: Answers = { ...wellMachine(), probe: why, place: why, frameworks: {}, container: why };
    const findings = judge(answers).filter(({ id }) => !/^(python|log-|store)/.test(id));
    expect(findings.length).toBeGreaterThan(8);
    for (const finding of findings)
      expect(finding).toMatchObject({ unknown: true, detail: 'Permission denied.' });
  });

  it('a section that failed is not known, and its neighbours are', () => {
    const answers = wellMachine();
    delete answers.probe.libraries;
    answers.probe.unanswered = { libraries: 'no answer' };
    answers.frameworks.torch.libraries = [];
    expect(one(answers, 'cupti')).toMatchObject({ unknown: true, detail: 'no answer.' });
    expect(one(answers, 'driver').severity).toBe('ok');
  });
});

describe('folders', () => {
  it('the log directory: refused, full, on a network', () => {
    const answers = wellMachine();
    answers.store = { directory: '/x', refused: "EACCES: permission denied, access '/x'" };
    expect(one(answers, 'log-directory').severity).toBe('problem');
    answers.store = { directory: '/x', freeBytes: 5e7, type: 'nfs4' };
    expect(one(answers, 'log-space')).toMatchObject({ severity: 'problem', fix: { command: 'du -sh /x' } });
    expect(one(answers, 'store')).toMatchObject({ severity: 'note', title: 'The log directory is on a shared file system (nfs4)' }); // prettier-ignore
    answers.store = { directory: '/x' };
    expect(one(answers, 'log-space').unknown).toBe(true);
    expect(one(answers, 'store').unknown).toBe(true);
  });

  it('a read-only root, and a device that the user may not open', () => {
    const answers = gpuContainer();
    answers.place.root = { point: '/', type: 'overlay', readOnly: true };
    answers.probe.nodes = [{ path: '/dev/nvidia0', gid: 44, usable: false, error: 'Permission denied' }];
    expect(one(answers, 'root').severity).toBe('note');
    answers.probe.folders!.tmp = {
      path: '/tmp',
      writable: false,
      freeBytes: 0,
      error: 'Read-only file system',
    };
    expect(one(answers, 'temporary').fix?.devcontainer?.snippet).toBe('"runArgs": ["--tmpfs=/tmp"]');
    expect(one(answers, 'gpu-permission')).toMatchObject({
      severity: 'problem',
      detail: '/dev/nvidia0 cannot be opened by user 1000 (Permission denied); they belong to group 44.',
      fix: { command: '--group-add=44', devcontainer: { value: ['--group-add=44'] } },
    });
  });
});
