import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { applyRetention, folderBytes, runsToRemove } from '../../../src/runs/retention';
import { isRunName, newRunName, runNameTime } from '../../../src/runs/runRecord';
import { scratchFolder } from './callFile';

const scratch = scratchFolder();
const name = (second: number): string => `20261121T1415${String(second).padStart(2, '0')}Z-ab12`;
const runs = (...bytes: number[]): { name: string; bytes: number }[] =>
  bytes.map((size, i) => ({ name: name(i), bytes: size }));
const generous = { keepRuns: 100, keepBytes: 1e12 };

describe('runsToRemove', () => {
  it('keeps the newest by number, and names the oldest first', () => {
    expect(runsToRemove(runs(1, 1, 1, 1, 1), { ...generous, keepRuns: 2 }, new Set())).toEqual([name(0), name(1), name(2)]); // prettier-ignore
    expect(runsToRemove(runs(1, 1), generous, new Set())).toEqual([]);
    expect(runsToRemove([], generous, new Set())).toEqual([]);
  });

  it('keeps the newest by bytes, and no older run than one that had to go', () => {
    expect(runsToRemove(runs(10, 10, 10), { ...generous, keepBytes: 20 }, new Set())).toEqual([name(0)]);
    expect(runsToRemove(runs(1, 50, 10), { ...generous, keepBytes: 20 }, new Set())).toEqual([
      name(0),
      name(1),
    ]);
  });

  it('keeps the newest one and running ones whatever they take', () => {
    expect(runsToRemove(runs(5, 5, 500), { keepRuns: 1, keepBytes: 1 }, new Set())).toEqual([
      name(0),
      name(1),
    ]);
    expect(runsToRemove(runs(5, 5, 500), { keepRuns: 1, keepBytes: 1 }, new Set([name(0)]))).toEqual([
      name(1),
    ]);
  });
});

describe('applyRetention', () => {
  it('removes nothing but runs: folders with a run’s name that hold one', async () => {
    const log = path.join(scratch, 'log');
    const elsewhere = path.join(scratch, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(path.join(elsewhere, 'run.json'), '{}');
    for (const [folder, file] of [
      [name(1), 'run.json'],
      [name(2), 'config.json'],
      [name(3), 'run.json'],
      [name(4), 'thesis.tex'],
      ['20261121T141500Z-AB12', 'run.json'],
      ['old runs', 'run.json'],
    ] as const) {
      mkdirSync(path.join(log, folder, 'box-1-1'), { recursive: true });
      writeFileSync(path.join(log, folder, file), 'x'.repeat(100));
      writeFileSync(path.join(log, folder, 'box-1-1', 'calls-0.bin'), Buffer.alloc(1000));
    }
    symlinkSync(elsewhere, path.join(log, name(5)));
    writeFileSync(path.join(log, name(6)), 'a file');
    const removed = await applyRetention(log, { keepRuns: 1, keepBytes: 1e9 }, new Set());
    expect(removed).toEqual([name(1), name(2)]);
    expect(readdirSync(log).sort()).toEqual(
      [name(3), name(4), name(5), name(6), '20261121T141500Z-AB12', 'old runs'].sort(),
    );
    expect(existsSync(path.join(elsewhere, 'run.json'))).toBe(true);
  });

  it('measures folders without following links, and takes a missing one for empty', async () => {
    const folder = path.join(scratch, 'size');
    mkdirSync(path.join(folder, 'a', 'b'), { recursive: true });
    writeFileSync(path.join(folder, 'a', 'b', 'c'), Buffer.alloc(1234));
    writeFileSync(path.join(folder, 'd'), Buffer.alloc(66));
    symlinkSync('/', path.join(folder, 'root'));
    expect(await folderBytes(folder)).toBe(1300 + 1); // a link is as long as its target's name
    expect(await folderBytes(path.join(scratch, 'nothing'))).toBe(0);
    expect(await applyRetention(path.join(scratch, 'nothing'), generous, new Set())).toEqual([]);
  });
});

describe('run names', () => {
  it('sort by time and tell it', () => {
    const made = newRunName(new Date(Date.UTC(2026, 10, 21, 14, 15, 2, 999)));
    expect(made).toMatch(/^20261121T141502Z-[0-9a-f]{4}$/);
    expect(isRunName(made)).toBe(true);
    expect(runNameTime(made)).toEqual(new Date(Date.UTC(2026, 10, 21, 14, 15, 2)));
    expect(runNameTime('my copy')).toBeUndefined();
    for (const other of ['20261121T141502Z', `${made}.bak`, '..', `x${made}`])
      expect(isRunName(other)).toBe(false);
  });
});
