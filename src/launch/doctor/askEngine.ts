import type { ContainerInspectInfo, HostConfig } from 'dockerode';
import type { Engine } from '../../targets/containers/engine';
import type { Target } from '../../targets/target';
import type { ContainerAnswer } from './answers';

/** Parts of GET /info that the types do not know; older engines leave them out. */
interface Info {
  Runtimes?: Record<string, unknown>;
  CDISpecDirs?: string[];
  DiscoveredDevices?: { Source: string; ID: string }[];
  SecurityOptions?: string[];
  OperatingSystem?: string;
  KernelVersion?: string;
}

/** What the engine of a container says of itself and of it; undefined for a target that is none. */
export async function askEngine(target: Target): Promise<ContainerAnswer | undefined> {
  const where = (target as { container?: { engine: Engine; id: string } }).container;
  if (!where) return undefined;
  const { engine, id } = where;
  const [info, version, container] = await Promise.all([
    engine.docker.info() as Promise<Info>,
    engine.docker.version(),
    engine.docker.getContainer(id).inspect(),
  ]);
  return containerAnswer(engine, info, version.ApiVersion, container);
}

function containerAnswer(
  { kind, version, endpoint }: Engine,
  info: Info,
  apiVersion: string,
  { Name, Config, HostConfig: host }: ContainerInspectInfo,
): ContainerAnswer {
  return {
    engine: kind,
    version,
    apiVersion,
    endpoint: endpoint.host,
    operatingSystem: info.OperatingSystem ?? '',
    kernel: info.KernelVersion ?? '',
    rootless: (info.SecurityOptions ?? []).some((each) => each.includes('rootless')),
    runtimes: Object.keys(info.Runtimes ?? {}),
    cdiDirectories: info.CDISpecDirs ?? [],
    cdiDevices: (info.DiscoveredDevices ?? []).filter(({ Source }) => Source === 'cdi').map(({ ID }) => ID),
    name: Name.replace(/^\//, ''),
    image: Config.Image,
    thrownAway: host.AutoRemove === true || 'predictscope.owner' in Config.Labels,
    runtime: host.Runtime ?? '',
    gpuRequests: gpuRequests(host),
    deviceNodes: (host.Devices as { PathInContainer: string }[] | null)?.map((d) => d.PathInContainer) ?? [],
    readOnlyRoot: host.ReadonlyRootfs ?? false,
    shmBytes: host.ShmSize ?? 0,
    user: Config.User,
    privileged: host.Privileged ?? false,
    capAdd: (host.CapAdd as string[] | null) ?? [],
    init: host.Init ?? false,
  };
}

/** As `docker run` would be told. */
function gpuRequests({ DeviceRequests: requests }: HostConfig): string[] {
  return (requests ?? []).flatMap(({ Driver, Count, DeviceIDs, Capabilities }) => {
    const ids = DeviceIDs ?? [];
    if (Driver === 'cdi') return ids.map((id) => `--device=${id}`);
    if (!(Capabilities ?? []).flat().includes('gpu')) return [];
    return [
      ids.length > 0 ? `--gpus="device=${ids.join(',')}"` : `--gpus=${Count === -1 ? 'all' : (Count ?? 0)}`,
    ];
  });
}
