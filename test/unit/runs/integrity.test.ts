import {
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { summarizeRun, type RunSummary } from '../../../src/insight/runSummary';
import { addTraces } from '../../../src/insight/traceParts';
import { RunReader } from '../../../src/runs/runReader';
import { listChecksum } from '../../../src/runs/integrity';
import { writeRecordedFiles } from '../../../src/runs/recordedFiles';
import { readRunRecord, writeRunRecord } from '../../../src/runs/runRecord';
import { localFiles } from '../../../src/targets/localFiles';
import { random } from '../trace/helpers';
import { scratchFolder } from './callFile';

const whole = path.resolve(import.meta.dirname, '../../fixtures/runs/whole');
const [name] = readdirSync(whole);
const original = path.join(whole, name!);
const folder = scratchFolder();
let copies = 0;

function copy(): string {
  const directory = path.join(folder, String(copies++), name!);
  cpSync(original, directory, { recursive: true });
  return directory;
}

async function summary(directory: string): Promise<RunSummary> {
  const reader = new RunReader(directory, localFiles);
  await reader.poll();
  const found = summarizeRun(reader);
  await addTraces(reader, found);
  return found;
}

/** Every number of a summary by its path; sites and lines by what they are, not by their place in the list. */
function figures(value: unknown, at = '', found = new Map<string, number>()): Map<string, number> {
  if (typeof value === 'number') {
    if (Number.isFinite(value)) found.set(at, value);
  } else if (Array.isArray(value)) {
    value.forEach((each: unknown, i) => figures(each, `${at}[${keyOf(each, i)}]`, found));
  } else if (typeof value === 'object' && value !== null) {
    // Without a trace there are no calls that parts are taken from, and none are told.
    const untraced = (value as { partsCalls?: unknown }).partsCalls === 0;
    for (const [key, each] of Object.entries(value))
      if (!untraced || !/^(parts(Calls|TotalNs)|retraces)$/.test(key)) figures(each, `${at}.${key}`, found);
  }
  return found;
}

const keys = ['id', 'file', 'line', 'layer', 'path', 'owner', 'language', 'name', 'where', 'process', 'thread', 'fromNs'] as const; // prettier-ignore

function keyOf(value: unknown, i: number): string {
  if (typeof value !== 'object' || value === null) return String(i);
  const parts = keys.flatMap((key) => {
    const part = (value as Record<string, unknown>)[key];
    if (typeof part === 'number') return String(part);
    // A trace is told by where it lies in the run.
    return typeof part === 'string' ? part.split('/').slice(-3).join('/') : [];
  });
  return parts.length > 0 ? parts.join(' ') : String(i);
}

/** What a damaged run may still say: only what the whole run says, and if less, why. */
function expectRightOrAbsent(found: RunSummary, truth: RunSummary, what: string): void {
  const before = figures({ ...truth, problems: [], traces: [] });
  const after = figures({ ...found, problems: [], traces: [] });
  let absent = before.size;
  for (const [at, number] of after) {
    expect(before.get(at), `${what}: ${at}`).toBe(number);
    absent--;
  }
  if (absent > 0) expect(found.problems.length, `${what}: ${absent} figures are gone without a reason`).toBeGreaterThan(truth.problems.length); // prettier-ignore
}

/** Files of a run, below it. */
function filesOf(directory: string, below = ''): string[] {
  return readdirSync(path.join(directory, below), { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(below, entry.name);
    return entry.isDirectory() ? filesOf(directory, file) : [file];
  });
}

type Damage = (directory: string, draw: () => number) => string;

const pick = <T>(all: readonly T[], draw: () => number): T => all[Math.floor(draw() * all.length)]!;
const some = (directory: string, pattern: RegExp, draw: () => number): string =>
  pick(filesOf(directory).filter((file) => pattern.test(file)), draw); // prettier-ignore

const damages: Record<string, Damage> = {
  'a file is gone': (directory, draw) => {
    const file = some(directory, /^(?!sources)/, draw);
    rmSync(path.join(directory, file));
    return file;
  },
  'a process is gone': (directory, draw) => {
    const file = pick(
      readdirSync(directory).filter((each) => /-\d+-\d+$/.test(each)),
      draw,
    );
    rmSync(path.join(directory, file), { recursive: true });
    return file;
  },
  'a file is cut off': (directory, draw) => {
    const file = some(directory, /^(?!sources)/, draw);
    const full = path.join(directory, file);
    truncateSync(full, Math.floor(draw() * statSync(full).size));
    return file;
  },
  'records are dropped': (directory, draw) => {
    const file = some(directory, /calls-\d+\.bin$/, draw);
    const full = path.join(directory, file);
    const bytes = readFileSync(full);
    const slots = Math.floor((bytes.length - 4096) / 48);
    for (let i = 0; i < 1 + draw() * 5; i++) bytes.fill(0, 4096 + 48 * Math.floor(draw() * slots), 4096 + 48 * Math.floor(draw() * slots)); // prettier-ignore
    bytes[4096 + 47] = 0;
    writeFileSync(full, bytes);
    return file;
  },
  'lines of a log are dropped': (directory, draw) => {
    const file = some(directory, /\.jsonl$/, draw);
    const full = path.join(directory, file);
    const lines = readFileSync(full, 'utf8').split('\n');
    lines.splice(Math.floor(draw() * (lines.length - 1)), 1 + Math.floor(draw() * 3));
    writeFileSync(full, lines.join('\n'));
    return file;
  },
  'events of a trace are dropped': (directory, draw) => {
    const file = some(directory, /trace\.json$/, draw);
    const full = path.join(directory, file);
    const trace = JSON.parse(readFileSync(full, 'utf8')) as { traceEvents: object[] };
    trace.traceEvents = trace.traceEvents.filter(() => draw() > 0.2);
    writeFileSync(full, JSON.stringify(trace));
    return file;
  },
  'bytes are changed': (directory, draw) => {
    const file = some(directory, /^(?!sources|run\.json)/, draw);
    const full = path.join(directory, file);
    const bytes = readFileSync(full);
    for (let i = 0; i < 1 + draw() * 8; i++) bytes[Math.floor(draw() * bytes.length)]! ^= 1 + Math.floor(draw() * 255); // prettier-ignore
    writeFileSync(full, bytes);
    return file;
  },
  'a process of another run is there': (directory) => {
    const [process] = readdirSync(directory).filter((each) => /-\d+-\d+$/.test(each));
    cpSync(path.join(directory, process!), path.join(directory, `${process}9`), { recursive: true });
    return process!;
  },
};

describe('a run that is not as it was left', () => {
  it('is whole to begin with, and says a lot', async () => {
    const truth = await summary(copy());
    expect(truth.problems).toEqual([]);
    expect(figures(truth).size).toBeGreaterThan(300);
    for (const site of truth.sites) {
      expect(site.partsCalls).toBe(3);
      expect(site.inside).not.toBeNull();
      expect(site.layers.length).toBeGreaterThan(2);
    }
    expect(truth.hotLines.length).toBeGreaterThan(0);
    expect(truth.gaps!.lines.length).toBeGreaterThan(0);
  });

  for (const [what, damage] of Object.entries(damages)) {
    it(`${what}: every figure is right, or absent with the reason`, async () => {
      const draw = random(7);
      for (let round = 0; round < 12; round++) {
        const directory = copy();
        const truth = await summary(directory);
        const file = damage(directory, draw);
        const found = await summary(directory);
        expectRightOrAbsent(found, truth, `${what}, round ${round}: ${file}`);
        rmSync(path.dirname(directory), { recursive: true });
      }
    });
  }

  it('several at once', async () => {
    const draw = random(11);
    for (let round = 0; round < 15; round++) {
      const directory = copy();
      const truth = await summary(directory);
      const done: string[] = [];
      for (let i = 0; i < 2; i++) {
        const [what, damage] = pick(Object.entries(damages), draw);
        try {
          done.push(`${what}: ${damage(directory, draw)}`);
        } catch {
          continue; // what it would damage is gone
        }
      }
      expectRightOrAbsent(await summary(directory), truth, `round ${round}: ${done.join(' and ')}`);
      rmSync(path.dirname(directory), { recursive: true });
    }
  });

  it('whose end nobody saw: a process or a segment that is gone is missed', async () => {
    for (const gone of ['process', 'segment', 'tail']) {
      const directory = copy();
      rmSync(path.join(directory, 'files.json'));
      const record = (await readRunRecord(directory))!;
      delete record.filesCrc32;
      await writeRunRecord(directory, record);
      const before = await summary(directory);
      expect(before.sites.length).toBeGreaterThan(0);
      expect(before.problems).toEqual([]);
      const [process] = readdirSync(directory).filter((each) => /-\d+-\d+$/.test(each));
      const calls = path.join(directory, process!, 'calls-0.bin');
      if (gone === 'process') rmSync(path.join(directory, process!), { recursive: true });
      if (gone === 'segment') {
        cpSync(calls, path.join(directory, process!, 'calls-1.bin'));
        rmSync(calls);
      }
      if (gone === 'tail') truncateSync(calls, 4096 + 48 * 3);
      const after = await summary(directory);
      expect(after.sites, gone).toEqual([]);
      expect(after.problems[0]!.message, gone).toMatch(/this run’s figures are left out/);
    }
  });

  it('keeps its figures when only what the user said about it changes', async () => {
    const directory = copy();
    const truth = await summary(directory);
    writeFileSync(path.join(directory, 'notes.json'), '{"format":"predictscope.notes/1","pinned":true}');
    writeFileSync(path.join(directory, 'stop'), '');
    expect(figures(await summary(directory))).toEqual(figures(truth));
  });

  it('is noted again by the same list', async () => {
    const directory = copy();
    mkdirSync(path.join(directory, 'sources'), { recursive: true });
    const before = readFileSync(path.join(directory, 'files.json'), 'utf8');
    await writeRecordedFiles(directory);
    const files = (text: string): unknown => (JSON.parse(text) as { files: unknown }).files;
    expect(files(readFileSync(path.join(directory, 'files.json'), 'utf8'))).toEqual(files(before));
    expect(await listChecksum(directory)).toBeTypeOf('number');
  });
});
