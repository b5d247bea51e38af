import { UserError } from '../../common/problem';
import type { Target } from '../target';
import { reapContainers } from './reap';
import { connectEngine } from './engine';
import { noSettings } from './containerSettings';
import { openImage } from './imageTarget';
import type { ListOptions, TargetList } from './list';
import { openContainer, type OpenOptions } from './open';
import { openPasted, type PastedTarget } from './pastedTarget';

/** Takes away containers that killed runs left, so far as an engine answers. Never throws. */
export async function removeAbandoned(endpoint: string): Promise<void> {
  try {
    await reapContainers(await connectEngine(endpoint));
  } catch {
    // Without an engine there is nothing to take away, and who needs one is told so.
  }
}

export { reapRun } from './reap';

/**
 * `container:NAME`, `image:NAME`, `apptainer:IMAGE` or `devcontainer[:DIR]` as a target. Throws a UserError when it is
 * none of them.
 */
export async function openTarget(text: string, options: OpenOptions): Promise<Target> {
  const [, kind = '', name = ''] = /^([a-z]+)(?::(.*))?$/s.exec(text) ?? [];
  if (kind === 'container' && name) return openContainer(name, options);
  if (kind === 'image' && name) {
    return (await openImage({ image: name, settings: noSettings() }, options)).target;
  }
  if (kind === 'apptainer' && name) {
    const { openApptainerImage } = await import('./apptainer');
    return openApptainerImage(name, options);
  }
  if (kind === 'dockerfile' && name) {
    const { openDockerfile } = await import('./build');
    return openDockerfile(name, options);
  }
  if (kind === 'devcontainer') {
    const { openDevContainer } = await import('./devcontainer');
    return openDevContainer(name || options.cwd, options);
  }
  throw new UserError(`The target ${text} is not one that this version knows.`, {
    fix: 'Targets: local, container:NAME, image:NAME, apptainer:IMAGE, devcontainer[:DIR], dockerfile:FILE.',
  });
}

/** The target and the command that a line such as `docker run …` means. One bundle holds both ways in. */
export async function openPastedLine(words: readonly string[], options: OpenOptions): Promise<PastedTarget> {
  return openPasted(words, options);
}

/** Everything that a program can run in; here because one bundle holds the engine's client. */
export async function listTargets(options: ListOptions): Promise<TargetList> {
  const list = await import('./list');
  return list.listTargets(options);
}
