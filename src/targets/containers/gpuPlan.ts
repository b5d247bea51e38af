import type Dockerode from 'dockerode';
import {
  deviceMapping,
  isCdiDevice,
  noSettings,
  settingsToHostConfig,
  type ContainerSettings,
} from './containerSettings';
import { parseGpus } from './gpusFlag';
import { readRunArguments } from './runFlags';

/** What the user wants of GPUs: whatever there is, one or nothing, none. */
export type GpuWish = 'auto' | 'required' | 'none';

/** The fields of the engine's answer to `GET /info` that tell something about GPUs. */
export interface EngineInfo {
  Runtimes?: Readonly<Record<string, unknown>> | null;
  /** Since API 1.44; empty where CDI is switched off. */
  CDISpecDirs?: readonly string[] | null;
  /** Since API 1.50. */
  DiscoveredDevices?: readonly { Source?: string; ID?: string }[] | null;
  OperatingSystem?: string;
  KernelVersion?: string;
  SecurityOptions?: readonly string[] | null;
  /** Podman's own field. */
  Rootless?: boolean;
}

/** A device node of the machine that the engine runs on. */
export interface HostNode {
  path: string;
  gid: number;
}

/** What the engine's machine has; only known where that is this machine. */
export interface HostDevices {
  /** `/dev/kfd`, the compute interface of AMD's driver. */
  kfd?: HostNode;
  /** `/dev/dri/renderD*`. */
  render: readonly HostNode[];
}

/** What devcontainer.json says about GPUs. */
export interface DevcontainerGpu {
  /** hostRequirements.gpu. */
  gpu?: boolean | 'optional' | Readonly<Record<string, unknown>> | null;
  runArgs?: readonly string[];
}

/** The parts of a command line or of `runArgs` that ask for a GPU. */
export type AskedDevices = Pick<ContainerSettings, 'gpus' | 'runtime' | 'devices' | 'groupAdd'>;

export interface GpuQuestion {
  server: 'docker' | 'podman';
  /** The server's own version, such as 28.5.2. */
  version: string;
  info: EngineInfo;
  host?: HostDevices;
  devcontainer?: DevcontainerGpu;
  /** Options of a pasted command line; they come before devcontainer.json's. */
  asked?: AskedDevices;
  wish: GpuWish;
}

export interface GpuAttempt {
  kind: 'cdi' | 'device-request' | 'nvidia-runtime' | 'rocm' | 'none';
  /** To be merged into the create request: lists are joined, the rest replaces. */
  hostConfig: Pick<Dockerode.HostConfig, 'DeviceRequests' | 'Runtime' | 'Devices' | 'GroupAdd'>;
  /** For the variables that neither the user nor devcontainer.json sets. */
  env: Record<string, string>;
  /** Whether somebody asked for it, the engine shows signs of it, or it is only worth a try. */
  reason: 'asked' | 'seen' | 'try';
  /** One sentence for the log and the doctor. */
  why: string;
  /** Somebody named these cards, or their number; not whatever there is. */
  cards?: true;
}

/**
 * The wish that counts: the user's own, else what devcontainer.json requires. `true` and an object with
 * cores or memory mean that the program needs a GPU; 'optional' and nothing leave it open.
 */
export function gpuWish(wish: GpuWish, devcontainer: DevcontainerGpu = {}): GpuWish {
  if (wish !== 'auto') return wish;
  const { gpu } = devcontainer;
  return gpu === true || (typeof gpu === 'object' && gpu !== null) ? 'required' : 'auto';
}

/**
 * What to ask of the engine, in the order in which to try it. An attempt has failed when the engine
 * refuses it at create or at start, or when the container has no device after a start that went well:
 * Podman ignores what it does not know. The last attempt is 'none', unless a GPU is required. Throws
 * UserError for a `--gpus` that is not understood.
 *
 * No attempt has more rights than its devices need: no privileged mode, no capabilities, no host IPC,
 * no changed seccomp or SELinux profile. AMD's recipe for ROCm has seccomp=unconfined, SYS_PTRACE and
 * host IPC too; inference runs without them (they serve debuggers and NUMA calls), so they are offered
 * as a fix where one is seen to be missing, and passed on only where somebody wrote them.
 */
