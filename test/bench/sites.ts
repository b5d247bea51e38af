/** Figures of the finder: precision and recall on the corpus, and time beside CPython's own parser. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createSiteFinder, type SiteFinder } from '../../src/sites/finder';
import {
  corpusFinder,
  parts,
  precision,
  readCorpus,
  recall,
  score,
  type CorpusPart,
  type Score,
  type Snippet,
} from '../corpus/corpus';

const { values: flags } = parseArgs({
  options: {
    held: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    right: { type: 'boolean', default: false },
  },
});

const grammars = 'node_modules/@vscode/tree-sitter-wasm/wasm/tree-sitter';
const wasm = {
  runtime: readFileSync('node_modules/web-tree-sitter/web-tree-sitter.wasm'),
  python: readFileSync(`${grammars}-python.wasm`),
  javascript: readFileSync(`${grammars}-javascript.wasm`),
  typescript: readFileSync(`${grammars}-typescript.wasm`),
  tsx: readFileSync(`${grammars}-tsx.wasm`),
};

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function rightness(): Promise<void> {
  print('part      snippets  labels  predict calls  precision   recall  framework right');
  const all: Snippet[] = [];
  for (const part of parts) {
    if (part === 'held' && !flags.held) continue;
    const snippets = readCorpus(part);
    all.push(...snippets);
    await report(part, snippets);
  }
  await report('all', all);
}

async function report(part: CorpusPart | 'all', snippets: readonly Snippet[]): Promise<void> {
  const result = await score(await corpusFinder(wasm, snippets), snippets);
  const predicts = result.truePositives + result.falseNegatives.length;
  const right = 1 - result.wrongFramework.length / result.truePositives;
  print(
    [
      part.padEnd(8),
      String(result.snippets).padStart(8),
      String(result.labels).padStart(6),
      String(predicts).padStart(13),
      percent(precision(result)).padStart(9),
      percent(recall(result)).padStart(7),
      percent(right).padStart(15),
    ].join('  '),
  );
  if (flags.list && (part === 'own' || part === 'public')) list(result);
}

function list(result: Score): void {
  for (const { snippet, line, callee, was } of result.falsePositives)
    print(`  too many   ${snippet}:${line} ${callee} is ${was}`);
  for (const { snippet, line, framework, was } of result.falseNegatives)
    print(`  not found  ${snippet}:${line} ${framework}, was ${was}`);
  for (const { snippet, line, said, is } of result.wrongFramework)
    print(`  framework  ${snippet}:${line} ${said} is ${is}`);
}

const wantedLines = 10_000;

/** The corpus as one module of 10,000 lines: the code of each snippet in a function of its own. */
function longProgram(): string {
  const snippets = [...readCorpus('own'), ...readCorpus('public')].filter(
    ({ file, text }) => file.endsWith('.py') && !text.includes('__future__') && !text.includes('import *'),
  );
  const lines: string[] = [];
  for (let count = 0; ; count++) {
    const { text } = snippets[count % snippets.length]!;
    const body = text.split('\n').map((line) => (line ? `    ${line}` : line));
    const part = [`LIMIT_${count} = ${count}`, `RATE_${count} = 0.5`, `def part_${count}():`, ...body];
    if (lines.length + part.length > wantedLines) break;
    lines.push(...part);
  }
  while (lines.length < wantedLines) lines.push(`PAD_${lines.length} = 0`);
  return lines.join('\n') + '\n';
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]!;
}

function summary(values: readonly number[]): string {
  const ms = (value: number): string => value.toFixed(1).padStart(6);
  return `p50 ${ms(quantile(values, 0.5))} ms  p95 ${ms(quantile(values, 0.95))} ms  max ${ms(Math.max(...values))} ms`;
}

const typed = '\n    scores = model.predict(batch, verbose=0)';

