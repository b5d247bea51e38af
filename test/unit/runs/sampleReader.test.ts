import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Problem } from '../../../src/common/problem';
import { SampleReader } from '../../../src/runs/sampleReader';
import { localFiles } from '../../../src/targets/localFiles';
import { scratchFolder } from './callFile';
import { sampleBlock, sampleHeader } from './sampleFile';

const scratch = scratchFolder();
let folders = 0;

function reader(): { file: string; problems: Problem[]; samples: SampleReader } {
  const folder = path.join(scratch, `process-${folders++}`);
  mkdirSync(folder);
  const problems: Problem[] = [];
  return {
    file: path.join(folder, 'samples-0.bin'),
    problems,
    samples: new SampleReader(folder, localFiles, problems),
  };
}

const thread = sampleBlock([['thread', 1, 1, 't'], ['stack', 0, 0, 3], ['change', 0, 1, 2], ['mark', 5]]); // prettier-ignore

describe('SampleReader', () => {
  it('reads a file as it grows, block by block', async () => {
    const { file, samples } = reader();
    expect(await samples.poll()).toBe(false); // there is no file yet
    writeFileSync(file, sampleHeader().subarray(0, 20));
    expect(await samples.poll()).toBe(false);
    writeFileSync(file, Buffer.concat([sampleHeader(), thread.subarray(0, 9)]));
    expect(await samples.poll()).toBe(false);
    appendFileSync(file, thread.subarray(9));
    expect(await samples.poll()).toBe(true);
    expect(samples.table.openRuns()).toEqual([{ thread: 0, stack: 2, begin: 0, end: 5 }]);
    appendFileSync(file, sampleBlock([['mark', 10]]));
    expect([await samples.poll(), await samples.poll()]).toEqual([true, false]);
    expect(samples.table.until).toBe(15);
  });

  it('reads more than it takes at once, and a block that is larger than that', async () => {
    const { file, samples } = reader();
    const name = 'x'.repeat(4000);
    const many = Array.from({ length: 700 }, () => ['file', 0, name] as const);
    writeFileSync(file, Buffer.concat([sampleHeader(), ...many.map((one) => sampleBlock([one])), sampleBlock(many), thread])); // prettier-ignore
    await samples.poll();
    expect([samples.table.files.length, samples.table.until]).toEqual([1400, 5]);
  });

  it('says once what is damaged, and keeps what came before', async () => {
    const { file, problems, samples } = reader();
    const broken = sampleBlock([['mark', 10]]);
    broken[8]! ^= 255;
    writeFileSync(file, Buffer.concat([sampleHeader(), thread, broken, sampleBlock([['mark', 10]])]));
    await samples.poll();
    await samples.poll();
    expect(problems).toEqual([{ message: `${file} is damaged at byte ${64 + thread.length} (its checksum does not fit).`, fix: expect.any(String) as string }]); // prettier-ignore
    expect(samples.table.until).toBe(5);
  });

  it('says so when the file is another one', async () => {
    const { file, problems, samples } = reader();
    writeFileSync(file, Buffer.alloc(100, 'SQLite format 3'));
    await samples.poll();
    expect(problems.map((p) => p.message)).toEqual([expect.stringContaining('does not hold line samples')]);
  });
});
