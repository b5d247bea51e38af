import { describe, expect, it } from 'vitest';
import {
  engineText,
  explainRefusal,
  isGpuRefusal,
  refusalError,
} from '../../../../src/targets/containers/refusals';
import type { RefusalKind, RefusalStep } from '../../../../src/targets/containers/refusalRule';

const docker = { server: 'docker', image: 'lab/spliceai:1', container: 'web' } as const;
const podman = { ...docker, server: 'podman' } as const;

/** What runc's callers put around the text of a hook. */
function hook(text: string): string {
  return `failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error running hook #0: error running hook: exit status 1, stdout: , stderr: Auto-detected mode as 'legacy'\n${text}: unknown`;
}

const gpu: [string, RefusalStep, RefusalKind, string][] = [
  [
    '(HTTP code 500) server error - could not select device driver "" with capabilities: [[gpu]]',
    'start',
    'gpu-no-toolkit',
    'no NVIDIA container toolkit',
  ],
  [
    'docker: Error response from daemon: could not select device driver "nvidia" with capabilities: [[gpu]].',
    'start',
    'gpu-no-toolkit',
    'no NVIDIA container toolkit',
  ],
  ['could not select device driver "amd" with capabilities: [[gpu]]', 'start', 'gpu-no-toolkit', 'AMD GPUs'],
  ['could not select device driver "cdi" with capabilities: []', 'start', 'gpu-cdi-off', 'does not read CDI'],
  [
    'CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=9',
    'start',
    'gpu-cdi-unresolved',
    'No CDI file describes nvidia.com/gpu=9.',
  ],
  [
    'setting up CDI devices: unresolvable CDI devices nvidia.com/gpu=all: stat',
    'create',
    'gpu-cdi-unresolved',
    'No CDI file describes nvidia.com/gpu=all.',
  ],
  [
    'failed to create task for container: could not apply edits: CDI device injection failed: unresolvable CDI devices amd.com/gpu=all',
    'start',
    'gpu-cdi-unresolved',
    'amd.com/gpu=all',
  ],
  ['unexpected count in CDI device request', 'start', 'gpu-request', 'at once'],
  ['cannot set both Count and DeviceIDs on device request', 'create', 'gpu-request', 'lost its quotes'],
  ['Unknown runtime specified nvidia', 'create', 'gpu-runtime-unknown', 'no runtime named nvidia'],
  [
    '(HTTP code 400) bad parameter - unknown or invalid runtime name: nvidia ',
    'create',
    'gpu-runtime-unknown',
    'no runtime named nvidia',
  ],
  ['default OCI runtime "nvidia" not found: invalid argument', 'create', 'gpu-runtime-unknown', 'nvidia'],
  [
    hook('nvidia-container-cli: initialization error: nvml error: driver not loaded'),
    'start',
    'gpu-driver-missing',
    'driver is not loaded',
  ],
  [
    hook(
      'nvidia-container-cli: initialization error: load library failed: libnvidia-ml.so.1: cannot open shared object file: no such file or directory',
    ),
    'start',
    'gpu-driver-missing',
    'driver is not loaded',
  ],
  [
    hook(
      'nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.6, please update your driver to a newer version, or use an earlier cuda container',
    ),
    'start',
    'gpu-driver-old',
    'The image lab/spliceai:1 needs a newer NVIDIA driver (cuda>=12.6).',
  ],
  [
    hook(
      'nvidia-container-cli: mount error: file creation failed: /var/lib/docker/overlay2/ab12/merged/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1: file exists',
    ),
    'start',
    'gpu-hook',
    '/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1',
  ],
  [
    hook('nvidia-container-cli: initialization error: WSL environment detected but no adapters were found'),
    'start',
    'gpu-driver-missing',
    'Windows gives WSL no GPU.',
  ],
  [
    hook(
      'nvidia-container-cli: mount error: failed to add device rules: unable to find any existing device filters attached to the cgroup: bpf_prog_query(BPF_CGROUP_DEVICE) failed: operation not permitted',
    ),
    'start',
    'gpu-hook',
    'control groups',
  ],
  [
    hook('nvidia-container-cli: container error: cgroup subsystem devices not found'),
    'start',
    'gpu-hook',
    'control groups',
  ],
  [hook('nvidia-container-cli: device error: 5: unknown device'), 'start', 'gpu-request', 'no such GPU'],
  [
    hook('nvidia-container-cli: ldcache error: open failed: /sbin/ldconfig.real: no such file or directory'),
    'start',
    'gpu-hook',
    '/sbin/ldconfig.real',
  ],
  [
    hook('nvidia-container-cli: initialization error: nvml error: driver/library version mismatch'),
    'start',
    'gpu-driver-mismatch',
    'was updated',
  ],
  [hook('nvidia-container-cli: some new error'), 'start', 'gpu-hook', 'some new error'],
  [
    'OCI runtime create failed: unable to retrieve OCI runtime error: fork/exec /usr/bin/nvidia-container-runtime: no such file or directory: unknown',
    'start',
    'gpu-hook',
    'not installed',
  ],
  [
    'exec: "nvidia-container-runtime-hook": executable file not found in $PATH',
    'start',
    'gpu-hook',
    'not installed',
  ],
  [
    'error gathering device information while adding custom device "/dev/kfd": no such file or directory',
    'start',
    'gpu-node-missing',
    'no /dev/kfd',
  ],
  ['container create: stat /dev/kfd: no such file or directory', 'create', 'gpu-node-missing', 'no /dev/kfd'],
  [
    'error gathering device information while adding custom device "/dev/nvidiactl": no such file or directory',
    'start',
    'gpu-node-missing',
    'NVIDIA driver is not loaded',
  ],
  [
    'Unable to find group render: no matching entries in group file',
    'start',
    'gpu-group-missing',
    'The image lab/spliceai:1 has no group named render.',
  ],
  [
    'looking up supplemental groups for container abc: unable to find group video: no matching entries in group file',
    'create',
    'gpu-group-missing',
    'video',
  ],
  ['Unable to open /dev/kfd read-write: Permission denied', 'inside', 'gpu-node-denied', '/dev/kfd'],
  [
    'Unable to open /dev/kfd read-write: No such file or directory',
    'inside',
    'gpu-node-missing',
    'without /dev/kfd',
  ],
  ['Failed to initialize NVML: Unknown Error', 'inside', 'gpu-lost', 'lost its GPU'],
  ['Failed to initialize NVML: Insufficient Permissions', 'inside', 'gpu-node-denied', 'may not open'],
  [
    'Failed to initialize NVML: Driver/library version mismatch',
    'inside',
    'gpu-driver-mismatch',
    'was updated',
  ],
  [
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
    'inside',
    'gpu-driver-missing',
    'not loaded',
  ],
  [
    'CUDA error: no kernel image is available for execution on the device',
    'inside',
    'gpu-unsupported',
    'not built for this GPU',
  ],
  ['CUDA driver version is insufficient for CUDA runtime version', 'inside', 'gpu-driver-old', 'older than'],
  [
    '==ERROR== ERR_NVGPUCTRPERM - The user does not have permission',
    'inside',
    'gpu-counters',
    'A timeline needs none.',
  ],
  ['CUPTI_ERROR_INSUFFICIENT_PRIVILEGES', 'inside', 'gpu-counters', 'A timeline needs none.'],
];

