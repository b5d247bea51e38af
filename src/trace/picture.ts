/** A still picture of part of a trace, for reports: an SVG that needs nothing else. */
import { escapeMarkup } from '../common/markup';
import { formatDuration } from '../common/units';
import type { TraceModel } from './engine';

const width = 1060;
const labelWidth = 150;
const rowHeight = 15;
const trackGap = 6;
const mostTracks = 14;
const mostDepth = 8;
/** A rectangle below a pixel is drawn as part of the stretch that it lies in. */
const leastPixels = 1;
const palette = ['#4a8fd0', '#d98a3d', '#5aa469', '#b46ab0', '#c7584f', '#7d86c9', '#9a8f3c', '#4ba3a3'];

/**
 * Draws [t0, t1] ticks: tracks with most time in it, each with its rows. Events narrower than a pixel are merged, so
 * that the size depends on the picture and not on the trace.
 */
export function tracePicture(model: TraceModel, t0: number, t1: number): string {
  const span = t1 - t0;
  if (!(span > 0)) return '';
  const rows = collect(model, t0, t1);
  const tracks = [...rows]
    .map(([track, depths]) => ({ track, depths, busy: busyOf(depths) }))
    .sort((a, b) => order(model, a.track) - order(model, b.track) || b.busy - a.busy)
    .slice(0, mostTracks)
    .sort((a, b) => a.track - b.track);
  const parts: string[] = [];
  let y = 4;
  for (const { track, depths } of tracks) {
    const info = model.tracks[track]!;
    parts.push(
      `<text x="0" y="${y + 11}" font-size="11" fill="currentColor">${escapeMarkup(shorten(info.thread, 22))}</text>`,
    );
    for (const [depth, events] of [...depths].sort((a, b) => a[0] - b[0]))
      for (const event of events) parts.push(rectangle(event, y + depth * rowHeight, t0, span));
    y += (Math.max(...depths.keys()) + 1) * rowHeight + trackGap;
  }
  parts.push(...axis(y, (span * model.tickPs) / 1000));
  const height = y + 20;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif">`,
    ...parts,
    '</svg>',
  ].join('');
}

interface Drawn {
  from: number;
  to: number;
  name: string;
  count: number;
}

/** Events in the window by track and depth, merged below a pixel. */
function collect(model: TraceModel, t0: number, t1: number): Map<number, Map<number, Drawn[]>> {
  const { count, start, end, name, track, parent } = model.columns();
  const pixel = ((t1 - t0) / (width - labelWidth)) * leastPixels;
  const rows = new Map<number, Map<number, Drawn[]>>();
  const depth = new Uint16Array(count);
  const derived = new Set(model.tracks.filter(({ kind }) => kind === 'derived').map(({ index }) => index));
  // A parent comes before its children, also in the table's order by rows.
  for (let event = 0; event < count; event++) {
    if (parent[event]! >= 0) depth[event] = depth[parent[event]!]! + 1;
    const at = depth[event]!;
    if (end[event]! <= t0 || start[event]! >= t1 || at >= mostDepth || derived.has(track[event]!)) continue;
    if (end[event]! <= start[event]!) continue;
    let depths = rows.get(track[event]!);
    if (!depths) rows.set(track[event]!, (depths = new Map<number, Drawn[]>()));
    let drawn = depths.get(at);
    if (!drawn) depths.set(at, (drawn = []));
    const from = Math.max(t0, start[event]!);
    const to = Math.min(t1, end[event]!);
    const last = drawn[drawn.length - 1];
    if (
      last &&
      to - from < pixel &&
      from - last.to < pixel &&
      last.count > 0 &&
      last.to - last.from < 40 * pixel
    ) {
      last.to = Math.max(last.to, to);
      last.count++;
    } else drawn.push({ from, to, name: model.name(name[event]!), count: 1 });
  }
  return rows;
}

function busyOf(depths: ReadonlyMap<number, readonly Drawn[]>): number {
  return (depths.get(0) ?? []).reduce((sum, { from, to }) => sum + to - from, 0);
}

/** The thread that calls comes first, then the device. */
function order(model: TraceModel, track: number): number {
  const { kind, index } = model.tracks[track]!;
  return index === 0 ? 0 : kind === 'stream' ? 1 : 2;
}

function rectangle({ from, to, name, count }: Drawn, y: number, t0: number, span: number): string {
  const scale = (width - labelWidth) / span;
  const x = labelWidth + (from - t0) * scale;
  const wide = Math.max(0.6, (to - from) * scale);
  const color = palette[hash(name) % palette.length]!;
  const box = `<rect x="${x.toFixed(1)}" y="${y}" width="${wide.toFixed(1)}" height="${rowHeight - 1}" fill="${color}"${count > 1 ? ' fill-opacity="0.6"' : ''}><title>${escapeMarkup(count > 1 ? `${count} events` : shorten(name, 120))}</title></rect>`;
  const room = Math.floor((wide - 6) / 6);
  if (count > 1 || room < 4) return box;
  return `${box}<text x="${(x + 3).toFixed(1)}" y="${y + 11}" font-size="10" fill="#fff">${escapeMarkup(shorten(name, room))}</text>`;
}

function axis(y: number, spanNs: number): string[] {
  const marks = [0, 0.25, 0.5, 0.75, 1];
  return [
    `<line x1="${labelWidth}" x2="${width}" y1="${y}" y2="${y}" stroke="currentColor" stroke-opacity="0.4"/>`,
    ...marks.map((share) => {
      const x = labelWidth + share * (width - labelWidth);
      const anchor = share === 0 ? 'start' : share === 1 ? 'end' : 'middle';
      return `<text x="${x.toFixed(1)}" y="${y + 14}" font-size="10" text-anchor="${anchor}" fill="currentColor">${formatDuration(spanNs * share)}</text>`;
    }),
  ];
}

function hash(text: string): number {
  let value = 7;
  for (let i = 0; i < text.length; i++) value = (value * 31 + text.charCodeAt(i)) >>> 0;
  return value;
}

function shorten(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, Math.max(1, most - 1))}…`;
}
