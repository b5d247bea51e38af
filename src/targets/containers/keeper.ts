import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ContainerCreateOptions, HostConfig } from 'dockerode';
import { errorText } from '../../common/problem';
import { startTicks } from '../localProcess';
import type { Engine } from './engine';
import { environmentList } from './exec';

/** What was asked of a container that is made from an image; nothing is added to it. */
export interface KeeperRequest {
  image: string;
  config: Pick<ContainerCreateOptions, 'User' | 'WorkingDir' | 'Hostname' | 'ExposedPorts' | 'Volumes'>;
  hostConfig: HostConfig;
  environment: Readonly<Record<string, string>>;
}

export interface Keeper {
  id: string;
  remove: () => Promise<void>;
}

export const ownerLabel = 'predictscope.owner';

/**
 * Who watches a container: the machine, its boot, the namespace that numbers processes, our process and its start.
 * Others may share the engine: another machine, or a container that has the engine's socket.
 */
export function ownerText(pid = process.pid): string {
  return [hostname(), bootId(), processNamespace(), pid, startTicks(pid) ?? ''].join(' ');
}

/** Whether the process that a label names still watches; `elsewhere` where that cannot be seen from here. */
export function ownerIs(label: string): 'alive' | 'gone' | 'elsewhere' {
  const [host, boot, namespace, pid, ticks] = label.split(' ');
  if (host !== hostname() || !boot || pid === undefined) return 'elsewhere';
  if (boot !== bootId()) return 'gone';
  if (namespace !== processNamespace()) return 'elsewhere';
  return startTicks(Number(pid)) === (ticks || undefined) ? 'alive' : 'gone';
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

// It lives until somebody ends it: the program is started beside it, so that what is in the container can be asked
// before, and fetched after.
const waiting = 'while :; do sleep 2147483 & wait $!; done';
const waitingInPython = 'import signal; signal.signal(15, lambda *_: exit()); signal.pause()';

/** Starts a container that waits. Never leaves one behind when it fails: an engine may refuse at the start only. */
export async function startKeeper(engine: Engine, request: KeeperRequest): Promise<Keeper> {
  const { image, config, hostConfig, environment } = request;
  for (const command of [
    ['/bin/sh', '-c', waiting],
    ['python3', '-I', '-S', '-c', waitingInPython],
  ]) {
    const container = await engine.docker.createContainer({
      ...config,
      Image: image,
      Entrypoint: command.slice(0, 1),
      Cmd: command.slice(1),
      Env: environmentList(environment),
      Labels: { [ownerLabel]: ownerText() },
      // Somebody has to bury the processes that the program leaves behind.
      HostConfig: { ...hostConfig, Init: hostConfig.Init ?? engine.kind === 'docker' },
    });
    const remove = async (): Promise<void> => {
      await container.remove({ force: true, v: true }).catch(() => undefined);
    };
    try {
      await container.start();
      return { id: container.id, remove };
    } catch (error) {
      await remove();
      const noShell = /\bsh\b.*(no such file|not found)/i.test(errorText(error));
      if (!noShell || command[0] !== '/bin/sh') throw error;
    }
  }
  throw new Error('unreachable');
}