const others: [string, RefusalStep, RefusalKind, string][] = [
  ['connect EACCES /var/run/docker.sock', 'connect', 'engine-denied', '(/var/run/docker.sock)'],
  [
    'permission denied while trying to connect to the docker API at unix:///var/run/docker.sock',
    'connect',
    'engine-denied',
    '(/var/run/docker.sock)',
  ],
  [
    'Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://x": dial unix /var/run/docker.sock: connect: permission denied',
    'connect',
    'engine-denied',
    '(/var/run/docker.sock)',
  ],
  [
    'connect ENOENT /var/run/docker.sock',
    'connect',
    'engine-not-running',
    'there is no /var/run/docker.sock.',
  ],
  ['connect ENOENT //./pipe/docker_engine', 'connect', 'engine-not-running', '//./pipe/docker_engine'],
  [
    'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    'connect',
    'engine-not-running',
    'there is no unix:///var/run/docker.sock.',
  ],
  [
    'failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct and if the daemon is running: dial unix /var/run/docker.sock: connect: no such file or directory',
    'connect',
    'engine-not-running',
    'there is no unix:///var/run/docker.sock.',
  ],
  [
    'connect ECONNREFUSED /run/podman/podman.sock',
    'connect',
    'engine-not-running',
    '/run/podman/podman.sock',
  ],
  [
    'connect ECONNREFUSED 127.0.0.1:2375',
    'connect',
    'engine-not-running',
    'Nothing listens on 127.0.0.1:2375',
  ],
  ['getaddrinfo ENOTFOUND box', 'connect', 'engine-unreachable', 'The machine box'],
  ['connect ETIMEDOUT 10.0.0.1:2376', 'connect', 'engine-unreachable', 'cannot be reached'],
  ['socket hang up', 'start', 'engine-unreachable', 'closed the connection'],
  ['All configured authentication methods failed', 'connect', 'engine-unreachable', 'SSH'],
  ['Client sent an HTTP request to an HTTPS server.', 'connect', 'engine-unreachable', 'encrypted'],
  ['self-signed certificate in certificate chain', 'connect', 'engine-unreachable', 'not trusted'],
  [
    '(HTTP code 400) bad parameter - client version 1.32 is too old. Minimum supported API version is 1.44, please upgrade your client to a newer version',
    'connect',
    'engine-version',
    'does not speak API version 1.32; it speaks 1.44.',
  ],
  [
    'client version 1.52 is too new. Maximum supported API version is 1.41',
    'connect',
    'engine-version',
    '1.41',
  ],
  [
    '(HTTP code 404) no such container - No such image: lab/spliceai:1 ',
    'create',
    'image-missing',
    'Docker does not have the image lab/spliceai:1.',
  ],
  ['lab/spliceai:1: image not known', 'create', 'image-missing', 'lab/spliceai:1'],
  ["Unable to find image 'a:b' locally", 'create', 'image-missing', 'does not have'],
  [
    'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.0.0.2:53: no such host',
    'pull',
    'pull-offline',
    'cannot be reached',
  ],
  [
    'Get "https://registry-1.docker.io/v2/": net/http: TLS handshake timeout',
    'pull',
    'pull-offline',
    'TLS handshake timeout',
  ],
  [
    'Get "https://registry-1.docker.io/v2/": dial tcp 1.2.3.4:443: connect: connection refused',
    'pull',
    'pull-offline',
    'cannot be reached',
  ],
  [
    'initializing source docker://x:latest: pinging container registry docker.io: Get "https://x": dial tcp: lookup x: Temporary failure in name resolution',
    'pull',
    'pull-offline',
    'cannot be reached',
  ],
  [
    "pull access denied for lab/spliceai, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    'pull',
    'pull-denied',
    'does not give out the image lab/spliceai:1',
  ],
  ['unauthorized: authentication required', 'pull', 'pull-denied', 'login'],
  [
    'manifest for lab/spliceai:1 not found: manifest unknown: manifest unknown',
    'pull',
    'pull-unknown',
    'has no lab/spliceai:1',
  ],
  [
    'toomanyrequests: You have reached your unauthenticated pull rate limit.',
    'pull',
    'pull-limit',
    'too many requests',
  ],
  [
    'no matching manifest for linux/arm64/v8 in the manifest list entries',
    'pull',
    'image-platform',
    'not made for linux/arm64/v8',
  ],
  [
    'short-name "spliceai" did not resolve to an alias and no unqualified-search registries are defined in "/etc/containers/registries.conf"',
    'pull',
    'pull-unknown',
    'wants the registry',
  ],
  [
    'Get "https://r/v2/": x509: certificate signed by unknown authority',
    'pull',
    'pull-certificate',
    'not trusted',
  ],
  [
    'invalid reference format: repository name (Lab) must be lowercase',
    'create',
    'image-name',
    'no name of an image',
  ],
  [
    'invalid mount config for type "bind": bind source path does not exist: /data/none',
    'create',
    'mount-source',
    'The folder /data/none is not there',
  ],
  ['statfs /data/none: no such file or directory', 'create', 'mount-source', '/data/none'],
  [
    'mounts denied: \nThe path /data is not shared from the host and is not known to Docker.',
    'create',
    'mount-source',
    'does not share',
  ],
  [
    'OCI runtime create failed: error mounting "/a" to rootfs at "/b": mount /a:/b: not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)?',
    'start',
    'mount-target',
    '/a and /b',
  ],
  ['invalid CapAdd: unknown capability: "CAP_PERFMON"', 'create', 'capability-unknown', 'PERFMON'],
  ['Unknown runtime specified kata', 'create', 'runtime-unknown', 'no runtime named kata'],
  [
    'error gathering device information while adding custom device "/dev/ttyUSB0": no such file or directory',
    'start',
    'device-missing',
    'no /dev/ttyUSB0',
  ],
  [
    'unable to find group lab: no matching entries in group file',
    'start',
    'group-missing',
    'no group named lab',
  ],
  [
    'unable to find user bob: no matching entries in passwd file',
    'start',
    'user-missing',
    'no user named bob',
  ],
  [
    'Conflict. The container name "/web" is already in use by container "4f". You have to remove (or rename) that container to be able to reuse that name.',
    'create',
    'name-taken',
    'a container named web already',
  ],
  [
    'creating container storage: the container name "web" is already in use by 4f. You have to remove that container to be able to reuse that name: that name is already in use',
    'create',
    'name-taken',
    'web',
  ],
  [
    'driver failed programming external connectivity on endpoint x: Bind for 0.0.0.0:8080 failed: port is already allocated',
    'start',
    'port-taken',
    'Port 8080 is in use.',
  ],
  [
    'rootlessport listen tcp 0.0.0.0:8080: bind: address already in use',
    'start',
    'port-taken',
    'Port 8080 is in use.',
  ],
  [
    'rootlessport cannot expose privileged port 80, you can add',
    'start',
    'port-taken',
    'Port 80 is below 1024',
  ],
  ['network lab_default not found', 'start', 'network', 'lab_default'],
  ['netavark: nftables error: unable to execute nft: No such file', 'start', 'network', 'network'],
  [
    'container-init binary not found on the host: stat /usr/libexec/podman/catatonit: no such file or directory',
    'create',
    'init-missing',
    '--init',
  ],
  [
    'OCI runtime create failed: runc create failed: unable to start container process: error setting rlimit type 8: operation not permitted: unknown',
    'start',
    'rlimit',
    'memlock',
  ],
  ['write /var/lib/docker/tmp/x: no space left on device', 'pull', 'disk-full', 'full'],
  ['mkdir /run/predictscope: read-only file system', 'copy', 'read-only', 'at /run/predictscope'],
  ['container rootfs is marked read-only', 'copy', 'read-only', 'read-only'],
  [
    '(HTTP code 409) unexpected - container 4f2e is not running ',
    'exec',
    'container-stopped',
    'The container web is not running.',
  ],
  [
    'can only create exec sessions on running containers: container state improper',
    'exec',
    'container-stopped',
    'web is not running',
  ],
  ['Container web is paused, unpause the container before exec', 'exec', 'container-paused', 'paused'],
  [
    '(HTTP code 404) no such container - No such container: web ',
    'exec',
    'container-missing',
    'no container web',
  ],
  [
    'no container with name or ID "web" found: no such container',
    'exec',
    'container-missing',
    'no container web',
  ],
  ['No command specified', 'create', 'command-absent', 'no command was given'],
  [
    'OCI runtime exec failed: exec failed: unable to start container process: exec: "python": executable file not found in $PATH: unknown',
    'exec',
    'command-missing',
    'The container web has no program python on its PATH.',
  ],
  [
    'crun: executable file `python` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found',
    'exec',
    'command-missing',
    'no program python',
  ],
  [
    'OCI runtime exec failed: exec failed: unable to start container process: exec: "/opt/x/run": stat /opt/x/run: no such file or directory: unknown',
    'exec',
    'command-missing',
    'no program /opt/x/run.',
  ],
  [
    'OCI runtime exec failed: exec failed: unable to start container process: exec: "./run.sh": permission denied: unknown',
    'exec',
    'command-denied',
    'may not run ./run.sh',
  ],
  ['exec /usr/bin/python: exec format error', 'start', 'command-format', 'another kind of processor'],
  [
    'OCI runtime exec failed: exec failed: unable to start container process: chdir to cwd ("/work") set in config.json failed: no such file or directory: unknown',
    'exec',
    'cwd-missing',
    'no folder /work',
  ],
  ['workdir "/work" does not exist on container 4f', 'create', 'cwd-missing', 'no folder /work'],
  ['Could not find the file /run/x in container 4f', 'copy', 'path-missing', 'no /run/x'],
  [
    "RuntimeError: DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that dataloader's workers are out of shared memory.",
    'inside',
    'shared-memory',
    '64 MB',
  ],
  [
    'OCI runtime exec failed: exec failed: container_linux.go:380: starting container process caused: procReady not received: unknown',
    'exec',
    'exec-failed',
    'procReady not received',
  ],
  [
    'something that nobody has seen',
    'start',
    'unknown',
    'did not start the container: something that nobody has seen.',
  ],
  ['', 'create', 'unknown', 'it gave no reason'],
];

