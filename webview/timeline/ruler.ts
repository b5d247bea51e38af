/** Ticks of the time ruler, and times as text. */
import type { Ticks } from '../../src/common/units';
import type { TimeRange } from './state';

interface Unit {
  name: string;
  ps: number;
}

const units: readonly Unit[] = [
  { name: 's', ps: 1e12 },
  { name: 'ms', ps: 1e9 },
  { name: 'µs', ps: 1e6 },
  { name: 'ns', ps: 1e3 },
];

function unitFor(ps: number): Unit {
  return units.find((unit) => ps >= unit.ps * 0.9999) ?? units[units.length - 1]!;
}

function grouped(value: number, decimals: number): string {
  const [whole, fraction] = Math.abs(value).toFixed(decimals).split('.') as [string, string?];
  const text = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',') + (fraction ? `.${fraction}` : '');
  return value < 0 && Number(text.replace(/,/g, '')) !== 0 ? `−${text}` : text;
}

export interface RulerTick {
  time: Ticks;
  label: string;
}

const labelSpacing = 16;

/** Round ticks for a view, spaced so that labels of about `charWidth` pixels a character do not touch. */
export function rulerTicks(view: TimeRange, width: number, tickPs: number, charWidth: number): RulerTick[] {
  const psPerPixel = ((view.t1 - view.t0) * tickPs) / Math.max(1, width);
  const farthest = Math.max(Math.abs(view.t0), Math.abs(view.t1)) * tickPs;
  let step = 10 ** Math.floor(Math.log10(psPerPixel * 40));
  for (let round = 0; round < 12; round++) {
    for (const factor of [1, 2, 5]) {
      const candidate = step * factor;
      const text = tickLabel(farthest, candidate);
      if (candidate / psPerPixel < text.length * charWidth + labelSpacing) continue;
      return ticksAt(view, candidate, tickPs);
    }
    step *= 10;
  }
  return [];
}

function tickLabel(ps: number, stepPs: number): string {
  const unit = unitFor(stepPs);
  // Below a nanosecond the step itself needs decimals.
  const decimals = stepPs < unit.ps ? Math.ceil(-Math.log10(stepPs / unit.ps) - 1e-9) : 0;
  return `${grouped(ps / unit.ps, decimals)} ${unit.name}`;
}

function ticksAt(view: TimeRange, stepPs: number, tickPs: number): RulerTick[] {
  const ticks: RulerTick[] = [];
  const first = Math.ceil((view.t0 * tickPs) / stepPs);
  const last = Math.floor((view.t1 * tickPs) / stepPs);
  for (let i = first; i <= last; i++)
    ticks.push({ time: (i * stepPs) / tickPs, label: tickLabel(i * stepPs, stepPs) });
  return ticks;
}

/** Time since the start of the trace, exact to the nanosecond: `1,234.567890 ms`. */
export function exactTime(ticks: Ticks, tickPs: number): string {
  const ps = ticks * tickPs;
  const unit = unitFor(Math.abs(ps));
  // To the nanosecond; below a microsecond, to the picosecond.
  const decimals = Math.max(3, Math.round(Math.log10(unit.ps)) - 3);
  return `${grouped(ps / unit.ps, decimals).replace(/\.(\d*?)0+$/, (_, digits: string) => (digits ? `.${digits}` : ''))} ${unit.name}`;
}

/** Unix time as ISO 8601 in UTC with nanoseconds. */
export function wallClock(originUnixNs: bigint, ticks: Ticks, tickPs: number): string {
  const ns = originUnixNs + BigInt(Math.floor((ticks * tickPs) / 1000));
  const seconds = ns / 1_000_000_000n;
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return '';
  return `${date.toISOString().slice(0, 19)}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`;
}
