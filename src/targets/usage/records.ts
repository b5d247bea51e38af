/** The lines of `usage.jsonl`, which the host writes beside a run's processes while they live: format in docs/run-directory.md. */

export interface DeviceUse {
  t: 'device';
  unixNs: string;
  /** `nvidia:0`, `amd:1`: vendor and the vendor's own index. */
  id: string;
  name: string;
  /** Share of the last sample period in which a kernel ran, 0 to 1. */
  busy: number | null;
  memoryUsedBytes: number | null;
  memoryBytes: number | null;
  powerW: number | null;
  powerLimitW: number | null;
  clockMHz: number | null;
  mostClockMHz: number | null;
  temperatureC: number | null;
  /** Why the clock is held down: `power`, `heat`, `hardware`; [] when it is not. */
  throttled: string[];
  /** Processes that compute on the device, as the vendor's tool names them. */
  pids: number[];
}

export interface ProcessUse {
  t: 'use';
  unixNs: string;
  pid: number;
  /** CPU time of the process so far, user and system. */
  cpuNs: number;
  residentBytes: number;
  threads: number;
}

export type UsageLine = DeviceUse | ProcessUse;

/** One line; undefined when it is damaged or of a kind that we do not know. */
export function parseUsage(text: string): UsageLine | undefined {
  try {
    const value = JSON.parse(text) as Partial<UsageLine> | null;
    if (value?.t === 'device' && typeof value.id === 'string' && Array.isArray(value.pids))
      return value as DeviceUse;
    if (value?.t === 'use' && typeof value.pid === 'number' && typeof value.cpuNs === 'number')
      return value as ProcessUse;
    return undefined;
  } catch {
    return undefined;
  }
}
