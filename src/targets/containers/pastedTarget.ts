import { UserError } from '../../common/problem';
import type { Target } from '../target';
import { connectEngine } from './engine';
import { openImage } from './imageTarget';
import { openContainer, type OpenOptions } from './open';
import { readPasted, type Pasted } from './pasted';
import { readStart } from './pastedWords';

export interface PastedTarget {
  target: Target;
  /** What runs inside. */
  command: readonly string[];
}

/** What `docker run …`, `docker exec …` and their like would start, as a target and a command. */
export async function openPasted(words: readonly string[], given: OpenOptions): Promise<PastedTarget> {
  const pasted = readPasted(words);
  if (pasted.shell) {
    throw new UserError(`This line only opens a shell (${pasted.shell.join(' ')}) in ${pasted.name}.`, {
      fix: `Say what runs in it: choose ${pasted.name} as the target and give the command, or paste the line with the command at its end.`,
    });
  }
  const { host } = pasted.endpoint ?? {};
  const options = { ...given, asTyped: true, endpoint: given.endpoint || (host ?? '') };
  switch (pasted.kind) {
    case 'image': {
      const { target, command } = await openImage({ image: pasted.name, settings: pasted.settings }, options);
      return { target, command: pasted.command.length > 0 ? pasted.command : command };
    }
    case 'container':
      return { target: await openContainer(pasted.name, here(pasted, options)), command: pasted.command };
    case 'compose':
      return {
        target: await openContainer(await serviceContainer(pasted, options), here(pasted, options)),
        command: pasted.command,
      };
    case 'sif': {
      const { openApptainerLine } = await import('./apptainer');
      return openApptainerLine(pasted, readStart(words).assignments, options);
    }
  }
}

/** As whom, with what and where `exec` would start it. */
function here({ settings }: Pasted, options: OpenOptions): OpenOptions {
  return {
    ...options,
    surroundings: {
      environment: {
        ...Object.fromEntries(settings.envNames.map((name) => [name, process.env[name] ?? ''])),
        ...settings.env,
      },
      ...(settings.user ? { user: settings.user } : {}),
      ...(settings.workdir ? { cwd: settings.workdir } : {}),
    },
  };
}

/** The running container of a service, found as Compose itself marks it. */
async function serviceContainer(pasted: Pasted, options: OpenOptions): Promise<string> {
  const engine = await connectEngine(options.endpoint);
  const project = pasted.compose?.project;
  const label = [`com.docker.compose.service=${pasted.name}`];
  if (project) label.push(`com.docker.compose.project=${project}`);
  const found = await engine.docker.listContainers({ filters: { label } });
  const [only] = found;
  if (found.length === 1 && only) return only.Names[0]?.replace(/^\//, '') ?? only.Id;
  throw new UserError(
    found.length === 0
      ? `No container of the service ${pasted.name} is running.`
      : `Several containers of the service ${pasted.name} are running.`,
    {
      fix:
        found.length === 0
          ? `Start it: docker compose up -d ${pasted.name}`
          : `Name one as the target: ${found.map(({ Names }) => `container:${Names[0]?.slice(1) ?? ''}`).join(', ')}`,
    },
  );
}
