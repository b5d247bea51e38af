import { failed, type Answers, type ContainerAnswer } from './answers';
import { devcontainerLine, notKnown, sentence, type Finding, type Fix } from './finding';
import {
  driverCuda,
  driverVersion,
  environment,
  gpuNodes,
  hasGpu,
  nvidiaCards,
  placePart,
  probePart,
} from './place';

/** Whether there is a GPU, may be used, and what drives it. */
export function gpuFindings(answers: Answers): Finding[] {
  const devices = probePart(answers, 'nodes');
  const smi = placePart(answers, 'gpus');
  if (failed(devices) && failed(smi)) return [notKnown('gpu', 'GPU', devices.failed)];
  if (!hasGpu(answers)) return [absent(answers)];
  return [...cards(answers), ...denied(answers), ...hidden(answers), ...driver(answers)];
}

/** A container for which nobody asked for a GPU is as it should be; one that lost it is not. */
function absent({ container }: Answers): Finding {
  const asked = container && !failed(container) ? request(container) : undefined;
  if (container && !failed(container) && asked) {
    return {
      id: 'gpu',
      severity: 'problem',
      title: 'The GPU that was asked for is not in the container',
      detail: `It was started with ${asked}, and ${engineName(container)} reported success, but there is neither /dev/nvidia0 nor /dev/kfd nor /dev/dxg in it. All times are those of the CPU.`,
      fix: ignoredFix(container),
    };
  }
  const finding: Finding = {
    id: 'gpu',
    severity: 'note',
    title: 'No GPU here',
    detail:
      'There is neither /dev/nvidia0 nor /dev/kfd nor /dev/dxg, and nvidia-smi lists no card. All times are those of the CPU.',
  };
  if (!container || failed(container)) return finding;
  const text = 'If the machine has a GPU, start the container with it.';
  return { ...finding, fix: { text, command: '--gpus=all', devcontainer: gpuLine } };
}

const gpuLine = devcontainerLine(['hostRequirements', 'gpu'], true);

function request({ gpuRequests, runtime, deviceNodes }: ContainerAnswer): string | undefined {
  const asked = [
    ...gpuRequests,
    ...(runtime === 'nvidia' ? ['--runtime=nvidia'] : []),
    ...deviceNodes.filter((node) => /^\/dev\/(nvidia|kfd|dxg)/.test(node)).map((node) => `--device=${node}`),
  ];
  return asked.length > 0 ? asked.join(' ') : undefined;
}

function ignoredFix({ engine, cdiDevices, image }: ContainerAnswer): Fix {
  if (engine === 'podman') {
    return {
      text: 'Podman ignores --gpus and --runtime without a word; it hands over GPUs by CDI. Make the description of the devices (sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml), then start the container with --device nvidia.com/gpu=all.',
      command: 'sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml',
      devcontainer: devcontainerLine(['runArgs'], ['--device=nvidia.com/gpu=all']),
    };
  }
  const device = cdiDevices.find((each) => each.endsWith('gpu=all'));
  return {
    text: 'See whether any container gets the GPU; if not, install nvidia-container-toolkit where the engine runs, then: sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker.',
    command: `docker run --rm ${device ? `--device ${device}` : '--gpus all'} --entrypoint nvidia-smi ${image}`,
  };
}

function engineName({ engine, version }: ContainerAnswer): string {
  return `${engine === 'podman' ? 'Podman' : 'Docker'} ${version}`;
}

function cards(answers: Answers): Finding[] {
  const found = nvidiaCards(answers).map((card): Finding => {
    const memory = Number(card['memory.total']);
    const parts = [
      card.compute_cap ? `compute capability ${card.compute_cap}` : '',
      Number.isFinite(memory) ? `${Math.round(memory / 1024)} GiB` : '',
    ].filter(Boolean);
    return {
      id: `gpu-${card.index ?? '0'}`,
      severity: 'ok',
      title: `GPU ${card.index ?? '0'}: ${card.name ?? 'without a name'}`,
      detail: sentence(parts.join(', ') || 'nvidia-smi lists it'),
    };
  });
  if (found.length > 0) return found;
  const nodes = gpuNodes(answers).map(({ path }) => path);
  const smi = placePart(answers, 'gpus');
  if (nodes.includes('/dev/kfd')) {
    return [
      {
        id: 'gpu',
        severity: 'ok',
        title: 'An AMD GPU driver is here',
        detail: '/dev/kfd is here; which card it is, the framework says below.',
      },
    ];
  }
  return [smiFailed(nodes, failed(smi) ? smi.failed : 'it lists no card')];
}

