import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Problem } from '../common/problem';
import type { RunReader } from '../runs/runReader';

const run = promisify(execFile);

/**
 * When a machine has a GPU and the framework registered only CPU: loads the framework's GPU libraries
 * in a process of its own (same interpreter, same environment) and names the ones that fail, with the
 * loader's own words.
 */
export async function explainMissingGpu(
  reader: RunReader,
  pythonPath: string,
  environment: NodeJS.ProcessEnv,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const process of reader.processes) {
    const framework = process.frameworks.find(
      (f) =>
        (f.gpuNodes?.length ?? 0) > 0 && f.devices.length > 0 && f.devices.every((d) => d.type !== 'GPU'),
    );
    if (!framework || framework.build?.is_cuda_build === false || !process.process?.executable) continue;
    const { cuda_version: cuda = '', cudnn_version: cudnn = '' } = framework.build ?? {};
    try {
      const script = path.join(pythonPath, 'predictscope', 'gpuprobe.py');
      const { stdout } = await run(process.process.executable, [script, cuda, cudnn], {
        env: environment,
        timeout: 60_000,
        windowsHide: true,
      });
      const failed = JSON.parse(stdout) as { library: string; error: string }[];
      for (const { library, error } of failed) {
        problems.push({
          message: `${framework.name} could not use the GPU: ${library} failed to load (${error}).`,
          fix: `Install the version that this build wants${cuda ? ` (CUDA ${cuda}, cuDNN ${cudnn})` : ''}, or put its folder on LD_LIBRARY_PATH.`,
        });
      }
    } catch {
      // The general sentence of findRunProblems stands.
    }
    break;
  }
  return problems;
}
