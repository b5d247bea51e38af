import {
  appendFileSync,
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ProcessReader } from '../../../src/runs/processReader';
import { RunReader } from '../../../src/runs/runReader';
import { localFiles } from '../../../src/targets/localFiles';
import { random } from '../trace/helpers';
import {
  callFile,
  callHeader,
  callSlot,
  processFolder,
  processLine,
  recordedRun,
  scratchFolder,
  type HandSlot,
} from './callFile';

const scratch = scratchFolder();
let folders = 0;
const newRun = (): string => path.join(scratch, `run-${folders++}`);

/** What a reader knows, without the state of its reading; rows in order of slot where they have one. */
function state(reader: ProcessReader): object {
  const { calls } = reader;
  const rows = Array.from({ length: calls.length }, (_, i) => ({
    slot: calls.slot[i]!,
    site: calls.site[i]!,
    shape: calls.shape[i]!,
    flags: calls.flags[i]!,
    thread: calls.thread[i]!,
    begin: calls.begin[i]!,
    end: calls.end[i]!,
  }));
  const { ownWork, clockPairs, originPerfNs, originUnixNs, problems, shapes, exitUnixNs, process } = reader;
  return {
    rows: rows.sort((a, b) => a.slot - b.slot || a.begin - b.begin),
    ownWork: [...ownWork].sort((a, b) => a.begin - b.begin),
    clockPairs: [...clockPairs].sort((a, b) => a.perfNs - b.perfNs),
    ...{ originPerfNs, originUnixNs, problems, shapes, exitUnixNs, process },
  };
}

async function readOnce(folder: string): Promise<object> {
  const reader = new ProcessReader(folder, path.basename(folder), localFiles);
  await reader.poll();
  return state(reader);
}

/** A pre-allocated file whose slots are written one by one. */
class LiveFile {
  readonly slots: (HandSlot | undefined)[] = [];
  constructor(
    readonly file: string,
    room: number,
    first = 0n,
  ) {
    writeFileSync(file, callFile(callHeader({ perfNs: 1000n, first }), [], room));
  }
  set(at: number, slot: HandSlot): void {
    this.slots[at] = slot;
    const handle = openSync(this.file, 'r+');
    writeSync(handle, callSlot(slot), 0, 48, 4096 + 48 * at);
    closeSync(handle);
  }
}

