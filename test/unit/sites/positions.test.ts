import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SiteFinder } from '../../../src/sites/finder';
import { SourceText } from '../../../src/sites/positions';
import { fixtures, testFinder } from './finders';

let finder: SiteFinder;
beforeAll(async () => {
  finder = await testFinder();
});

describe('SourceText', () => {
  it('counts columns in UTF-16 units from 1 and in UTF-8 bytes from 0', () => {
    const source = new SourceText('a\né😀x\n');
    const x = source.text.indexOf('x');
    expect(source.range(x, x + 1)).toEqual({ line: 2, column: 4, endLine: 2, endColumn: 5 });
    expect(source.utf8Column(x)).toBe(6);
  });

  it('takes off the byte order mark and ends lines where Python does', () => {
    const source = new SourceText('\uFEFFa\r\nb\rc\nd');
    expect(source.column(0)).toBe(1);
    expect(['a', 'b', 'c', 'd'].map((name) => source.line(source.text.indexOf(name)))).toEqual([1, 2, 3, 4]);
  });
});

describe('positions of sites', () => {
  it("are those of calls in CPython's own tree", async () => {
    const files = readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.py') && !name.endsWith('broken.py'))
      .map((name) => join(fixtures, name));
    const output = execFileSync('python3', [join(import.meta.dirname, 'calls.py'), ...files], {
      encoding: 'utf8',
    });
    const byFile = new Map(
      output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { path: string; calls: unknown[][] })
        .map(({ path, calls }) => [path, calls.map((call) => JSON.stringify(call))]),
    );
    const { sites, problems } = await finder.findInFiles(files);
    expect(problems).toEqual([]);
    expect(sites.length).toBeGreaterThan(60);
    for (const site of sites) {
      const { utf8Column, endUtf8Column, qualname } = site.runtime;
      const place = JSON.stringify([site.line, utf8Column, site.endLine, endUtf8Column, qualname]);
      expect(byFile.get(site.file), `${site.file}:${site.line} ${site.callee}`).toContain(place);
    }
  });

  it('differ between editor and runtime after characters beyond ASCII', () => {
    const { sites } = finder.find('/m.py', 'import keras\ns = "é😀"; y = model.predict(x)\n');
    expect(sites[0]).toMatchObject({ line: 2, column: 16, endLine: 2, endColumn: 32 });
    expect(sites[0]?.runtime).toMatchObject({ utf8Column: 18, endUtf8Column: 34 });
  });

  it('count a tab as one column and ignore a byte order mark', () => {
    const { sites } = finder.find('/m.py', '\uFEFFmodel.predict(x)\nif x:\r\n\tmodel.predict(x)\r\n');
    expect(sites.map((site) => [site.line, site.column, site.endColumn])).toEqual([
      [1, 1, 17],
      [3, 2, 18],
    ]);
  });
});
