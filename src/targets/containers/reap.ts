import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { isRunName, readRunRecord, writeRunRecord, type RunRecord } from '../../runs/runRecord';
import { isAlive } from '../localProcess';
import type { ContainerRef } from '../target';
import { unpackTo } from './archive';
import { copyFromStopped } from './copyOut';
import { connectEngine, type Engine } from './engine';
import { Inside } from './inside';
import { ownerIs, ownerLabel } from './keeper';

/**
 * Takes away what runs left whose watcher was killed: the program, our folder, the container if we started it. What
 * had been recorded is fetched first. So it is for runs that ended while their engine was away. Runs that are watched,
 * and engines that do not answer, are left alone.
 */
export async function reapRuns(logDirectory: string, pythonPath: string): Promise<void> {
  for (const name of await readdir(logDirectory).catch(() => [])) {
    if (!isRunName(name)) continue;
    const directory = path.join(logDirectory, name);
    const record = await readRunRecord(directory);
    const { ref } = record ?? {};
    if (!record || !ref?.container || isAlive(ref)) continue;
    if (record.state !== 'running' && !ref.container.left) continue;
    const engine = await connectEngine(ref.container.endpoint).catch(() => undefined);
    if (!engine) continue;
    await reapRun(engine, directory, record, ref.container, pythonPath);
  }
}

async function reapRun(
  engine: Engine,
  directory: string,
  record: RunRecord,
  container: ContainerRef,
  pythonPath: string,
): Promise<void> {
  const { id, folder, run, apart, user, ours } = container;
  let left = false;
  try {
    const inside = await Inside.open(engine, id, { environment: {}, ...(user ? { user } : {}) }, pythonPath);
    await inside.ask('sweep', run);
    if (apart) await unpackTo(directory, await inside.bytes('pack', [run]));
    await inside.ask('remove', folder);
  } catch {
    // It no longer runs, or is gone.
    const fetched = apart && (await copyFromStopped(engine.docker, id, run, directory));
    if (fetched) container.apart = false;
    // In a stopped container nothing can be removed: that has to wait until somebody starts it.
    left = !ours && (await exists(engine, id));
  }
  if (ours) {
    await engine.docker
      .getContainer(id)
      .remove({ force: true, v: true })
      .catch(() => undefined);
  }
  if (left) container.left = true;
  else delete record.ref?.container;
  await writeRunRecord(directory, record);
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
