/** Processes and runs made by hand, as the readers would have filled them. */
import { ProcessReader } from '../../../src/runs/processReader';
import { RunReader } from '../../../src/runs/runReader';
import { runFormat, type ConfigSite, type RunRecord } from '../../../src/runs/runRecord';
import { localFiles } from '../../../src/targets/localFiles';

export const origin = 1_700_000_000_000_000_000n;

export interface HandCall {
  begin: number;
  /** Left out: the call is open. */
  end?: number;
  site?: number;
  shape?: number;
  flags?: number;
  thread?: number;
}

export function handProcess(
  calls: readonly HandCall[],
  options: { exit?: number; ownWork?: { begin: number; end: number }[]; shapes?: (number | null)[][] } = {},
): ProcessReader {
  const process = new ProcessReader('/log/run/box-1-1', 'box-1-1', localFiles);
  process.originPerfNs = 0n;
  process.originUnixNs = origin;
  if (options.exit !== undefined) process.exitUnixNs = origin + BigInt(options.exit);
  process.ownWork.push(...(options.ownWork ?? []));
  for (const [i, dims] of (options.shapes ?? []).entries()) process.shapes.set(i + 1, dims);
  for (const [slot, call] of calls.entries()) {
    const { site = 0, shape = 0, flags = 0, thread = 1, begin, end = NaN } = call;
    process.calls.add(site, shape, flags, thread, begin, end, slot, -1);
  }
  return process;
}

export function handRun(
  processes: readonly ProcessReader[],
  record: Partial<RunRecord> = {},
  sites: readonly Partial<ConfigSite>[] = [{}],
): RunReader {
  const reader = new RunReader('/log/20261121T141502Z-ab12', localFiles);
  reader.processes.push(...processes);
  reader.record = {
    format: runFormat,
    state: 'ended',
    command: ['python', 'main.py'],
    cwd: '/w',
    target: 'local',
    startedUnixNs: String(origin),
    endedUnixNs: String(origin + 10_000n),
    exitCode: 0,
    ...record,
  };
  reader.config = {
    format: 'predictscope.config/1',
    options: { warmUpCalls: 5, tracedCalls: 20, tracedSeconds: 10 },
    files: [
      {
        file: '/w/scorer.py',
        sha256: '',
        module: 'scorer',
        sites: sites.map((site, index) => ({
          index,
          id: `id${index}`,
          line: 10 + index,
          column: 5,
          utf8Column: 4,
          endLine: 10 + index,
          endUtf8Column: 20,
          qualname: '',
          callee: 'model.predict',
          ordinal: 0,
          framework: 'keras',
          ...site,
        })),
      },
    ],
  };
  return reader;
}
