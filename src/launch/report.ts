import path from 'node:path';
import { codeCopy, shownPath } from '../common/codeCopy';
import { describeProblem } from '../common/problem';
import { formatBytes, formatCount, formatDuration, formatShare } from '../common/units';
import type { RunSummary, SiteSummary } from '../insight/runSummary';
import { adviceFor } from '../insight/advice';
import { partOrder, partTitle } from '../insight/partNames';
import { quoteCommandLine } from './commandLine';

/** The report that the command line prints after a run: plain text, no colours, fits 110 columns. */
export function textReport(summary: RunSummary, cwd: string): string {
  const { run } = summary;
  const lines: string[] = ['', `Predictscope · ${quoteCommandLine(run.command)}`];
  const ended = run.signal
    ? `ended by ${run.signal}`
    : run.exitCode === null
      ? run.state
      : `exit code ${run.exitCode}`;
  const software = [
    run.python ? `Python ${run.python}` : '',
    ...Object.entries(run.frameworks).map(([n, v]) => `${n} ${v}`),
  ];
  lines.push(
    [formatDuration(run.wallNs), ended, ...software.filter(Boolean), run.devices.join(', ')]
      .filter(Boolean)
      .join(' · '),
  );
  lines.push('');
  const called = summary.sites.filter((site) => site.calls + site.unfinished > 0);
  if (called.length > 0) {
    lines.push(...table(called, cwd), '');
    for (const site of called) lines.push(...parts(site, cwd));
  }
  lines.push(...requests(summary));
  lines.push(...hotLines(summary, cwd));
  lines.push(...usage(summary));
  const silent = summary.sites.length - called.length;
  if (silent > 0 && called.length > 0)
    lines.push(`${silent} other predict site${silent > 1 ? 's were' : ' was'} not called.`, '');
  for (const problem of summary.problems) lines.push(`! ${describeProblem(problem)}`);
  if (summary.problems.length > 0) lines.push('');
  for (const trace of summary.traces) {
    lines.push(`trace  ${trace.path}${trace.events ? ` (${formatCount(trace.events)} events)` : ''}`);
  }
  lines.push(`run    ${run.directory}`, '');
  return lines.join('\n');
}

const columns = ['site', 'call', 'calls', 'first', 'p50', 'p95', 'max', 'total', 'of run'] as const;

function table(sites: readonly SiteSummary[], cwd: string): string[] {
  const rows = sites.map((site) => [
    place(site, cwd),
    shorten(site.callee, 32),
    formatCount(site.calls) +
      (site.errors ? ` (${site.errors} raised)` : '') +
      (site.unfinished ? ` +${site.unfinished} open` : ''),
    duration(site.firstNs),
    duration(site.p50Ns),
    duration(site.p95Ns),
    duration(site.maxNs),
    formatDuration(site.totalNs),
    formatShare(site.shareOfRun),
  ]);
  return aligned([columns, ...rows], 2);
}

const mostRequests = 8;

/** What a server answered, and how much of it was calls. */
function requests(summary: RunSummary): string[] {
  const shown = summary.requests.slice(0, mostRequests);
  if (shown.length === 0) return [];
  const rows = shown.map((row) => [
    shorten(row.name, 40),
    formatCount(row.requests),
    duration(row.p50Ns),
    duration(row.p95Ns),
    formatCount(row.calls),
    row.totalNs > 0 ? formatShare(row.callNs / row.totalNs) : '',
  ]);
  return [...aligned([['request', 'count', 'p50', 'p95', 'calls', 'in calls'], ...rows], 1), ''];
}

/** A line for each device, and one for the processes together. */
function usage({ run }: RunSummary): string[] {
  const lines = run.deviceUse.map((device) => {
    const parts = [
      device.busyMean === null ? '' : `${formatShare(device.busyMean)} busy`,
      device.memoryMostBytes === null
        ? ''
        : `${formatBytes(device.memoryMostBytes)}${device.memoryBytes ? ` of ${formatBytes(device.memoryBytes)}` : ''}`,
      device.powerMeanW === null
        ? ''
        : `${device.powerMeanW.toFixed(0)}${device.powerLimitW ? ` of ${device.powerLimitW.toFixed(0)}` : ''} W`,
      device.throttledShare === 0
        ? ''
        : `clock held down by ${device.throttledBy.join(', ')} for ${formatShare(device.throttledShare)} of the time`,
    ];
    return `device  ${device.name}: ${parts.filter(Boolean).join(' · ')}`;
  });
  const seen = run.processUse.filter(({ coresMean }) => coresMean !== null);
  if (seen.length > 0) {
    const cores = seen.reduce((sum, { coresMean }) => sum + coresMean!, 0);
    const memory = seen.reduce((sum, { memoryMostBytes }) => sum + memoryMostBytes, 0);
    const who = seen.length === 1 ? 'process' : `${seen.length} processes`;
    lines.push(`use     ${who}: ${cores.toFixed(1)} cores · ${formatBytes(memory)}`);
  }
  return lines.length > 0 ? [...lines, ''] : [];
}

const mostLines = 8;
/** A line below this share of the run is not worth a line of the report. */
const leastShare = 0.01;

/** The lines of the user's that most of the time goes to. */
function hotLines(summary: RunSummary, cwd: string): string[] {
  const hot = summary.hotLines.filter((line) => line.shareOfRun >= leastShare).slice(0, mostLines);
  if (hot.length === 0) return [];
  const rows = hot.map((line) => [
    place(line, cwd),
    shorten(line.function, 32),
    formatDuration(line.selfNs),
    formatDuration(line.totalNs),
    formatShare(line.shareOfRun),
  ]);
  const titles = ['hot line', 'in', 'self', 'total', 'of run'];
  return [...aligned([titles, ...rows], 2), ''];
}

/** Rows of equal length as columns: the first `left` begin at the left, the others end at the right. */
function aligned(rows: readonly (readonly string[])[], left: number): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i < left ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}

function parts(site: SiteSummary, cwd: string): string[] {
  if (site.partsTotalNs <= 0) return [];
  const names = partOrder.filter((name) => (site.parts[name] ?? 0) > 0);
  const shares = names.map(
    (name) => `${partTitle(name)} ${formatShare(site.parts[name]! / site.partsTotalNs)}`,
  );
  const per = formatDuration(site.partsTotalNs / Math.max(1, site.partsCalls));
  const retraces = site.retraces > 0 ? `, ${site.retraces} × traced anew` : '';
  const advice = adviceFor(site);
  return [
    `${place(site, cwd)}  ${per} a call in ${site.partsCalls} traced call${site.partsCalls === 1 ? '' : 's'}${retraces}: ${shares.join(' · ')}`,
    ...(advice ? [`  ${advice}`] : []),
    '',
  ];
}

export function place(site: { file: string; line: number }, cwd: string): string {
  if (codeCopy(site.file)) return `${withoutMiddle(shownPath(site.file))}:${site.line}`;
  const relative = path.relative(cwd, site.file);
  return `${relative.startsWith('..') ? site.file : relative}:${site.line}`;
}

/** `IMAGE:/…/package/module.py`: packages lie deep, and all at the same place. */
function withoutMiddle(shown: string): string {
  const [, image, file] = /^(.*):\/.*((?:\/[^/]+){2})$/.exec(shown) ?? [];
  return image === undefined ? shown : `${image}:/…${file ?? ''}`;
}

function duration(ns: number | null): string {
  return ns === null ? '–' : formatDuration(ns);
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `…${text.slice(1 - length)}`;
}
