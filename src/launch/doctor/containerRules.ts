import { formatBytes } from '../../common/units';
import { failed, type Answers, type ContainerAnswer } from './answers';
import { devcontainerLine, notKnown, sentence, type Finding, type Fix } from './finding';
import { inContainer, placePart, probePart, shellWord, workingFrameworks } from './place';

/** The engine, and what a container may be short of. */
export function containerFindings(answers: Answers): Finding[] {
  const { container } = answers;
  const engine =
    container === undefined
      ? []
      : failed(container)
        ? [notKnown('engine', 'Container engine', container.failed)]
        : [engineFinding(container), gpuSupport(container), ...rights(container)];
  if (answers.probe === undefined) return engine;
  return [...engine, ...sharedMemory(answers), ...root(answers), ...temporary(answers), ...user(answers)];
}

function engineFinding({
  engine,
  version,
  apiVersion,
  rootless,
  operatingSystem,
  kernel,
  endpoint,
  name,
  image,
}: ContainerAnswer): Finding {
  const kind = engine === 'podman' ? 'Podman' : 'Docker';
  return {
    id: 'engine',
    severity: 'ok',
    title: `${kind} ${version}${rootless ? ', rootless' : ''}`,
    detail: `Container ${name} of ${image}; API ${apiVersion} at ${endpoint}; ${operatingSystem}, Linux ${kernel}.`,
  };
}

/** What the engine itself says of GPUs. Nothing of it proves that a container gets one: that is asked inside. */
function gpuSupport({ engine, runtimes, cdiDirectories, cdiDevices, kernel }: ContainerAnswer): Finding {
  const id = 'engine-gpu';
  const cdi = cdiDevices.filter((device) => device.includes('gpu'));
  const nvidia = engine === 'docker' && runtimes.includes('nvidia');
  const parts = [
    nvidia ? 'the runtime nvidia is registered' : '',
    cdi.length > 0 ? `CDI offers ${cdi.join(', ')}` : '',
    /microsoft/i.test(kernel) ? 'it runs in WSL 2, where --gpus all may work without either' : '',
  ].filter(Boolean);
  if (nvidia || cdi.length > 0) {
    return { id, severity: 'ok', title: 'The engine offers GPUs', detail: `${upper(parts.join('; '))}.` };
  }
  if (engine === 'podman') {
    return notKnown(id, 'GPUs of the engine', 'Podman does not tell which devices it could hand over');
  }
  const where =
    cdiDirectories.length > 0 ? ` and no device is described in ${cdiDirectories.join(' or ')}` : '';
  return {
    id,
    severity: 'note',
    title: 'The engine announces no GPU',
    detail: `There is no runtime “nvidia”${where}; --gpus may work all the same. ${parts.join('')}`.trim(),
    fix: {
      text: 'On a machine with an NVIDIA card: install nvidia-container-toolkit where the engine runs, then',
      command: 'sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker',
    },
  };
}

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function rights({ privileged, capAdd }: ContainerAnswer): Finding[] {
  if (!privileged && capAdd.length === 0) return [];
  return [
    {
      id: 'rights',
      severity: 'note',
      title: privileged ? 'The container is privileged' : `The container has ${capAdd.join(', ')}`,
      detail: 'Profiling calls, lines and kernels needs no such right.',
    },
  ];
}

const enoughSharedMemory = 1 << 30;

