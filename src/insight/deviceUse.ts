import type { Problem } from '../common/problem';
import type { Nanoseconds, Share } from '../common/units';
import type { ProcessReader } from '../runs/processReader';
import type { DeviceUse, ProcessUse } from '../targets/usage/records';

/** What one device did while the run lived: means and maxima over its samples. */
export interface DeviceSummary {
  id: string;
  name: string;
  busyMean: Share | null;
  busyMost: Share | null;
  memoryMostBytes: number | null;
  memoryBytes: number | null;
  powerMeanW: number | null;
  powerLimitW: number | null;
  /** Share of the samples in which the clock was held down, and by what. */
  throttledShare: Share;
  throttledBy: string[];
  /** Processes that are not of this run and computed on it meanwhile. */
  otherPids: number[];
  samples: number;
}

export interface ProcessSummary {
  pid: number;
  /** CPU time by wall time between the first and the last sample: 1 is one core. */
  coresMean: number | null;
  memoryMostBytes: number;
  threadsMost: number;
}

/** Devices by id, in the order in which they were met. */
export function summarizeDevices(
  samples: readonly DeviceUse[],
  ownPids: ReadonlySet<number>,
): DeviceSummary[] {
  return [...groups(samples, ({ id }) => id).values()].map((all) => {
    const values = (pick: (sample: DeviceUse) => number | null): number[] =>
      all.map(pick).filter((value) => value !== null);
    const first = all[0]!;
    return {
      id: first.id,
      name: first.name,
      busyMean: mean(values(({ busy }) => busy)),
      busyMost: most(values(({ busy }) => busy)),
      memoryMostBytes: most(values(({ memoryUsedBytes }) => memoryUsedBytes)),
      memoryBytes: first.memoryBytes,
      powerMeanW: mean(values(({ powerW }) => powerW)),
      powerLimitW: first.powerLimitW,
      throttledShare: all.filter(({ throttled }) => throttled.length > 0).length / all.length,
      throttledBy: [...new Set(all.flatMap(({ throttled }) => throttled))],
      otherPids: otherPids(all, ownPids),
      samples: all.length,
    };
  });
}

/**
 * Pids on a device that are not the run's. Only where one of the run's own is seen there too: inside a
 * container the tool may name processes by the numbers that they have outside.
 */
function otherPids(samples: readonly DeviceUse[], ownPids: ReadonlySet<number>): number[] {
  const pids = new Set(samples.flatMap(({ pids }) => pids));
  const others = [...pids].filter((pid) => !ownPids.has(pid));
  return others.length < pids.size ? others : [];
}

/** Processes by pid. A process that was seen once has no mean yet. */
export function summarizeProcesses(samples: readonly ProcessUse[]): ProcessSummary[] {
  return [...groups(samples, ({ pid }) => pid).values()].map((all) => {
    const first = all[0]!;
    const last = all[all.length - 1]!;
    const wallNs = Number(BigInt(last.unixNs) - BigInt(first.unixNs));
    return {
      pid: first.pid,
      coresMean: wallNs > 0 ? (last.cpuNs - first.cpuNs) / wallNs : null,
      memoryMostBytes: Math.max(...all.map(({ residentBytes }) => residentBytes)),
      threadsMost: Math.max(...all.map(({ threads }) => threads)),
    };
  });
}

/** Says which calls shared their device with processes that are not the run's. */
export function sharedDeviceProblems(
  samples: readonly DeviceUse[],
  devices: readonly DeviceSummary[],
  processes: readonly ProcessReader[],
): Problem[] {
  return devices.flatMap((device) => {
    if (device.otherPids.length === 0) return [];
    const others = new Set(device.otherPids);
    const shared = samples
      .filter(({ id, pids }) => id === device.id && pids.some((pid) => others.has(pid)))
      .map(({ unixNs }) => BigInt(unixNs));
    const { during, all } = callsDuring(shared, processes);
    if (during === 0) return [];
    const who = device.otherPids.length === 1 ? 'Another process' : 'Other processes';
    return [
      {
        message: `${who} (${device.otherPids.map((pid) => `pid ${pid}`).join(', ')}) computed on ${device.name} during ${during} of ${all} calls: the times of these hold waiting for it.`,
        fix: 'Run again when the device is free, or on another one (CUDA_VISIBLE_DEVICES, HIP_VISIBLE_DEVICES).',
      },
    ];
  });
}

/** A sample stands for the second up to it. */
const sampleNs: Nanoseconds = 1e9;

function callsDuring(
  momentsUnixNs: readonly bigint[],
  processes: readonly ProcessReader[],
): { during: number; all: number } {
  let during = 0;
  let all = 0;
  for (const { calls, originUnixNs } of processes) {
    const moments = momentsUnixNs.map((unixNs) => Number(unixNs - originUnixNs)).sort((a, b) => a - b);
    for (let row = 0; row < calls.length; row++) {
      all++;
      const begin = calls.begin[row]!;
      const end = calls.end[row]!;
      const next = moments[lowerBound(moments, begin)];
      if (next !== undefined && next - sampleNs < (Number.isNaN(end) ? Infinity : end)) during++;
    }
  }
  return { during, all };
}

/** Index of the first value that is not below `value`. */
function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function groups<T, K>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const found = new Map<K, T[]>();
  for (const item of items) {
    const group = found.get(key(item));
    if (group) group.push(item);
    else found.set(key(item), [item]);
  }
  return found;
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length;

const most = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((a, b) => Math.max(a, b));
