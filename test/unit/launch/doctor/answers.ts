/**
 * Answers of places, for the rules. `wellMachine` is made by hand after what nvidia-smi, PyTorch and the probes say
 * on a machine with an H100, which no test here has; `smallContainer` is what a real container of Docker 20.10.24
 * answered, shortened.
 */
import type {
  Answers,
  ContainerAnswer,
  FrameworkAnswer,
  PlaceAnswer,
} from '../../../../src/launch/doctor/answers';
import type { TargetProbe } from '../../../../src/targets/containers/gpuProbe';

const folder = { writable: true, freeBytes: 400e9, error: null };

const probe: TargetProbe = {
  format: 'predictscope.targetprobe/1',
  unanswered: {},
  python: {
    version: '3.11.7',
    implementation: 'cpython',
    executable: '/opt/venv/bin/python',
    prefix: '/opt/venv',
    machine: 'x86_64',
    platform: 'linux',
    libc: 'glibc',
    libcVersion: '2.36',
    system: 'Debian GNU/Linux 12 (bookworm)',
  },
  user: { uid: 1000, gid: 1000, groups: [1000], capabilities: '0000000000000000' },
  folders: { cwd: { path: '/home/u', ...folder }, tmp: { path: '/tmp', ...folder } },
  nodes: [
    { path: '/dev/nvidia0', gid: 0, usable: true, error: null },
    { path: '/dev/nvidiactl', gid: 0, usable: true, error: null },
  ],
  machine: {
    processors: 32,
    governor: 'performance',
    clockSource: 'tsc',
    kernel: '6.1.0-18-amd64',
    memoryLimitBytes: null,
    sharedMemoryBytes: 126e9,
  },
  nvidia: {
    driverVersion: '550.54.15',
    countersForAdminOnly: false,
    tool: '/usr/bin/nvidia-smi',
    list: ['GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-0)'],
    devices: [],
    error: null,
  },
  rocm: { version: null, devices: [], tool: null, cards: null, error: null },
  libraries: {
    cuda: { library: 'libcuda.so.1', loaded: true, error: null },
    hip: { library: 'libamdhip64.so', loaded: false, error: 'not found' },
    cupti: [{ library: 'libcupti.so.12', loaded: true, error: null }],
  },
  packages: { torch: '2.6.0', numpy: '2.1.0' },
  variables: {},
};

const torch: FrameworkAnswer = {
  version: '2.6.0',
  cuda: '12.4',
  hip: null,
  gpu: true,
  cudnn: 90100,
  builtFor: ['sm_50', 'sm_60', 'sm_70', 'sm_75', 'sm_80', 'sm_86', 'sm_90'],
  devices: [{ name: 'NVIDIA H100 80GB HBM3', capability: '9.0', gfx: '' }],
  threads: 32,
  tracesGpu: true,
  seconds: 2.1,
  libraries: ['/opt/venv/lib/python3.11/site-packages/nvidia/cuda_cupti/lib/libcupti.so.12'],
};

const place: PlaceAnswer = {
  processor: {
    count: 32,
    allowed: 32,
    cgroupCpus: null,
    cgroupMemoryBytes: null,
    model: 'Intel(R) Xeon(R) Platinum 8480C',
    virtual: false,
    product: 'DGXH100',
    governors: ['performance'],
    driver: 'intel_pstate',
    turboOff: false,
    powerLimitMicrowatts: 350e6,
    powerMaximumMicrowatts: 350e6,
    load: 0.4,
  },
  clock: { source: 'tsc', available: ['tsc', 'hpet'], readNs: 38 },
  root: { point: '/', type: 'ext4', readOnly: false },
  cudaCache: {
    path: '/home/u/.nv/ComputeCache',
    exists: true,
    bytes: 1e6,
    writable: true,
    mount: { point: '/', type: 'ext4', readOnly: false },
  },
  environment: {},
  driverCuda: '12.4',
  gpus: [
    {
      index: '0',
      name: 'NVIDIA H100 80GB HBM3',
      compute_cap: '9.0',
      driver_version: '550.54.15',
      'memory.total': '81559',
      'memory.used': '0',
      'utilization.gpu': '0',
      'temperature.gpu': '31',
      'power.draw': '70.1',
      'power.limit': '700.00',
      'power.default_limit': '700.00',
      persistence_mode: 'Enabled',
      'mig.mode.current': 'Disabled',
      'clocks_event_reasons.active': '0x0000000000000001',
    },
  ],
  gpuProcesses: [],
  profilers: [],
};

