import path from 'node:path';
import type Dockerode from 'dockerode';
import { UserError } from '../../common/problem';
import type { Bytes } from '../../common/units';
import { parseGpus } from './gpusFlag';

/** What a command line or `runArgs` asks of a container. Nothing in it that nobody wrote. */
export interface ContainerSettings {
  env: Record<string, string>;
  /** `-e NAME`: taken over from the environment of whoever starts the container. */
  envNames: string[];
  /** Files of NAME=VALUE lines, as written; whoever starts the container reads them. */
  envFiles: string[];
  user?: string;
  workdir?: string;
  /** '' takes the image's own entrypoint away. */
  entrypoint?: string;
  mounts: ContainerMount[];
  /** The value of `--gpus`; see parseGpus. */
  gpus?: string;
  runtime?: string;
  /** `/dev/kfd`, `/dev/a:/dev/b:rw`, `nvidia.com/gpu=all`. */
  devices: string[];
  groupAdd: string[];
  capAdd: string[];
  capDrop: string[];
  securityOpt: string[];
  privileged: boolean;
  /** `NAME=SOFT[:HARD]`. */
  ulimits: string[];
  shmSizeBytes?: Bytes;
  memoryBytes?: Bytes;
  cpus?: number;
  cpusetCpus?: string;
  ipc?: string;
  pid?: string;
  userns?: string;
  network?: string;
  hostname?: string;
  extraHosts: string[];
  /** `[IP:][HOST:]CONTAINER[/PROTOCOL]`. */
  ports: string[];
  /** Folder in memory → mount options. */
  tmpfs: Record<string, string>;
  readOnlyRoot: boolean;
  init: boolean;
  platform?: string;
  tty: boolean;
  interactive: boolean;
}

export interface ContainerMount {
  type: 'bind' | 'volume' | 'tmpfs';
  /** A host path as written (it may be relative), the name of a volume, or '' for one without a name. */
  source: string;
  target: string;
  readOnly: boolean;
  /** What else stood behind the target: `z`, `rshared`, `nocopy` … */
  options: string[];
}

export function noSettings(): ContainerSettings {
  return {
    env: {},
    envNames: [],
    envFiles: [],
    mounts: [],
    devices: [],
    groupAdd: [],
    capAdd: [],
    capDrop: [],
    securityOpt: [],
    privileged: false,
    ulimits: [],
    extraHosts: [],
    ports: [],
    tmpfs: {},
    readOnlyRoot: false,
    init: false,
    tty: false,
    interactive: false,
  };
}

/** The two halves of the API's create request, and the query beside them. */
export interface CreateParts {
  config: Pick<
    Dockerode.ContainerCreateOptions,
    'Env' | 'User' | 'WorkingDir' | 'Entrypoint' | 'Hostname' | 'ExposedPorts' | 'Volumes'
  >;
  hostConfig: Dockerode.HostConfig;
  platform?: string;
}

/**
 * Exactly what was asked, as the engine's API wants it. `-t` and `-i` are left to the caller: whether
 * there is a terminal is a matter of who looks on, and a TTY would mix the program's two outputs. So
 * are `envNames` and `envFiles`, which need the caller's environment and disk.
 *
 * `cwd` is what relative host paths are relative to. Throws UserError for a value that no engine takes.
 */
export function settingsToHostConfig(settings: ContainerSettings, cwd = '.'): CreateParts {
  const config: CreateParts['config'] = {};
  const host: Dockerode.HostConfig = {};
  const env = Object.entries(settings.env).map(([name, value]) => `${name}=${value}`);
  if (env.length > 0) config.Env = env;
  if (settings.user !== undefined) config.User = settings.user;
  if (settings.workdir !== undefined) config.WorkingDir = settings.workdir;
  // [''] is how the API says "none", where [] would mean the image's own.
  if (settings.entrypoint !== undefined) config.Entrypoint = [settings.entrypoint];
  if (settings.hostname !== undefined) config.Hostname = settings.hostname;

  addMounts(settings.mounts, cwd, config, host);
  addPorts(settings.ports, config, host);
  addDevices(settings, host);
  if (settings.runtime !== undefined) host.Runtime = settings.runtime;
  if (settings.groupAdd.length > 0) host.GroupAdd = settings.groupAdd;
  if (settings.capAdd.length > 0) host.CapAdd = settings.capAdd;
  if (settings.capDrop.length > 0) host.CapDrop = settings.capDrop;
  if (settings.securityOpt.length > 0) host.SecurityOpt = settings.securityOpt;
  if (settings.privileged) host.Privileged = true;
  if (settings.ulimits.length > 0) host.Ulimits = settings.ulimits.map(ulimit);
  if (settings.shmSizeBytes !== undefined) host.ShmSize = settings.shmSizeBytes;
  if (settings.memoryBytes !== undefined) host.Memory = settings.memoryBytes;
  if (settings.cpus !== undefined) host.NanoCpus = Math.round(settings.cpus * 1e9);
  if (settings.cpusetCpus !== undefined) host.CpusetCpus = settings.cpusetCpus;
  if (settings.ipc !== undefined) host.IpcMode = settings.ipc;
  if (settings.pid !== undefined) host.PidMode = settings.pid;
  if (settings.userns !== undefined) host.UsernsMode = settings.userns;
  if (settings.network !== undefined) host.NetworkMode = settings.network;
  if (settings.extraHosts.length > 0) host.ExtraHosts = settings.extraHosts;
  if (Object.keys(settings.tmpfs).length > 0) host.Tmpfs = { ...host.Tmpfs, ...settings.tmpfs };
  if (settings.readOnlyRoot) host.ReadonlyRootfs = true;
  if (settings.init) host.Init = true;
  return { config, hostConfig: host, ...(settings.platform ? { platform: settings.platform } : {}) };
}

