/** Line samples made by hand, as the sampler would have written them. */
import type { ProcessReader } from '../../../src/runs/processReader';
import { decodeSamplesHeader } from '../../../src/trace/formats/samples';
import { sampleBlock, sampleHeader, type HandRecord } from '../runs/sampleFile';
import { handProcess, type HandCall } from './handProcess';

/** What a thread does from a moment on, µs: frames as `file:function:line`, outermost first. */
export type Doing = [at: number, thread: string, ...frames: string[]];

/** A process whose threads did this, until `until` µs. */
export function sampled(
  doing: readonly Doing[],
  until: number,
  calls: readonly HandCall[] = [],
): ProcessReader {
  const records: HandRecord[] = [];
  const ids = { file: new Map<string, number>(), code: new Map<string, number>(), stack: new Map<string, number>(), thread: new Map<string, number>() }; // prettier-ignore
  const id = (kind: keyof typeof ids, key: string, record: HandRecord, first = 1): number => {
    const known = ids[kind].get(key);
    if (known !== undefined) return known;
    records.push(record);
    ids[kind].set(key, ids[kind].size + first);
    return ids[kind].size + first - 1;
  };
  let tick = 0;
  for (const [at, thread, ...frames] of doing) {
    let stack = 0;
    let key = '';
    for (const frame of frames) {
      const [file, name, line] = frame.split(':') as [string, string, string];
      const ours = file.includes('/predictscope/') ? 1 : 0;
      const code = id('code', `${file}:${name}`, ['code', id('file', file, ['file', ours, file]), 1, name]);
      stack = id('stack', (key += `|${frame}`), ['stack', stack, code, Number(line)], 2);
    }
    const number = id('thread', thread, ['thread', ids.thread.size + 1, 0, thread]);
    records.push(['change', at - tick, number, stack]);
    tick = at;
  }
  records.push(['mark', until - tick]);
  const process = handProcess(calls, { exit: until * 1000 });
  process.samples.header = decodeSamplesHeader(sampleHeader(), 'f');
  process.samples.table.decode(sampleBlock(records), 'f');
  return process;
}
