/**
 * Draws the visible rows: each is rasterised to one line of pixels and stretched, labels are text on
 * top. Cost follows rows × pixels, hardly the number of events; WebGL is not needed.
 */
import type { TimelineHit } from '../../src/common/protocol';
import { rowHeight, visibleBlocks, visibleRows, type Layout, type RowRef } from './layout';
import { Line, type Wide } from './rasteriser';
import { rulerTicks } from './ruler';
import type { TimeRange } from './state';
import { swatchIndex, type Theme } from './theme';
import type { TileStore } from './tileStore';

export interface Scene {
  layout: Layout;
  view: TimeRange;
  scrollTop: number;
  tiles: TileStore;
  names: string[];
  tickPs: number;
  selected: { track: number; depth: number; t0: number; t1: number } | undefined;
  range: TimeRange | undefined;
  hits: TimelineHit[];
  currentHit: number;
}

/** CSS pixels from which an event is listed for hovering, and from which it gets a label. */
const wideAt = 3;
const labelAt = 28;
const charWidth = 6.2;
const fontSize = 11;

export class Painter {
  readonly #canvas: HTMLCanvasElement;
  readonly #ruler: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #rulerContext: CanvasRenderingContext2D;
  readonly #strip = document.createElement('canvas');
  readonly #stripContext: CanvasRenderingContext2D;
  #pixels: ImageData | undefined;
  #lines: Line[] = [];
  #swatchOf: number[] = [];
  #swatchNames: string[] | undefined;
  /** Wide events of the rows of the last frame, x in CSS pixels. */
  readonly wide = new Map<string, Wide[]>();
  width = 0;
  height = 0;
  #scale = 1;

  constructor(canvas: HTMLCanvasElement, ruler: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#ruler = ruler;
    this.#context = context2d(canvas, false);
    this.#rulerContext = context2d(ruler, false);
    this.#stripContext = context2d(this.#strip, true);
  }