/** The nodes are there, and nvidia-smi does not say what they are. */
function smiFailed(nodes: readonly string[], why: string): Finding {
  const id = 'nvidia-smi';
  if (why.endsWith('is not there')) {
    return {
      ...notKnown(
        id,
        'Kind and state of the GPU',
        `${nodes.join(' ')} exists, but nvidia-smi is not on PATH`,
      ),
      fix: {
        text: 'In a container: start it with NVIDIA_DRIVER_CAPABILITIES=compute,utility.',
        devcontainer: devcontainerLine(['containerEnv', 'NVIDIA_DRIVER_CAPABILITIES'], 'compute,utility'),
      },
    };
  }
  const finding: Finding = {
    id,
    severity: 'problem',
    title: 'nvidia-smi cannot reach the GPU',
    detail: sentence(why),
  };
  if (/version mismatch/i.test(why)) {
    const text =
      'The driver was updated while its old module is loaded: load the new one, by a restart of the machine.';
    return { ...finding, fix: { text, command: 'sudo reboot' } };
  }
  if (/NVML: Unknown Error/i.test(why)) {
    const text =
      'The container has lost its devices, as after “systemctl daemon-reload” on the host: make it anew.';
    return { ...finding, fix: { text } };
  }
  if (/Insufficient Permissions/i.test(why)) {
    const text =
      'A rootless engine has dropped the groups that may use the GPU: start the container with them.';
    return { ...finding, fix: { text, command: '--group-add=keep-groups' } };
  }
  if (/communicate with the NVIDIA driver|driver not loaded/i.test(why)) {
    const text = 'The driver is installed and not loaded. Load it, and see what the kernel says of it.';
    return { ...finding, fix: { text, command: 'sudo modprobe nvidia && sudo dmesg | grep -i nvrm' } };
  }
  return {
    ...finding,
    fix: { text: 'Run nvidia-smi on the machine itself: it must list the GPU.', command: 'nvidia-smi' },
  };
}

function denied(answers: Answers): Finding[] {
  const devices = probePart(answers, 'nodes');
  if (failed(devices)) return [];
  const closed = devices.filter(({ usable }) => !usable);
  if (closed.length === 0) return [];
  const groups = [...new Set(closed.map(({ gid }) => gid))];
  const facts = probePart(answers, 'user');
  const user = !failed(facts) && facts.uid !== null ? `user ${facts.uid}` : 'this user';
  const why = [...new Set(closed.map(({ error }) => error ?? 'no reason given'))].join(', ');
  const container = answers.container !== undefined;
  return [
    {
      id: 'gpu-permission',
      severity: 'problem',
      title: 'The GPU’s device files may not be used',
      detail: `${closed.map(({ path }) => path).join(', ')} cannot be opened by ${user} (${why}); they belong to group ${groups.join(', ')}.`,
      fix: container
        ? {
            text: 'Start the container with that group by its number: names are those of the image.',
            command: groups.map((gid) => `--group-add=${gid}`).join(' '),
            devcontainer: devcontainerLine(['runArgs'], [`--group-add=${groups[0] ?? 0}`]),
          }
        : {
            text: 'Join the group, then log in again.',
            command: `sudo usermod -aG "$(getent group ${groups[0] ?? 0} | cut -d: -f1)" "$USER"`,
          },
    },
  ];
}

/** Variables that hide the card from the program. */
function hidden(answers: Answers): Finding[] {
  const set = environment(answers);
  const empty = ['CUDA_VISIBLE_DEVICES', 'HIP_VISIBLE_DEVICES', 'ROCR_VISIBLE_DEVICES'].filter(
    (name) => set[name] !== undefined && /^(|-1|10000|NoDevFiles)$/.test(set[name].trim()),
  );
  return empty.map((name) => ({
    id: 'gpu-hidden',
    severity: 'warning',
    title: `${name} hides the GPU`,
    detail: `It is “${set[name] ?? ''}”, so that programs started here see no card.`,
    fix: { text: 'Clear it where the program is started, unless that is meant.', command: `unset ${name}` },
  }));
}

function driver(answers: Answers): Finding[] {
  const version = driverVersion(answers);
  if (version === undefined) {
    return gpuNodes(answers).some(({ path }) => path.startsWith('/dev/nvidia'))
      ? [
          notKnown(
            'driver',
            'NVIDIA driver',
            'Neither nvidia-smi nor /proc/driver/nvidia/version says which it is',
          ),
        ]
      : [];
  }
  const cuda = driverCuda(answers);
  return [
    {
      id: 'driver',
      severity: 'ok',
      title: `NVIDIA driver ${version}`,
      detail: cuda ? `It runs programs of CUDA ${cuda} and older.` : 'Up to which CUDA it goes was not said.',
    },
  ];
}
