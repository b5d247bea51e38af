import { beforeAll, describe, expect, test } from 'vitest';
import type { InsertForm, TextEdit } from '../../../src/instrument/instrument';
import { loadParsers } from '../../../src/instrument/grammars';
import type { Framework, Site } from '../../../src/sites/site';
import { callSites } from '../../fixtures/instrument/calls';
import { randomFile, Random } from './generator';
import { grammars, parses, testBench, type Bench } from './instrumenters';

const full = process.env.TEST_FULL === '1';
const files = full ? 10_000 : 2_000;
const batches = 10;

let bench: Bench;
let predictCalls: (text: string, framework: Framework) => Site[];
const toParse: { before: string; after: string }[] = [];

beforeAll(async () => {
  bench = await testBench();
  const parser = (await loadParsers({ wasm: grammars() })).get('python')!;
  predictCalls = (text, framework) => callSites(parser, '/home/user/main.py', text, ['predict'], framework);
});

/** Where an offset of the original lies after the edits; what is inserted right there comes behind it. */
function moved(offset: number, edits: readonly TextEdit[]): number {
  return edits.reduce(
    (at, edit) => (edit.start < offset ? at + edit.text.length - (edit.end - edit.start) : at),
    offset,
  );
}

function difference(what: string, before: string, after: string, message = ''): string {
  let at = 0;
  while (before[at] === after[at]) at++;
  const shown = (text: string): string => JSON.stringify(text.slice(Math.max(0, at - 60), at + 120));
  return `${what} differs at ${at}:\n${shown(before)}\n${shown(after)}\n${message}`;
}

/** The same random edits in both texts: words that are new, and lines between the lines. */
function editBoth(
  random: Random,
  text: string,
  inserted: string,
  edits: readonly TextEdit[],
): [string, string] {
  let before = text;
  let after = inserted;
  if (random.chance(0.5)) {
    const lines = text.split(/(?<=\r\n|\r(?!\n)|\n)/);
    let at = 0;
    const starts = lines.map((line) => (at += line.length));
    const start = random.pick([0, ...starts]);
    // Not where a string or bracket goes on, nor in front of what a byte order mark must precede.
    const blank = random.pick(['# new "line\n', '\n', '#ü\r\n']);
    if (
      start > 0 &&
      /[^\\][\r\n]$/.test(text.slice(0, start).replace(/\r\n$/, '\n')) &&
      !(text[start - 1] === '\r' && text[start] === '\n')
    ) {
      const there = moved(start, edits);
      before = text.slice(0, start) + blank + text.slice(start);
      after = inserted.slice(0, there) + blank + inserted.slice(there);
    }
  }
  const rename = random.below(8);
  const word = new RegExp(`\\bword_${rename}\\b`, 'g');
  const fresh = random.pick(['w', 'ein_längerer_name', 'x.y']);
  return [before.replace(word, fresh), after.replace(word, fresh)];
}

describe.each(Array.from({ length: batches }, (_, index) => index))('perturbed files, batch %i', (batch) => {
  test('insert, edit around, remove: the same to the byte', () => {
    let inserted = 0;
    for (let index = 0; index < files / batches; index++) {
      const seed = batch * 1_000_000 + index;
      const random = new Random(seed);
      const text = randomFile(random);
      const form: InsertForm = random.chance(0.5) ? 'compact' : 'plain';
      // The program of the compact form is shortest without a framework, and its length is the parser's work.
      const framework =
        form === 'plain' ? random.pick<Framework>(['keras', 'torch', 'jax', 'tensorflow']) : 'unknown';
      const sites = predictCalls(text, framework).filter(() => random.chance(0.8));
      const result = bench.insert(text, sites, form);
      expect(result.inserted.length + result.refused.length, `seed ${seed}`).toBe(new Set(sites).size);
      inserted += result.inserted.length;
      const [before, after] = editBoth(random, text, result.text, result.edits);
      const removed = bench.instrumenter.remove(after, 'python');
      if (removed.text !== before)
        expect.fail(difference(`seed ${seed} (${form})`, before, removed.text, removed.left[0]?.message));
      if (index % 8 === 0 && result.inserted.length > 0) toParse.push({ before: text, after: result.text });
    }
    expect(inserted).toBeGreaterThan(files / batches);
  });
});

test('what was a program is one with the profiler calls in it', () => {
  expect(parses(toParse)).toEqual([]);
});