export function planGpu(question: GpuQuestion): GpuAttempt[] {
  const wish = gpuWish(question.wish, question.devcontainer);
  if (wish === 'none') return [cpu('No GPU was asked for.')];
  const asked = askedAttempts(question);
  const attempts = [
    ...asked,
    // Who names cards gets those or none: the other attempts are for whatever there is.
    ...(asked.some(({ cards }) => cards)
      ? []
      : question.server === 'podman'
        ? podmanAttempts(question)
        : dockerAttempts(question)),
  ];
  const known = new Set<string>();
  const unlike = attempts.filter((attempt) => {
    const key = JSON.stringify([attempt.hostConfig, attempt.env]);
    return !known.has(key) && known.add(key);
  });
  if (wish === 'required') return unlike;
  return [...unlike, cpu(unlike.length > 0 ? 'Nothing else worked.' : noGpuReason(question.info))];
}

function cpu(why: string): GpuAttempt {
  return { kind: 'none', hostConfig: {}, env: {}, reason: 'try', why };
}

function noGpuReason(info: EngineInfo): string {
  return isDesktopWithoutGpu(info)
    ? 'Docker Desktop on this system runs containers in a virtual machine that has no GPU.'
    : 'The engine shows no sign of a GPU.';
}

/** What a pasted line or runArgs name, all of it in one attempt: `--runtime=nvidia --gpus all` go together. */
function askedAttempts(question: GpuQuestion): GpuAttempt[] {
  const { asked, devcontainer } = question;
  return [
    ...(asked ? askedAttempt(question, asked, 'The command line') : []),
    ...askedAttempt(question, gpuRunArguments(devcontainer?.runArgs ?? []), 'devcontainer.json (runArgs)'),
  ];
}

function askedAttempt(question: GpuQuestion, asked: AskedDevices, source: string): GpuAttempt[] {
  if (!asksForGpu(asked)) return [];
  const { gpus, runtime, groupAdd } = asked;
  // Podman's own --gpus is CDI by another name; its API ignores a request for the capability.
  const byName = gpus !== undefined && question.server === 'podman' ? cdiNames(gpus) : [];
  const devices = [...asked.devices, ...byName];
  const settings: ContainerSettings = { ...noSettings(), devices, groupAdd };
  if (runtime !== undefined) settings.runtime = runtime;
  if (gpus !== undefined && byName.length === 0) settings.gpus = gpus;
  const { hostConfig } = settingsToHostConfig(settings);
  const named =
    devices.some((device) => isCdiDevice(device) && !device.endsWith('=all')) ||
    (gpus !== undefined && (parseGpus(gpus).Count ?? 0) >= 0);
  const cards = named ? { cards: true as const } : {};
  const kfd = devices.some((device) => device.startsWith('/dev/kfd'));
  if (kfd && groupAdd.length === 0) Object.assign(hostConfig, renderGroups(question));
  return [
    {
      kind: devices.some(isCdiDevice)
        ? 'cdi'
        : gpus !== undefined
          ? 'device-request'
          : runtime === 'nvidia'
            ? 'nvidia-runtime'
            : 'rocm',
      hostConfig,
      env: runtime === 'nvidia' && gpus === undefined ? nvidiaEnvironment : {},
      reason: 'asked',
      why: `${source} asks for ${askedWords(asked).join(' ')}.`,
      ...cards,
    },
    // A Docker without NVIDIA's hook may have the same cards as CDI devices.
    ...(named && gpus !== undefined && question.server === 'docker' && readsCdi(question.info)
      ? [
          {
            ...cdi(cdiNames(gpus), 'try', `${source} asks for --gpus ${gpus}, in the words of CDI.`),
            ...cards,
          },
        ]
      : []),
  ];
}

/** Before API 1.50 the engine says that it knows CDI, not what it found. */
function readsCdi({ CDISpecDirs }: EngineInfo): boolean {
  return (CDISpecDirs ?? []).length > 0;
}