/** Whether a word is a CDI device (`nvidia.com/gpu=all`) and no path of a device node. */
export function isCdiDevice(device: string): boolean {
  return /^[a-z][\w.-]*\/[a-z][\w-]*=[\w][\w.:-]*$/i.test(device);
}

/** `HOST[:CONTAINER[:PERMISSIONS]]`, as `--device` reads it. */
export function deviceMapping(device: string): Dockerode.DeviceMapping {
  const [onHost = '', second, third] = device.split(':');
  const permissions = /^[rwm]+$/.test(second ?? '') ? second : third;
  return {
    PathOnHost: onHost,
    PathInContainer: second && second !== permissions ? second : onHost,
    CgroupPermissions: permissions ?? 'rwm',
  };
}

function addDevices({ gpus, devices }: ContainerSettings, host: Dockerode.HostConfig): void {
  const cdi = devices.filter(isCdiDevice);
  const nodes = devices.filter((device) => !isCdiDevice(device));
  const requests: Dockerode.DeviceRequest[] = [];
  if (gpus !== undefined) requests.push(parseGpus(gpus));
  // No Count: the engine answers "unexpected count in CDI device request".
  if (cdi.length > 0) requests.push({ Driver: 'cdi', DeviceIDs: cdi });
  if (requests.length > 0) host.DeviceRequests = requests;
  if (nodes.length > 0) host.Devices = nodes.map(deviceMapping);
}

/** Words that say how fast a shared folder may lag behind; they do nothing but on old desktops. */
const consistency = new Set(['cached', 'delegated', 'consistent']);

function addMounts(
  mounts: readonly ContainerMount[],
  cwd: string,
  config: CreateParts['config'],
  host: Dockerode.HostConfig,
): void {
  const plain: Dockerode.MountSettings[] = [];
  const binds: string[] = [];
  for (const { type, source, target, readOnly, options } of mounts) {
    const from = type === 'bind' && source.startsWith('.') ? path.resolve(cwd, source) : source;
    const rest = options.filter((option) => !consistency.has(option));
    if (type === 'tmpfs') {
      host.Tmpfs = { ...host.Tmpfs, [target]: [...(readOnly ? ['ro'] : []), ...rest].join(',') };
    } else if (type === 'volume' && source === '' && rest.length === 0) {
      config.Volumes = { ...config.Volumes, [target]: {} };
    } else if (rest.length > 0) {
      // `z`, `U`, `nocopy` …: words that only the old form has a place for.
      binds.push([from, target, [...(readOnly ? ['ro'] : []), ...rest].join(',')].filter(Boolean).join(':'));
    } else {
      // Never Binds otherwise: the engine makes a missing folder there, as root, and says nothing.
      plain.push({ Type: type, Source: from, Target: target, ...(readOnly ? { ReadOnly: true } : {}) });
    }
  }
  if (plain.length > 0) host.Mounts = plain;
  if (binds.length > 0) host.Binds = binds;
}

function ulimit(text: string): Dockerode.Ulimit {
  const match = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(text);
  if (!match) {
    throw new UserError(`“${text}” of --ulimit is not understood.`, {
      fix: 'Write it as --ulimit memlock=-1.',
    });
  }
  return { Name: match[1]!, Soft: Number(match[2]), Hard: Number(match[3] ?? match[2]) };
}

function addPorts(ports: readonly string[], config: CreateParts['config'], host: Dockerode.HostConfig): void {
  const bindings: Record<string, { HostIp?: string; HostPort: string }[]> = {};
  for (const text of ports) {
    const match =
      /^(?:(?:(\[[^\]]*\]|[\d.]+):)?(\d+(?:-\d+)?)?:)?(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/.exec(text);
    if (!match) {
      throw new UserError(`“${text}” of -p is not understood.`, {
        fix: 'Write it as -p HOST:CONTAINER, such as -p 8080:80.',
      });
    }
    const [, ip, onHost = '', first = '', last = first, protocol = 'tcp'] = match;
    const [from = ''] = onHost.split('-');
    for (let port = Number(first); port <= Number(last); port++) {
      const hostPort = from === '' ? '' : String(Number(from) + port - Number(first));
      const address = ip ? { HostIp: ip.replace(/^\[|\]$/g, '') } : {};
      (bindings[`${port}/${protocol}`] ??= []).push({ ...address, HostPort: hostPort });
    }
  }
  if (Object.keys(bindings).length === 0) return;
  config.ExposedPorts = Object.fromEntries(Object.keys(bindings).map((port) => [port, {}]));
  host.PortBindings = bindings;
}
