import { UserError } from '../../common/problem';
import { noSettings, type ContainerMount, type ContainerSettings } from './containerSettings';
import { commaFields } from './gpusFlag';
import { parseBytes } from './sizes';

/** What an option with a value does to the settings; a sentence says why it is left out instead. */
type ValueFlag = ((settings: ContainerSettings, value: string) => void) | string;
type SwitchFlag = ((settings: ContainerSettings, on: boolean) => void) | string;

/** The options of one subcommand. Which ones take a value decides where the image's name stands. */
export interface FlagTable {
  /** `docker run`: for messages. */
  tool: string;
  values: Readonly<Record<string, ValueFlag>>;
  switches: Readonly<Record<string, SwitchFlag>>;
  /** One letter → the long name. */
  letters: Readonly<Record<string, string>>;
}

export interface ReadFlags {
  settings: ContainerSettings;
  /** A sentence for each option that is not passed on. */
  ignored: string[];
  /** Index of the first word that is no option. */
  next: number;
}

/**
 * Reads options from `start` on, as docker's own parser does: `--name value`, `--name=value`,
 * `--switch[=false]`, `-it`, `-p8080:80`, up to the first other word or past a `--`.
 *
 * Throws UserError for an option that is not known and might take the next word, and for a value
 * that is not understood.
 */
export function readFlags(
  words: readonly string[],
  start: number,
  table: FlagTable,
  settings: ContainerSettings = noSettings(),
): ReadFlags {
  const ignored: string[] = [];
  let i = start;
  /** Applies one option; true when it used up `value`. */
  const apply = (name: string, shown: string, value: string | undefined, attached: boolean): boolean => {
    const valued = lookUp(table.values, name);
    if (valued !== undefined) {
      if (value === undefined) throw new UserError(`${table.tool}: nothing stands after ${shown}.`);
      if (typeof valued === 'string') ignored.push(leftOut(shown, value, valued));
      else valued(settings, value);
      return true;
    }
    const switched = lookUp(table.switches, name);
    if (switched !== undefined) {
      const on = !attached || !/^(false|0|f)$/i.test(value ?? '');
      if (typeof switched === 'string') {
        if (on) ignored.push(leftOut(shown, undefined, switched));
      } else switched(settings, on);
      return false;
    }
    if (attached) {
      ignored.push(leftOut(shown, value, ''));
      return true;
    }
    throw new UserError(`The option ${shown} of ${table.tool} is not known here.`, {
      fix: `Leave it out, or write its value with an equals sign (${shown}=VALUE): then it is passed over.`,
    });
  };
  for (; i < words.length; i++) {
    const word = words[i]!;
    if (word === '--') {
      i++;
      break;
    }
    if (!/^-./.test(word)) break;
    const long = /^--([^=]+)(?:=(.*))?$/s.exec(word);
    if (long) {
      const attached = long[2] !== undefined;
      const used = apply(long[1]!, `--${long[1]!}`, attached ? long[2] : words[i + 1], attached);
      if (used && !attached) i++;
      continue;
    }
    for (let at = 1; at < word.length; at++) {
      const letter = word[at]!;
      const rest = word.slice(at + 1);
      const name = lookUp(table.letters, letter) ?? `-${letter}`;
      if (lookUp(table.values, name) === undefined) {
        const attached = rest.startsWith('=');
        apply(name, `-${letter}`, attached ? rest.slice(1) : undefined, attached);
        if (attached) break;
      } else {
        apply(name, `-${letter}`, rest ? rest.replace(/^=/, '') : words[i + 1], rest !== '');
        if (!rest) i++;
        break;
      }
    }
  }
  return { settings, ignored, next: i };
}

/** `devcontainer.json`'s runArgs and the like: options of `docker run` without an image behind them. */
export function readRunArguments(words: readonly string[]): ReadFlags {
  return readFlags(words, 0, dockerRun);
}

/** Own keys only: a word such as `constructor` is no option. */
function lookUp<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function leftOut(shown: string, value: string | undefined, why: string): string {
  const option = value === undefined ? shown : `${shown} ${value}`;
  return why ? `${option} is left out: ${why}.` : `${option} is left out.`;
}

const ours = 'the container lasts as long as the run, and is ours to name and to remove';
const attached = 'the run is watched, and its output shown';
const watching = 'the output is read here';

