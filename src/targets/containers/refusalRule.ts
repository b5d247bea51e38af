import type { Problem } from '../../common/problem';

/** What was being done. `inside` is for what programs in the container print. */
export type RefusalStep = 'connect' | 'pull' | 'create' | 'start' | 'exec' | 'copy' | 'inside';

/** Kinds that begin with `gpu-` are about the request for a GPU: another attempt may work. */
export type RefusalKind =
  | 'engine-denied'
  | 'engine-not-running'
  | 'engine-unreachable'
  | 'engine-version'
  | 'gpu-no-toolkit'
  | 'gpu-cdi-off'
  | 'gpu-cdi-unresolved'
  | 'gpu-runtime-unknown'
  | 'gpu-request'
  | 'gpu-driver-missing'
  | 'gpu-driver-old'
  | 'gpu-driver-mismatch'
  | 'gpu-hook'
  | 'gpu-node-missing'
  | 'gpu-node-denied'
  | 'gpu-group-missing'
  | 'gpu-lost'
  | 'gpu-unsupported'
  | 'gpu-counters'
  | 'runtime-unknown'
  | 'device-missing'
  | 'group-missing'
  | 'capability-unknown'
  | 'user-missing'
  | 'mount-source'
  | 'mount-target'
  | 'image-name'
  | 'image-missing'
  | 'image-platform'
  | 'pull-offline'
  | 'pull-certificate'
  | 'pull-denied'
  | 'pull-unknown'
  | 'pull-limit'
  | 'container-missing'
  | 'container-stopped'
  | 'container-paused'
  | 'name-taken'
  | 'port-taken'
  | 'network'
  | 'init-missing'
  | 'rlimit'
  | 'command-absent'
  | 'command-missing'
  | 'command-denied'
  | 'command-format'
  | 'cwd-missing'
  | 'path-missing'
  | 'read-only'
  | 'disk-full'
  | 'memory'
  | 'shared-memory'
  | 'exec-failed'
  | 'unknown';

export interface Refusal extends Problem {
  kind: RefusalKind;
  fix: string;
}

/** What the sentences name where it is known. */
export interface RefusalPlace {
  server: 'docker' | 'podman';
  image?: string;
  container?: string;
  /** Where the engine listens: unix:///var/run/docker.sock. */
  endpoint?: string;
}

export interface RefusalRule {
  kind: RefusalKind;
  pattern: RegExp;
  /** Only while doing one of these; absent: at any step. */
  steps?: readonly RefusalStep[];
  /** `found` is what the first group that took part in the match holds; '' for none. */
  say: (found: string, place: RefusalPlace, match: RegExpExecArray) => { message: string; fix: string };
}

export function engineName({ server }: RefusalPlace): string {
  return server === 'podman' ? 'Podman' : 'Docker';
}

/** `the image x`, or a word for it where its name is not known. */
export function imageName({ image }: RefusalPlace): string {
  return image ? `the image ${image}` : 'the image';
}

/** The same at the head of a sentence. */
export function thatImage(place: RefusalPlace): string {
  return imageName(place).replace(/^t/, 'T');
}

export function containerName({ container }: RefusalPlace): string {
  return container ? `The container ${container}` : 'The container';
}
