import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTrace } from '../../../src/trace/engine';
import { summarizeTrace } from '../../../src/trace/summary';
import { fixtures, scratch, xplaneFixture } from './helpers';
import { bytesField, double, int, message, text } from './protobufWriter';

const { write } = scratch();

interface Checked {
  events: number;
  startUnixNs: string;
  durationNs: number;
  lines: number[];
  categories: Record<string, number>;
  ops: { name: string; category: string; count: number; totalNs: number; selfNs: number }[];
}

describe('xplane of TensorFlow 2.21', () => {
  it('sums up exactly as an independent reader does', async () => {
    const summary = await summarizeTrace(xplaneFixture);
    const second = JSON.parse(
      execFileSync('python3', [path.join(fixtures, 'check_xplane.py'), xplaneFixture], { encoding: 'utf8' }),
    ) as Checked;
    expect(summary.format).toBe('xplane');
    expect(summary.events).toBe(second.events);
    expect(summary.startUnixNs).toBe(second.startUnixNs);
    expect(summary.durationNs).toBe(second.durationNs);
    expect(summary.tracks.map((track) => track.events).sort((a, b) => a - b)).toEqual(second.lines);
    expect(summary.categories).toEqual(second.categories);
    expect(summary.topOps).toEqual(second.ops.slice(0, 100));
    expect(summary.problems).toEqual([]);
    expect(Object.keys(summary)).toEqual([
      'path',
      'format',
      'events',
      'startUnixNs',
      'durationNs',
      'tracks',
      'categories',
      'topOps',
      'problems',
    ]);
  });

  it('puts the track of the predict steps first and reads their stats', async () => {
    const model = await openTrace([xplaneFixture]);
    expect(model.tracks[0]!.thread).toBe('python');
    const { name, track, count } = model.columns();
    const steps = Array.from({ length: count }, (_, i) => i).filter(
      (i) => model.name(name[i]!) === 'predict',
    );
    expect(steps.map((i) => track[i])).toEqual([0, 0, 0, 0, 0]);
    expect(steps.map((i) => Object.fromEntries(model.stats(i)))).toEqual(
      [0, 1, 2, 3, 4].map((i) => ({ step_num: i, _r: 1, sid: 0, slot: i })),
    );
  });
});

/** An XSpace with one plane of one line; events are (metadata id, fields). */
function space(
  events: Uint8Array[],
  more: Uint8Array[] = [],
  timestampNs = 5n,
  planeName = '/host:CPU',
): Uint8Array {
  const line = message(
    int(1, -7n),
    text(2, 'python'),
    int(3, timestampNs),
    ...events.map((event) => bytesField(4, event)),
  );
  const eventName = (id: bigint, name: string): Uint8Array =>
    bytesField(
      4,
      message(
        int(1, id),
        bytesField(2, message(int(1, id), text(2, name), bytesField(5, message(int(1, 1n), int(4, 1n))))),
      ),
    );
  const statName = (id: bigint, name: string): Uint8Array =>
    bytesField(5, message(int(1, id), bytesField(2, message(int(1, id), text(2, name)))));
  const plane = message(
    text(2, planeName),
    bytesField(3, line),
    eventName(1n, 'conv/Conv2D:Conv2D'),
    eventName(0xffff_ffff_ffff_fff0n, 'far'),
    statName(1n, 'own'),
    statName(2n, 'step_num'),
    statName(3n, 'a value'),
  );
  return message(bytesField(1, plane), ...more);
}

describe('xplane, hand-made', () => {
  it('keeps 64-bit ids and values, instants, and counts aggregated events apart', async () => {
    const file = write(
      'ids.xplane.pb',
      space(
        [
          message(int(1, 1n), int(2, 1_500n), int(3, 2_000_001n)),
          message(int(1, 0xffff_ffff_ffff_fff0n), int(2, 3_000n)),
          message(int(1, 1n), int(5, 99n), int(3, 10n)),
          message(
            int(1, 1n),
            int(2, 9_000_000n),
            int(3, 1n),
            bytesField(4, message(int(1, 1n), int(4, -5n))),
            bytesField(4, message(int(1, 2n), int(3, 0xffff_ffff_ffff_ffffn))),
            bytesField(4, message(int(1, 3n), double(2, 0.25))),
          ),
        ],
        [text(2, 'lost 3 events'), text(3, 'be careful'), text(4, 'vm')],
      ),
    );
    const model = await openTrace([file]);
    expect(model.events).toBe(3);
    expect(model.files[0]).toMatchObject({ aggregated: 1, clock: false });
    expect(model.problems.map((problem) => problem.message)).toEqual([
      'The profiler reported an error: lost 3 events',
      'The profiler warned: be careful',
    ]);
    const { start, end } = model.columns();
    // 5 ns + 1500 ps = 6.5 ns; the origin is whole nanoseconds.
    expect(model.originUnixNs).toBe(6n);
    expect([start[0], end[0]]).toEqual([500, 2_000_501]);
    const names = [0, 1, 2].map((event) => model.detail(event)!.name);
    expect(names).toContain('far');
    const last = model.at(0, 0, 9_000_000 - 1000)!;
    expect(model.stats(last)).toEqual(
      new Map<string, unknown>([
        ['own', -5],
        ['step_num', 0xffff_ffff_ffff_ffffn],
        ['a value', 0.25],
      ]),
    );
    expect(model.detail(last)!.category).toBe('step');
    expect(model.stats(0)).toEqual(new Map([['own', 1]]));
  });

  it('takes the wall clock from profile_start_time, from absolute lines, or from unix_ns', async () => {
    const event = message(int(1, 1n), int(2, 0n), int(3, 7n));
    const environment = bytesField(
      1,
      message(
        text(2, 'Task Environment'),
        bytesField(5, message(int(1, 1n), bytesField(2, message(int(1, 1n), text(2, 'profile_start_time'))))),
        bytesField(6, message(int(1, 1n), int(3, 1_795_272_741_596_618_950n))),
      ),
    );
    const started = await openTrace([write('env.xplane.pb', space([event], [environment]))]);
    expect(started.originUnixNs).toBe(1_795_272_741_596_618_955n);
    const absolute = await openTrace([
      write('abs.xplane.pb', space([event], [], 1_795_272_741_000_000_001n)),
    ]);
    expect(absolute.originUnixNs).toBe(1_795_272_741_000_000_001n);
    expect(absolute.files[0]!.clock).toBe(true);
  });

  it('counts in nanoseconds beyond two hours, and stays exact', async () => {
    const day = 86_400n * 10n ** 12n;
    const model = await openTrace([
      write(
        'day.xplane.pb',
        space([
          message(int(1, 1n), int(2, 0n), int(3, 5n)),
          message(int(1, 1n), int(2, day + 1_999n), int(3, day)),
        ]),
      ),
    ]);
    expect(model.tickPs).toBe(1000);
    expect(model.columns().start[1]).toBe(86_400e9 + 1);
    expect(model.spanTicks).toBe(2 * 86_400e9 + 1);
  });

  it('reads what is left of a file that is cut anywhere, never less from more', async () => {
    const whole = readFileSync(xplaneFixture);
    let before = 0;
    for (let i = 1; i <= 50; i++) {
      const length = Math.floor((whole.length * i) / 51);
      const model = await openTrace([write('cut.xplane.pb', whole.subarray(0, length))]);
      expect(model.problems.length).toBeGreaterThan(0);
      expect(model.events).toBeGreaterThanOrEqual(before);
      before = model.events;
    }
    expect(before).toBeGreaterThan(1000);
  });
});