/** `--gpus` as CDI names: podman gives the first N cards for a number. */
function cdiNames(gpus: string): string[] {
  const { Count = 0, DeviceIDs } = parseGpus(gpus);
  const ids = DeviceIDs ?? (Count < 0 ? ['all'] : Array.from({ length: Count }, (_, index) => String(index)));
  return ids.map((id) => `nvidia.com/gpu=${id}`);
}

/** The options for devices among devcontainer.json's runArgs. Options that are not known ask for nothing. */
export function gpuRunArguments(runArgs: readonly string[]): AskedDevices {
  try {
    return readRunArguments(runArgs).settings;
  } catch {
    return noSettings(); // who starts the container with them says what is wrong with them
  }
}

function asksForGpu({ gpus, runtime, devices }: AskedDevices): boolean {
  return gpus !== undefined || runtime === 'nvidia' || devices.some(isGpuDevice);
}

function isGpuDevice(device: string): boolean {
  return isCdiDevice(device) || /^\/dev\/(kfd|dri|nvidia|dxg)/.test(device);
}

function askedWords({ gpus, runtime, devices }: AskedDevices): string[] {
  return [
    ...(gpus === undefined ? [] : [`--gpus ${gpus}`]),
    ...(runtime === undefined ? [] : [`--runtime ${runtime}`]),
    ...devices.map((device) => `--device ${device}`),
  ];
}

function dockerAttempts(question: GpuQuestion): GpuAttempt[] {
  const { info, wish } = question;
  const required = gpuWish(wish, question.devcontainer) === 'required';
  if (isDesktopWithoutGpu(info) && !required) return [];
  const wsl = isWsl(info);
  const discovered = cdiAttempts(info);
  const hook = hasRuntime(info, 'nvidia');
  const attempts = [...discovered, deviceRequest(hook, wsl)];
  if (hook) attempts.push(nvidiaRuntime);
  if (discovered.length === 0 && info.DiscoveredDevices === undefined && readsCdi(info)) {
    attempts.push(
      cdi(['nvidia.com/gpu=all'], 'try', 'The engine reads CDI files; whether there is one is not known.'),
    );
  }
  if (!wsl) attempts.push(...rocmAttempts(question, required));
  return attempts;
}

/**
 * Podman's API has CDI only. 4.3.1 and 5.4.2 answer OK to a request for the capability `gpu` and to the
 * runtime `nvidia`, and the container then has no device; 4.3.1 does so for CDI too. `Runtimes` is a
 * list of what it was built to look for, not of what is there.
 */
function podmanAttempts(question: GpuQuestion): GpuAttempt[] {
  const { info, host, version, wish } = question;
  const required = gpuWish(wish, question.devcontainer) === 'required';
  const rocm = rocmAttempts(question, required);
  const hears = Number.parseInt(version, 10) >= 5;
  const nvidia = cdi(
    ['nvidia.com/gpu=all'],
    'try',
    hears
      ? 'Podman takes GPUs as CDI devices.'
      : `Podman ${version} may start the container without the CDI device that it was asked for.`,
  );
  const discovered = cdiAttempts(info);
  const certain = host?.kfd !== undefined;
  if (discovered.length > 0) return [...discovered, ...rocm];
  return certain ? [...rocm, nvidia] : [nvidia, ...rocm];
}

const vendors = ['nvidia.com/gpu', 'amd.com/gpu'];

/** One attempt for each vendor whose devices the engine found in CDI files. */
function cdiAttempts(info: EngineInfo): GpuAttempt[] {
  const ids = (info.DiscoveredDevices ?? []).flatMap(({ Source, ID }) =>
    Source === 'cdi' && ID ? [ID] : [],
  );
  return vendors.flatMap((kind) => {
    const own = ids.filter((id) => id.startsWith(`${kind}=`));
    if (own.length === 0) return [];
    // A card has several names (index, UUID) in one file; `all` is the only one that is sure to be each once.
    const all = own.filter((id) => id === `${kind}=all`);
    const numbered = own.filter((id) => /=\d+$/.test(id));
    const chosen = all.length > 0 ? all : numbered.length > 0 ? numbered : own;
    return [cdi(chosen, 'seen', `The engine found ${chosen.join(', ')} in its CDI files.`)];
  });
}

