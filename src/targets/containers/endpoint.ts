import { readFileSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import path from 'node:path';

/** Where an engine may listen, and how that was found. */
export interface Endpoint {
  /** unix:///path, npipe:////./pipe/name, tcp://host:port or ssh://host. */
  host: string;
  source: string;
}

export interface EndpointSources {
  /** Setting predictscope.containers.endpoint; '' for none. */
  setting: string;
  environment: NodeJS.ProcessEnv;
  uid: number;
}

/**
 * Endpoints in the order in which they are tried: the setting, DOCKER_HOST, the docker context, the system's
 * socket, rootless Docker's and Podman's. One that the user named stands alone: another engine has other containers.
 */
export function endpoints({ setting, environment, uid }: EndpointSources): Endpoint[] {
  if (setting) return [{ host: withScheme(setting), source: 'the setting predictscope.containers.endpoint' }];
  const fromEnvironment = environment.DOCKER_HOST;
  if (fromEnvironment) return [{ host: withScheme(fromEnvironment), source: 'DOCKER_HOST' }];
  const context = dockerContext(environment);
  if (context) return [context];
  if (process.platform === 'win32') {
    return [{ host: 'npipe:////./pipe/docker_engine', source: 'the default of Docker Desktop' }];
  }
  const runtime = environment.XDG_RUNTIME_DIR ?? `/run/user/${uid}`;
  const home = environment.HOME ?? homedir();
  return [
    { host: 'unix:///var/run/docker.sock', source: 'the system’s Docker' },
    { host: `unix://${home}/.docker/run/docker.sock`, source: 'Docker Desktop' },
    { host: `unix://${runtime}/docker.sock`, source: 'rootless Docker' },
    { host: `unix://${runtime}/podman/podman.sock`, source: 'rootless Podman' },
    { host: 'unix:///run/podman/podman.sock', source: 'the system’s Podman' },
  ];
}

function withScheme(host: string): string {
  return host.startsWith('/') ? `unix://${host}` : host;
}

/** The endpoint of the context that `docker context use` chose; undefined for the default one. */
function dockerContext(environment: NodeJS.ProcessEnv): Endpoint | undefined {
  const folder = environment.DOCKER_CONFIG ?? path.join(environment.HOME ?? homedir(), '.docker');
  const name =
    environment.DOCKER_CONTEXT ??
    (readJson(path.join(folder, 'config.json')) as { currentContext?: unknown } | undefined)?.currentContext;
  if (typeof name !== 'string' || name === '' || name === 'default') return undefined;
  const digest = createHash('sha256').update(name).digest('hex');
  const meta = readJson(path.join(folder, 'contexts', 'meta', digest, 'meta.json')) as
    | {
        Endpoints?: { docker?: { Host?: unknown } };
      }
    | undefined;
  const host = meta?.Endpoints?.docker?.Host;
  return typeof host === 'string' && host !== '' ? { host, source: `the docker context ${name}` } : undefined;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}

/** The socket's path; undefined for an endpoint that is no socket. */
export function socketPath(host: string): string | undefined {
  return host.startsWith('unix://') ? host.slice('unix://'.length) : undefined;
}

/** False only for a socket that is not there; one that may not be looked at may be. */
export function mayListen(host: string): boolean {
  const socket = socketPath(host);
  try {
    if (socket !== undefined) statSync(socket);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES';
  }
}
