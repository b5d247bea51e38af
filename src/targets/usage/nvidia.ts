import type { DeviceUse } from './records';

/** Columns of nvidia-smi's query, in the order of our fields; names as `nvidia-smi --help-query-gpu` lists them. */
const columns = [
  'index',
  'name',
  'pci.bus_id',
  'utilization.gpu',
  'memory.used',
  'memory.total',
  'power.draw',
  'power.limit',
  'clocks.sm',
  'clocks.max.sm',
  'temperature.gpu',
  'clocks_throttle_reasons.active',
] as const;

export const deviceArguments = [`--query-gpu=${columns.join(',')}`, '--format=csv,noheader,nounits'];
export const processArguments = ['--query-compute-apps=pid,gpu_bus_id', '--format=csv,noheader,nounits'];

/** Bits of nvmlClocksThrottleReasons (nvml.h): what holds the clock down. Idle and the user's own settings do not count. */
const reasons: readonly (readonly [bits: bigint, name: string])[] = [
  [0x4n | 0x80n, 'power'],
  [0x20n | 0x40n, 'heat'],
  [0x8n, 'hardware'],
];

/** What nvidia-smi printed for `deviceArguments`, and for `processArguments`. Lines that are no row are left out. */
export function nvidiaDevices(devices: string, processes: string, unixNs: string): DeviceUse[] {
  const computing = rows(processes).flatMap(([pid = '', bus = '']) =>
    /^\d+$/.test(pid) ? [{ pid: Number(pid), bus }] : [],
  );
  return rows(devices).flatMap((row) => {
    if (row.length < columns.length || !/^\d+$/.test(row[0]!)) return [];
    const [index, name, bus, busy, used, total, power, limit, clock, mostClock, heat, active] = row;
    const share = number(busy);
    return [
      {
        t: 'device' as const,
        unixNs,
        id: `nvidia:${index!}`,
        name: name!,
        busy: share === null ? null : share / 100,
        memoryUsedBytes: mebibytes(used),
        memoryBytes: mebibytes(total),
        powerW: number(power),
        powerLimitW: number(limit),
        clockMHz: number(clock),
        mostClockMHz: number(mostClock),
        temperatureC: number(heat),
        throttled: throttled(active ?? ''),
        pids: computing.filter((app) => app.bus === bus).map(({ pid }) => pid),
      },
    ];
  });
}

function rows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.includes(','))
    .map((line) => line.split(',').map((field) => field.trim()));
}

/** A field that the device does not have reads `[N/A]` or `[Not Supported]`. */
function number(field: string | undefined): number | null {
  const value = field ? Number(field) : NaN;
  return Number.isFinite(value) ? value : null;
}

function mebibytes(field: string | undefined): number | null {
  const value = number(field);
  return value === null ? null : value * 2 ** 20;
}

function throttled(active: string): string[] {
  if (!/^0x[0-9a-f]+$/i.test(active)) return [];
  const bits = BigInt(active);
  return reasons.filter(([mask]) => (bits & mask) !== 0n).map(([, name]) => name);
}