/** A line typed key by key at some places of the file. */
function keystrokes(
  finder: SiteFinder,
  text: string,
  before: RegExp,
  line: string,
  places: number,
): number[] {
  const opened = finder.open('/corpus/long.py');
  opened.update(text);
  const times: number[] = [];
  for (let place = 1; place <= places; place++) {
    const from = Math.floor((text.length * place) / (places + 2));
    const found = before.exec(text.slice(from));
    if (!found) continue;
    const at = from + found.index + found[0].length;
    for (let length = 1; length <= line.length; length++) {
      const next = text.slice(0, at) + line.slice(0, length) + text.slice(at);
      const begin = performance.now();
      opened.update(next);
      times.push(performance.now() - begin);
    }
    opened.update(text);
  }
  opened.dispose();
  return times;
}

function astParse(text: string): number[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'predictscope-bench-'));
  try {
    const file = path.join(folder, 'long.py');
    writeFileSync(file, text);
    const script =
      'import ast,sys,time,json\ntext=open(sys.argv[1]).read()\ntimes=[]\nfor i in range(10):\n' +
      ' begin=time.perf_counter();ast.parse(text);times.append((time.perf_counter()-begin)*1e3)\nprint(json.dumps(times))';
    return JSON.parse(execFileSync('python3', ['-c', script, file], { encoding: 'utf8' })) as number[];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Ordinary code: 10,000 lines of Python's own library, with one predict call at the end. */
function ordinaryProgram(): string {
  const script =
    'import glob,os,sysconfig\nfor f in sorted(glob.glob(os.path.join(sysconfig.get_paths()["stdlib"],"*.py"))):\n' +
    ' t=open(f,encoding="utf8").read()\n if "__future__" not in t: print(t)';
  const text = execFileSync('python3', ['-c', script], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const call = ['import keras', 'model = keras.Sequential()', 'model.predict([1])'];
  const lines = text.split('\n').slice(0, wantedLines - call.length);
  // What is cut off in the middle would not parse.
  while (lines.length > 0 && !/^(?:def|class) /.test(lines.at(-1)!)) lines.pop();
  lines.pop();
  while (lines.length < wantedLines - call.length) lines.push('');
  return [...lines, ...call].join('\n') + '\n';
}

async function speed(): Promise<void> {
  const begin = performance.now();
  const finder = await createSiteFinder({
    wasm,
    exists: () => false,
    read: () => Promise.resolve(undefined),
  });
  print(`\ngrammar loaded                    ${(performance.now() - begin).toFixed(1)} ms`);
  time(
    finder,
    'ordinary code',
    ordinaryProgram(),
    /\n {8}\w[\w.]* = [^\n([{]*(?=\n {8}\w)/,
    /\n[A-Za-z_]\w* = [^\n([{]*(?=\n)/,
  );
  time(
    finder,
    'nothing but code around models (the corpus)',
    longProgram(),
    /\n {4}\w+ = [^\n([{]*(?=\n {4}\w)/,
    /\nRATE_\d+ = 0.5(?=\n)/,
  );
}

function time(finder: SiteFinder, what: string, text: string, inFunction: RegExp, atTop: RegExp): void {
  print(`\n${text.split('\n').length - 1} lines of ${what}, ${text.length} characters`);
  print(`first result, first time          ${firstResult(finder, text).toFixed(1)} ms`);
  const first = Array.from({ length: 10 }, () => firstResult(finder, text));
  print(`first result                      ${summary(first)}`);
  print(`CPython ast.parse                 ${summary(astParse(text))}`);
  // The engine compiles what is run often: the first round is for that.
  keystrokes(finder, text, inFunction, typed, 2);
  print(`a keystroke in a function         ${summary(keystrokes(finder, text, inFunction, typed, 10))}`);
  const top = keystrokes(finder, text, atTop, typed.replace('\n    ', '\n'), 10);
  print(`a keystroke at the top level      ${summary(top)}`);
}

function firstResult(finder: SiteFinder, text: string): number {
  const opened = finder.open('/corpus/long.py');
  const begin = performance.now();
  opened.update(text);
  const took = performance.now() - begin;
  opened.dispose();
  return took;
}

async function main(): Promise<void> {
  await rightness();
  if (!flags.right) await speed();
}

void main();
