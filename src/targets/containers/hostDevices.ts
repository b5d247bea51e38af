import { readdirSync, statSync, existsSync } from 'node:fs';
import type { HostDevices, HostNode } from './gpuPlan';

/** Device nodes of AMD's driver on this machine, with the groups that may use them. */
export function hostDevices(): HostDevices {
  const kfd = node('/dev/kfd');
  const names = readNames('/dev/dri').filter((name) => /^renderD\d+$/.test(name));
  const render = names.flatMap((name) => node(`/dev/dri/${name}`) ?? []);
  return { ...(kfd ? { kfd } : {}), render };
}

/** Whether this machine shows any sign of a GPU that programs can compute on. */
export function hostHasGpu(): boolean {
  return ['/dev/nvidiactl', '/dev/nvidia0', '/dev/kfd', '/dev/dxg'].some((path) => existsSync(path));
}

function node(path: string): HostNode | undefined {
  try {
    return { path, gid: statSync(path).gid };
  } catch {
    return undefined;
  }
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Whose GPU this machine has: the first that can be asked for by name. */
export function hostGpu(): 'nvidia' | 'amd' | undefined {
  if (['/dev/nvidiactl', '/dev/nvidia0', '/dev/dxg'].some((path) => existsSync(path))) return 'nvidia';
  return existsSync('/dev/kfd') ? 'amd' : undefined;
}
