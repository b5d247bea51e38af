import { UserError } from '../../common/problem';
import { noSettings, type ContainerSettings } from './containerSettings';
import { readApptainer } from './pastedApptainer';
import { baseName, onlyShell, readStart } from './pastedWords';
import {
  composeService,
  containerExec,
  dockerRun,
  podmanRun,
  readFlags,
  type FlagTable,
  type ReadFlags,
} from './runFlags';

/** A line that someone pasted, as what it asks for. */
export interface Pasted {
  engine: 'docker' | 'podman' | 'apptainer';
  kind: 'image' | 'container' | 'compose' | 'sif';
  /** Of the image, the container, the service, or the image's file. */
  name: string;
  /** What runs inside; empty where the line leaves it to the image, or opens only a shell. */
  command: string[];
  /** The shell that the line opens without giving it anything to do: the command is still to be asked for. */
  shell?: string[];
  settings: ContainerSettings;
  /** Where the line looks for the engine, if it says so. */
  endpoint?: { host?: string; context?: string };
  compose?: ComposeWords;
  /** All words before `command`: what an engine without an API is started with. */
  prefix: string[];
  /** A sentence for each word that is not passed on. */
  ignored: string[];
}

export interface ComposeWords {
  verb: 'exec' | 'run';
  files: string[];
  profiles: string[];
  project?: string;
  directory?: string;
}

/**
 * What a pasted command line asks for: `docker run …`, `sudo docker exec -it NAME …`, podman,
 * nvidia-docker, `docker compose exec|run SERVICE …`, apptainer and singularity. Takes the words that
 * splitCommandLine made of the line; nothing is looked up.
 *
 * Throws UserError that names the word that was not understood.
 */
export function readPasted(words: readonly string[]): Pasted {
  const start = readStart(words);
  const tool = baseName(words[start.at]);
  const read = (): Pasted => {
    if (/^nvidia-docker2?$/.test(tool)) return readNvidiaDocker(words, start.at, start.assignments);
    if (tool === 'docker') return readEngine(words, start.at, 'docker');
    if (tool === 'podman' || tool === 'podman-remote') return readEngine(words, start.at, 'podman');
    if (tool === 'docker-compose') return readCompose(words, start.at + 1, 'docker');
    if (tool === 'podman-compose') return readCompose(words, start.at + 1, 'podman');
    if (tool === 'apptainer' || tool === 'singularity') return readApptainer(words, start.at);
    throw new UserError(
      tool
        ? `“${words[start.at]!}” starts no container that is known here.`
        : 'The line names no program that starts a container.',
      { fix: 'Paste a line that begins with docker, podman, docker compose, apptainer or singularity.' },
    );
  };
  const pasted = read();
  useAssignments(pasted, start.assignments, tool);
  pasted.ignored.unshift(...start.ignored);
  return pasted;
}

/** The target's name, as `--target` and the setting take it. */
export function asTarget(pasted: Pick<Pasted, 'kind' | 'name'>): string {
  return `${pasted.kind === 'sif' ? 'apptainer' : pasted.kind}:${pasted.name}`;
}

/** `NAME=value docker …` sets the environment of docker, not of the container. */
function useAssignments(pasted: Pasted, assignments: Readonly<Record<string, string>>, tool: string): void {
  for (const [name, value] of Object.entries(assignments)) {
    const inside = /^(?:APPTAINER|SINGULARITY)ENV_(.+)$/.exec(name)?.[1];
    if (inside && pasted.engine === 'apptainer') pasted.settings.env[inside] ??= value;
    else if (name === 'DOCKER_HOST' || name === 'CONTAINER_HOST') {
      pasted.endpoint ??= { host: value };
    } else if (name === 'DOCKER_CONTEXT') pasted.endpoint ??= { context: value };
    else if (pasted.settings.envNames.includes(name)) {
      pasted.settings.envNames = pasted.settings.envNames.filter((other) => other !== name);
      pasted.settings.env[name] ??= value;
    } else if (pasted.engine === 'apptainer') {
      // Apptainer hands its own environment on.
      pasted.settings.env[name] ??= value;
    } else if (name !== 'NV_GPU') {
      pasted.ignored.push(
        `${name}=${value} stands before ${tool}: it does not reach the container (-e ${name}=… does).`,
      );
    }
  }
}

/** Options before the subcommand. Only where the engine is matters here. */
const globalOptions: Record<'docker' | 'podman', { values: Set<string>; switches: Set<string> }> = {
  docker: {
    values: new Set(
      '--config --context -c --host -H --log-level -l --tlscacert --tlscert --tlskey'.split(' '),
    ),
    switches: new Set('--debug -D --tls --tlsverify'.split(' ')),
  },
  podman: {
    values: new Set(
      [
        '--cdi-spec-dir --cgroup-manager --config --conmon --connection -c --events-backend --hooks-dir',
        '--identity --imagestore --log-level --module --network-cmd-path --network-config-dir --out --root',
        '--runroot --runtime --runtime-flag --ssh --storage-driver --storage-opt --tmpdir --url --volumepath',
      ].flatMap((line) => line.split(' ')),
    ),
    switches: new Set('--debug --noout --remote -r --syslog --transient-store'.split(' ')),
  },
};

