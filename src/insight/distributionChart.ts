/** The distribution of a site's calls as a small picture. Pure: an SVG text. */
import { formatCount, formatDuration, type Nanoseconds } from '../common/units';
import type { Bucket } from './distribution';

/** Colours by the kind of theme that the picture is shown on. */
export interface ChartColors {
  bar: string;
  /** Text and marks. */
  ink: string;
}

export const chartColors: Readonly<
  Record<'light' | 'dark' | 'highContrast' | 'highContrastLight', ChartColors>
> = {
  light: { bar: '#4a8fd0', ink: '#3b3b3b' },
  dark: { bar: '#4a9ee8', ink: '#cccccc' },
  highContrast: { bar: '#6fc3ff', ink: '#ffffff' },
  highContrastLight: { bar: '#0f4a85', ink: '#000000' },
};

const width = 360;
const barsHeight = 40;
const height = barsHeight + 16;
const margin = 2;

/**
 * Bars by number of calls over a logarithmic axis of durations, with marks at p50 and p95. Empty for a distribution that
 * has nothing to tell: fewer than three calls.
 */
export function distributionChart(
  buckets: readonly Bucket[],
  marks: { p50Ns: Nanoseconds | null; p95Ns: Nanoseconds | null },
  colors: ChartColors,
): string {
  const calls = buckets.reduce((sum, bucket) => sum + bucket.calls, 0);
  const [first, last] = [buckets[0], buckets[buckets.length - 1]];
  if (calls < 3 || !first || !last) return '';
  const most = Math.max(...buckets.map((bucket) => bucket.calls));
  const low = Math.log(first.fromNs);
  const span = Math.log(last.toNs) - low;
  const x = (ns: number): number =>
    span > 0 ? margin + ((Math.log(ns) - low) / span) * (width - 2 * margin) : width / 2;
  const bars = buckets.map(({ fromNs, toNs, calls: n }) => {
    if (n === 0) return '';
    // One call among thousands is seen all the same.
    const h = Math.max(1.5, (n / most) * (barsHeight - 4));
    const left = x(fromNs);
    const wide = span > 0 ? Math.max(1, x(toNs) - left - 1) : 24;
    return `<rect x="${round(span > 0 ? left : left - 12)}" y="${round(barsHeight - h)}" width="${round(wide)}" height="${round(h)}" fill="${colors.bar}"/>`;
  });
  const mark = (ns: number | null, dash: string): string =>
    ns === null || span <= 0
      ? ''
      : `<line x1="${round(x(ns))}" x2="${round(x(ns))}" y1="0" y2="${barsHeight}" stroke="${colors.ink}" stroke-width="1"${dash}/>`;
  const text = (at: number, anchor: string, label: string): string =>
    `<text x="${round(at)}" y="${height - 3}" text-anchor="${anchor}" font-family="sans-serif" font-size="10" fill="${colors.ink}">${label}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<line x1="0" x2="${width}" y1="${barsHeight}" y2="${barsHeight}" stroke="${colors.ink}" stroke-opacity="0.5"/>`,
    ...bars,
    mark(marks.p50Ns, ''),
    mark(marks.p95Ns, ' stroke-dasharray="2 2"'),
    text(margin, 'start', formatDuration(first.fromNs)),
    ...middleText(marks.p50Ns, x, text),
    text(width - margin, 'end', formatDuration(last.toNs)),
    '</svg>',
  ].join('');
}

/** The median's label, where it has room between those of the ends. */
function middleText(
  p50Ns: Nanoseconds | null,
  x: (ns: number) => number,
  text: (at: number, anchor: string, label: string) => string,
): string[] {
  if (p50Ns === null) return [];
  const at = x(p50Ns);
  return at > 90 && at < width - 90 ? [text(at, 'middle', `p50 ${formatDuration(p50Ns)}`)] : [];
}

/** What the picture shows, for those who do not see it. */
export function distributionText(buckets: readonly Bucket[]): string {
  const calls = buckets.reduce((sum, bucket) => sum + bucket.calls, 0);
  const [first, last] = [buckets[0], buckets[buckets.length - 1]];
  if (!first || !last) return '';
  return `${formatCount(calls)} calls from ${formatDuration(first.fromNs)} to ${formatDuration(last.toNs)}`;
}

function round(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '');
}
