/** A comparison, as blocks. */
import { formatCount, formatDuration, formatShare } from '../../common/units';
import type { Comparison, Method, PartChange, SiteComparison } from '../../insight/comparison';
import { partTitle, type PartName } from '../../insight/partNames';
import { changeText } from '../../insight/previousRun';
import type { Block, RichCell } from './blocks';
import { placeCell, placeText } from './runBlocks';

const noise: Record<Method, string> = {
  pairs: 'The runs were made in turn: the interval is Student’s, over the ratios of each pair, at 95 %.',
  runs: 'The interval is Welch’s, over the medians of the runs, at 95 %.',
  blocks:
    'There is one run on a side, which knows nothing of how much runs differ: the interval is drawn from blocks of its calls and widened by how much it changed within itself. Repeat both to be sure (predictscope compare --repeat 5).',
};

/** `titles`: what A and B are called. */
export function compareBlocks(
  comparison: Comparison,
  titles: { a: string; b: string },
  root: string,
): Block[] {
  const { sites, lines, differences } = comparison;
  const told = sites.filter(({ aCalls, bCalls }) => aCalls + bCalls > 0);
  const methods = [...new Set(told.flatMap(({ method }) => method ?? []))];
  return [
    { kind: 'heading', level: 1, text: `B: ${titles.b}, against A: ${titles.a}` },
    ...told.map((site): Block => ({ kind: 'text', text: explain(site, root) })),
    ...told.flatMap((site): Block[] => {
      const text = outputText(site);
      return text === undefined
        ? []
        : [{ kind: 'text', tone: site.outputs!.same < site.outputs!.compared ? 'warning' : 'muted', text }];
    }),
    ...(told.length === 0 ? [{ kind: 'text', text: 'They have no call in common.' } as const] : []),
    ...(told.length > 0
      ? [
          { kind: 'heading', level: 2, text: 'Calls' } as const,
          {
            kind: 'table' as const,
            label: 'Calls',
            heads: [
              'site',
              'call',
              'p50 A',
              'p50 B',
              'change',
              '95 % interval',
              'first A',
              'first B',
              'calls A',
              'calls B',
            ],
            left: 2,
            rows: told.map((site) => [
              placeCell(site, root),
              site.callee,
              duration(site.aP50Ns),
              duration(site.bP50Ns),
              changeCell(site),
              interval(site),
              duration(site.aFirstNs),
              duration(site.bFirstNs),
              formatCount(site.aCalls),
              formatCount(site.bCalls),
            ]),
          },
          ...methods.map((method): Block => ({ kind: 'text', text: noise[method], tone: 'muted' })),
          ...told.flatMap((site): Block[] => {
            const text = moreRuns(site, comparison);
            return text === undefined ? [] : [{ kind: 'text', text, tone: 'muted' }];
          }),
        ]
      : []),
    ...told.filter(({ parts }) => parts.length > 0).flatMap((site) => partBlocks(site, root)),
    ...(differences.length > 0
      ? [
          { kind: 'heading', level: 2, text: 'What else was different' } as const,
          {
            kind: 'table' as const,
            label: 'Differences',
            heads: ['', 'A', 'B'],
            left: 3,
            rows: differences.map(({ what, a, b }) => [what, a || '–', b || '–']),
          },
        ]
      : []),
    ...(lines.length > 0
      ? [
          { kind: 'heading', level: 2, text: 'Lines' } as const,
          {
            kind: 'table' as const,
            label: 'Lines',
            heads: ['line', 'A', 'B', 'change', 'of run A', 'of run B'],
            left: 1,
            rows: lines.map((line) => [
              placeCell(line, root),
              duration(line.aNs),
              duration(line.bNs),
              line.aNs === null || line.bNs === null ? '' : signed(line.bNs - line.aNs),
              line.aShare === null ? '–' : formatShare(line.aShare),
              line.bShare === null ? '–' : formatShare(line.bShare),
            ]),
          },
        ]
      : []),
  ];
}

