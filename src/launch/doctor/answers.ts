import type { TargetProbe } from '../../targets/containers/gpuProbe';

/** What was asked, as it was answered. A recorded one of these is all that the rules need. */
export interface Answers {
  target: string;
  /** The interpreter that was asked. */
  python: PythonAnswer;
  /** targetprobe.py; absent where the interpreter is too old for it. */
  probe?: TargetProbe | Failed;
  /** doctorprobe.py; absent likewise. */
  place?: PlaceAnswer | Failed;
  frameworks: Readonly<Record<string, FrameworkAnswer | Failed>>;
  /** Where the target is a container. */
  container?: ContainerAnswer | Failed;
  store: StoreAnswer;
}

export interface Failed {
  failed: string;
}

export function failed(answer: unknown): answer is Failed {
  return typeof answer === 'object' && answer !== null && 'failed' in answer;
}

export interface PythonAnswer {
  executable: string;
  version: [major: number, minor: number, micro: number];
  platform: string;
}

export interface MountAnswer {
  point: string;
  type: string;
  readOnly: boolean;
}

export interface PlaceAnswer {
  processor: ProcessorAnswer | Failed;
  clock: { source: string | null; available: string[]; readNs: number } | Failed;
  root: MountAnswer | null | Failed;
  cudaCache:
    { path: string; exists: boolean; bytes: number; writable: boolean; mount: MountAnswer | null } | Failed;
  environment: Record<string, string> | Failed;
  /** Up to which CUDA the driver goes. */
  driverCuda: string | Failed;
  /** A row a card, fields as nvidia-smi names them. */
  gpus: Record<string, string>[] | Failed;
  gpuProcesses: { pid: number; name: string; memoryMib: number | null }[] | Failed;
  profilers: { pid: number; name: string }[] | null | Failed;
}

export interface ProcessorAnswer {
  count: number | null;
  allowed: number | null;
  cgroupCpus: number | null;
  cgroupMemoryBytes: number | null;
  model: string | null;
  virtual: boolean | null;
  product: string | null;
  governors: string[];
  driver: string | null;
  turboOff: boolean | null;
  powerLimitMicrowatts: number | null;
  powerMaximumMicrowatts: number | null;
  load: number | null;
}

export interface FrameworkAnswer {
  version: string;
  /** The CUDA that it was built with, 'yes' where it does not say which; null for a build without. */
  cuda: string | null;
  hip: string | null;
  /** Whether it sees a GPU; absent where it does not say. */
  gpu?: boolean;
  gpuError?: string;
  cudnn?: string | number | null;
  cudnnError?: string;
  /** `sm_90`, `compute_90`, `gfx90a`; null or absent where it does not say. */
  builtFor?: string[] | null;
  devices?: { name: string; capability: string; gfx: string }[];
  threads?: number;
  tracesGpu?: boolean;
  providers?: string[];
  backend?: string;
  seconds: number;
  /** Libraries of CUDA and ROCm that were in its memory. */
  libraries: string[];
}

export interface ContainerAnswer {
  engine: 'docker' | 'podman';
  version: string;
  apiVersion: string;
  endpoint: string;
  operatingSystem: string;
  kernel: string;
  rootless: boolean;
  /** Names of the engine's runtimes; Podman lists some that are not installed. */
  runtimes: string[];
  cdiDirectories: string[];
  cdiDevices: string[];
  name: string;
  image: string;
  /** Gone with its end: started with --rm, or by us for a run. */
  thrownAway: boolean;
  runtime: string;
  /** Requests for devices, as `docker run` would be told. */
  gpuRequests: string[];
  deviceNodes: string[];
  readOnlyRoot: boolean;
  shmBytes: number;
  user: string;
  privileged: boolean;
  capAdd: string[];
  init: boolean;
}

/** The log directory, on the machine of the command line. */
export interface StoreAnswer {
  directory: string;
  /** Why it cannot be written; absent when it can. */
  refused?: string;
  freeBytes?: number;
  /** Type of its file system; absent where nobody says. */
  type?: string;
  /** Where a container has the same folder; null when it has not. */
  inContainer?: string | null;
}