describe('ProcessReader', () => {
  it('fills holes, ends open calls and re-stamps begins as they are written', async () => {
    const folder = processFolder(newRun(), 'box-1-1', processLine({ perfNs: 1000n }));
    const reader = new ProcessReader(folder, 'box-1-1', localFiles);
    expect(await reader.poll()).toBe(true);
    expect(await reader.poll()).toBe(false);
    const live = new LiveFile(path.join(folder, 'calls-0.bin'), 100);
    expect(await reader.poll()).toBe(false);
    live.set(0, { kind: 1, begin: 2000n });
    live.set(2, { kind: 1, begin: 2500n, end: 2600n, site: 1 }); // slot 1 was taken by a slower thread
    expect(await reader.poll()).toBe(true);
    expect(reader.calls.length).toBe(2);
    expect([...reader.calls.end.subarray(0, 2)]).toEqual([NaN, 1600]);
    expect(await reader.poll()).toBe(false);
    live.set(0, { kind: 1, begin: 2050n, shape: 3 }); // its argument did work of its own
    live.set(1, { kind: 1, begin: 2400n });
    expect(await reader.poll()).toBe(true);
    expect([reader.calls.begin[0], reader.calls.shape[0], reader.calls.length]).toEqual([1050, 3, 3]);
    live.set(0, { kind: 1, begin: 2050n, shape: 3, end: 9000n, flags: 1 });
    live.set(1, { kind: 1, begin: 2400n, end: 2450n });
    expect(await reader.poll()).toBe(true);
    expect(await reader.poll()).toBe(false);
    expect([reader.calls.end[0], reader.calls.flags[0]]).toEqual([8000, 1]);
    expect(state(reader)).toEqual(await readOnce(folder));
  });

  it('goes on to a second segment, whose slots are numbered on', async () => {
    const folder = processFolder(newRun(), 'box-1-1', processLine());
    const reader = new ProcessReader(folder, 'box-1-1', localFiles);
    const first = new LiveFile(path.join(folder, 'calls-0.bin'), 2);
    first.set(0, { kind: 1, begin: 2000n, end: 2100n });
    first.set(1, { kind: 1, begin: 2200n });
    await reader.poll();
    writeFileSync(path.join(folder, 'calls-1.bin'), Buffer.alloc(4096)); // no header yet
    await reader.poll();
    const second = new LiveFile(path.join(folder, 'calls-1.bin'), 50, 2n);
    second.set(0, { kind: 1, begin: 2300n, end: 2400n });
    await reader.poll();
    expect([...reader.calls.slot.subarray(0, 3)]).toEqual([0, 1, 2]);
    first.set(1, { kind: 1, begin: 2200n, end: 2900n }); // the first file is not forgotten
    await reader.poll();
    expect(reader.calls.end[1]).toBe(1900);
    expect(state(reader)).toEqual(await readOnce(folder));
  });

  it('reads an append file, also when a slot is cut in the middle', async () => {
    const folder = processFolder(newRun(), 'box-1-1', processLine());
    const reader = new ProcessReader(folder, 'box-1-1', localFiles);
    const file = path.join(folder, 'calls-0.bin');
    const [a, b] = [
      callSlot({ kind: 1, begin: 3000n, end: 3300n }),
      callSlot({ kind: 2, begin: 1500n, end: 1600n }),
    ];
    writeFileSync(file, Buffer.concat([callHeader({ first: undefined }), a, b.subarray(0, 20)]));
    await reader.poll();
    expect([reader.calls.length, reader.ownWork.length]).toEqual([1, 0]);
    appendFileSync(file, b.subarray(20));
    expect(await reader.poll()).toBe(true);
    expect(reader.ownWork).toEqual([{ begin: 500, end: 600 }]);
    expect(reader.calls.slot[0]).toBe(-1);
    expect(state(reader)).toEqual(await readOnce(folder));
  });

  it('gives the same whatever the order of writes and the moments of reading', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      const next = random(seed);
      const folder = processFolder(newRun(), 'box-1-1', processLine());
      const reader = new ProcessReader(folder, 'box-1-1', localFiles);
      const live = new LiveFile(path.join(folder, 'calls-0.bin'), 400);
      const waiting = Array.from({ length: 150 }, (_, i) => i);
      let clock = 2000n;
      const open: number[] = [];
      while (waiting.length > 0 || open.length > 0) {
        clock += BigInt(Math.floor(next() * 1000));
        if (waiting.length > 0 && next() < 0.6) {
          // Threads write their slots at most a few places out of order.
          const [at] = waiting.splice(Math.floor(next() * Math.min(5, waiting.length)), 1);
          const kind = [1, 1, 1, 2, 3, 9][Math.floor(next() * 6)]!;
          live.set(at!, { kind, begin: clock, ...(kind === 1 ? {} : { end: clock + 5n }) });
          if (kind === 1) open.push(at!);
        } else if (open.length > 0) {
          const [at] = open.splice(Math.floor(next() * open.length), 1);
          if (next() < 0.95) live.set(at!, { ...live.slots[at!]!, end: clock, shape: at!, flags: at! % 16 });
        }
        if (next() < 0.15) await reader.poll();
      }
      await reader.poll();
      expect(state(reader), `seed ${seed}`).toEqual(await readOnce(folder));
    }
  });

  it('reads a file larger than one chunk', async () => {
    const slots = Array.from({ length: 30_000 }, (_, i) => ({
      kind: 1,
      begin: BigInt(2000 + i * 10),
      end: BigInt(2005 + i * 10),
      site: i,
    }));
    const bytes = callFile(callHeader(), slots, 40_000);
    const folder = processFolder(newRun(), 'box-1-1', processLine(), [bytes]);
    const reader = new ProcessReader(folder, 'box-1-1', localFiles);
    await reader.poll();
    expect(reader.calls.length).toBe(30_000);
    expect([reader.calls.site[29_999], reader.calls.slot[29_999]]).toEqual([29_999, 29_999]);
  });

  it('waits for the rest of a torn last line, and splits no letter', async () => {
    const line = Buffer.from(`${JSON.stringify({ t: 'problem', message: 'Größe ✓' })}\n`);
    const folder = processFolder(newRun(), 'box-1-1', processLine());
    const reader = new ProcessReader(folder, 'box-1-1', localFiles);
    for (const byte of line) {
      await reader.poll();
      expect(reader.problems).toEqual([]);
      appendFileSync(path.join(folder, 'process.jsonl'), Buffer.from([byte]));
    }
    await reader.poll();
    expect(reader.problems).toEqual([{ message: 'Größe ✓' }]);
  });

  it('skips lines that are damaged or of an unknown kind, and those without what their kind needs', async () => {
    const lines = [
      '{"t":"process","pid":1',
      'null',
      '[]',
      '3',
      '{"t":"constructor"}',
      '{"t":"future","x":1}',
      '{"t":"file","file":"a.py"}',
      '{"t":"framework","name":"tensorflow"}',
      '{"t":"shape","index":1}',
      '{"t":"trace"}',
      '{"t":"exit","unixNs":"77","exception":["ValueError","no"]}',
    ];
    const folder = processFolder(newRun(), 'box-1-1', `${lines.join('\n')}\n${processLine()}`);
    const reader = new ProcessReader(folder, 'box-1-1', localFiles);
    await reader.poll();
    expect(reader.process?.pid).toBe(42);
    expect([reader.files, reader.frameworks, reader.traces, reader.shapes.size]).toEqual([[], [], [], 0]);
    expect([reader.exitUnixNs, reader.exception]).toEqual([77n, ['ValueError', 'no']]);
  });

  it('takes the clocks of the call file where the first line is missing', async () => {
    const bytes = callFile(callHeader({ perfNs: 500n, unixNs: 10n ** 18n }), [
      { kind: 1, begin: 700n, end: 900n },
    ]);
    const folder = processFolder(newRun(), 'box-1-1', '', [bytes]);
    const reader = new ProcessReader(folder, 'box-1-1', localFiles);
    await reader.poll();
    expect([reader.originUnixNs, reader.calls.begin[0], reader.calls.end[0]]).toEqual([10n ** 18n, 200, 400]);
  });

  it('says that a file holds something else, once, and reads the next', async () => {
    const good = callFile(callHeader({ first: 5n }), [{ kind: 1, begin: 2000n, end: 2100n }]);
    const folder = processFolder(newRun(), 'box-1-1', processLine(), [Buffer.alloc(5000, 'x'), good]);
    const reader = new ProcessReader(folder, 'box-1-1', localFiles);
    expect(await reader.poll()).toBe(true);
    await reader.poll();
    expect(reader.problems.map((problem) => problem.message)).toEqual([
      expect.stringContaining('calls-0.bin does not hold call records'),
    ]);
    expect(reader.calls.length).toBe(1);
  });
});

