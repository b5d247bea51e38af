import { execFile } from 'node:child_process';
import { appendFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeviceUse, UsageLine } from './records';
import { amdArguments, amdDevices } from './amd';
import { deviceArguments, nvidiaDevices, processArguments } from './nvidia';
import { processUse } from './processes';

/** Once a second at first; a run of ten hours is not looked at more closely than it is drawn. */
const firstMs = 1000;
const lateMs = 10_000;
const lateAfterMs = 10 * 60_000;
const toolLimitMs = 10_000;

/**
 * Writes what the devices and the run's processes use into `usage.jsonl` of a run on this machine, until
 * the signal. Says nothing where a tool or /proc is missing: the rest of the run stands by itself.
 */
export async function watchUsage(
  directory: string,
  signal: AbortSignal,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const file = path.join(directory, 'usage.jsonl');
  const began = performance.now();
  const devices = new Devices(environment, signal);
  try {
    while (!signal.aborted) {
      const lines: UsageLine[] = [...(await devices.look()), ...(await processesOf(directory))];
      if (lines.length > 0) await appendFile(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      await sleep(performance.now() - began > lateAfterMs ? lateMs : firstMs, undefined, { signal });
    }
  } catch {
    // Ended by the signal, or the run directory is gone.
  }
}

/** The vendors' tools that are here; one that is not is asked for once. */
class Devices {
  readonly #missing = new Set<string>();

  constructor(
    private readonly environment: NodeJS.ProcessEnv,
    private readonly signal: AbortSignal,
  ) {}

  async look(): Promise<DeviceUse[]> {
    const unixNs = now();
    const devices = await this.#run('nvidia-smi', deviceArguments);
    const processes = devices ? await this.#run('nvidia-smi', processArguments) : '';
    const cards = await this.#run('rocm-smi', amdArguments);
    return [...nvidiaDevices(devices, processes, unixNs), ...amdDevices(cards, unixNs)];
  }

  #run(tool: string, args: readonly string[]): Promise<string> {
    if (this.#missing.has(tool)) return Promise.resolve('');
    return new Promise((done) => {
      const options = { env: this.environment, signal: this.signal, timeout: toolLimitMs, windowsHide: true };
      execFile(tool, args, options, (error, stdout) => {
        // Not there, or there without a driver: it will not come while the run lives.
        if (error && !this.signal.aborted) this.#missing.add(tool);
        done(error ? '' : stdout);
      });
    });
  }
}

/** Process folders are named HOST-PID-STARTUNIXNS. */
async function processesOf(directory: string): Promise<UsageLine[]> {
  const unixNs = now();
  const names = await readdir(directory).catch(() => []);
  const pids = new Set(names.flatMap((name) => /-(\d+)-\d+$/.exec(name)?.[1] ?? []));
  const found = await Promise.all([...pids].map((pid) => processUse(Number(pid), unixNs)));
  return found.filter((use) => use !== undefined);
}

const now = (): string => (BigInt(Date.now()) * 1_000_000n).toString();
