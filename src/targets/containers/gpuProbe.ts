import { UserError, type Problem } from '../../common/problem';
import type { Bytes } from '../../common/units';
import type { GpuAttempt, GpuWish } from './gpuPlan';
import { explainRefusal } from './refusals';

/**
 * What `media/python/predictscope/targetprobe.py` tells of the place that it ran in. A section that
 * failed or did not answer is absent, and named under `unanswered`.
 */
export interface TargetProbe {
  format: string;
  unanswered: Record<string, string>;
  python?: {
    version: string;
    implementation: string;
    executable: string;
    prefix: string;
    machine: string | null;
    platform: string;
    libc: 'glibc' | 'musl' | null;
    libcVersion: string | null;
    /** `Debian GNU/Linux 12 (bookworm)`. */
    system: string | null;
  };
  user?: { uid: number | null; gid: number | null; groups: number[]; capabilities: string | null };
  folders?: { cwd: ProbedFolder; tmp: ProbedFolder };
  nodes?: ProbedNode[];
  machine?: {
    processors: number | null;
    governor: string | null;
    clockSource: string | null;
    kernel: string | null;
    memoryLimitBytes: Bytes | null;
    sharedMemoryBytes: Bytes | null;
  };
  nvidia?: {
    /** The kernel module's; it shows in a container also where no device does. */
    driverVersion: string | null;
    countersForAdminOnly: boolean | null;
    /** nvidia-smi's path. */
    tool: string | null;
    list: string[];
    devices: ProbedCard[];
    error: string | null;
  };
  rocm?: {
    version: string | null;
    devices: { architecture: string }[];
    tool: string | null;
    /** rocm-smi's own object, whose names differ by version. */
    cards: Record<string, unknown> | null;
    error: string | null;
  };
  libraries?: { cuda: ProbedLibrary; hip: ProbedLibrary; cupti: ProbedLibrary[] };
  cuda?: {
    toolkitVersion: string | null;
    cudnnVersion: string | null;
    cachePath: string;
    cacheOff: boolean;
    cacheWritable: boolean;
    /** Whether it lies on a mount, and so outlives the container. */
    cacheOnMount: boolean;
  };
  /** Installed packages that matter here → version. */
  packages?: Record<string, string>;
  variables?: Record<string, string>;
  framework?: ProbedFramework;
}

export interface ProbedFolder {
  path: string;
  writable: boolean;
  freeBytes: Bytes | null;
  error: string | null;
}

export interface ProbedNode {
  path: string;
  gid: number;
  usable: boolean;
  error: string | null;
}

export interface ProbedLibrary {
  library: string;
  loaded: boolean;
  error: string | null;
}

export interface ProbedCard {
  name: string | null;
  driverVersion: string | null;
  computeCapability: string | null;
  memoryBytes: Bytes | null;
  powerLimitW: number | null;
  throttleReasons: string | null;
}

export interface ProbedFramework {
  name: string;
  version: string | null;
  devices: {
    type: string;
    name: string;
    computeCapability?: string | null;
    architecture?: string | null;
  }[];
  error: string | null;
  cuda: string | null;
  hip: string | null;
  cudnn: string | null;
  /** What its kernels were compiled for: `sm_80`, `compute_90`, `gfx90a`. */
  architectures: string[];
  /** null where it cannot tell. */
  gpuBuild: boolean | null;
  providers?: string[];
  /** The end of what it printed on standard error. */
  log: string;
}

/** Throws UserError when the text is not the probe's: its Python did not start, or is older than 3.7. */
export function parseProbe(stdout: string, stderr = ''): TargetProbe {
  const line = stdout.split('\n').findLast((text) => text.startsWith('{'));
  try {
    const probe = JSON.parse(line ?? '') as TargetProbe;
    if (probe.format.startsWith('predictscope.targetprobe/')) return probe;
  } catch {
    // Said below.
  }
  const last = (stderr.trim() || stdout.trim()).split('\n').at(-1);
  throw new UserError(`Python did not answer there${last ? `: ${last.slice(0, 300)}` : ''}.`, {
    fix: 'It must be Python 3.7 or newer; choose another with the setting predictscope.interpreter.',
  });
}

