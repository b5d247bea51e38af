/** The timeline of one open trace: holds what is shown and redraws on demand, never in an idle loop. */
import type { TimelineDetail, TimelineDirection, TimelineHit, ToTimeline } from '../../src/common/protocol';
import { formatCount, formatDuration } from '../../src/common/units';
import { Animation } from './animation';
import { askTiles, type Host } from './host';
import { listenToKeys, listenToPointer, listenToWheel, type Gestures } from './input';
import { blockOf, layOut, rowAt, scrollFor, visibleRows, type Layout } from './layout';
import { Painter } from './painter';
import { Panel, type TraceFacts } from './panel';
import { exactTime } from './ruler';
import { SearchBar } from './searchBar';
import { showEmpty, showProblems, zoomButtons, type Shell } from './shell';
import { around, clampRange, fit, pan, reveal, zoom, type SavedState, type TimeRange } from './state';
import { StateKeeper } from './stateKeeper';
import { strings } from './strings';
import { onThemeChange, readTheme, type Theme } from './theme';
import { TileStore } from './tileStore';
import { showTip, tipText } from './tip';
import { TrackList } from './trackList';

type Opened = Extract<ToTimeline, { type: 'opened' }>;

const rulerHeight = 24;
/** A click this far from an event still selects it, CSS pixels. */
const tolerance = 4;