  /** Sets the size in CSS pixels. */
  resize(width: number, height: number, rulerHeight: number): void {
    this.width = Math.max(0, Math.floor(width));
    this.height = Math.max(0, Math.floor(height));
    this.#scale = devicePixelRatio || 1;
    setSize(this.#canvas, this.width, this.height, this.#scale);
    setSize(this.#ruler, this.width, rulerHeight, this.#scale);
    this.#lines = [];
    this.#pixels = undefined;
  }

  /** Forgets what depends on the theme. */
  forget(): void {
    this.#swatchNames = undefined;
  }

  /** Device pixels across, which is what tiles are asked for. */
  get deviceWidth(): number {
    return Math.round(this.width * this.#scale);
  }

  paint(scene: Scene, theme: Theme): void {
    if (this.width === 0 || this.height === 0) return;
    const context = this.#context;
    context.setTransform(this.#scale, 0, 0, this.#scale, 0, 0);
    context.fillStyle = `rgb(${theme.background.join(' ')})`;
    context.fillRect(0, 0, this.width, this.height);
    const ticks = rulerTicks(scene.view, this.width, scene.tickPs, charWidth);
    this.#grid(
      ticks.map(({ time }) => this.#x(scene.view, time)),
      theme,
    );
    const rows = visibleRows(scene.layout, scene.scrollTop, scene.scrollTop + this.height);
    this.#rows(rows, scene, theme);
    for (const block of visibleBlocks(scene.layout, scene.scrollTop, scene.scrollTop + this.height)) {
      if (block.kind !== 'process') continue;
      context.fillStyle = theme.band;
      context.fillRect(0, block.top - scene.scrollTop, this.width, block.height);
      context.fillStyle = theme.border;
      context.fillRect(0, block.top - scene.scrollTop, this.width, 1);
    }
    this.#hits(rows, scene, theme);
    this.#selected(rows, scene, theme);
    this.#range(scene, theme);
    this.#paintRuler(ticks, scene, theme);
  }

  #x(view: TimeRange, time: number): number {
    return ((time - view.t0) / (view.t1 - view.t0)) * this.width;
  }

  #grid(xs: number[], theme: Theme): void {
    this.#context.fillStyle = theme.border;
    this.#context.globalAlpha = theme.highContrast ? 0.35 : 0.22;
    for (const x of xs) this.#context.fillRect(Math.round(x), 0, 1, this.height);
    this.#context.globalAlpha = 1;
  }

  #rows(rows: RowRef[], scene: Scene, theme: Theme): void {
    const width = this.deviceWidth;
    if (rows.length === 0 || width === 0) return;
    if (this.#pixels?.width !== width || this.#pixels.height < rows.length) {
      this.#pixels = new ImageData(width, Math.max(rows.length, 32));
      this.#strip.width = width;
      this.#strip.height = this.#pixels.height;
    }
    const pixels = new Uint32Array(this.#pixels.data.buffer);
    const colours = this.#colours(scene.names, theme);
    this.wide.clear();
    rows.forEach((row, i) => {
      const line = (this.#lines[i] ??= new Line(width));
      line.draw(scene.tiles.segments(row, scene.view), scene.view, wideAt * this.#scale);
      paintLine(line, pixels, i * width, colours, theme);
      const list = line.wide.map((wide) => ({
        ...wide,
        x0: wide.x0 / this.#scale,
        x1: wide.x1 / this.#scale,
      }));
      this.wide.set(`${row.track} ${row.depth}`, list);
    });
    this.#stripContext.putImageData(this.#pixels, 0, 0, 0, 0, width, rows.length);
    const context = this.#context;
    context.imageSmoothingEnabled = false;
    rows.forEach((row, i) => {
      const y = row.top - scene.scrollTop;
      context.drawImage(this.#strip, 0, i, width, 1, 0, y, this.width, rowHeight - 1);
    });
    rows.forEach((row) => {
      this.#labels(
        this.wide.get(`${row.track} ${row.depth}`)!,
        row.top - scene.scrollTop,
        scene.names,
        theme,
      );
    });
  }

  /** Swatch index of every name; only new names are hashed. */
  #colours(names: string[], theme: Theme): number[] {
    if (this.#swatchNames !== names) {
      this.#swatchNames = names;
      this.#swatchOf = [];
    }
    for (let i = this.#swatchOf.length; i < names.length; i++) {
      this.#swatchOf.push(swatchIndex(names[i]!, theme.swatches.length));
    }
    return this.#swatchOf;
  }

  #labels(wide: Wide[], y: number, names: string[], theme: Theme): void {
    const context = this.#context;
    context.font = `${fontSize}px ${theme.font}`;
    context.textBaseline = 'middle';
    const background = `rgb(${theme.background.join(' ')})`;
    for (const { x0, x1, name, busyShare } of wide) {
      // A separator keeps neighbours of one colour apart.
      if (x1 < this.width) {
        context.fillStyle = background;
        context.fillRect(Math.round(x1) - 0.5, y, 0.5, rowHeight - 1);
      }
      const left = Math.max(0, x0);
      const room = Math.min(this.width, x1) - left - 6;
      const text = names[name];
      if (room + 6 < labelAt || busyShare < 0.98 || text === undefined) continue;
      // measureText in a frame is slow: characters are counted, and what is too wide anyway is cut by the next event.
      const most = Math.floor(room / charWidth);
      if (most < 4) continue;
      context.fillStyle = theme.swatches[this.#swatchOf[name] ?? 0]!.text;
      const shown = text.length > most ? `${text.slice(0, most - 1)}…` : text;
      context.fillText(shown, left + 3, y + (rowHeight - 1) / 2 + 0.5, room);
    }
  }

  #hits(rows: RowRef[], scene: Scene, theme: Theme): void {
    if (scene.hits.length === 0) return;
    const tops = new Map(rows.map((row) => [`${row.track} ${row.depth}`, row.top - scene.scrollTop]));
    const context = this.#context;
    context.fillStyle = theme.match;
    context.strokeStyle = theme.match;
    let last = '';
    scene.hits.forEach((hit, i) => {
      const key = `${hit.track} ${hit.depth}`;
      const y = tops.get(key);
      if (y === undefined) return;
      const x0 = this.#x(scene.view, hit.startTicks);
      const x1 = this.#x(scene.view, hit.startTicks + hit.durationTicks);
      if (x1 < 0 || x0 > this.width) return;
      // Thousands of hits on one pixel are one mark.
      const mark = `${key} ${Math.round(x0)}`;
      if (mark === last && x1 - x0 < 1 && i !== scene.currentHit) return;
      last = mark;
      context.fillRect(x0, y + rowHeight - 3, Math.max(2, x1 - x0), 2);
      if (i === scene.currentHit) {
        context.lineWidth = 2;
        context.strokeRect(x0 - 1, y - 1, Math.max(4, x1 - x0) + 2, rowHeight + 1);
      }
    });
  }

  #selected(rows: RowRef[], { selected, view, scrollTop }: Scene, theme: Theme): void {
    if (!selected) return;
    const row = rows.find(({ track, depth }) => track === selected.track && depth === selected.depth);
    if (!row) return;
    const x0 = Math.max(-4, this.#x(view, selected.t0));
    const x1 = Math.min(this.width + 4, this.#x(view, selected.t1));
    if (x1 < 0 || x0 > this.width) return;
    const context = this.#context;
    const y = row.top - scrollTop;
    const width = Math.max(3, x1 - x0);
    // Two strokes, so that it stands out on any colour.
    context.lineWidth = 3;
    context.strokeStyle = `rgb(${theme.background.join(' ')})`;
    context.strokeRect(x0, y - 0.5, width, rowHeight);
    context.lineWidth = 1.5;
    context.strokeStyle = theme.foreground;
    context.strokeRect(x0, y - 0.5, width, rowHeight);
  }

  #range({ range, view }: Scene, theme: Theme): void {
    if (!range) return;
    const x0 = this.#x(view, range.t0);
    const x1 = this.#x(view, range.t1);
    const context = this.#context;
    context.fillStyle = theme.selection;
    context.globalAlpha = theme.highContrast ? 0.2 : 0.3;
    context.fillRect(x0, 0, x1 - x0, this.height);
    context.globalAlpha = 1;
    context.fillStyle = theme.focus;
    context.fillRect(Math.round(x0), 0, 1, this.height);
    context.fillRect(Math.round(x1) - 1, 0, 1, this.height);
  }

  #paintRuler(ticks: { time: number; label: string }[], { view, range }: Scene, theme: Theme): void {
    const context = this.#rulerContext;
    const height = this.#ruler.height / this.#scale;
    context.setTransform(this.#scale, 0, 0, this.#scale, 0, 0);
    context.clearRect(0, 0, this.width, height);
    if (range) {
      const x0 = this.#x(view, range.t0);
      context.fillStyle = theme.selection;
      context.globalAlpha = theme.highContrast ? 0.2 : 0.3;
      context.fillRect(x0, 0, this.#x(view, range.t1) - x0, height);
      context.globalAlpha = 1;
    }
    context.font = `${fontSize}px ${theme.font}`;
    context.textBaseline = 'middle';
    for (const { time, label } of ticks) {
      const x = Math.round(this.#x(view, time));
      context.fillStyle = theme.border;
      context.fillRect(x, 0, 1, height);
      context.fillStyle = theme.muted;
      // A label that the edge would cut is worse than none.
      if (x + 4 + label.length * charWidth <= this.width) context.fillText(label, x + 4, height / 2 + 0.5);
    }
  }
}

/** Mixes the swatches with the background by the busy share, pixel by pixel (little-endian RGBA). */
function paintLine(line: Line, pixels: Uint32Array, at: number, colours: number[], theme: Theme): void {
  const { cover, name, width } = line;
  const [red, green, blue] = theme.background;
  for (let x = 0; x < width; x++) {
    const share = cover[x]!;
    if (share === 0) {
      pixels[at + x] = 0;
      continue;
    }
    const fill = theme.swatches[colours[name[x]!] ?? 0]!.fill;
    const r = red + (fill[0] - red) * share;
    const g = green + (fill[1] - green) * share;
    const b = blue + (fill[2] - blue) * share;
    pixels[at + x] = (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
  }
}

function setSize(canvas: HTMLCanvasElement, width: number, height: number, scale: number): void {
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
}

function context2d(canvas: HTMLCanvasElement, willReadFrequently: boolean): CanvasRenderingContext2D {
  const context = canvas.getContext('2d', { willReadFrequently });
  if (!context) throw new Error('This browser draws no 2D canvas.');
  return context;
}