/** What was asked of the place that the probe looked at. */
export interface Wanted {
  wish: GpuWish;
  /** How the container was asked for a GPU; absent for one that was there before. */
  kind?: GpuAttempt['kind'];
  server?: 'docker' | 'podman';
  /** The engine's own version. */
  version?: string;
}

export interface Verdict {
  gpu: 'seen' | 'absent' | 'present-not-usable';
  message?: string;
  fix?: string;
  /** `NVIDIA H200`, `2 × NVIDIA A100-SXM4-80GB`, `AMD gfx90a`, `CPU`. */
  label: string;
}

/**
 * Whether the program will have a GPU, and where it will not although there is one or one was asked for,
 * why. A container that started proves nothing: Podman passes over requests that it does not know, and
 * NVIDIA's hook gives no device when the image says so.
 */
export function verdict(probe: TargetProbe, wanted: Wanted): Verdict {
  const nodes = gpuNodes(probe);
  if (nodes.length === 0) {
    // A GPU without nodes that are known here: the framework knows better.
    if (frameworkDevices(probe).length > 0) return { gpu: 'seen', label: gpuLabel(probe) };
    return { gpu: 'absent', label: 'CPU', ...missing(probe, wanted) };
  }
  const problem = hidden(probe) ?? denied(nodes) ?? notLoaded(probe, nodes) ?? notSeen(probe);
  if (!problem) return { gpu: 'seen', label: gpuLabel(probe) };
  return { gpu: 'present-not-usable', label: 'CPU', ...problem };
}

/** Nodes that stand for a card; render nodes alone may be any display's. */
function gpuNodes({ nodes = [] }: TargetProbe): ProbedNode[] {
  return nodes.filter(({ path }) => /^\/dev\/(nvidia\d+|kfd|dxg)$/.test(path));
}

function frameworkDevices({ framework }: TargetProbe): ProbedFramework['devices'] {
  return framework?.devices.filter(({ type }) => type === 'GPU') ?? [];
}

type Finding = Problem & { fix: string };

/** No node: nothing was asked, or what was asked has been passed over. */
function missing(probe: TargetProbe, wanted: Wanted): Finding | undefined {
  const { wish, kind, server, version = '' } = wanted;
  const driver = probe.nvidia?.driverVersion;
  const amd = probe.rocm?.devices[0]?.architecture;
  if (wish === 'none') return undefined;
  const own = probe.variables?.NVIDIA_VISIBLE_DEVICES;
  if (kind && kind !== 'none' && kind !== 'rocm' && (own === 'none' || own === 'void' || own === '')) {
    return {
      message: `The container has no GPU: its environment says NVIDIA_VISIBLE_DEVICES=${own}.`,
      fix: 'Start it with -e NVIDIA_VISIBLE_DEVICES=all, or take the variable out of the Dockerfile.',
    };
  }
  if (kind && kind !== 'none') return passedOver(kind, server ?? 'docker', version);
  const there = driver
    ? `The machine has an NVIDIA GPU (driver ${driver})`
    : amd
      ? `The machine has an AMD GPU (${amd})`
      : undefined;
  if (!there && wish !== 'required') return undefined;
  const flags =
    amd && !driver
      ? '--device /dev/kfd --device /dev/dri'
      : `--${server === 'podman' ? 'device nvidia.com/gpu=all' : 'gpus all'}`;
  return {
    message: there ? `${there}, but the container was started without it.` : 'The container has no GPU.',
    fix: `A container gets its devices when it is made: make it anew with ${flags} (in devcontainer.json: "runArgs": [${flags
      .split(' ')
      .map((word) => `"${word}"`)
      .join(', ')}]).`,
  };
}

