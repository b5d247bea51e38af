import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError, type Problem } from '../../common/problem';
import type { ApptainerInside } from './apptainerInside';
import type { GpuWish } from './gpuPlan';
import { parseProbe, verdict } from './gpuProbe';
import type { hostGpu } from './hostDevices';

type HostGpu = ReturnType<typeof hostGpu>;

export interface ApptainerGpu {
  options: string[];
  /** A GPU is asked for, so that it is worth looking for. */
  asked: boolean;
  problems: Problem[];
}

const gpuFlag = /^--(nv|nvccli|rocm)(=(true|1|t))?$/;

/**
 * The options with the flag for this machine's GPU: the line's own, else one that fits. Throws a UserError where a
 * GPU is required and this machine has none.
 */
export function gpuOptions(given: readonly string[], wish: GpuWish, gpu: HostGpu): ApptainerGpu {
  const own = given.filter((word) => gpuFlag.test(word));
  const plain = given.filter((word) => !gpuFlag.test(word));
  if (wish === 'none') return { options: plain, asked: false, problems: [] };
  const message =
    'This machine shows no GPU that programs can compute on: there is no /dev/nvidia0, /dev/dxg or /dev/kfd.';
  if (gpu === undefined && wish === 'required') {
    throw new UserError(`A GPU is required. ${message}`, {
      fix: 'Look with nvidia-smi or rocm-smi; on a cluster, ask its scheduler for a node with a GPU. Without one (--gpu none), the CPU is profiled.',
    });
  }
  if (own.length > 0) {
    const problems =
      gpu === undefined
        ? [
            {
              message: `${own[0]!} asks for a GPU. ${message} The figures are those of the CPU.`,
              fix: 'Look with nvidia-smi or rocm-smi; on a cluster, ask its scheduler for a node with a GPU.',
            },
          ]
        : [];
    return { options: [...given], asked: gpu !== undefined, problems };
  }
  const refused = given.some((word) => /^--(nv|nvccli|rocm)=/.test(word));
  if (gpu === undefined || refused) return { options: plain, asked: false, problems: [] };
  return { options: [...plain, gpu === 'nvidia' ? '--nv' : '--rocm'], asked: true, problems: [] };
}

/** Looks from inside whether the GPU can be used. Throws a UserError where one is required and none is there. */
export async function checkApptainerGpu(
  inside: ApptainerInside,
  { wish, gpu, pythonPath }: { wish: GpuWish; gpu: HostGpu; pythonPath: string },
): Promise<Problem[]> {
  const script = await readFile(path.join(pythonPath, 'predictscope', 'targetprobe.py'), 'utf8');
  const words = [inside.facts.executable, '-I', '-c', script, '--limit', '5'];
  const { stdout, stderr } = await inside.exec(words, { timeoutMs: 60_000 });
  const found = verdict(parseProbe(stdout.toString(), stderr.toString()), { wish });
  if (found.gpu === 'seen') return [];
  const message = found.message ?? 'There is no GPU in the image; the figures are those of the CPU.';
  const fix = ofApptainer(found.fix, gpu);
  if (found.gpu === 'absent' && wish === 'required') {
    throw new UserError(`A GPU is required. ${message}`, { fix });
  }
  return [{ message, fix }];
}

/** What helps with an engine is no help here: the devices are this machine's, and so are the driver's libraries. */
function ofApptainer(fix: string | undefined, gpu: HostGpu): string {
  if (fix && !/docker|podman|devcontainer|Dockerfile|engine|--gpus|--group-add|--device/i.test(fix))
    return fix;
  return gpu === 'amd'
    ? 'See that rocm-smi works on this machine and that you may open /dev/kfd (groups render and video): --rocm takes the libraries from this machine.'
    : 'See that nvidia-smi works on this machine and that ldconfig -p lists libcuda.so.1: --nv takes the libraries from there.';
}