export class Timeline implements Gestures {
  readonly #host: Host;
  readonly #shell: Shell;
  readonly #painter: Painter;
  readonly #list: TrackList;
  readonly #panel: Panel;
  readonly #search: SearchBar;
  readonly #collapsed = new Set<string>();
  #opened: Opened | undefined;
  #facts: TraceFacts = { tracks: [], tickPs: 1, originUnixNs: 0n, clock: false };
  #tiles = new TileStore(
    1,
    () => Promise.resolve(undefined),
    () => undefined,
  );
  #names: string[] = [];
  #layout: Layout = { blocks: [], height: 0 };
  #view: TimeRange = fit(1);
  #range: TimeRange | undefined;
  #detail: TimelineDetail | undefined;
  #theme: Theme = readTheme();
  #frame = 0;
  readonly #animation = new Animation((view) => {
    this.#view = view;
    this.#draw();
  });
  /** Answers to an older question than this are dropped. */
  #question = 0;
  /** Where to scroll to once the rows are laid out and shown. */
  #scrollLater: number | undefined;
  readonly #keeper = new StateKeeper(
    () => this.#state(),
    (state) => {
      this.#host.save(state);
    },
  );

  constructor(host: Host, shell: Shell) {
    this.#host = host;
    this.#shell = shell;
    this.#painter = new Painter(shell.canvas, shell.ruler);
    this.#list = new TrackList((key) => {
      this.#toggle(key);
    });
    this.#panel = new Panel(() => {
      this.escape();
      shell.canvas.focus();
    });
    this.#search = new SearchBar(
      (text) => void this.#find(text),
      (hit) => void this.#showHit(hit),
      () => {
        shell.canvas.focus();
      },
    );
    // The rows come first for Tab: a hundred names must not lie between the search and them.
    shell.sticky.append(shell.canvas, this.#list.element);
    shell.stage.after(this.#panel.element);
    shell.toolbar.append(this.#search.element, zoomButtons(this));
    listenToPointer(shell.canvas, false, this);
    listenToPointer(shell.ruler, true, this);
    for (const target of [shell.canvas, shell.ruler]) listenToWheel(target, () => this.#painter.width, this);
    listenToKeys(shell.canvas, this);
    shell.scroller.addEventListener('scroll', () => {
      this.#draw();
    });
    new ResizeObserver(() => {
      this.#resize();
    }).observe(shell.scroller);
    onThemeChange(() => {
      this.#theme = readTheme();
      this.#painter.forget();
      this.#draw();
    });
  }

  /** Shows a trace, where it was left if it was shown before. */
  open(opened: Opened): void {
    const { tracks, tickPs, spanTicks } = opened;
    this.#opened = opened;
    this.#facts = { tracks, tickPs, originUnixNs: BigInt(opened.originUnixNs), clock: opened.clock };
    this.#names = [];
    this.#tiles = new TileStore(
      spanTicks,
      (question) => askTiles(this.#host, question, this.#names),
      () => {
        this.#draw();
      },
    );
    this.#restore(spanTicks);
    this.#layout = layOut(tracks, this.#collapsed);
    this.#list.clear();
    showProblems(this.#shell, opened.problems, () => {
      this.#resize();
    });
    document.documentElement.dataset.events = String(opened.events);
    if (opened.events === 0) {
      showEmpty(this.#shell);
      document.documentElement.dataset.state = 'ready';
      document.documentElement.dataset.empty = '';
      return;
    }
    delete document.documentElement.dataset.empty;
    this.#resize();
  }

  zoom(factor: number, at: number): void {
    const time = this.#view.t0 + at * (this.#view.t1 - this.#view.t0);
    this.#show(zoom(this.#view, time, factor, this.#span));
  }

  pan(share: number): void {
    this.#show(pan(this.#view, share, this.#span));
  }

  scroll(pixels: number): void {
    this.#shell.scroller.scrollTop += pixels;
  }

  fit(): void {
    this.#animate(fit(this.#span));
  }

  focusSelection(): void {
    const target = this.#detail ? spanOf(this.#detail) : this.#range;
    this.#animate(target ? around(target, this.#span) : fit(this.#span));
  }

  enter(): void {
    if (this.#detail || this.#range) this.focusSelection();
    else {
      const [row] = this.#visible();
      if (row) void this.#selectAt(row.track, row.depth, this.#view.t0, this.#view.t1 - this.#view.t0);
    }
  }

  escape(): void {
    this.#question++;
    this.#detail = undefined;
    this.#range = undefined;
    this.#shell.live.textContent = '';
    this.#panel.hide();
    this.#draw();
  }

  search(): void {
    this.#search.focus();
  }

  click(x: number, y: number): void {
    this.#shell.canvas.focus({ preventScroll: true });
    const row = rowAt(this.#layout, y + this.#shell.scroller.scrollTop);
    if (row) void this.#selectAt(row.track, row.depth, this.#time(x), this.#ticks(tolerance));
    else this.escape();
  }

  doubleClick(x: number, y: number): void {
    const row = rowAt(this.#layout, y + this.#shell.scroller.scrollTop);
    if (!row) return;
    void this.#selectAt(row.track, row.depth, this.#time(x), this.#ticks(tolerance)).then(() => {
      if (this.#detail) this.focusSelection();
    });
  }

  neighbour(direction: TimelineDirection): boolean {
    if (!this.#detail) return false;
    void this.#ask({ type: 'neighbour', event: this.#detail.event, direction });
    return true;
  }

  range(x0: number, x1: number, done: boolean): void {
    const [t0, t1] = [this.#time(Math.min(x0, x1)), this.#time(Math.max(x0, x1))];
    this.#range = { t0: Math.max(0, t0), t1: Math.min(this.#span, t1) };
    this.#draw();
    if (done) void this.#sum(this.#range);
  }

  hover(x: number, y: number): void {
    const { tip, canvas, stage } = this.#shell;
    const row = rowAt(this.#layout, y + this.#shell.scroller.scrollTop);
    const wide =
      row && this.#painter.wide.get(`${row.track} ${row.depth}`)?.find((w) => x >= w.x0 && x < w.x1);
    const name = wide && this.#names[wide.name];
    if (!wide || name === undefined) {
      this.leave();
      return;
    }
    const left = canvas.getBoundingClientRect().left - stage.getBoundingClientRect().left;
    showTip(tip, tipText(wide, name, this.#view, this.#facts.tickPs), left + x, y + rulerHeight, stage);
  }

  leave(): void {
    this.#shell.tip.hidden = true;
  }

  get #span(): number {
    return this.#opened?.spanTicks ?? 1;
  }

  #time(x: number): number {
    return this.#view.t0 + this.#ticks(x);
  }

  #ticks(pixels: number): number {
    return (pixels / Math.max(1, this.#painter.width)) * (this.#view.t1 - this.#view.t0);
  }

  #restore(span: number): void {
    const saved = this.#host.state;
    this.#view = fit(span);
    this.#collapsed.clear();
    if (saved?.spanTicks !== span) return;
    this.#view = clampRange(saved.view, span);
    for (const key of saved.collapsed) this.#collapsed.add(key);
    this.#range = saved.range;
    this.#scrollLater = saved.scrollTop;
    if (saved.search) {
      this.#search.text = saved.search;
      void this.#find(saved.search);
    }
    if (saved.event !== undefined) void this.#ask({ type: 'detail', event: saved.event }, false);
    else if (saved.range) void this.#sum(saved.range);
  }

  #state(): SavedState {
    return {
      spanTicks: this.#span,
      view: this.#view,
      scrollTop: this.#scrollLater ?? this.#shell.scroller.scrollTop,
      event: this.#detail?.event,
      range: this.#range,
      search: this.#search.text,
      collapsed: [...this.#collapsed],
    };
  }

  #toggle(key: string): void {
    if (!this.#collapsed.delete(key)) this.#collapsed.add(key);
    this.#layout = layOut(this.#facts.tracks, this.#collapsed);
    this.#resize();
  }

  #resize(): void {
    const { scroller, spacer, sticky } = this.#shell;
    const names = this.#list.element.getBoundingClientRect().width;
    spacer.style.height = `${Math.max(this.#layout.height, scroller.clientHeight)}px`;
    sticky.style.height = `${scroller.clientHeight}px`;
    this.#painter.resize(scroller.clientWidth - names, scroller.clientHeight, rulerHeight);
    this.#draw(true);
  }

  #visible(): ReturnType<typeof visibleRows> {
    const { scrollTop } = this.#shell.scroller;
    return visibleRows(this.#layout, scrollTop, scrollTop + this.#painter.height);
  }

  #show(view: TimeRange): void {
    this.#animation.stop();
    this.#view = view;
    this.#draw();
  }

  #animate(to: TimeRange): void {
    this.#animation.run(this.#view, to);
  }

  /** Draws in the next frame; at once after a resize, which has emptied the canvas. */
  #draw(now = false): void {
    this.#keeper.changed();
    if (now) {
      cancelAnimationFrame(this.#frame);
      this.#frame = 0;
      this.#paint();
    } else if (this.#frame === 0) {
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        this.#paint();
      });
    }
  }

  #paint(): void {
    if (!this.#opened || this.#opened.events === 0) return;
    const { scroller } = this.#shell;
    const { scrollTop } = scroller;
    const height = this.#painter.height;
    const near = visibleRows(this.#layout, scrollTop - height, scrollTop + 2 * height);
    this.#tiles.fetch(this.#view, this.#painter.deviceWidth, this.#visible(), near);
    this.#list.update(this.#layout, scrollTop, height);
    this.#painter.paint(
      {
        layout: this.#layout,
        view: this.#view,
        scrollTop,
        tiles: this.#tiles,
        names: this.#names,
        tickPs: this.#facts.tickPs,
        selected: this.#detail && { ...this.#detail, ...spanOf(this.#detail) },
        range: this.#range,
        hits: this.#search.hits,
        currentHit: this.#search.current,
      },
      this.#theme,
    );
    this.#shell.corner.textContent = formatDuration(
      ((this.#view.t1 - this.#view.t0) * this.#facts.tickPs) / 1000,
    );
    if (!this.#tiles.filled) return;
    document.documentElement.dataset.state = 'ready';
    if (this.#scrollLater === undefined) return;
    scroller.scrollTop = this.#scrollLater;
    this.#scrollLater = undefined;
  }

  async #selectAt(track: number, depth: number, time: number, toleranceTicks: number): Promise<void> {
    await this.#ask({ type: 'detailAt', track, depth, time, toleranceTicks });
  }

  /** Asks for an event and shows it; nothing there clears the selection, unless it was a step to a neighbour. */
  async #ask(
    question:
      | { type: 'detailAt'; track: number; depth: number; time: number; toleranceTicks: number }
      | { type: 'detail'; event: number }
      | { type: 'neighbour'; event: number; direction: TimelineDirection },
    move = true,
  ): Promise<void> {
    // The tip is of where the mouse was; keys and hits move the picture under it.
    this.leave();
    const number = ++this.#question;
    const answer = await this.#host.ask(question);
    if (number !== this.#question) return;
    if (answer.type !== 'detail') {
      this.#refused(answer);
      return;
    }
    const { detail } = answer;
    if (!detail) {
      if (question.type === 'neighbour') this.#shell.live.textContent = strings.noMore;
      else this.escape();
      return;
    }
    this.#detail = detail;
    this.#range = undefined;
    this.#panel.showEvent(detail, this.#facts, () => {
      this.focusSelection();
    });
    const length =
      detail.durationTicks === 0 ? strings.instant : exactTime(detail.durationTicks, this.#facts.tickPs);
    const start = exactTime(detail.startTicks, this.#facts.tickPs);
    this.#shell.live.textContent = strings.announce(detail.name, length, start);
    if (move) this.#reveal(detail, question.type !== 'detailAt');
    this.#draw();
  }

  /** Brings an event into sight; after a click only upwards of the panel that has just opened. */
  #reveal(detail: TimelineDetail, horizontally: boolean): void {
    if (horizontally) this.#view = reveal(this.#view, spanOf(detail), this.#span);
    let block = blockOf(this.#layout, detail.track);
    if (!block || detail.depth >= block.rows) {
      const track = this.#facts.tracks.find(({ index }) => index === detail.track);
      this.#collapsed.delete(`process ${track?.process}`);
      this.#collapsed.delete(`track ${track?.process} ${detail.track}`);
      this.#layout = layOut(this.#facts.tracks, this.#collapsed);
      block = blockOf(this.#layout, detail.track);
      this.#resize();
    }
    const { scroller } = this.#shell;
    if (block) scroller.scrollTop = scrollFor(block, detail.depth, scroller.scrollTop, scroller.clientHeight);
  }

  async #sum(range: TimeRange): Promise<void> {
    const number = ++this.#question;
    this.#detail = undefined;
    const answer = await this.#host.ask({ type: 'select', ...range, tracks: [] });
    if (number !== this.#question) return;
    if (answer.type !== 'selection') {
      this.#refused(answer);
      return;
    }
    this.#panel.showRange(range.t1 - range.t0, answer, this.#facts, () => {
      this.#animate(around(range, this.#span));
    });
    const length = formatDuration(((range.t1 - range.t0) * this.#facts.tickPs) / 1000);
    this.#shell.live.textContent = strings.announceRange(length, formatCount(answer.events));
    this.#draw();
  }

  async #find(text: string): Promise<void> {
    const answer = await this.#host.ask({ type: 'search', text });
    if (text !== this.#search.text && text !== '') return;
    if (answer.type === 'found') this.#search.show(answer.total, answer.hits);
    else this.#refused(answer);
    this.#draw();
  }

  async #showHit(hit: TimelineHit): Promise<void> {
    await this.#ask({ type: 'detail', event: hit.event });
  }

  #refused(answer: ToTimeline): void {
    if (answer.type !== 'refused') return;
    showProblems(this.#shell, [{ message: strings.refused(answer.message) }], () => {
      this.#resize();
    });
  }
}

function spanOf({ startTicks, durationTicks }: TimelineDetail): TimeRange {
  return { t0: startTicks, t1: startTicks + durationTicks };
}