function cdi(ids: string[], reason: GpuAttempt['reason'], why: string): GpuAttempt {
  // No Count: the engine answers "unexpected count in CDI device request".
  return {
    kind: 'cdi',
    hostConfig: { DeviceRequests: [{ Driver: 'cdi', DeviceIDs: ids }] },
    env: {},
    reason,
    why,
  };
}

/** `--gpus all`. Works where the toolkit's hook is on the engine's PATH, which no field tells: so it is tried. */
function deviceRequest(hook: boolean, wsl: boolean): GpuAttempt {
  return {
    kind: 'device-request',
    hostConfig: { DeviceRequests: [parseGpus('all')] },
    env: {},
    reason: hook || wsl ? 'seen' : 'try',
    why: hook
      ? 'The engine has the NVIDIA runtime.'
      : wsl
        ? 'The engine runs on Windows (WSL 2), where it may have a GPU without saying so.'
        : 'Whether the engine can give a GPU is only known by asking (--gpus all).',
  };
}

const nvidiaEnvironment: Record<string, string> = {
  NVIDIA_VISIBLE_DEVICES: 'all',
  NVIDIA_DRIVER_CAPABILITIES: 'compute,utility',
};

const nvidiaRuntime: GpuAttempt = {
  kind: 'nvidia-runtime',
  hostConfig: { Runtime: 'nvidia' },
  env: nvidiaEnvironment,
  reason: 'seen',
  why: 'The engine has the runtime nvidia of nvidia-docker 2.',
};

/**
 * AMD's devices, as nodes. Where the engine is on another machine nothing tells whether they are there;
 * asking costs a refusal, so that is done only where a GPU is required.
 */
function rocmAttempts(question: GpuQuestion, required: boolean): GpuAttempt[] {
  const { host } = question;
  if (host ? !host.kfd : !required) return [];
  const nodes = host?.kfd
    ? [host.kfd.path, ...host.render.map((node) => node.path)]
    : ['/dev/kfd', '/dev/dri'];
  return [
    {
      kind: 'rocm',
      hostConfig: { Devices: nodes.map(deviceMapping), ...renderGroups(question) },
      env: {},
      reason: host ? 'seen' : 'try',
      why: host
        ? `This machine has ${nodes.join(' and ')}.`
        : 'Whether the engine’s machine has an AMD GPU is only known by asking (--device /dev/kfd).',
    },
  ];
}

/**
 * The groups that may open the devices, by number: the image need not know their names ("Unable to find
 * group render"). A rootless Podman can only keep the groups that its user has; a rootless Docker has no
 * means at all.
 */
function renderGroups({ server, info, host }: GpuQuestion): { GroupAdd?: string[] } {
  if (info.Rootless ?? (info.SecurityOptions ?? []).some((option) => option.includes('rootless'))) {
    return server === 'podman' ? { GroupAdd: ['keep-groups'] } : {};
  }
  const nodes = [...(host?.kfd ? [host.kfd] : []), ...(host?.render ?? [])];
  const groups = [...new Set(nodes.map(({ gid }) => gid))].filter((gid) => gid !== 0);
  return groups.length > 0 ? { GroupAdd: groups.map(String) } : {};
}

function hasRuntime(info: EngineInfo, name: string): boolean {
  return Object.hasOwn(info.Runtimes ?? {}, name);
}

/** The kernel of WSL 2 names its maker, also under Docker Desktop. */
export function isWsl(info: EngineInfo): boolean {
  return /microsoft/i.test(info.KernelVersion ?? '');
}

/** On macOS and Linux, Docker Desktop's machine is a virtual one without passthrough (kernel `…-linuxkit`). */
export function isDesktopWithoutGpu(info: EngineInfo): boolean {
  return /Docker Desktop/i.test(info.OperatingSystem ?? '') && !isWsl(info);
}