const runValues: Record<string, ValueFlag> = {
  env: addEnv,
  'env-file': (s, v) => void s.envFiles.push(v),
  user: (s, v) => void (s.user = v),
  workdir: (s, v) => void (s.workdir = v),
  entrypoint: (s, v) => void (s.entrypoint = v),
  volume: (s, v) => void s.mounts.push(parseVolume(v)),
  mount: (s, v) => void s.mounts.push(parseMount(v)),
  tmpfs: (s, v) => {
    const [folder = '', options = ''] = v.split(/:(.*)/s);
    s.tmpfs[folder] = options;
  },
  gpus: (s, v) => void (s.gpus = v),
  runtime: (s, v) => void (s.runtime = v),
  device: (s, v) => void s.devices.push(v),
  'group-add': (s, v) => void s.groupAdd.push(v),
  'cap-add': (s, v) => void s.capAdd.push(...v.split(',')),
  'cap-drop': (s, v) => void s.capDrop.push(...v.split(',')),
  'security-opt': (s, v) => void s.securityOpt.push(v),
  ulimit: (s, v) => void s.ulimits.push(v),
  'shm-size': (s, v) => void (s.shmSizeBytes = parseBytes(v, '--shm-size')),
  memory: (s, v) => void (s.memoryBytes = parseBytes(v, '--memory')),
  cpus: (s, v) => void (s.cpus = processors(v)),
  'cpuset-cpus': (s, v) => void (s.cpusetCpus = v),
  ipc: (s, v) => void (s.ipc = v),
  pid: (s, v) => void (s.pid = v),
  userns: (s, v) => void (s.userns = v),
  network: (s, v) => void (s.network = v),
  net: (s, v) => void (s.network = v),
  hostname: (s, v) => void (s.hostname = v),
  'add-host': (s, v) => void s.extraHosts.push(v.replace('=', ':')),
  publish: (s, v) => void s.ports.push(v),
  platform: (s, v) => void (s.platform = v),
  name: ours,
  restart: ours,
  label: ours,
  'label-file': ours,
  cidfile: ours,
  attach: attached,
  'detach-keys': attached,
  'log-driver': watching,
  'log-opt': watching,
  pull: 'an image is fetched only when you ask for it',
  'volumes-from': 'folders of another container are not taken over; name them with -v',
  ...leaveOut(
    'annotation blkio-weight blkio-weight-device cgroup-parent cgroupns cpu-count cpu-percent cpu-period',
    'cpu-quota cpu-rt-period cpu-rt-runtime cpu-shares cpuset-mems device-cgroup-rule device-read-bps',
    'device-read-iops device-write-bps device-write-iops dns dns-opt dns-option dns-search domainname expose',
    'health-cmd health-interval health-retries health-start-period health-start-interval health-timeout',
    'io-maxbandwidth io-maxiops ip ip6 isolation kernel-memory link link-local-ip mac-address',
    'memory-reservation memory-swap memory-swappiness network-alias net-alias oom-score-adj pids-limit',
    'stop-signal stop-timeout storage-opt sysctl uts volume-driver',
  ),
};

const runSwitches: Record<string, SwitchFlag> = {
  tty: (s, on) => void (s.tty = on),
  interactive: (s, on) => void (s.interactive = on),
  privileged: (s, on) => void (s.privileged = on),
  'read-only': (s, on) => void (s.readOnlyRoot = on),
  init: (s, on) => void (s.init = on),
  // Every container of ours is removed when its run is over: that one needs no sentence.
  rm: (): void => undefined,
  quiet: (): void => undefined,
  'sig-proxy': (): void => undefined,
  detach: attached,
  ...leaveOut('disable-content-trust no-healthcheck oom-kill-disable publish-all use-api-socket help'),
};

const runLetters = {
  a: 'attach',
  c: 'cpu-shares',
  d: 'detach',
  e: 'env',
  h: 'hostname',
  i: 'interactive',
  l: 'label',
  m: 'memory',
  p: 'publish',
  P: 'publish-all',
  q: 'quiet',
  t: 'tty',
  u: 'user',
  v: 'volume',
  w: 'workdir',
};

export const dockerRun: FlagTable = {
  tool: 'docker run',
  values: runValues,
  switches: runSwitches,
  letters: runLetters,
};

/** What podman's `run` has beside docker's (podman-run(1) of 5.4). */
export const podmanRun: FlagTable = {
  tool: 'podman run',
  values: {
    ...runValues,
    ...leaveOut(
      'arch authfile cert-dir cgroup-conf cgroups chrootdirs conmon-pidfile creds decryption-key env-merge',
      'gidmap group-entry health-log-destination health-max-log-count health-max-log-size health-on-failure',
      'health-startup-cmd health-startup-interval health-startup-retries health-startup-success',
      'health-startup-timeout hostuser image-volume init-ctr init-path os passwd-entry personality pidfile pod',
      'pod-id-file preserve-fd preserve-fds rdt-class requires retry retry-delay sdnotify seccomp-policy secret',
      'shm-size-systemd subgidname subuidname systemd timeout tz uidmap umask unsetenv variant',
    ),
  },
  switches: {
    ...runSwitches,
    ...leaveOut(
      'env-host http-proxy no-hostname no-hosts passwd read-only-tmpfs rmi tls-verify unsetenv-all',
    ),
    replace: ours,
  },
  letters: runLetters,
};

/** `docker exec` and `podman exec`. */
export const containerExec: FlagTable = {
  tool: 'exec',
  values: {
    env: addEnv,
    'env-file': runValues['env-file']!,
    user: runValues.user!,
    workdir: runValues.workdir!,
    'detach-keys': attached,
    ...leaveOut('preserve-fd preserve-fds cidfile'),
  },
  switches: {
    tty: runSwitches.tty!,
    interactive: runSwitches.interactive!,
    privileged: runSwitches.privileged!,
    detach: attached,
    ...leaveOut('latest no-session'),
  },
  letters: { d: 'detach', e: 'env', i: 'interactive', l: 'latest', t: 'tty', u: 'user', w: 'workdir' },
};