describe('refusals of GPUs', () => {
  it.each(gpu)('%s', (text, step, kind, part) => {
    const refusal = explainRefusal(text, step, docker);
    expect(refusal.kind).toBe(kind);
    expect(refusal.message).toContain(part);
    expect(isGpuRefusal(refusal.kind)).toBe(true);
  });
});

describe('other refusals', () => {
  it.each(others)('%s', (text, step, kind, part) => {
    const refusal = explainRefusal(text, step, docker);
    expect(refusal.kind).toBe(kind);
    expect(refusal.message).toContain(part);
    expect(isGpuRefusal(refusal.kind)).toBe(false);
  });
});

describe('every sentence', () => {
  it.each([docker, podman, { server: 'docker' } as const])('is whole, with %o', (place) => {
    for (const [text, step] of [...gpu, ...others]) {
      const { message, fix } = explainRefusal(text, step, place);
      for (const sentence of [message, fix]) {
        expect(sentence, text).toMatch(/^[“A-Z/].*[.)]$/s);
        expect(sentence, text).not.toMatch(/undefined|null|\[object|\.\.$/);
      }
    }
  });

  it('names the engine that refused', () => {
    expect(explainRefusal('connect EACCES /run/podman/podman.sock', 'connect', podman)).toEqual({
      kind: 'engine-denied',
      message: 'This user may not use Podman (/run/podman/podman.sock).',
      fix: 'Use your own: systemctl --user enable --now podman.socket, then set predictscope.containers.endpoint to unix:///run/user/UID/podman/podman.sock.',
    });
  });
});

describe('the text', () => {
  it('is the engine’s own', () => {
    expect(engineText('(HTTP code 500) server error - could not x ')).toBe('could not x');
    expect(engineText("docker: Error response from daemon: bad: unknown.\nSee 'docker run --help'.")).toBe(
      'bad',
    );
    expect(engineText('Error: crun: no')).toBe('crun: no');
  });

  it('stays with the error', () => {
    const cause = new Error('(HTTP code 404) no such container - No such container: web ');
    expect(refusalError(cause, 'exec', docker)).toMatchObject({
      name: 'UserError',
      message: 'There is no container web.',
      fix: 'See docker ps --all for those that there are.',
      cause,
    });
  });
});
