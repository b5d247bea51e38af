import { homedir } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { RunSummary } from '../../../src/insight/runSummary';
import { toHtml } from '../../../src/launch/reports/html';
import { toMarkdown } from '../../../src/launch/reports/markdown';
import type { Block } from '../../../src/launch/reports/blocks';
import { anonymous, withoutPaths } from '../../../src/launch/reports/withoutPaths';

const blocks: Block[] = [
  { kind: 'heading', level: 1, text: 'A <b>run</b>' },
  { kind: 'text', tone: 'warning', text: 'x & y' },
  {
    kind: 'table',
    label: 'Lines',
    heads: ['line', 'share', 'what'],
    left: 1,
    lastIsText: true,
    rows: [[{ text: 'a|b.py:3', place: { file: '/w/a.py', line: 3 } }, { text: '50 %', share: 0.5 }, '<i>']],
  },
  { kind: 'picture', svg: '<svg></svg>', alt: 'calls' },
  { kind: 'source', file: 'a.py', lines: [{ text: 'if a < b:', share: 0.3, note: '30 % · 1 s' }] },
];

describe('a page', () => {
  const page = toHtml(blocks, { title: 'T"', link: ({ line }) => `command:x?${line}` });

  it('holds what was said, and no markup of it', () => {
    expect(page).toContain('A &lt;b&gt;run&lt;/b&gt;');
    expect(page).toContain('if a &lt; b:');
    expect(page).toContain('<title>T&quot;</title>');
    expect(page).toContain('href="command:x?3"');
    expect(page).toMatch(/class="line heat5"/);
  });

  it('loads nothing and runs nothing', () => {
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/<script|src="http|@import|url\(/);
  });

  it('names its tables for those who do not see them', () => {
    expect(page).toContain('aria-label="Lines"');
    expect(page).toContain('<caption>Lines</caption>');
    expect(page).toContain('scope="col"');
    expect(page).toContain('role="img" aria-label="calls"');
  });
});

it('Markdown aligns words and figures, and breaks no table', () => {
  const text = toMarkdown(blocks);
  expect(text).toContain('| :-- | --: | :-- |');
  expect(text).toContain('a\\|b.py:3');
});

describe('without paths', () => {
  it.each([
    ['/home/ann/proj/scorer.py:3', 'scorer.py:3'],
    ['File "/opt/data/x y/z.fa" is gone', 'File "…/x y/z.fa" is gone'],
    ["open('/data/patients/a.vcf')", "open('…/a.vcf')"],
    ['C:\\Users\\ann\\a.py failed', '…/a.py failed'],
    ['/home/zoë/été.py failed', '…/été.py failed'],
    [`${homedir()}/env/bin/python is old`, '…/python is old'],
    ['10 ms / call, a/b stays', '10 ms / call, a/b stays'],
    ['</td></tr>', '</td></tr>'],
  ])('%s becomes %s', (text, expected) => {
    expect(withoutPaths(text, '/home/ann/proj')).toBe(expected);
  });

  it('a command is the program and what it runs', () => {
    const command = (words: string[]): string[] =>
      anonymous({ run: { command: words } } as unknown as RunSummary, '/w').run.command;
    expect(command(['/venv/bin/python', 'main.py', '--key', 'secret'])).toEqual(['…/python', 'main.py', '…']);
    expect(command(['python', '-m', 'splicescore', '-I', 'a.vcf'])).toEqual([
      'python',
      '-m',
      'splicescore',
      '…',
    ]);
    expect(command(['splicescore', '-I', 'a.vcf'])).toEqual(['splicescore', '…']);
  });
});