function readEngine(words: readonly string[], at: number, engine: 'docker' | 'podman'): Pasted {
  const ignored: string[] = [];
  const endpoint: { host?: string; context?: string } = {};
  const { values, switches } = globalOptions[engine];
  let i = at + 1;
  for (; words[i]?.startsWith('-'); i++) {
    const [, name = '', attached] = /^(-[^=]*)(?:=(.*))?$/s.exec(words[i]!) ?? [];
    if (switches.has(name)) continue;
    if (!values.has(name)) {
      throw new UserError(`The option ${name} of ${engine} is not known here.`, { fix: 'Leave it out.' });
    }
    const value = attached ?? words[++i] ?? '';
    if (name === '--host' || name === '-H' || name === '--url') endpoint.host = value;
    else if (name === '--context' || name === '--connection' || name === '-c') endpoint.context = value;
    else ignored.push(`${name} ${value} of ${engine} is left out.`);
  }
  if (words[i] === 'container') i++;
  const verb = words[i] ?? '';
  const pasted = readVerb(words, i, verb, engine);
  pasted.ignored.unshift(...ignored);
  if (Object.keys(endpoint).length > 0) pasted.endpoint = endpoint;
  return pasted;
}

function readVerb(words: readonly string[], at: number, verb: string, engine: 'docker' | 'podman'): Pasted {
  if (verb === 'compose') return readCompose(words, at + 1, engine);
  if (verb === 'run' || verb === 'create') {
    return finish(
      words,
      readFlags(words, at + 1, engine === 'podman' ? podmanRun : dockerRun),
      engine,
      'image',
    );
  }
  if (verb === 'exec') {
    return finish(
      words,
      readFlags(words, at + 1, named(containerExec, `${engine} exec`)),
      engine,
      'container',
    );
  }
  const why = verb ? `${engine} ${verb} runs no command in a container.` : `Nothing stands after ${engine}.`;
  throw new UserError(why, {
    fix: `Paste the line that starts the program: ${engine} run … or ${engine} exec ….`,
  });
}

/** nvidia-docker 1 and 2 were docker with the legacy runtime; NV_GPU chose the cards. */
function readNvidiaDocker(
  words: readonly string[],
  at: number,
  assignments: Readonly<Record<string, string>>,
): Pasted {
  const pasted = readEngine(words, at, 'docker');
  if (pasted.kind !== 'image') return pasted;
  pasted.settings.runtime ??= 'nvidia';
  const cards = assignments.NV_GPU;
  if (cards !== undefined) pasted.settings.env = { NVIDIA_VISIBLE_DEVICES: cards, ...pasted.settings.env };
  return pasted;
}

const composeValues: Record<string, 'file' | 'project' | 'profile' | 'directory' | ''> = {
  '--file': 'file',
  '-f': 'file',
  '--project-name': 'project',
  '-p': 'project',
  '--profile': 'profile',
  '--project-directory': 'directory',
  '--env-file': '',
  '--ansi': '',
  '--parallel': '',
  '--progress': '',
};
const composeSwitches = new Set('--all-resources --compatibility --dry-run --verbose'.split(' '));

function readCompose(words: readonly string[], at: number, engine: 'docker' | 'podman'): Pasted {
  const compose: ComposeWords = { verb: 'exec', files: [], profiles: [] };
  const ignored: string[] = [];
  let i = at;
  for (; words[i]?.startsWith('-'); i++) {
    const [, name = '', attached] = /^(-[^=]*)(?:=(.*))?$/s.exec(words[i]!) ?? [];
    if (composeSwitches.has(name)) continue;
    const what = Object.hasOwn(composeValues, name) ? composeValues[name] : undefined;
    if (what === undefined) {
      throw new UserError(`The option ${name} of ${engine} compose is not known here.`, {
        fix: 'Leave it out.',
      });
    }
    const value = attached ?? words[++i] ?? '';
    if (what === 'file') compose.files.push(value);
    else if (what === 'profile') compose.profiles.push(value);
    else if (what === '') ignored.push(`${name} ${value} of ${engine} compose is left out.`);
    else compose[what] = value;
  }
  const verb = words[i] ?? '';
  if (verb !== 'exec' && verb !== 'run') {
    throw new UserError(
      verb
        ? `${engine} compose ${verb} runs no command in a container.`
        : `Nothing stands after ${engine} compose.`,
      { fix: `Paste the line that starts the program: ${engine} compose exec SERVICE COMMAND.` },
    );
  }
  compose.verb = verb;
  const settings = { ...noSettings(), tty: true, interactive: true }; // compose's own defaults
  const flags = readFlags(words, i + 1, named(composeService, `${engine} compose ${verb}`), settings);
  const pasted = finish(words, flags, engine, 'compose');
  pasted.ignored.unshift(...ignored);
  return { ...pasted, compose };
}

function named(table: FlagTable, tool: string): FlagTable {
  return { ...table, tool };
}

const nouns = { image: 'image', container: 'container', compose: 'service' };

function finish(
  words: readonly string[],
  { settings, ignored, next }: ReadFlags,
  engine: 'docker' | 'podman',
  kind: 'image' | 'container' | 'compose',
): Pasted {
  const name = words[next];
  if (!name) {
    throw new UserError(`The line ends before the name of the ${nouns[kind]}.`, {
      fix: 'Paste all of it: a line that ends with \\ goes on in the next one.',
    });
  }
  const command = words.slice(next + 1);
  const shell = onlyShell(command) ?? (command.length === 0 ? onlyShell(entryWords(settings)) : undefined);
  return {
    engine,
    kind,
    name,
    command: shell ? [] : command,
    ...(shell ? { shell } : {}),
    settings,
    prefix: words.slice(0, next + 1),
    ignored,
  };
}

function entryWords({ entrypoint }: ContainerSettings): string[] {
  return entrypoint ? [entrypoint] : [];
}
