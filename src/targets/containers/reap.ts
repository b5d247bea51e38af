import type { ContainerRef } from '../target';
import { unpackTo } from './archive';
import { copyFromStopped } from './copyOut';
import { connectEngine, type Engine } from './engine';
import { Inside } from './inside';
import { ownerIs, ownerLabel } from './keeper';

/**
 * Takes away what a run left whose watcher was killed: the program, our folder, the container if we started it. What
 * had been recorded is fetched into the run's directory first. False where the engine does not answer, and while
 * somebody's container is stopped, in which nothing can be removed.
 */
export async function reapRun(
  directory: string,
  { endpoint, id, owner, folder, run, apart, user, ours }: ContainerRef,
  pythonPath: string,
): Promise<boolean> {
  // A window on another machine, or in a container, may share this log directory.
  if (ownerIs(owner) !== 'gone') return false;
  const engine = await connectEngine(endpoint).catch(() => undefined);
  if (!engine) return false;
  let done = true;
  try {
    const surroundings = { environment: {}, ...(user ? { user } : {}) };
    const inside = await Inside.open(engine, id, surroundings, pythonPath);
    await inside.ask('sweep', run);
    if (apart) await unpackTo(directory, await inside.bytes('pack', [run]));
    await inside.ask('remove', folder);
  } catch {
    // It no longer runs, or is gone.
    if (apart) await copyFromStopped(engine.docker, id, run, directory);
    done = ours || !(await exists(engine, id));
  }
  if (ours) {
    await engine.docker
      .getContainer(id)
      .remove({ force: true, v: true })
      .catch(() => undefined);
  }
  return done;
}

function exists(engine: Engine, container: string): Promise<boolean> {
  return engine.docker
    .getContainer(container)
    .inspect()
    .then(
      () => true,
      (error: unknown) => (error as { statusCode?: number }).statusCode !== 404,
    );
}

/** Removes containers of ours that nobody watches and that belong to no run: we were killed before it began. */
export async function reapContainers(engine: Engine): Promise<void> {
  const found = await engine.docker.listContainers({ all: true, filters: { label: [ownerLabel] } });
  for (const { Id, Labels } of found) {
    if (ownerIs(Labels[ownerLabel] ?? '') !== 'gone') continue;
    await engine.docker
      .getContainer(Id)
      .remove({ force: true, v: true })
      .catch(() => undefined);
  }
}