describe('RunReader', () => {
  it('reads the recorded run as it grows byte by byte in blocks, and at once, to the same', async () => {
    const copy = newRun();
    cpSync(recordedRun, copy, { recursive: true });
    const [name] = (await localFiles.list(copy)).filter((e) => e.directory).map((e) => e.name);
    const file = path.join(copy, name!, 'calls-0.bin');
    const whole = await localFiles.read(file, 0, 1 << 20);
    truncateSync(file, 0);
    const reader = new RunReader(copy, localFiles);
    for (let at = 0; at < 6000; at += 83) {
      writeFileSync(file, whole.subarray(0, at));
      await reader.poll();
    }
    writeFileSync(file, whole);
    await reader.poll();
    const found = reader.processes.find((process) => process.name === name)!;
    expect(state(found)).toEqual(await readOnce(path.join(recordedRun, name!)));
    expect(found.calls.length).toBeGreaterThan(7);
  });

  it('lives without run.json and config.json and passes by folders that are no process', async () => {
    const run = newRun();
    for (const name of ['trace-0', 'notes', '__pycache__', 'box-1'])
      mkdirSync(path.join(run, name), { recursive: true });
    writeFileSync(path.join(run, 'box-2-2'), 'a file');
    processFolder(run, 'my-box.example.org-77-1795276170412095510', processLine({ pid: 77 }));
    const reader = new RunReader(run, localFiles);
    expect(await reader.poll()).toBe(true);
    expect(reader.processes.map((process) => process.process?.pid)).toEqual([77]);
    expect([reader.record, reader.config]).toEqual([undefined, undefined]);
    expect(await reader.poll()).toBe(false);
    rmSync(run, { recursive: true });
    expect(await reader.poll()).toBe(false);
  });

  it('takes run.json when it comes and when it changes, and no half of it', async () => {
    const run = newRun();
    mkdirSync(run, { recursive: true });
    const reader = new RunReader(run, localFiles);
    const record = {
      format: 'predictscope.run/1',
      state: 'running',
      command: ['python'],
      startedUnixNs: '5',
    };
    const write = (text: string): void => writeFileSync(path.join(run, 'run.json'), text);
    for (const text of ['{"format":"predict', '{}', JSON.stringify({ ...record, startedUnixNs: 5 })]) {
      write(text);
      expect(await reader.poll(), text).toBe(false);
    }
    write(JSON.stringify(record));
    expect(await reader.poll()).toBe(true);
    expect(await reader.poll()).toBe(false);
    write(JSON.stringify({ ...record, state: 'ended', exitCode: 3 }));
    expect(await reader.poll()).toBe(true);
    expect([reader.record?.state, reader.record?.exitCode, reader.version]).toEqual(['ended', 3, 2]);
  });
});