/** All is well. Made by hand. */
export function wellMachine(): Answers & {
  place: PlaceAnswer;
  probe: TargetProbe;
  frameworks: { torch: FrameworkAnswer };
} {
  return structuredClone({
    target: 'local',
    python: { executable: '/opt/venv/bin/python', version: [3, 11, 7], platform: 'linux' },
    probe,
    place,
    frameworks: { torch },
    store: { directory: '/home/u/p/.predictscope/runs', freeBytes: 400e9, type: 'ext4' },
  });
}

const container: ContainerAnswer = {
  engine: 'docker',
  version: '20.10.24+dfsg1',
  apiVersion: '1.41',
  endpoint: 'unix:///var/run/docker.sock',
  operatingSystem: 'Debian GNU/Linux 12 (bookworm)',
  kernel: '6.1.0',
  rootless: false,
  runtimes: ['io.containerd.runc.v2', 'runc'],
  cdiDirectories: [],
  cdiDevices: [],
  name: 'cranky_chatelet',
  image: 'predictscope-test/app',
  thrownAway: true,
  runtime: 'runc',
  gpuRequests: [],
  deviceNodes: [],
  readOnlyRoot: false,
  shmBytes: 67108864,
  user: 'user',
  privileged: false,
  capAdd: [],
  init: true,
};

/** A container without a GPU, on a virtual machine of two processors, with PyTorch for the CPU. Recorded. */
export function smallContainer(): Answers & {
  place: PlaceAnswer;
  probe: TargetProbe;
  container: ContainerAnswer;
} {
  const well = wellMachine();
  return structuredClone({
    ...well,
    target: 'image:predictscope-test/app',
    python: { executable: '/usr/bin/python3', version: [3, 11, 2], platform: 'linux' },
    container,
    probe: {
      ...well.probe,
      nodes: [],
      nvidia: {
        driverVersion: null,
        countersForAdminOnly: null,
        tool: null,
        list: [],
        devices: [],
        error: null,
      },
      machine: { ...well.probe.machine!, processors: 2, governor: null, sharedMemoryBytes: 67108864 },
      packages: { torch: '2.13.0+cpu', numpy: '2.4.6' },
    },
    place: {
      ...well.place,
      processor: {
        count: 2,
        allowed: 2,
        cgroupCpus: null,
        cgroupMemoryBytes: null,
        model: 'Intel(R) Xeon(R) Processor',
        virtual: true,
        product: null,
        governors: [],
        driver: null,
        turboOff: null,
        powerLimitMicrowatts: null,
        powerMaximumMicrowatts: null,
        load: 0.9,
      },
      clock: { source: 'tsc', available: ['tsc', 'kvm-clock'], readNs: 44.5 },
      root: { point: '/', type: 'overlay', readOnly: false },
      cudaCache: {
        path: '/home/user/.nv/ComputeCache',
        exists: false,
        bytes: 0,
        writable: true,
        mount: { point: '/', type: 'overlay', readOnly: false },
      },
      driverCuda: { failed: 'nvidia-smi is not there' },
      gpus: { failed: 'nvidia-smi is not there' },
      gpuProcesses: { failed: 'nvidia-smi is not there' },
    },
    frameworks: {
      torch: {
        version: '2.13.0+cpu',
        cuda: null,
        hip: null,
        threads: 2,
        gpu: false,
        tracesGpu: false,
        seconds: 1.15,
        libraries: [],
      },
    },
    store: { directory: '/home/u/p/.predictscope/runs', freeBytes: 19.7e9, type: 'ext4', inContainer: null },
  });
}

/** The same container with the card of the well machine. */
export function gpuContainer(): ReturnType<typeof smallContainer> {
  const small = smallContainer();
  const well = wellMachine();
  return {
    ...small,
    container: { ...small.container, gpuRequests: ['--gpus=all'], runtimes: ['nvidia', 'runc'] },
    probe: {
      ...small.probe,
      nodes: well.probe.nodes!,
      nvidia: well.probe.nvidia!,
      libraries: well.probe.libraries!,
    },
    place: { ...small.place, gpus: well.place.gpus, driverCuda: '12.4', gpuProcesses: [] },
    frameworks: well.frameworks,
  };
}
