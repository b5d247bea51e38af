import { describe, expect, it } from 'vitest';
import { lineFigures, type LineFigures } from '../../../src/insight/hotLines';
import { sampledRun } from '../../../src/insight/sampledProcess';
import type { ProcessReader } from '../../../src/runs/processReader';
import type { FileRecord } from '../../../src/runs/processRecords';
import { handProcess, handRun } from './handProcess';
import { sampled } from './handSamples';

function figures(processes: readonly ProcessReader[], cwd = '/w'): LineFigures {
  const reader = handRun(processes, { cwd }, [{ line: 10, endLine: 11 }]);
  const sites = reader.config!.files[0]!.sites.map((site) => ({ ...site, file: '/w/scorer.py' }));
  const run = sampledRun(reader);
  return lineFigures(
    run.sampled,
    run.files,
    sites,
    processes.map((p) => Number(p.exitUnixNs! - p.originUnixNs)),
  );
}

/** `line: self total share` of the hot lines, times in µs. */
const told = ({ hotLines }: LineFigures): string[] =>
  hotLines.map((l) => `${l.file}:${l.line} ${l.selfNs / 1e3} ${l.totalNs / 1e3} ${l.shareOfRun.toFixed(3)}`);

const main = 'MainThread';
const f = (line: number): string => `/w/scorer.py:f:${line}`;
const json = '/usr/lib/python3.11/json/encoder.py:iterencode:200';

