import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { InsertForm } from '../../../src/instrument/instrument';
import { isConfidentPredict } from '../../../src/sites/site';
import type { SiteFinder } from '../../../src/sites/finder';
import { testFinder } from '../sites/finders';
import { parses, testBench, type Bench } from './instrumenters';

const root = join(import.meta.dirname, '../../corpus/sites');

interface Snippet {
  file: string;
  name: string;
  text: string;
}

/** Python snippets of the corpus as the finder sees them: `=== NAME.py`, labels taken out. */
function snippets(): Snippet[] {
  if (!existsSync(root)) return [];
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.txt'),
  );
  return files.sort().flatMap((file) => {
    const parts = readFileSync(join(root, file), 'utf8').split(/^=== (.*)\n/m);
    const found: Snippet[] = [];
    for (let index = 1; index < parts.length; index += 2) {
      const name = parts[index]!.split('  ')[0]!.trim();
      if (!name.endsWith('.py')) continue;
      const text = parts[index + 1]!.replace(/^[ \t]*#@below.*\n/gm, '').replace(/[ \t]*#@ .*$/gm, '');
      found.push({ file, name, text });
    }
    return found;
  });
}

/** A snippet as people have it on disk. */
const layouts: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => `\uFEFF${text.replace(/\n/g, '\r\n')}`,
  (text) => text.replace(/^(?: {4})+/gm, (blanks) => '\t'.repeat(blanks.length / 4)).trimEnd(),
];

let bench: Bench;
let finder: SiteFinder;
beforeAll(async () => {
  bench = await testBench();
  finder = await testFinder();
});

const found = snippets();
const byFile = [...new Set(found.map(({ file }) => file))];

test.each(byFile)(
  '%s: insert and remove is the same to the byte, and Python reads what is between',
  (file) => {
    const pairs: { before: string; after: string }[] = [];
    for (const { name, text: written } of found.filter((each) => each.file === file))
      for (const [index, layout] of layouts.entries()) {
        // Each snippet in one of the layouts; in all of them with --full.
        if (
          process.env.TEST_FULL !== '1' &&
          index !== found.findIndex((each) => each.name === name) % layouts.length
        )
          continue;
        const text = layout(written);
        const sites = finder.find('/home/user/project/snippet.py', text).sites;
        for (const form of ['compact', 'plain'] satisfies InsertForm[]) {
          const result = bench.insert(text, sites, form);
          for (const { reason } of result.refused)
            expect(reason, name).not.toMatch(/told from|not at its place/);
          expect(bench.unwrap(result.text), `${name} ${form}`).toBe(text);
          pairs.push({ before: text, after: result.text });
        }
      }
    expect(parses(pairs)).toEqual([]);
  },
);

test('most calls of the corpus can be source-edited', () => {
  let asked = 0;
  const inserted = { compact: 0, plain: 0 };
  for (const { text } of found) {
    const sites = finder.find('/home/user/project/snippet.py', text).sites.filter(isConfidentPredict);
    asked += sites.length;
    for (const form of ['compact', 'plain'] satisfies InsertForm[])
      inserted[form] += bench.insert(text, sites, form).inserted.length;
  }
  expect(inserted.compact).toBeGreaterThanOrEqual(asked * 0.98);
  expect(inserted.plain).toBeGreaterThanOrEqual(asked * 0.6);
});
