import { UserError } from '../../common/problem';
import { noSettings } from './containerSettings';
import { commaFields } from './gpusFlag';
import type { Pasted } from './pasted';
import { onlyShell } from './pastedWords';
import { addEnv, parseVolume, readFlags, type FlagTable } from './runFlags';

/** The options' own words are kept in `prefix`, so that leaving one out of the settings loses nothing. */
const kept = (): void => undefined;

function all(names: string): Record<string, () => void> {
  return Object.fromEntries(names.split(' ').map((name) => [name, kept]));
}

/** `apptainer exec|run` of 1.4, and what singularity 3 had. */
const apptainerRun: FlagTable = {
  tool: 'apptainer',
  values: {
    bind: (s, v) => {
      for (const one of commaFields(v)) {
        // A folder alone stands for itself there, where docker would make a volume.
        s.mounts.push({ ...parseVolume(one.includes(':') ? one : `${one}:${one}`), type: 'bind' });
      }
    },
    env: (s, v) => {
      for (const one of commaFields(v)) addEnv(s, one);
    },
    'env-file': (s, v) => void s.envFiles.push(v),
    pwd: (s, v) => void (s.workdir = v),
    cwd: (s, v) => void (s.workdir = v),
    device: (s, v) => void s.devices.push(...v.split(',')),
    hostname: (s, v) => void (s.hostname = v),
    ...all(
      'add-caps app apply-cgroups authfile blkio-weight blkio-weight-device cpu-shares cpus cpuset-cpus ' +
        'cpuset-mems dns docker-host drop-caps fusemount home memory memory-reservation memory-swap mount ' +
        'network network-args no-mount overlay pem-path pids-limit scratch security workdir',
    ),
  },
  switches: {
    nv: (s, on) => {
      if (on) s.gpus = 'all';
    },
    nvccli: (s, on) => {
      if (on) s.gpus = 'all';
    },
    rocm: (s, on) => {
      if (on) s.devices.push('/dev/kfd', '/dev/dri');
    },
    writable: (): void => undefined,
    ...all(
      'allow-setuid cleanenv compat contain containall disable-cache docker-login fakeroot ipc keep-privs net ' +
        'no-compat no-eval no-home no-https no-init no-oci no-pid no-privs no-setgroups no-tmp-sandbox ' +
        'no-umask oci passphrase pid sharens sparse tmp-sandbox underlay unsquash userns uts writable-tmpfs',
    ),
  },
  letters: {
    B: 'bind',
    c: 'contain',
    C: 'containall',
    e: 'cleanenv',
    f: 'fakeroot',
    H: 'home',
    i: 'ipc',
    n: 'net',
    o: 'overlay',
    p: 'pid',
    S: 'scratch',
    u: 'userns',
    w: 'writable',
    W: 'workdir',
  },
};

/** `apptainer [options] exec|run|shell [options] IMAGE [COMMAND…]`. Throws UserError as readPasted does. */
export function readApptainer(words: readonly string[], at: number): Pasted {
  let i = at + 1;
  for (; words[i]?.startsWith('-'); i++) if (/^(-c|--config)$/.test(words[i]!)) i++;
  const verb = words[i] ?? '';
  const tool = words[at]!.replace(/^.*\//, '');
  if (verb !== 'exec' && verb !== 'run' && verb !== 'shell') {
    throw new UserError(
      verb ? `${tool} ${verb} runs no command in a container.` : `Nothing stands after ${tool}.`,
      { fix: `Paste the line that starts the program: ${tool} exec --nv IMAGE COMMAND.` },
    );
  }
  const table = { ...apptainerRun, tool: `${tool} ${verb}` };
  const { settings, ignored, next } = readFlags(words, i + 1, table, noSettings());
  const name = words[next];
  if (!name) {
    throw new UserError('The line ends before the name of the image.', {
      fix: 'Paste all of it: a line that ends with \\ goes on in the next one.',
    });
  }
  const command = words.slice(next + 1);
  const shell = verb === 'shell' ? ['sh'] : onlyShell(command);
  return {
    engine: 'apptainer',
    kind: 'sif',
    name,
    command: shell ? [] : command,
    ...(shell ? { shell } : {}),
    settings,
    prefix: words.slice(at, next + 1),
    ignored,
  };
}