describe('hot lines', () => {
  it('charge libraries to the innermost user line, and callers in total', () => {
    const process = sampled(
      [
        [0, main, '/w/main.py:<module>:3', f(4), json],
        [600, main, '/w/main.py:<module>:3', f(5)],
        [900, main, '/w/main.py:<module>:3'],
      ],
      1000,
    );
    expect(told(figures([process]))).toEqual([
      '/w/scorer.py:4 600 600 0.600',
      '/w/scorer.py:5 300 300 0.300',
      '/w/main.py:3 100 1000 0.100',
    ]);
  });

  it('count a recursive line once', () => {
    const process = sampled([[0, main, f(4), f(4), json, f(4), f(6)]], 100);
    expect(told(figures([process]))).toEqual(['/w/scorer.py:6 100 100 1.000', '/w/scorer.py:4 0 100 0.000']);
  });

  it('are charged with what our functions only pass on, and not with our own work', () => {
    const passed = '/r/predictscope/frameworkcalls.py:FrameworkCalls._wrapped.<locals>.recorded:69';
    const own = '/r/predictscope/record.py:make_functions.<locals>.end:224';
    const torch = '/usr/lib/python3/dist-packages/torch/module.py:forward:9';
    const served = '/r/predictscope/webrequests.py:Requests._wrapped.<locals>.handle:60';
    const process = sampled(
      [
        [0, main, f(4), passed, torch],
        [600, main, f(4), passed, own, torch],
        [900, main, served, '/w/app.py:index:7', torch],
      ],
      1000,
    );
    expect(told(figures([process]))).toEqual(['/w/scorer.py:4 600 600 0.600', '/w/app.py:7 100 100 0.100']);
  });

  it('add up over threads, while the share does not', () => {
    const process = sampled(
      [
        [0, main, f(4)],
        [0, 'a', f(9)],
        [500, 'b', f(9)],
        [800, 'a'],
      ],
      1000,
    );
    expect(told(figures([process]))).toEqual([
      '/w/scorer.py:9 1300 1300 1.000',
      '/w/scorer.py:4 1000 1000 1.000',
    ]);
  });

  it('share the lifetimes of all processes', () => {
    const one = sampled([[0, main, f(4)]], 1000);
    const other = sampled([[500, main, f(4)]], 3000);
    expect(told(figures([one, other]))).toEqual(['/w/scorer.py:4 3500 3500 0.875']);
  });

  it('leave out threads that wait for work, but not the main thread', () => {
    const get = '/usr/lib/python3.11/queue.py:Queue.get:171';
    const wait = '/usr/lib/python3.11/threading.py:Condition.wait:320';
    const boot = '/usr/lib/python3.11/multiprocessing/process.py:BaseProcess._bootstrap:314';
    const process = sampled(
      [
        [0, 'worker', f(4), get, wait],
        [0, main, f(5), wait],
        [600, main, f(6), boot, get],
      ],
      1000,
    );
    const found = figures([process]);
    expect(told(found)).toEqual(['/w/scorer.py:5 600 600 0.600']);
    expect(found.sampling!.threads.map((t) => [t.name, t.sampledNs, t.idleNs])).toEqual([
      [main, 1e6, 0.4e6],
      ['worker', 1e6, 1e6],
    ]);
  });

  it('leave out our own work and what no user’s code called', () => {
    const record = '/opt/predictscope/record.py:begin:9';
    const process = sampled(
      [
        [0, main, f(4), record, json],
        [500, main, json],
        [700, main, '<frozen importlib._bootstrap>:f:1'],
      ],
      1000,
    );
    expect(told(figures([process]))).toEqual([]);
  });

  it('are of the user’s files only: below the root, not what is installed there', () => {
    const process = sampled(
      [
        [0, main, '/w/.venv/lib/python3.11/site-packages/keras/a.py:f:1'],
        [100, main, '/w/lib/python3.11/json.py:f:1'],
        [200, main, '/w2/other.py:f:1'],
        [300, main, '/w/sub/mine.py:f:1'],
        [400, main, '/env/site-packages/tool/scorer.py:f:7'],
        [500, main, '/env/other/scorer.py:f:8'],
      ],
      600,
    );
    const ran = (file: string, same: boolean): FileRecord => ({ t: 'file', file: '/w/scorer.py', ran: file, match: 'content', same, sites: [0], missing: [] }); // prettier-ignore
    process.files.push(ran('/env/site-packages/tool/scorer.py', true), ran('/env/other/scorer.py', false));
    expect(told(figures([process])).sort()).toEqual([
      '/env/other/scorer.py:8 100 100 0.167', // another text: its lines are not those of the file with the site
      '/w/scorer.py:7 100 100 0.167',
      '/w/sub/mine.py:1 100 100 0.167',
    ]);
  });

  it('tell what the calls of a site did, up to the site', () => {
    const process = sampled(
      [
        [0, main, '/w/main.py:<module>:3', f(8)],
        [200, main, '/w/main.py:<module>:3', f(10), '/w/model.py:predict:7'],
        [700, main, '/w/main.py:<module>:3', f(11), json],
        [900, main, '/w/main.py:<module>:3', f(8)],
        [950, 'other', f(10)],
      ],
      1000,
      [{ begin: 190_000, end: 850_000 }, { begin: 870_000 }],
    );
    expect(figures([process]).siteLines.get(0)).toEqual([
      { file: '/w/model.py', line: 7, selfNs: 500_000, totalNs: 500_000 },
      { file: '/w/scorer.py', line: 11, selfNs: 180_000, totalNs: 180_000 },
      { file: '/w/scorer.py', line: 10, selfNs: 0, totalNs: 500_000 },
    ]);
  });

  it('say how often, where lines are counted exactly', () => {
    const process = sampled([[0, main, f(4)]], 1000);
    process.exactLines.set('/w/scorer.py', { t: 'lines', file: '/w/scorer.py', lines: [[4, 7, 900_000], [5, 1, 10]] }); // prettier-ignore
    expect(figures([process]).hotLines.map((l) => [l.line, l.exactCount, l.exactNs])).toEqual([
      [4, 7, 900_000],
      [5, 1, 10],
    ]);
  });

  it('are none where nothing was sampled', () => {
    const found = figures([handProcess([{ begin: 1, end: 2 }], { exit: 10 })]);
    expect([found.hotLines, found.siteLines.size, found.sampling]).toEqual([[], 0, null]);
  });
});