/** The engine said OK, and gave nothing. */
function passedOver(kind: GpuAttempt['kind'], server: 'docker' | 'podman', version: string): Finding {
  const engine = `${server === 'podman' ? 'Podman' : 'Docker'}${version ? ` ${version}` : ''}`;
  const message = `${engine} started the container, but passed over the request for a GPU.`;
  if (server === 'podman') {
    const old = Number.parseInt(version, 10) < 5;
    return {
      message,
      fix:
        kind === 'cdi' && old
          ? 'Its API knows CDI devices from Podman 5 on. Until then: start it yourself with podman run --device nvidia.com/gpu=all, and profile in that container.'
          : 'Podman gives GPUs as CDI devices: run sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml, then ask for --device nvidia.com/gpu=all.',
    };
  }
  return {
    message,
    fix: 'See whether docker run --rm --gpus all ubuntu ls /dev/nvidia0 finds one. If not: sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker.',
  };
}

/** The environment hides what is there. */
function hidden({ variables = {}, nodes = [] }: TargetProbe): Finding | undefined {
  const amd = nodes.some(({ path }) => path === '/dev/kfd');
  const names = amd ? ['HIP_VISIBLE_DEVICES', 'ROCR_VISIBLE_DEVICES'] : ['CUDA_VISIBLE_DEVICES'];
  const name = names.find((one) => variables[one] === '' || variables[one] === '-1');
  if (name === undefined) return undefined;
  return {
    message: `There is a GPU, which ${name}=${variables[name] ?? ''} hides from the program.`,
    fix: `Take ${name} out of the environment (ENV in the Dockerfile, containerEnv and remoteEnv in devcontainer.json).`,
  };
}

/** All nodes are there, and none can be opened. */
function denied(nodes: readonly ProbedNode[]): Finding | undefined {
  if (nodes.some((node) => node.usable)) return undefined;
  const [{ path, gid, error }] = nodes as [ProbedNode];
  if (/not permitted/i.test(error ?? '')) {
    // EPERM comes from the device control group, EACCES from owner and mode.
    return {
      message: `The container has ${path}, but its control group does not let it be opened, as after a reload of systemd on the host.`,
      fix: 'Make the container anew (docker rm, docker run); nodes that were mounted with -v must be given with --device.',
    };
  }
  if (/permission denied/i.test(error ?? '')) {
    return {
      message: `The user in the container may not open ${path} (it belongs to group ${gid}).`,
      fix: `Start it with --group-add ${gid} (Podman without root: --group-add keep-groups; under SELinux also --security-opt label=disable).`,
    };
  }
  return {
    message: `${path} cannot be opened: ${error ?? 'no reason was given'}.`,
    fix:
      path === '/dev/kfd'
        ? 'See dmesg | grep -i amdgpu where the engine runs.'
        : 'Run nvidia-smi where the engine runs: it must list the GPU.',
  };
}

/** The nodes are there, the driver's libraries are not, or do not work. */
function notLoaded(probe: TargetProbe, nodes: readonly ProbedNode[]): Finding | undefined {
  const { nvidia, libraries } = probe;
  if (frameworkDevices(probe).length > 0 || !nodes.some(({ path }) => path !== '/dev/kfd')) return undefined;
  if (nvidia?.error && nvidia.list.length === 0) {
    const { kind, message, fix } = explainRefusal(nvidia.error, 'inside', { server: 'docker' });
    if (kind !== 'unknown') return { message, fix };
    return {
      message: `There is a GPU, and nvidia-smi says: ${nvidia.error.split('\n')[0]!.replace(/\.$/, '')}.`,
      fix: 'Run nvidia-smi where the engine runs: it must list the GPU.',
    };
  }
  if (!libraries || libraries.cuda.loaded) return undefined;
  const capabilities = probe.variables?.NVIDIA_DRIVER_CAPABILITIES;
  if (capabilities && !/all|compute/.test(capabilities)) {
    return {
      message: `The driver’s CUDA library is not in the container: NVIDIA_DRIVER_CAPABILITIES=${capabilities} leaves it out.`,
      fix: 'Start it with -e NVIDIA_DRIVER_CAPABILITIES=compute,utility.',
    };
  }
  return {
    message: `The container has ${nodes[0]!.path}, but not the driver’s library: ${libraries.cuda.error ?? 'libcuda.so.1 did not load'}.`,
    fix: 'Give the GPU with --gpus all, which brings the libraries along; --device and -v give the node alone.',
  };
}

