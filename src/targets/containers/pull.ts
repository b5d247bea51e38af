import type { Engine } from './engine';
import { refusalError } from './refusals';

interface Step {
  id?: string;
  status?: string;
  progressDetail?: { current?: number; total?: number };
}

/** Told at most so often: a terminal that is a file gets a line each time. */
const tellMs = 1000;

/** Fetches an image, telling how far it is. Throws a UserError; ends at once when the signal says so. */
export async function pullImage(engine: Engine, image: string, signal?: AbortSignal): Promise<void> {
  const tell = (text: string): void => void process.stderr.write(`${text}\n`);
  const name = /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
  tell(`Fetching ${name} …`);
  const layers = new Map<string, { current: number; total: number }>();
  let told = Date.now();
  try {
    const stream = await engine.docker.pull(name, signal ? { abortSignal: signal } : {});
    await new Promise<void>((done, fail) => {
      engine.docker.modem.followProgress(
        stream,
        (error) => (error ? fail(error) : done()),
        ({ id, status, progressDetail }: Step) => {
          const { current, total } = progressDetail ?? {};
          if (id && status === 'Downloading' && current !== undefined && total !== undefined) {
            layers.set(id, { current, total });
          }
          if (layers.size === 0 || Date.now() - told < tellMs) return;
          told = Date.now();
          const all = [...layers.values()];
          const megabytes = (of: 'current' | 'total'): string =>
            (all.reduce((sum, layer) => sum + layer[of], 0) / 1e6).toFixed(0);
          tell(`Fetching ${name}: ${megabytes('current')} of ${megabytes('total')} MB`);
        },
      );
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw refusalError(error, 'pull', { server: engine.kind, image });
  }
}
