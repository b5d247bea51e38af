import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/common/problem';
import { openTrace } from '../../../src/trace/engine';
import { random, scratch, torchFixtures, xplaneFixture } from './helpers';

const { write } = scratch();

describe('random damage', () => {
  it.each([
    ['xplane', xplaneFixture, 300],
    ['torch 2.4', torchFixtures[2]!, 300],
    ['torch 1.8', torchFixtures[0]!, 100],
  ])(
    'of a %s file never hangs and never throws anything but a sentence',
    async (_name, file, rounds) => {
      const whole = readFileSync(file);
      const next = random(42);
      for (let round = 0; round < rounds; round++) {
        const bytes = Uint8Array.from(whole);
        for (let flips = 1 + Math.floor(next() * 8); flips > 0; flips--) {
          bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
        }
        const before = performance.now();
        try {
          const model = await openTrace([write('damaged', bytes)]);
          model.select(0, model.spanTicks, []);
          for (let event = 0; event < model.events; event += 97) model.detail(event);
          const rows = model.tracks.slice(0, 20).map(({ index }) => ({ track: index, depth: 0 }));
          model.tiles({ t0: 0, t1: model.spanTicks, pixels: 500, rows });
          expect(Number.isFinite(model.spanTicks)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
        expect(performance.now() - before).toBeLessThan(5000);
      }
    },
    120_000,
  );

  it('of brackets and quotes without end stays linear', async () => {
    const depth = await openTrace([write('deep.json', '[' + '{"ph":['.repeat(100_000))]);
    expect(depth.events).toBe(0);
    const quotes = await openTrace([
      write('quotes.json', '[' + '{"ph":"X","name":"a"b"},'.repeat(50_000) + ']'),
    ]);
    expect(quotes.events).toBe(0);
    expect(quotes.problems[0]!.message).toContain('50000 damaged');
  });
});
