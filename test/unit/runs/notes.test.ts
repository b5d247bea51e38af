import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readNotes, writeNotes } from '../../../src/runs/notes';
import { applyRetention } from '../../../src/runs/retention';
import { keepSources, keptSource } from '../../../src/runs/sources';
import { scratchFolder } from './callFile';

const folder = scratchFolder();
let made = 0;

function run(name = '20261129T120000Z-ab12'): string {
  const directory = path.join(folder, String(made++), name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, 'run.json'), '{}');
  return directory;
}

describe('what the user said about a run', () => {
  it('is kept and read again; a damaged file says nothing', async () => {
    const directory = run();
    expect(await readNotes(directory)).toEqual({});
    await writeNotes(directory, { title: 'before', pinned: true });
    expect(await readNotes(directory)).toEqual({ title: 'before', pinned: true });
    await writeNotes(directory, { title: '  ', pinned: false });
    expect(await readNotes(directory)).toEqual({});
    writeFileSync(path.join(directory, 'notes.json'), '{"format":"predictscope.notes/1","pinn');
    expect(await readNotes(directory)).toEqual({});
  });

  it('keeps pinned runs, however many there are', async () => {
    const log = path.dirname(run('20261101T000000Z-0001'));
    await writeNotes(path.join(log, '20261101T000000Z-0001'), { pinned: true });
    for (let i = 2; i < 6; i++) {
      mkdirSync(path.join(log, `2026110${i}T000000Z-000${i}`));
      writeFileSync(path.join(log, `2026110${i}T000000Z-000${i}`, 'run.json'), '{}');
    }
    const removed = await applyRetention(log, { keepRuns: 2, keepBytes: 1e9 }, new Set());
    expect(removed).not.toContain('20261101T000000Z-0001');
    expect(removed.length).toBeGreaterThan(0);
  });
});

describe('the source as it ran', () => {
  it('is kept where it is still what it was, and only believed as such', async () => {
    const directory = run();
    const file = path.join(directory, '..', 'scorer.py');
    writeFileSync(file, 'x = 1\n');
    await keepSources(directory, [{ file, beforeMs: Date.now() + 1000 }]);
    writeFileSync(file, 'x = 2\n');
    expect(await keptSource(directory, file)).toBe('x = 1\n');
    expect(await keptSource(directory, `${file}x`)).toBeUndefined();
    const { files } = JSON.parse(readFileSync(path.join(directory, 'sources.json'), 'utf8')) as { files: { name: string }[] }; // prettier-ignore
    writeFileSync(path.join(directory, 'sources', files[0]!.name), 'x = 3\n');
    expect(await keptSource(directory, file)).toBeUndefined();
  });

  it('is left out where it was changed meanwhile', async () => {
    const directory = run();
    const file = path.join(directory, '..', 'scorer.py');
    writeFileSync(file, 'x = 1\n');
    await keepSources(directory, [
      { file, sha256: '0'.repeat(64) },
      { file, beforeMs: Date.now() - 60_000 },
      { file: `${file}.gone`, beforeMs: Date.now() },
    ]);
    expect(await keptSource(directory, file)).toBeUndefined();
  });

  it('never reads outside of the run', async () => {
    const directory = run();
    mkdirSync(path.join(directory, 'sources'));
    const file = '/etc/hostname';
    const list = {
      format: 'predictscope.sources/1',
      files: [{ file, name: '../../../../etc/hostname', sha256: 'x' }],
    };
    writeFileSync(path.join(directory, 'sources.json'), JSON.stringify(list));
    expect(await keptSource(directory, file)).toBeUndefined();
  });
});
