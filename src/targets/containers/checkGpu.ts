import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ContainerInspectInfo } from 'dockerode';
import { UserError, type Problem } from '../../common/problem';
import { gpuNodes } from './gpuNodes';
import type { GpuWish } from './gpuPlan';
import { parseProbe, verdict, type Wanted } from './gpuProbe';
import type { Inside } from './inside';

/**
 * Looks from inside whether a running container has the GPU that it was asked for, and can use it. Throws a UserError
 * where one is required and none is there; what else stands in the way is told with the run.
 */
export async function checkGpu(
  inside: Inside,
  info: Pick<ContainerInspectInfo, 'HostConfig'>,
  { wish, kind, pythonPath }: { wish: GpuWish; kind?: Wanted['kind']; pythonPath: string },
): Promise<Problem[]> {
  if (wish === 'none') return [];
  const { engine } = inside;
  const asked = wish === 'required' || (kind !== undefined && kind !== 'none') || asksForGpu(info);
  if (!asked && (await gpuNodes(engine, inside.id)).length === 0) return [];
  const script = await readFile(path.join(pythonPath, 'predictscope', 'targetprobe.py'), 'utf8');
  const words = [inside.facts.executable, '-I', '-c', script, '--limit', '5'];
  const { stdout, stderr } = await inside.exec(words, { timeoutMs: 60_000 });
  const found = verdict(parseProbe(stdout.toString(), stderr.toString()), {
    wish,
    ...(kind === undefined ? {} : { kind }),
    server: engine.kind,
    version: engine.version,
  });
  if (found.gpu === 'seen' || (found.gpu === 'absent' && !asked)) return [];
  const fix = found.fix ? { fix: found.fix } : {};
  const message = found.message ?? 'There is no GPU in this container; the figures are those of the CPU.';
  if (found.gpu === 'absent' && wish === 'required') {
    throw new UserError(`A GPU is required. ${message}`, fix);
  }
  return [{ message, ...fix }];
}

function asksForGpu({ HostConfig }: Pick<ContainerInspectInfo, 'HostConfig'>): boolean {
  const { DeviceRequests, Runtime, Devices } = HostConfig as {
    DeviceRequests?: unknown[] | null;
    Runtime?: string;
    Devices?: { PathOnHost: string }[] | null;
  };
  return (
    (DeviceRequests?.length ?? 0) > 0 ||
    Runtime === 'nvidia' ||
    (Devices ?? []).some(({ PathOnHost }) => /^\/dev\/(nvidia|kfd|dxg)/.test(PathOnHost))
  );
}
