/** The report of one run, as blocks. */
import path from 'node:path';
import { codeCopy, shownPath } from '../../common/codeCopy';
import { describeProblem } from '../../common/problem';
import { formatCount, formatDuration, formatShare } from '../../common/units';
import { adviceFor, garbageAdvice, idleAdvice } from '../../insight/advice';
import { coverage } from '../../insight/evidence';
import { ownerTitle } from '../../insight/owners';
import { partMeaning, partOrder, partTitle } from '../../insight/partNames';
import { phaseMeaning, phaseOrder, phaseTitle, phasesTotalNs } from '../../insight/phases';
import type { RunSummary, SiteSummary } from '../../insight/runSummary';
import { quoteCommandLine } from '../commandLine';
import type { Block, Cell, RichCell } from './blocks';

/** What comes with the summary, where it is known. */
export interface RunExtras {
  title: string;
  /** A picture of some traced calls. */
  picture?: { svg: string; alt: string };
  /** Texts of the files as they ran. */
  sources?: ReadonlyMap<string, string>;
}

const mostLines = 25;
const mostLayers = 25;
/** A file with less than this is shown by its lines in the table only. */
const leastShare = 0.01;

export function runBlocks(summary: RunSummary, root: string, extras: RunExtras): Block[] {
  const { run } = summary;
  const sites = summary.sites.filter(({ calls, unfinished }) => calls + unfinished > 0);
  return [
    { kind: 'heading', level: 1, text: extras.title },
    { kind: 'text', text: aboutRun(summary) },
    { kind: 'text', text: quoteCommandLine(run.command), tone: 'muted' },
    ...summary.problems.map((problem): Block => ({
      kind: 'text',
      tone: 'warning',
      text: describeProblem(problem),
    })),
    ...adviceBlocks(summary, sites),
    ...(sites.length > 0 ? callTable(sites, root) : []),
    ...sites.flatMap((site) => siteBlocks(site, root)),
    ...requestBlocks(summary),
    ...gapBlocks(summary, root),
    ...idleBlocks(summary, root),
    ...lineBlocks(summary, root),
    ...evidenceBlocks(summary),
    ...(extras.picture
      ? [
          { kind: 'heading', level: 2, text: 'Timeline' } as const,
          { kind: 'picture', ...extras.picture } as const,
        ]
      : []),
    ...sourceBlocks(summary, root, extras.sources),
  ];
}

function aboutRun({ run }: RunSummary): string {
  const ended = run.signal
    ? `ended by ${run.signal}`
    : run.exitCode === null
      ? run.state
      : `exit code ${run.exitCode}`;
  return [
    run.startedAt,
    formatDuration(run.wallNs),
    ended,
    run.target === 'local' ? '' : `in ${run.target}`,
    run.python ? `Python ${run.python}` : '',
    ...Object.entries(run.frameworks).map(([name, version]) => `${name} ${version}`),
    run.devices.join(', '),
  ]
    .filter(Boolean)
    .join(' · ');
}

function adviceBlocks(summary: RunSummary, sites: readonly SiteSummary[]): Block[] {
  const told = [...sites.flatMap((site) => [adviceFor(site), garbageAdvice(site)]), idleAdvice(summary)];
  return [...new Set(told)].flatMap((text) =>
    text ? [{ kind: 'text', tone: 'advice', text } as const] : [],
  );
}

function callTable(sites: readonly SiteSummary[], root: string): Block[] {
  return [
    { kind: 'heading', level: 2, text: 'Calls' },
    {
      kind: 'table',
      label: 'Calls',
      heads: ['site', 'call', 'calls', 'first', 'p50', 'p95', 'max', 'total', 'of run'],
      left: 2,
      rows: sites.map((site) => [
        placeCell(site, root),
        site.callee,
        formatCount(site.calls) + (site.errors ? ` (${site.errors} raised)` : ''),
        duration(site.firstNs),
        duration(site.p50Ns),
        duration(site.p95Ns),
        duration(site.maxNs),
        formatDuration(site.totalNs),
        { text: formatShare(site.shareOfRun), share: site.shareOfRun },
      ]),
    },
  ];
}

