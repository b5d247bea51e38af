import type { DeviceUse } from './records';

export const amdArguments = [
  '--showuse',
  '--showmeminfo',
  'vram',
  '--showpower',
  '--showmaxpower',
  '--showtemp',
  '--showproductname',
  '--json',
];

/** What `rocm-smi` printed for `amdArguments`: an object a card. Names of its keys differ from release to release. */
export function amdDevices(text: string, unixNs: string): DeviceUse[] {
  let cards: unknown;
  try {
    cards = JSON.parse(text);
  } catch {
    return [];
  }
  if (typeof cards !== 'object' || cards === null) return [];
  return Object.entries(cards).flatMap(([card, values]) => {
    const index = /^card(\d+)$/.exec(card)?.[1];
    if (index === undefined || typeof values !== 'object' || values === null) return [];
    const fields = Object.entries(values as Record<string, unknown>);
    const text = (name: RegExp): string | undefined => {
      const found = fields.find(([key]) => name.test(key))?.[1];
      return typeof found === 'string' || typeof found === 'number' ? String(found) : undefined;
    };
    const number = (name: RegExp): number | null => {
      const value = Number.parseFloat(text(name) ?? '');
      return Number.isFinite(value) ? value : null;
    };
    const busy = number(/^GPU use \(%\)/);
    return [
      {
        t: 'device' as const,
        unixNs,
        id: `amd:${index}`,
        name: text(/^Card (Series|model)/i) ?? `AMD GPU ${index}`,
        busy: busy === null ? null : busy / 100,
        memoryUsedBytes: number(/^VRAM Total Used Memory/),
        memoryBytes: number(/^VRAM Total Memory/),
        powerW: number(/^(Average|Current Socket) Graphics Package Power/),
        powerLimitW: number(/^Max Graphics Package Power/),
        clockMHz: null,
        mostClockMHz: null,
        temperatureC: number(/^Temperature \(Sensor (edge|junction)\)/),
        throttled: [],
        pids: [],
      },
    ];
  });
}