/** Everything is there, and the framework that was loaded uses none of it. */
function notSeen(probe: TargetProbe): Finding | undefined {
  const { framework } = probe;
  if (!framework || frameworkDevices(probe).length > 0) return undefined;
  const { name, version, error, cuda, hip } = framework;
  if (!version) {
    return {
      message: `${name} could not be loaded to ask it for its devices: ${error ?? 'it gave no reason'}.`,
      fix: `See python -c 'import ${name}' there.`,
    };
  }
  if (framework.gpuBuild === false) {
    return {
      message: `There is a GPU, but this build of ${name} (${version}) is for CPUs only.`,
      fix: builds[name] ?? 'Install its build for GPUs.',
    };
  }
  // ONNX Runtime cannot name devices: a build with a provider for GPUs is all that it tells.
  if (framework.providers && framework.gpuBuild) return undefined;
  const library =
    /Could not load dynamic library '([^']+)'|(lib[\w-]+\.so[\w.]*): cannot open shared object/.exec(
      framework.log,
    );
  const wants = [
    cuda ? `CUDA ${cuda}` : '',
    hip ? `ROCm ${hip}` : '',
    framework.cudnn ? `cuDNN ${framework.cudnn}` : '',
  ]
    .filter(Boolean)
    .join(' and ');
  if (library) {
    return {
      message: `There is a GPU, but ${name} did not find ${library[1] ?? library[2] ?? 'a library'}.`,
      fix: `Install what ${name} ${version} was built for${wants ? ` (${wants})` : ''}, or put its folder on LD_LIBRARY_PATH.`,
    };
  }
  if (error && explainRefusal(error, 'inside', { server: 'docker' }).kind !== 'unknown') {
    const { message, fix } = explainRefusal(error, 'inside', { server: 'docker' });
    return { message, fix };
  }
  const amd = probe.nodes?.some(({ path }) => path === '/dev/kfd');
  return {
    message: `There is a GPU, but ${name} ${version} sees none${error ? `: ${error.replaceAll(/\s+/g, ' ').replace(/\.$/, '')}` : ''}.`,
    fix: amd
      ? 'See that /dev/dri is there too and its group added. AMD’s own recipe also has --security-opt seccomp=unconfined.'
      : `It was built for ${wants || 'another CUDA'}; the driver must be new enough for that (nvidia-smi shows what it can run).`,
  };
}

const builds: Record<string, string> = {
  tensorflow: `Install the one for GPUs: python -m pip install 'tensorflow[and-cuda]'.`,
  torch: 'Install the one for GPUs, as pytorch.org/get-started shows it for your CUDA or ROCm.',
  jax: `Install the one for GPUs: python -m pip install 'jax[cuda12]'.`,
  onnxruntime: 'Install the one for GPUs: python -m pip install onnxruntime-gpu.',
};

/** The cards by name, counted where they are the same. */
export function gpuLabel(probe: TargetProbe): string {
  const lists = [
    probe.nvidia?.devices.map(({ name }) => name ?? ''),
    probe.nvidia?.list.map((line) => /^GPU \d+: (.*?)(?: \(UUID|$)/.exec(line)?.[1] ?? ''),
    frameworkDevices(probe).map(({ name }) => name),
    probe.nodes?.some(({ path }) => path === '/dev/kfd')
      ? probe.rocm?.devices.map(({ architecture }) => `AMD ${architecture}`)
      : [],
  ];
  const names = lists.map((list) => (list ?? []).filter(Boolean)).find((list) => list.length > 0) ?? [];
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const label = [...counts].map(([name, count]) => (count > 1 ? `${count} × ${name}` : name)).join(', ');
  return label || 'GPU';
}
