import { existsSync } from 'node:fs';
import type { ContainerInspectInfo } from 'dockerode';
import type { PathPair } from '../../common/pathMap';
import type { Engine } from './engine';

/** Folders of this machine that a container has; none where the engine is on another machine. */
export function sharedFolders(engine: Engine, info: Pick<ContainerInspectInfo, 'Mounts'>): PathPair[] {
  if (!engine.local) return [];
  return info.Mounts.filter(({ Type, Source }) => (Type as string) === 'bind' && existsSync(Source)).map(
    ({ Source, Destination }) => [Source, Destination] as const,
  );
}
