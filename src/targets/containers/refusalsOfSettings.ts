import { containerName, engineName, thatImage, type RefusalRule } from './refusalRule';

/** What a container was asked to be, and the engine would not make. */
export const settingRefusals: readonly RefusalRule[] = [
  {
    kind: 'runtime-unknown',
    pattern:
      /(?:Unknown runtime specified|unknown or invalid runtime name:?) "?([\w.-]+)|OCI runtime "?([\w./-]+?)"? not found/,
    say: (runtime) => ({
      message: `The engine has no runtime named ${runtime}.`,
      fix: `Leave --runtime=${runtime} out; the engine’s own are in docker info -f '{{.Runtimes}}'.`,
    }),
  },
  {
    kind: 'device-missing',
    pattern:
      /gathering device information while adding custom device "([^"]+)": no such file|container create: stat (\/dev\/\S+): no such file/,
    say: (node) => ({
      message: `The machine that the engine runs on has no ${node}.`,
      fix: 'Take that --device out of the command line, or of "runArgs" in devcontainer.json.',
    }),
  },
  {
    kind: 'group-missing',
    pattern: /unable to find group ([\w-]+)/i,
    say: (group, place) => ({
      message: `${thatImage(place)} has no group named ${group}.`,
      fix: `Give its number instead: --group-add $(getent group ${group} | cut -d: -f3).`,
    }),
  },
  {
    kind: 'user-missing',
    pattern: /unable to find user ([\w.-]+)/i,
    say: (user, place) => ({
      message: `${thatImage(place)} has no user named ${user}.`,
      fix: 'Give numbers instead: -u $(id -u):$(id -g).',
    }),
  },
  {
    kind: 'capability-unknown',
    pattern: /unknown capability: "?(?:CAP_)?(\w+)"?/,
    say: (capability) => ({
      message: `This engine does not know the capability ${capability}.`,
      fix: `Leave --cap-add=${capability} out${capability === 'PERFMON' ? ': a timeline needs no such right' : ''}, or update the engine.`,
    }),
  },
  {
    kind: 'mount-source',
    pattern:
      /bind source path does not exist: (\S+)|error while creating mount source path '([^']+)'|statfs (\/\S+): no such file/,
    say: (folder) => ({
      message: `The folder ${folder} is not there where the engine runs.`,
      fix: `Make it (mkdir -p ${folder}), or mend the path in -v, --mount or "mounts" of devcontainer.json.`,
    }),
  },
  {
    kind: 'mount-source',
    pattern: /The path (\S+) is not shared from the host|^mounts denied/i,
    say: (folder) => ({
      message: `Docker Desktop does not share ${folder || 'that folder'} with its containers.`,
      fix: 'Add it in Docker Desktop: Settings, Resources, File sharing.',
    }),
  },
  {
    kind: 'mount-target',
    pattern: /error mounting "?([^"\s]+)"? to rootfs at "?([^"\s]+?)"?:.*not a directory/s,
    say: (source, _, [, , target = '']) => ({
      message: `${source} and ${target} are not both folders, or not both files.`,
      fix: 'Mount a folder on a folder and a file on a file. A file that was missing has become a folder on the host: remove that.',
    }),
  },
  {
    kind: 'mount-target',
    pattern: /mount path must be absolute|must be an absolute path/,
    say: () => ({
      message: 'A folder was mounted on a path that does not begin with /.',
      fix: 'Write the whole path: -v /folder/here:/folder/there.',
    }),
  },
  {
    kind: 'name-taken',
    pattern: /container name "?\/?([\w.-]+)"? is already in use/,
    say: (name, place) => ({
      message: `There is a container named ${name} already.`,
      fix: `Profile in it (container:${name}), or remove it: ${place.server} rm -f ${name}.`,
    }),
  },
  {
    kind: 'port-taken',
    pattern:
      /Bind for (\S+) failed: port is already allocated|(?:listen (?:tcp|udp)\d? )?([\d.:[\]]+): bind: address already in use|cannot expose privileged port (\d+)/,
    say: (address, _, [, , , privileged]) =>
      privileged
        ? {
            message: `Port ${privileged} is below 1024, which needs root.`,
            fix: 'Choose a higher one on the host: -p 8080:80.',
          }
        : {
            message: `Port ${address.replace(/^.*:/, '')} is in use.`,
            fix: 'Stop what uses it, or choose another one on the host: -p 18080:80.',
          },
  },
  {
    kind: 'network',
    pattern: /network ([\w.-]+) not found|unable to find network with name or ID ([\w.-]+)/,
    say: (network, place) => ({
      message: `There is no network named ${network}.`,
      fix: `Make it (${place.server} network create ${network}), or start the compose project that has it.`,
    }),
  },
  {
    kind: 'network',
    pattern: /netavark: (?:nftables|iptables)|unable to execute (?:nft|iptables)/,
    say: () => ({
      message: 'Podman lacks a program to set up the network.',
      fix: 'Install nftables (and iptables), or use --network none.',
    }),
  },
  {
    kind: 'init-missing',
    pattern: /container-init binary not found|catatonit|docker-init.*not found/,
    say: (_, place) => ({
      message: `${engineName(place)} lacks the small program that --init starts first.`,
      fix:
        place.server === 'podman'
          ? 'Install catatonit, or leave --init out.'
          : 'Install tini, or leave --init out.',
    }),
  },
  {
    kind: 'rlimit',
    pattern: /error setting rlimits?(?: type (\d+))?|setrlimit `?(\w+)`?/,
    say: (limit) => ({
      message: `The engine may not set the limit ${limit === '8' ? 'memlock' : limit}.`,
      fix: 'Leave --ulimit out, or set it for the engine: LimitMEMLOCK=infinity in its systemd unit.',
    }),
  },
  {
    kind: 'memory',
    pattern: /cannot allocate memory|Minimum memory limit allowed/,
    say: () => ({
      message: 'There is not enough memory to start a process in the container.',
      fix: 'Raise --memory, or stop other programs where the engine runs.',
    }),
  },
  {
    kind: 'disk-full',
    pattern: /no space left on device/,
    say: (_, place) => ({
      message: `The disk that ${engineName(place)} keeps its containers on is full.`,
      fix: `See ${place.server} system df; ${place.server} system prune removes stopped containers and images without a name.`,
    }),
  },
  {
    kind: 'read-only',
    pattern:
      /(?:(?:mkdir|open|create \w+(?: \w+)?) "?(\/[^\s":]+)"?.*?)?(?:read-only file system|marked read-only)/s,
    say: (folder, place) => ({
      message: `${containerName(place)} cannot be written${folder ? ` at ${folder}` : ''}: its file system is read-only.`,
      fix: 'Give it a folder that can be: --tmpfs /tmp, or -v /folder/here:/folder/there without :ro.',
    }),
  },
];