/** `docker compose exec` and `docker compose run`; most of a service is written in its file. */
export const composeService: FlagTable = {
  tool: 'compose',
  values: {
    env: addEnv,
    'env-from-file': runValues['env-file']!,
    user: runValues.user!,
    workdir: runValues.workdir!,
    entrypoint: runValues.entrypoint!,
    volume: runValues.volume!,
    publish: runValues.publish!,
    'cap-add': runValues['cap-add']!,
    'cap-drop': runValues['cap-drop']!,
    name: ours,
    label: ours,
    ...leaveOut('index pull'),
  },
  switches: {
    interactive: runSwitches.interactive!,
    tty: runSwitches.tty!,
    'no-TTY': (s, on) => void (s.tty = !on),
    'no-tty': (s, on) => void (s.tty = !on),
    privileged: runSwitches.privileged!,
    rm: (): void => undefined,
    quiet: (): void => undefined,
    detach: attached,
    ...leaveOut('build no-deps quiet-build quiet-pull remove-orphans service-ports use-aliases'),
  },
  letters: {
    d: 'detach',
    e: 'env',
    i: 'interactive',
    l: 'label',
    P: 'service-ports',
    p: 'publish',
    q: 'quiet',
    T: 'no-TTY',
    t: 'tty',
    u: 'user',
    v: 'volume',
    w: 'workdir',
  },
};

/** Options by name in lists of words, all left out for no reason worth a sentence of its own. */
function leaveOut(...lists: string[]): Record<string, string> {
  return Object.fromEntries(lists.flatMap((list) => list.split(' ')).map((name) => [name, '']));
}

export function addEnv(settings: ContainerSettings, text: string): void {
  const [, name, value] = /^([^=]+)(?:=(.*))?$/s.exec(text) ?? [];
  if (name === undefined) {
    throw new UserError(`“${text}” of -e is not understood.`, { fix: 'Write it as -e NAME=VALUE.' });
  }
  if (value === undefined) settings.envNames.push(name);
  else settings.env[name] = value;
}

function processors(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new UserError(`“${text}” of --cpus is no number.`, { fix: 'Write it as --cpus 4.' });
}

/**
 * `SOURCE:TARGET[:OPTIONS]`, or a target alone. A drive letter is part of its path. What begins with
 * `/`, `.`, `~` or a drive is a folder of the host; other names are volumes.
 */
export function parseVolume(text: string): ContainerMount {
  const parts = [...text.matchAll(/(?:^|:)((?:[A-Za-z]:[\\/])?[^:]*)/g)].map(([, part]) => part!);
  const [first = '', second, options = ''] = parts;
  if (first === '' || second === '' || parts.length > 3) {
    throw new UserError(`“${text}” of -v is not understood.`, {
      fix: 'Write it as -v /folder/here:/folder/there.',
    });
  }
  if (second === undefined)
    return { type: 'volume', source: '', target: first, readOnly: false, options: [] };
  const words = options.split(',').filter(Boolean);
  return {
    type: /^(?:[/.~\\]|[A-Za-z]:[\\/])/.test(first) ? 'bind' : 'volume',
    source: first,
    target: second,
    readOnly: words.includes('ro'),
    options: words.filter((word) => word !== 'ro' && word !== 'rw'),
  };
}

/** `type=bind,source=/here,target=/there[,readonly]` and the other spellings that docker takes. */
export function parseMount(text: string): ContainerMount {
  const mount: ContainerMount = { type: 'volume', source: '', target: '', readOnly: false, options: [] };
  for (const field of commaFields(text)) {
    const [, key = field, value = ''] = /^([^=]*)=(.*)$/s.exec(field) ?? [];
    const on = !/^(false|0)$/i.test(value);
    if (key === 'type' && /^(bind|volume|tmpfs)$/.test(value)) mount.type = value as ContainerMount['type'];
    else if (/^(source|src)$/.test(key)) mount.source = value;
    else if (/^(target|dst|destination)$/.test(key)) mount.target = value;
    else if (/^(readonly|ro)$/.test(key)) mount.readOnly = on;
    else if (key === 'rw') mount.readOnly = !on;
    else if (key === 'bind-propagation') mount.options.push(value);
    else if (key === 'volume-nocopy' && on) mount.options.push('nocopy');
    else if (key === 'relabel') mount.options.push(value === 'private' ? 'Z' : 'z');
    else if (/^tmpfs-(size|mode)$/.test(key)) mount.options.push(`${key.slice(6)}=${value}`);
    else if (!/^(consistency|volume-nocopy|bind-recursive|bind-nonrecursive)$/.test(key)) {
      throw new UserError(`“${field}” of --mount is not understood.`, {
        fix: 'Write it as --mount type=bind,source=/folder/here,target=/folder/there.',
      });
    }
  }
  if (mount.target === '') {
    throw new UserError(`“${text}” of --mount names no target.`, { fix: 'Add target=/folder/there.' });
  }
  return mount;
}
