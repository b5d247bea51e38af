import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { summarizeDevices, summarizeProcesses } from '../../../src/insight/deviceUse';
import { amdDevices } from '../../../src/targets/usage/amd';
import { nvidiaDevices } from '../../../src/targets/usage/nvidia';
import { parseUsage, type DeviceUse, type ProcessUse } from '../../../src/targets/usage/records';
import { watchUsage } from '../../../src/targets/usage/usage';

const at = '1795000000000000000';
const card =
  '0, NVIDIA GeForce RTX 4090, 00000000:01:00.0, 37, 4123, 24564, 85.31, 450.00, 2520, 3105, 61, 0x0000000000000004\n';

describe('nvidia-smi', () => {
  it('is read with units, and the processes of each card', () => {
    const [device] = nvidiaDevices(card, '1234, 00000000:01:00.0\n77, 00000000:02:00.0\n', at) as [DeviceUse];
    expect(device).toEqual({
      t: 'device',
      unixNs: at,
      id: 'nvidia:0',
      name: 'NVIDIA GeForce RTX 4090',
      busy: 0.37,
      memoryUsedBytes: 4123 * 2 ** 20,
      memoryBytes: 24564 * 2 ** 20,
      powerW: 85.31,
      powerLimitW: 450,
      clockMHz: 2520,
      mostClockMHz: 3105,
      temperatureC: 61,
      throttled: ['power'],
      pids: [1234],
    });
    expect(parseUsage(JSON.stringify(device))).toEqual(device);
  });

  it('may leave fields out, or print something else', () => {
    const lacking = card
      .replace('85.31', '[N/A]')
      .replace('37', '[Not Supported]')
      .replace('0x0000000000000004', '[N/A]');
    expect(nvidiaDevices(lacking, '', at)[0]).toMatchObject({
      powerW: null,
      busy: null,
      throttled: [],
      pids: [],
    });
    expect(nvidiaDevices('NVIDIA-SMI has failed because it could not talk, to the driver\n', '', at)).toEqual(
      [],
    );
    expect(nvidiaDevices('', '', at)).toEqual([]);
  });
});

it('rocm-smi is read with the names of its keys in two releases', () => {
  const old = {
    card0: {
      'GPU use (%)': '12',
      'Average Graphics Package Power (W)': '43.0',
      'Max Graphics Package Power (W)': '300.0',
      'VRAM Total Memory (B)': '17163091968',
      'VRAM Total Used Memory (B)': '5000000',
      'Temperature (Sensor edge) (C)': '40.0',
      'Card series': 'Radeon RX 6800',
    },
    system: { 'Driver version': '6.1' },
  };
  const newer = {
    card1: {
      'GPU use (%)': 99,
      'Current Socket Graphics Package Power (W)': '120.5',
      'Card Series': 'AMD Instinct',
    },
  };
  expect(amdDevices(JSON.stringify(old), at)).toMatchObject([
    {
      id: 'amd:0',
      name: 'Radeon RX 6800',
      busy: 0.12,
      powerW: 43,
      powerLimitW: 300,
      memoryUsedBytes: 5e6,
      temperatureC: 40,
    },
  ]);
  expect(amdDevices(JSON.stringify(newer), at)).toMatchObject([
    { id: 'amd:1', name: 'AMD Instinct', busy: 0.99, powerW: 120.5 },
  ]);
  expect(amdDevices('ERROR: no device', at)).toEqual([]);
  expect(amdDevices('null', at)).toEqual([]);
});

describe('a run that is watched', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'usage-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** A fake: what cannot exist where these tests run. */
  async function fakeNvidiaSmi(): Promise<string> {
    const bin = path.join(folder, 'bin');
    await mkdir(bin);
    const script = `#!/bin/sh\ncase "$1" in *compute-apps*) echo '${process.pid}, 00000000:01:00.0'; echo '4242, 00000000:01:00.0';; *) printf '${card.replace('\n', '\\n')}';; esac\n`;
    await writeFile(path.join(bin, 'nvidia-smi'), script);
    await chmod(path.join(bin, 'nvidia-smi'), 0o755);
    return bin;
  }

  async function watched(environment: NodeJS.ProcessEnv): Promise<(DeviceUse | ProcessUse)[]> {
    await mkdir(path.join(folder, `box-${process.pid}-1795000000000000000`));
    const ending = new AbortController();
    const file = path.join(folder, 'usage.jsonl');
    const done = watchUsage(folder, ending.signal, environment);
    const lines = async (): Promise<(DeviceUse | ProcessUse)[]> =>
      (await readFile(file, 'utf8').catch(() => ''))
        .split('\n')
        .filter(Boolean)
        .map((line) => parseUsage(line)!);
    let found = await lines();
    while (found.filter(({ t }) => t === 'use').length < 2) {
      await new Promise((next) => setTimeout(next, 50));
      found = await lines();
    }
    ending.abort();
    await done;
    return found;
  }

  it('says what its processes and the devices used', async () => {
    const found = await watched({ PATH: `${await fakeNvidiaSmi()}:/usr/bin:/bin` });
    const uses = found.filter((line): line is ProcessUse => line.t === 'use');
    const [own] = summarizeProcesses(uses);
    const { user, system } = process.cpuUsage();
    const cpuNs = (user + system) * 1000;
    const last = uses[uses.length - 1]!;
    expect(own!.pid).toBe(process.pid);
    expect(last.cpuNs).toBeLessThanOrEqual(cpuNs + 20e6); // in ticks of 10 ms, user and system rounded apart
    expect(last.cpuNs).toBeGreaterThan(cpuNs / 2);
    expect(own!.memoryMostBytes / process.memoryUsage.rss()).toBeGreaterThan(0.5);
    expect(own!.memoryMostBytes / process.memoryUsage.rss()).toBeLessThan(2);
    const samples = found.filter((line): line is DeviceUse => line.t === 'device');
    const [device] = summarizeDevices(samples, new Set([process.pid]));
    expect(device).toMatchObject({
      name: 'NVIDIA GeForce RTX 4090',
      busyMean: 0.37,
      otherPids: [4242],
      throttledShare: 1,
    });
    expect(summarizeDevices(samples, new Set([1]))[0]!.otherPids).toEqual([]); // none of ours there: numbers of another namespace
  });

  it('has no devices where no tool is', async () => {
    const found = await watched({ PATH: folder });
    expect(found.every(({ t }) => t === 'use')).toBe(true);
  });
});
