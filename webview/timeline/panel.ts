/** The panel at the bottom: one event's details, or the totals of a range. */
import type { TimelineDetail, TimelineSummaryRow, TimelineTrack } from '../../src/common/protocol';
import { formatCount, formatDuration, formatShare } from '../../src/common/units';
import { button, dataGrid } from '../common/controls';
import { element } from './dom';
import { exactTime, wallClock } from './ruler';
import { strings } from './strings';

export interface TraceFacts {
  tracks: TimelineTrack[];
  tickPs: number;
  originUnixNs: bigint;
  clock: boolean;
}

const mostRows = 200;

export class Panel {
  readonly element = element('section', { class: 'panel', hidden: '' });
  readonly #close: () => void;

  constructor(close: () => void) {
    this.#close = close;
  }

  hide(): void {
    this.element.hidden = true;
    this.element.replaceChildren();
  }

  showEvent(detail: TimelineDetail, facts: TraceFacts, zoomTo: () => void): void {
    const toNs = (ticks: number): number => (ticks * facts.tickPs) / 1000;
    const track = facts.tracks.find(({ index }) => index === detail.track);
    const entries: [string, string][] = [
      [strings.category, detail.category || '–'],
      [strings.start, exactTime(detail.startTicks, facts.tickPs)],
      [
        strings.duration,
        detail.durationTicks === 0 ? strings.instant : exactTime(detail.durationTicks, facts.tickPs),
      ],
    ];
    if (detail.durationTicks > 0) {
      const share = detail.selfTicks / detail.durationTicks;
      entries.push([strings.self, `${formatDuration(toNs(detail.selfTicks))} (${formatShare(share)})`]);
    }
    if (track) entries.push([strings.track, `${track.process} · ${track.thread}`]);
    if (facts.clock) {
      entries.push([strings.startAt, wallClock(facts.originUnixNs, detail.startTicks, facts.tickPs)]);
    }
    const list = element('dl', { class: 'facts' });
    for (const [term, text] of entries)
      list.append(element('div', {}, element('dt', {}, term), element('dd', {}, text)));
    const body = element('div', { class: 'body' }, list, this.#args(detail.args));
    this.#show(strings.details, detail.name, strings.zoomToEvent, zoomTo, body);
  }

  showRange(
    lengthTicks: number,
    selection: { rows: TimelineSummaryRow[]; busyTicks: number; events: number },
    facts: TraceFacts,
    zoomTo: () => void,
  ): void {
    const duration = (ticks: number): string => formatDuration((ticks * facts.tickPs) / 1000);
    const busy = duration(selection.busyTicks);
    const text = strings.rangeFacts(
      formatCount(selection.events),
      busy,
      formatShare(lengthTicks > 0 ? selection.busyTicks / lengthTicks : 0),
    );
    const rows = selection.rows.slice(0, mostRows).map((row) => ({
      name: row.name,
      count: formatCount(row.count),
      total: duration(row.totalTicks),
      self: duration(row.selfTicks),
      share: formatShare(lengthTicks > 0 ? row.totalTicks / lengthTicks : 0),
    }));
    const grid = dataGrid(
      strings.range(duration(lengthTicks)),
      [
        { key: 'name', title: strings.name, width: 'minmax(90px, 1fr)' },
        { key: 'count', title: strings.count, width: '64px' },
        { key: 'total', title: strings.total, width: '80px' },
        { key: 'self', title: strings.self, width: '92px' },
        { key: 'share', title: strings.share, width: '64px' },
      ],
      rows,
    );
    const body = element('div', { class: 'body' }, element('p', { class: 'muted' }, text), grid);
    if (selection.rows.length > mostRows) {
      body.append(element('p', { class: 'muted' }, strings.more(formatCount(mostRows))));
    }
    this.#show(
      strings.range(duration(lengthTicks)),
      strings.range(duration(lengthTicks)),
      strings.zoomToRange,
      zoomTo,
      body,
    );
  }

  #args(args: [key: string, value: string][]): HTMLElement {
    if (args.length === 0) return element('p', { class: 'muted' }, strings.noArgs);
    const table = element('table', { class: 'args' });
    const head = element(
      'tr',
      {},
      element('th', { scope: 'col' }, strings.argument),
      element('th', { scope: 'col' }, strings.value),
    );
    const rows = args.map(([key, value]) =>
      element('tr', {}, element('td', {}, key), element('td', {}, value)),
    );
    table.append(element('thead', {}, head), element('tbody', {}, ...rows));
    return table;
  }

  #show(label: string, title: string, zoomText: string, zoomTo: () => void, body: HTMLElement): void {
    const heading = element('h2', {}, title);
    heading.title = title;
    this.element.setAttribute('aria-label', label);
    this.element.replaceChildren(
      element(
        'header',
        {},
        heading,
        button({ text: zoomText, onClick: zoomTo }),
        button({ text: '✕', label: strings.close, appearance: 'icon', onClick: this.#close }),
      ),
      body,
    );
    this.element.hidden = false;
  }
}