function siteBlocks(site: SiteSummary, root: string): Block[] {
  const blocks: Block[] = [];
  const calls = Math.max(1, site.partsCalls);
  if (site.partsTotalNs > 0) {
    blocks.push({
      kind: 'table',
      label: `Parts of a call, from ${site.partsCalls} traced calls`,
      heads: ['part', 'a call', 'share', 'what it is'],
      left: 1,
      lastIsText: true,
      rows: partOrder
        .filter((name) => (site.parts[name] ?? 0) > 0 || name === 'unexplained')
        .map((name) => {
          const ns = site.parts[name] ?? 0;
          const share = ns / site.partsTotalNs;
          return [
            partTitle(name),
            formatDuration(ns / calls),
            { text: formatShare(share), share },
            { text: partMeaning(name), tone: 'muted' },
          ];
        }),
    });
    if (site.retraces > 0)
      blocks.push({
        kind: 'text',
        text: `The model was traced anew in ${site.retraces} of them: its input shape or type changed.`,
      });
  }
  if (site.inside && site.inside.totalNs > 0) {
    const { inside } = site;
    blocks.push({
      kind: 'table',
      label: `Whose functions, from ${inside.calls} calls under Python’s function profiler`,
      heads: ['whose', 'a call', 'share'],
      left: 1,
      rows: inside.owners
        .filter(({ ns }) => ns / inside.totalNs >= 0.001)
        .map((owner) => [
          ownerTitle(owner),
          formatDuration(owner.ns / inside.calls),
          { text: formatShare(owner.ns / inside.totalNs), share: owner.ns / inside.totalNs },
        ]),
    });
  }
  const phasesNs = phasesTotalNs(site.phases);
  if (phasesNs > 0) {
    blocks.push({
      kind: 'table',
      label: 'What the calls were at, by the samples of all of them',
      heads: ['phase', 'share', 'what it is'],
      left: 1,
      lastIsText: true,
      rows: phaseOrder
        .filter((name) => (site.phases[name] ?? 0) > 0)
        .map((name) => {
          const share = site.phases[name]! / phasesNs;
          return [
            phaseTitle(name),
            { text: formatShare(share), share },
            { text: phaseMeaning(name), tone: 'muted' },
          ];
        }),
    });
  }
  const layers = site.layers.filter(({ layer }) => layer !== '');
  if (layers.length > 0) {
    blocks.push({
      kind: 'table',
      label: 'Layers of the model function',
      heads: ['layer', 'defined at', 'host, a call', 'device, a call', 'operations'],
      left: 2,
      rows: layers
        .slice(0, mostLayers)
        .map((layer) => [
          layer.kind ? `${layer.layer} (${layer.kind})` : layer.layer,
          layer.file && layer.line ? placeCell({ file: layer.file, line: layer.line }, root) : '',
          formatDuration((layer.hostNs + layer.pythonNs) / calls),
          layer.deviceNs > 0 ? formatDuration(layer.deviceNs / calls) : '–',
          formatCount(layer.ops),
        ]),
    });
  }
  if (blocks.length === 0) return [];
  return [
    { kind: 'heading', level: 2, text: `Inside ${site.callee} at ${placeText(site, root)}` },
    ...blocks.flatMap((block): Block[] =>
      block.kind === 'table' ? [{ kind: 'text', text: `${block.label}:`, tone: 'muted' }, block] : [block],
    ),
  ];
}

function requestBlocks({ requests }: RunSummary): Block[] {
  if (requests.length === 0) return [];
  return [
    { kind: 'heading', level: 2, text: 'Requests' },
    {
      kind: 'table',
      label: 'Requests',
      heads: ['request', 'count', 'p50', 'p95', 'calls', 'in calls'],
      left: 1,
      rows: requests.map((row) => [
        row.name,
        formatCount(row.requests),
        duration(row.p50Ns),
        duration(row.p95Ns),
        formatCount(row.calls),
        row.totalNs > 0 ? formatShare(row.callNs / row.totalNs) : '',
      ]),
    },
  ];
}

function gapBlocks({ gaps }: RunSummary, root: string): Block[] {
  if (!gaps || gaps.shareOfRun < leastShare) return [];
  return [
    { kind: 'heading', level: 2, text: 'Between the calls' },
    {
      kind: 'text',
      text: `${formatDuration(gaps.totalNs)} in ${formatCount(gaps.count)} gaps, ${formatShare(gaps.shareOfRun)} of the run: no call of a model was running.`,
    },
    ...(gaps.lines.length > 0
      ? [
          {
            kind: 'table' as const,
            label: 'Lines between the calls',
            heads: ['line', 'time', 'of the gaps', 'of run'],
            left: 1,
            rows: gaps.lines
              .slice(0, mostLines)
              .map((line) => [
                placeCell(line, root),
                formatDuration(line.ns),
                { text: formatShare(line.shareOfGaps), share: line.shareOfGaps },
                formatShare(line.shareOfRun),
              ]),
          },
        ]
      : []),
  ];
}

