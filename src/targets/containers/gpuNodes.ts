import type { Engine } from './engine';
import { execIn } from './exec';

/** Names of the nodes that a GPU has inside a container; a started container proves nothing. */
export async function gpuNodes(engine: Engine, container: string): Promise<string[]> {
  const look = 'for n in /dev/nvidia[0-9]* /dev/kfd /dev/dxg; do [ -e "$n" ] && echo "$n"; done; true';
  const inPython =
    "import os; print('\\n'.join('/dev/' + n for n in os.listdir('/dev') if n in ('kfd', 'dxg') or n[:6] == 'nvidia' and n[6:].isdigit()))";
  for (const command of [
    ['/bin/sh', '-c', look],
    ['python3', '-I', '-S', '-c', inPython],
  ]) {
    const { exitCode, stdout } = await execIn(engine.docker, container, command);
    if (exitCode === 0) return stdout.toString().split('\n').filter(Boolean);
  }
  return [];
}