function sharedMemory(answers: Answers): Finding[] {
  const id = 'shm';
  const machine = probePart(answers, 'machine');
  if (failed(machine)) return [notKnown(id, 'Shared memory (/dev/shm)', machine.failed)];
  const bytes = machine.sharedMemoryBytes;
  if (bytes === null) {
    return answers.python.platform === 'linux'
      ? [notKnown(id, 'Shared memory (/dev/shm)', 'There is no /dev/shm that could be asked')]
      : [];
  }
  const size = `${Math.round(bytes / 2 ** 20)} MiB`;
  if (bytes >= enoughSharedMemory) {
    return [
      {
        id,
        severity: 'ok',
        title: `Shared memory: ${formatBytes(bytes)}`,
        detail: '/dev/shm is large enough for DataLoader workers.',
      },
    ];
  }
  const torch = workingFrameworks(answers).some(([name]) => name === 'torch');
  return [
    {
      id,
      severity: torch ? 'warning' : 'note',
      title: `Shared memory is small: ${size}`,
      detail: `/dev/shm has ${size}${bytes <= 2 ** 26 ? ', the engine’s default' : ''}. DataLoader workers hand over batches in it; when it is full they die with “Bus error”.`,
      fix: inContainer(answers)
        ? {
            text: 'Start the container with more, or with the host’s own (--ipc=host).',
            command: '--shm-size=8g',
            devcontainer: devcontainerLine(['runArgs'], ['--shm-size=8g']),
          }
        : {
            text: 'In a container: start it with --shm-size=8g. On a machine of your own, make it larger.',
            command: 'sudo mount -o remount,size=8G /dev/shm',
            devcontainer: devcontainerLine(['runArgs'], ['--shm-size=8g']),
          },
    },
  ];
}

function root(answers: Answers): Finding[] {
  const found = placePart(answers, 'root');
  if (found === null || failed(found)) {
    return inContainer(answers)
      ? [notKnown('root', 'Root file system', failed(found) ? found.failed : 'It is not among the mounts')]
      : [];
  }
  if (!found.readOnly)
    return inContainer(answers)
      ? [
          {
            id: 'root',
            severity: 'ok',
            title: 'The root file system can be written',
            detail: `Its type is ${found.type}.`,
          },
        ]
      : [];
  return [
    {
      id: 'root',
      severity: 'note',
      title: 'The root file system is read-only',
      detail:
        'The recorder and caches of frameworks need a folder that can be written: a /tmp in memory is enough.',
    },
  ];
}

const tmpfs: Fix = {
  text: 'Start the container with one in memory.',
  command: '--tmpfs=/tmp',
  devcontainer: devcontainerLine(['runArgs'], ['--tmpfs=/tmp']),
};

const littleSpace = 200e6;

function temporary(answers: Answers): Finding[] {
  const id = 'temporary';
  const folders = probePart(answers, 'folders');
  if (failed(folders)) return [notKnown(id, 'Folder for temporary files', folders.failed)];
  const { path, writable, freeBytes: free, error } = folders.tmp;
  if (!writable) {
    return [
      {
        id,
        severity: 'warning',
        title: `${path} cannot be written`,
        detail: `${sentence(error ?? 'No reason was given')} The recorder is then put into /var/tmp or /dev/shm, if one of these can be written.`,
        fix: tmpfs,
      },
    ];
  }
  if (free === null) return [notKnown(id, `Space in ${path}`, 'The system does not say')];
  return [
    {
      id,
      severity: free < littleSpace ? 'warning' : 'ok',
      title: `${formatBytes(free)} free in ${path}`,
      detail: inContainer(answers)
        ? 'Runs are kept there until they are copied out.'
        : 'Frameworks and workers keep temporary files there.',
      ...(free < littleSpace
        ? {
            fix: {
              text: 'Free some, or name another folder in TMPDIR.',
              command: `df -h ${shellWord(path)}`,
            },
          }
        : {}),
    },
  ];
}

function user(answers: Answers): Finding[] {
  const facts = probePart(answers, 'user');
  const { container, store } = answers;
  if (!container || failed(container) || failed(facts) || facts.uid === null) return [];
  const ours = typeof process.getuid === 'function' ? process.getuid() : undefined;
  const shared = store.inContainer
    ? `The log directory is ${store.inContainer} there.`
    : 'The log directory is not mounted there: runs are copied out.';
  if (facts.uid === 0 && ours !== 0) {
    return [
      {
        id: 'user',
        severity: 'note',
        title: 'Programs run as root in the container',
        detail: `What they write on mounts of this machine belongs to root. ${shared} Runs are copied out, so that theirs do not.`,
      },
    ];
  }
  return [
    {
      id: 'user',
      severity: 'ok',
      title: `Programs run as user ${facts.uid} in the container`,
      detail: shared,
    },
  ];
}
