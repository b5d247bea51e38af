/** Reports of a run on disk: Markdown, JSON, or one page that opens anywhere. */
import path from 'node:path';
import { UserError } from '../../common/problem';
import type { RunSummary } from '../../insight/runSummary';
import { titleOf } from '../../insight/runTitle';
import { summarizeRun } from '../../insight/runSummary';
import { addTraces } from '../../insight/traceParts';
import { readNotes } from '../../runs/notes';
import { RunReader } from '../../runs/runReader';
import { keptSource } from '../../runs/sources';
import { localFiles } from '../../targets/localFiles';
import { openTrace } from '../../trace/engine';
import { splitCalls } from '../../insight/callParts';
import { tracePicture } from '../../trace/picture';
import { toHtml } from './html';
import { toMarkdown } from './markdown';
import { runBlocks } from './runBlocks';
import { anonymous, withoutPaths } from './withoutPaths';

export type ReportFormat = 'html' | 'markdown' | 'json';

export interface ReportOptions {
  format: ReportFormat;
  /** Leave out absolute paths and the program's arguments. */
  anonymous: boolean;
}

/** Calls that the picture shows. */
const picturedCalls = 3;

/** Text of the report. Throws a UserError for a run that still goes on. */
export async function runReport(directory: string, options: ReportOptions): Promise<string> {
  const reader = new RunReader(directory, localFiles);
  await reader.settle();
  const summary = summarizeRun(reader);
  if (summary.run.state === 'running' || summary.run.state === 'starting')
    throw new UserError('The run still goes on.', { fix: 'Save its report when it has ended.' });
  await addTraces(reader, summary);
  const root = reader.config?.root ?? reader.record?.cwd ?? '';
  const sources = new Map<string, string>();
  for (const file of new Set(summary.hotLines.map(({ file }) => file))) {
    const text = await keptSource(directory, file);
    if (text !== undefined) sources.set(file, text);
  }
  const picture = options.format === 'html' ? await pictureOf(summary) : undefined;
  const title = titleOf({ summary, notes: await readNotes(directory) });
  if (!options.anonymous)
    return rendered(summary, root, { title, sources, ...(picture ? { picture } : {}) }, options);
  const clean = (text: string): string => withoutPaths(text, root);
  const extras = {
    title: clean(title),
    sources: new Map([...sources].map(([file, text]) => [clean(file), clean(text)])),
    ...(picture ? { picture: { svg: clean(picture.svg), alt: picture.alt } } : {}),
  };
  // Paths are told from the root on, so there is none to take off any more.
  return rendered(anonymous(summary, root), '', extras, options);
}

function rendered(
  summary: RunSummary,
  root: string,
  extras: Parameters<typeof runBlocks>[2],
  { format }: ReportOptions,
): string {
  if (format === 'json') return `${JSON.stringify(summary)}\n`;
  const blocks = runBlocks(summary, root, extras);
  return format === 'markdown' ? toMarkdown(blocks) : toHtml(blocks, { title: extras.title });
}

/** Some of the steady calls as a picture; undefined where no trace can be shown. */
async function pictureOf(summary: RunSummary): Promise<{ svg: string; alt: string } | undefined> {
  const trace = [...summary.evidence].reverse().find(({ complete }) => complete);
  if (!trace) return undefined;
  const model = await openTrace([trace.path]);
  const calls = splitCalls(model, () => undefined).sort((a, b) => a.startTicks - b.startTicks);
  const shown = calls.slice(0, picturedCalls);
  const first = shown[0];
  if (!first) return undefined;
  const t1 = Math.max(...shown.map(({ endTicks }) => endTicks));
  const svg = tracePicture(model, first.startTicks, t1);
  if (!svg) return undefined;
  const what = `${shown.length} traced calls of ${path.basename(trace.path)}`;
  return { svg, alt: `Timeline: ${what}` };
}