/** One sentence: what became of the call, and which of its parts made it so. */
export function explain(site: SiteComparison, root: string): string {
  const where = `${site.callee} (${placeText(site, root)})`;
  if (site.aCalls === 0) return `${where} is only in B.`;
  if (site.bCalls === 0) return `${where} is only in A.`;
  const head = `${where}: ${duration(site.aP50Ns)} before, ${duration(site.bP50Ns)} now, ${changeText(site)}.`;
  const parts = site.parts
    .filter((part) => part.aNs !== null && part.bNs !== null)
    .map((part) => ({ ...part, by: part.bNs! - part.aNs! }))
    .sort((x, y) => Math.abs(y.by) - Math.abs(x.by));
  const most = Math.abs(parts[0]?.by ?? 0);
  const told = parts
    .filter(({ by }) => Math.abs(by) >= 0.2 * most && by !== 0)
    .slice(0, 3)
    .map(({ name, by }) => `${partTitle(name as PartName)} ${signed(by)}`);
  return told.length > 0 ? `${head} By parts of a traced call: ${told.join(', ')}.` : head;
}

/** What would tell where these runs do not: how many of them. Undefined where they do tell. */
function moreRuns(site: SiteComparison, { a, b }: Comparison): string | undefined {
  const { callee, verdict, neededRuns } = site;
  const had = Math.min(a.length, b.length);
  if (verdict !== 'same' || neededRuns === null || neededRuns <= had) return undefined;
  return `The runs differ too much for ${formatCount(had)} a side to find a difference of 10 % in ${callee}: about ${formatCount(neededRuns)} a side would (predictscope compare --repeat ${neededRuns}), or fewer on a machine with less other work.`;
}

/** Whether the same calls returned the same; undefined where nobody kept that. */
function outputText({ callee, outputs }: SiteComparison): string | undefined {
  if (!outputs) return undefined;
  const { compared, same, otherShape, most } = outputs;
  const calls = formatCount(compared);
  if (same === compared) return `All ${calls} calls of ${callee} that were looked at returned the same.`;
  if (otherShape > 0)
    return `${formatCount(otherShape)} of ${calls} calls of ${callee} that were looked at returned another shape or type.`;
  const by = most === null ? '' : `, by ${formatShare(most)} of the spread of their values at most`;
  return `${formatCount(compared - same)} of ${calls} calls of ${callee} that were looked at returned something else${by}.`;
}

function partBlocks(site: SiteComparison, root: string): Block[] {
  const most = Math.max(...site.parts.map(({ aNs, bNs }) => Math.max(aNs ?? 0, bNs ?? 0)));
  const cell = (ns: number | null): RichCell => ({
    text: duration(ns),
    ...(ns === null || most <= 0 ? {} : { share: ns / most }),
  });
  return [
    { kind: 'heading', level: 2, text: `Parts of ${site.callee} at ${placeText(site, root)}` },
    {
      kind: 'table',
      label: `Parts of ${site.callee}`,
      heads: ['part', 'A, a call', 'B, a call', 'change'],
      left: 1,
      rows: site.parts.map((part) => [
        partTitle(part.name as PartName),
        cell(part.aNs),
        cell(part.bNs),
        partChange(part),
      ]),
    },
  ];
}

function partChange({ aNs, bNs }: PartChange): RichCell {
  return { text: aNs === null || bNs === null ? '–' : signed(bNs - aNs) };
}

function changeCell(site: SiteComparison): RichCell {
  const tone = { slower: 'worse', faster: 'better', same: 'muted', unknown: 'muted' } as const;
  return { text: changeText(site), tone: tone[site.verdict] };
}

function interval({ low, high }: SiteComparison): string {
  if (low === null || high === null) return '–';
  const percent = (ratio: number): string => `${ratio >= 1 ? '+' : '−'}${formatShare(Math.abs(ratio - 1))}`;
  return `${percent(low)} to ${percent(high)}`;
}

function signed(ns: number): string {
  return `${ns > 0 ? '+' : ns < 0 ? '−' : ''}${formatDuration(Math.abs(ns))}`;
}

function duration(ns: number | null): string {
  return ns === null ? '–' : formatDuration(ns);
}
