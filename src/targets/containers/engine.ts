import Docker from 'dockerode';
import { UserError, errorText } from '../../common/problem';
import { endpoints, mayListen, socketPath, type Endpoint } from './endpoint';

/** A container engine that answers. */
export interface Engine {
  docker: Docker;
  endpoint: Endpoint;
  kind: 'docker' | 'podman';
  /** `20.10.24`. */
  version: string;
  /** Whether its containers can mount folders of this machine. */
  local: boolean;
}

/** The first engine that answers. Throws a UserError that names what was tried. */
export async function connectEngine(setting = '', environment = process.env): Promise<Engine> {
  const tried: string[] = [];
  let denied = false;
  for (const endpoint of endpoints({ setting, environment, uid: process.getuid?.() ?? 0 })) {
    if (!mayListen(endpoint.host)) {
      tried.push(`${endpoint.host} (${endpoint.source}): there is no such socket`);
      continue;
    }
    try {
      return await connect(endpoint);
    } catch (error) {
      if (error instanceof UserError) throw error;
      const code = (error as NodeJS.ErrnoException).code;
      denied ||= code === 'EACCES';
      tried.push(
        `${endpoint.host} (${endpoint.source}): ${
          code === 'EACCES'
            ? 'this user may not use it'
            : code === 'ECONNREFUSED'
              ? 'nothing listens there; the engine is not running'
              : errorText(error)
        }`,
      );
    }
  }
  throw new UserError(`No container engine answers. Tried: ${tried.join('; ')}.`, {
    fix: denied
      ? 'Join the group docker (sudo usermod -aG docker $USER, then log in again), or use rootless Docker or Podman.'
      : 'Start Docker (sudo systemctl start docker) or Podman (systemctl --user start podman.socket), or set predictscope.containers.endpoint.',
  });
}

async function connect(endpoint: Endpoint): Promise<Engine> {
  const docker = new Docker(options(endpoint.host));
  const version = await docker.version();
  // An engine before 17.06 tells of no components.
  const components = version.Components as { Name: string; Version: string }[] | undefined;
  const podman = components?.find(({ Name }) => /podman/i.test(Name));
  return {
    docker,
    endpoint,
    kind: podman ? 'podman' : 'docker',
    version: podman?.Version ?? version.Version,
    local: socketPath(endpoint.host) !== undefined || endpoint.host.startsWith('npipe:'),
  };
}

/** Options for dockerode, which reads DOCKER_HOST by itself only when it is given none. */
function options(host: string): Docker.DockerOptions {
  const socket = socketPath(host);
  if (socket !== undefined) return { socketPath: socket };
  if (host.startsWith('npipe://')) return { socketPath: host.slice('npipe://'.length) };
  const url = new URL(host);
  if (url.protocol === 'ssh:') {
    throw new UserError(`${host} is reached by ssh, which Predictscope does not do itself.`, {
      fix: `Open that machine with Remote-SSH and profile there, or forward its socket: ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock ${url.host}, then DOCKER_HOST=unix:///tmp/docker.sock.`,
    });
  }
  const secure = url.protocol === 'https:' || process.env.DOCKER_TLS_VERIFY;
  return {
    host: url.hostname,
    port: Number(url.port || (secure ? 2376 : 2375)),
    protocol: secure ? 'https' : 'http',
  };
}
