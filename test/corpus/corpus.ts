/** Reads the labelled corpus (see sites/README.md) and holds what a finder says against its labels. */

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { createSiteFinder, type SiteFinder } from '../../src/sites/finder';
import { isConfidentPredict, type Framework, type Site } from '../../src/sites/site';

export type LabelKind = 'predict' | 'train' | 'symbolic' | 'non-dl' | 'wrapper' | 'either';

export interface Label {
  /** In the text that the finder sees; in a notebook in the cell. */
  line: number;
  cell?: number;
  kind: LabelKind;
  framework: Framework;
}

/** One file, its labels taken out. */
export interface Snippet {
  /** `own/keras2.txt: dilated.py` */
  name: string;
  file: string;
  text: string;
  /** Of a notebook. */
  cells?: { code: string | undefined }[];
  labels: Label[];
}

export const parts = ['own', 'public', 'held'] as const;
export type CorpusPart = (typeof parts)[number];

/** Where the snippets pretend to lie. */
const root = '/corpus';

/** All snippets of a part of the corpus, in the order of their files. */
export function readCorpus(part: CorpusPart): Snippet[] {
  const folder = path.join(import.meta.dirname, 'sites', part);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .flatMap((name) => parseCorpus(readFileSync(path.join(folder, name), 'utf8'), `${part}/${name}`));
}

export function parseCorpus(text: string, source: string): Snippet[] {
  const blocks = text.split(/^=== /m).slice(1);
  return blocks.map((block) => {
    const end = block.indexOf('\n');
    const name = block
      .slice(0, end)
      .trim()
      .split(/\s{2,}/)[0]!;
    const body = block.slice(end + 1).replace(/\n+$/, '\n');
    const file = path.posix.join(root, source.replace(/\.txt$/, ''), name);
    const snippet = { name: `${source}: ${name}`, file };
    return name.endsWith('.ipynb') ? { ...snippet, ...notebook(body) } : { ...snippet, ...unlabelled(body) };
  });
}

const label = /\s*(?:#|\/\/)@(below)?\s*(.*)$/;

function unlabelled(body: string): { text: string; labels: Label[] } {
  const lines: string[] = [];
  const labels: Label[] = [];
  for (const line of body.split('\n')) {
    const found = label.exec(line);
    if (!found) {
      lines.push(line);
      continue;
    }
    const before = line.slice(0, found.index);
    const below = found[1] !== undefined;
    labels.push(...labelsOf(found[2]!, lines.length + 1));
    if (!below) lines.push(before);
  }
  return { text: lines.join('\n'), labels };
}

function labelsOf(text: string, line: number): Label[] {
  return text.split(',').flatMap((each) => {
    const [kind, framework, times] = each.trim().split(/\s+/);
    const count = Number(/^x(\d+)$/.exec(times ?? framework ?? '')?.[1] ?? 1);
    const one = { line, kind: kind as LabelKind, framework: (framework ?? 'unknown') as Framework };
    return Array.from({ length: count }, () => one);
  });
}

function notebook(body: string): { text: string; cells: { code: string | undefined }[]; labels: Label[] } {
  const labels: Label[] = [];
  const cells = body
    .split(/^--- /m)
    .slice(1)
    .map((block, cell) => {
      const end = block.indexOf('\n');
      const isCode = block.slice(0, end).trim() === 'code';
      const found = unlabelled(block.slice(end + 1).replace(/\n+$/, ''));
      labels.push(...found.labels.map((each) => ({ ...each, cell })));
      return { code: isCode ? found.text : undefined };
    });
  const text = JSON.stringify({
    cells: cells.map(({ code }) => ({
      cell_type: code === undefined ? 'markdown' : 'code',
      source: code ?? '',
    })),
    metadata: { language_info: { name: 'python' } },
    nbformat: 4,
    nbformat_minor: 5,
  });
  return { text, cells, labels };
}

/** A finder to which the snippets are a file system of their own. */
export async function corpusFinder(
  wasm: NonNullable<Parameters<typeof createSiteFinder>[0]['wasm']>,
  snippets: readonly Snippet[],
): Promise<SiteFinder> {
  const files = new Map(snippets.map((each) => [each.file, each.text]));
  return createSiteFinder({
    wasm,
    exists: (file) => files.has(file),
    read: (file) => Promise.resolve(files.get(file)),
  });
}

/** What the finder says of a snippet, imports between its files followed. */
export async function sitesOf(finder: SiteFinder, snippet: Snippet): Promise<Site[]> {
  if (snippet.cells) return finder.findNotebook(snippet.file, snippet.cells).sites;
  await finder.prepare(snippet.file);
  const opened = finder.open(snippet.file);
  const first = opened.update(snippet.text);
  const { sites } = (await opened.followImports()) ?? first;
  opened.dispose();
  return sites;
}

export interface Score {
  snippets: number;
  labels: number;
  /** Of the calls that get a lens. */
  truePositives: number;
  falsePositives: { snippet: string; line: number; callee: string; was: string }[];
  falseNegatives: { snippet: string; line: number; framework: string; was: string }[];
  wrongFramework: { snippet: string; line: number; said: string; is: string }[];
  /** Labels of the other kinds, and how many of them the finder gives the same kind. */
  kinds: Map<LabelKind, { labels: number; same: number }>;
}

export async function score(finder: SiteFinder, snippets: readonly Snippet[]): Promise<Score> {
  const result: Score = {
    snippets: snippets.length,
    labels: 0,
    truePositives: 0,
    falsePositives: [],
    falseNegatives: [],
    wrongFramework: [],
    kinds: new Map(),
  };
  for (const snippet of snippets) {
    result.labels += snippet.labels.length;
    compare(await sitesOf(finder, snippet), snippet, result);
  }
  return result;
}

function compare(sites: readonly Site[], snippet: Snippet, into: Score): void {
  const key = (place: { line: number; cell?: number }): string => `${place.cell ?? ''}:${place.line}`;
  const places = new Set([...sites.map(key), ...snippet.labels.map(key)]);
  for (const place of places) {
    const labels = snippet.labels.filter((each) => key(each) === place);
    const here = sites.filter((each) => key(each) === place);
    const line = Number(place.split(':')[1]);
    for (const { kind } of labels) {
      const count = into.kinds.get(kind) ?? { labels: 0, same: 0 };
      into.kinds.set(kind, count);
      count.labels++;
      if (here.some((site) => site.kind === kind)) count.same++;
    }
    if (labels.some(({ kind }) => kind === 'either')) continue;
    const wanted = labels.filter(({ kind }) => kind === 'predict');
    const found = here.filter(isConfidentPredict);
    const both = Math.min(wanted.length, found.length);
    into.truePositives += both;
    for (const site of found.slice(wanted.length)) {
      const was = labels.map(({ kind }) => kind).join() || 'nothing';
      into.falsePositives.push({ snippet: snippet.name, line, callee: site.callee, was });
    }
    for (const missed of wanted.slice(found.length)) {
      const was =
        here.map((site) => `${site.kind} ${site.framework} ${site.confidence}`).join() || 'not seen';
      into.falseNegatives.push({ snippet: snippet.name, line, framework: missed.framework, was });
    }
    if (both > 0 && found[0]!.framework !== wanted[0]!.framework)
      into.wrongFramework.push({
        snippet: snippet.name,
        line,
        said: found[0]!.framework,
        is: wanted[0]!.framework,
      });
  }
}

export function precision({ truePositives, falsePositives }: Score): number {
  return truePositives / (truePositives + falsePositives.length);
}

export function recall({ truePositives, falseNegatives }: Score): number {
  return truePositives / (truePositives + falseNegatives.length);
}
