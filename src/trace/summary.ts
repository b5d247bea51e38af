/** What `predictscope summarize TRACE --json` prints; the names are public and stay as they are. */
import type { Problem } from '../common/problem';
import type { Nanoseconds } from '../common/units';
import type { TraceFormat } from './builder';
import { openTrace, type TraceModel } from './engine';
import type { OpenOptions } from './reading';

export interface TraceSummary {
  path: string;
  format: TraceFormat;
  events: number;
  /** Unix time of the first event as a string: it does not fit a double. */
  startUnixNs: string;
  durationNs: Nanoseconds;
  tracks: { process: string; thread: string; name: string; events: number; depth: number }[];
  categories: Record<string, number>;
  /** Events with a duration by name and category, longest total first. */
  topOps: { name: string; category: string; count: number; totalNs: Nanoseconds; selfNs: Nanoseconds }[];
  problems: Pick<Problem, 'message' | 'offset'>[];
}

const topLimit = 100;

/** Reads one trace file of any format and sums it up. */
export async function summarizeTrace(path: string, options: OpenOptions = {}): Promise<TraceSummary> {
  return summarizeModel(await openTrace([path], options));
}

/** Sums up an open trace; of several merged files, `path` and `format` are the first one's. */
export function summarizeModel(model: TraceModel): TraceSummary {
  const columns = model.columns();
  const self = model.self();
  const categories = new Map<string, number>();
  const rows = new Map<
    string,
    { name: string; category: string; count: number; total: number; self: number }
  >();
  for (let i = 0; i < columns.count; i++) {
    const name = model.name(columns.name[i]!);
    const category = model.name(columns.category[i]!) || 'uncategorized';
    categories.set(category, (categories.get(category) ?? 0) + 1);
    const ticks = columns.end[i]! - columns.start[i]!;
    if (ticks === 0) continue;
    const key = `${category}\n${name}`;
    let row = rows.get(key);
    if (!row) rows.set(key, (row = { name, category, count: 0, total: 0, self: 0 }));
    row.count++;
    row.total += ticks;
    row.self += self[i]!;
  }
  const toNs = (ticks: number): Nanoseconds => (ticks * model.tickPs) / 1000;
  const [file] = model.files;
  return {
    path: file?.path ?? '',
    format: file?.format ?? 'chrome-json',
    events: model.events,
    startUnixNs: String(model.originUnixNs),
    durationNs: toNs(model.spanTicks),
    tracks: model.tracks.map(({ process, thread, events, depth }) => ({
      process,
      thread,
      name: `${process} · ${thread}`,
      events,
      depth,
    })),
    categories: Object.fromEntries([...categories].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))),
    topOps: [...rows.values()]
      .sort(
        (a, b) =>
          b.total - a.total ||
          (a.name < b.name ? -1 : a.name > b.name ? 1 : a.category < b.category ? -1 : 1),
      )
      .slice(0, topLimit)
      .map((row) => ({
        name: row.name,
        category: row.category,
        count: row.count,
        totalNs: toNs(row.total),
        selfNs: toNs(row.self),
      })),
    problems: model.problems.map(({ message, offset }) =>
      offset === undefined ? { message } : { message, offset },
    ),
  };
}
