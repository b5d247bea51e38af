/**
 * Numbers carry their unit in the type's name. The aliases cost nothing at run time; they tell the
 * reader, and the formatters below are the one place where a number becomes text.
 */
export type Nanoseconds = number;
export type Ticks = number;
export type Bytes = number;
/** 0 to 1. */
export type Share = number;

const steps: readonly (readonly [number, string])[] = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
  [1, 'ns'],
];

/** `34 ms`, `1.2 s`, `0 ns`: three significant digits, the unit that keeps the number at 1 or above. */
export function formatDuration(ns: Nanoseconds): string {
  if (!Number.isFinite(ns)) return '–';
  const sign = ns <= -0.005 ? '−' : ''; // what is shown as 0 has none
  const value = Math.abs(ns);
  if (value >= 120e9) {
    const seconds = Math.round(value / 1e9);
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return `${sign}${minutes} min ${seconds % 60} s`;
    return `${sign}${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  }
  for (const [size, unit] of steps) {
    // Half a unit of the third digit below the next size rounds up into it (999.6 µs is 1 ms).
    if (value >= size * 0.9995 || size === 1) return `${sign}${threeDigits(value / size)} ${unit}`;
  }
  return '0 ns';
}

function threeDigits(value: number): string {
  if (value >= 99.95) return String(Math.round(value));
  if (value >= 9.995) return trimZeros(value.toFixed(1));
  return trimZeros(value.toFixed(2));
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** `52 %`, `0.4 %`, `< 0.1 %`. */
export function formatShare(share: Share): string {
  const percent = share * 100;
  if (!Number.isFinite(percent)) return '–';
  if (percent > 0 && percent < 0.1) return '< 0.1 %';
  return percent < 9.95 ? `${trimZeros(percent.toFixed(1))} %` : `${Math.round(percent)} %`;
}

/** `3,120`: grouped by thousands whatever the machine's locale, so that tests and reports agree. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** `1.4 MB`, decimal units as disks and downloads show them. */
export function formatBytes(bytes: Bytes): string {
  for (const [size, unit] of [
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
  ] as const) {
    if (bytes >= size * 0.9995) return `${threeDigits(bytes / size)} ${unit}`;
  }
  return `${Math.round(bytes)} B`;
}