function idleBlocks({ deviceIdle: idle }: RunSummary, root: string): Block[] {
  if (!idle || idle.windowNs <= 0) return [];
  const of = (ns: number): string => `${formatDuration(ns)} (${formatShare(ns / idle.windowNs)})`;
  return [
    { kind: 'heading', level: 2, text: idle.device === 'GPU' ? 'The GPU' : 'The device' },
    {
      kind: 'text',
      text: `Of ${formatDuration(idle.windowNs)} that were traced it was busy for ${of(idle.busyNs)}, idle within calls for ${of(idle.withinCallsNs)}, idle between them for ${of(idle.betweenCallsNs)}.`,
    },
    ...(idle.lines.length > 0
      ? [
          {
            kind: 'table' as const,
            label: 'Lines that it waited for',
            heads: ['line', 'idle', 'of the window'],
            left: 1,
            rows: idle.lines.map((line) => [
              placeCell(line, root),
              formatDuration(line.ns),
              { text: formatShare(line.shareOfWindow), share: line.shareOfWindow },
            ]),
          },
        ]
      : []),
  ];
}

function lineBlocks({ hotLines }: RunSummary, root: string): Block[] {
  const hot = hotLines.filter(({ shareOfRun }) => shareOfRun >= leastShare).slice(0, mostLines);
  if (hot.length === 0) return [];
  return [
    { kind: 'heading', level: 2, text: 'Lines' },
    {
      kind: 'table',
      label: 'Lines',
      heads: ['line', 'in', 'self', 'total', 'of run'],
      left: 2,
      rows: hot.map((line) => [
        placeCell(line, root),
        line.function,
        formatDuration(line.selfNs),
        formatDuration(line.totalNs),
        { text: formatShare(line.shareOfRun), share: line.shareOfRun },
      ]),
    },
  ];
}

function evidenceBlocks({ evidence, sites, run }: RunSummary): Block[] {
  if (evidence.length === 0) return [];
  const calls = sites.reduce((sum, site) => sum + site.calls, 0);
  return [
    { kind: 'heading', level: 2, text: 'What this rests on' },
    {
      kind: 'table',
      label: 'Traces',
      heads: ['trace', 'covers', 'device', 'complete'],
      left: 4,
      rows: evidence.map((one): Cell[] => [
        one.window,
        coverage(one, calls, run.wallNs),
        { kernels: 'its kernels are there', none: 'none was used', missing: 'missing' }[one.device],
        one.complete ? 'yes' : 'no',
      ]),
    },
  ];
}

function sourceBlocks(
  { hotLines }: RunSummary,
  root: string,
  sources: ReadonlyMap<string, string> | undefined,
): Block[] {
  const files = [...(sources ?? [])].filter(([file]) =>
    hotLines.some((line) => line.file === file && line.shareOfRun >= leastShare),
  );
  if (files.length === 0) return [];
  return [
    { kind: 'heading', level: 2, text: 'Source' },
    ...files.map(([file, text]): Block => {
      const heat = new Map(hotLines.filter((line) => line.file === file).map((line) => [line.line, line]));
      return {
        kind: 'source',
        file: relative(file, root),
        lines: text.split(/\r\n|\r|\n/).map((line, i) => {
          const hot = heat.get(i + 1);
          const told = hot && hot.shareOfRun >= leastShare;
          return {
            text: line,
            share: hot?.shareOfRun ?? 0,
            note: told ? `${formatShare(hot.shareOfRun)} · ${formatDuration(hot.selfNs)}` : '',
          };
        }),
      };
    }),
  ];
}

/** `scorer.py:22`, from the root on where it lies below it. */
export function placeText({ file, line }: { file: string; line: number }, root: string): string {
  return `${relative(file, root)}:${line}`;
}

export function placeCell(place: { file: string; line: number }, root: string): RichCell {
  return { text: placeText(place, root), place: { file: place.file, line: place.line } };
}

function relative(file: string, root: string): string {
  if (codeCopy(file)) return shownPath(file);
  const found = path.relative(root, file);
  return found.startsWith('..') ? file : found;
}

function duration(ns: number | null): string {
  return ns === null ? '–' : formatDuration(ns);
}
