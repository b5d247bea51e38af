import { describe, expect, it } from 'vitest';
import { Guard } from '../../../src/sites/guard';
import { highest } from '../../../src/sites/highest';

describe('the guard', () => {
  it('lets nothing be asked for while it is being asked for', () => {
    const guard = new Guard();
    const key = {};
    expect(guard.run(key, () => guard.run(key, () => 1) ?? 'cut')).toBe('cut');
    expect(guard.cuts).toBe(1);
    expect(guard.run(key, () => 2)).toBe(2);
  });

  it('ends what goes too deep, and what takes too long until the next question', () => {
    const guard = new Guard(3);
    const deep = (level: number): number => guard.run({}, () => deep(level + 1)) ?? level;
    expect(deep(0)).toBe(3);
    expect(guard.run({}, () => 1)).toBeUndefined();
    guard.begin();
    expect(guard.run({}, () => 1)).toBe(1);
    expect(new Guard().run({}, () => 'a')).toBe('a');
  });

  it('forgets what it runs when that throws', () => {
    const guard = new Guard();
    const key = {};
    const fail = (): never => {
      throw new Error('broken');
    };
    expect(() => guard.run(key, fail)).toThrow('broken');
    expect(guard.run(key, () => 1)).toBe(1);
  });
});

it('the highest is the first of equals', () => {
  const values = [undefined, { rank: 1, name: 'a' }, { rank: 2, name: 'b' }, { rank: 2, name: 'c' }];
  expect(highest(values, ({ rank }) => rank)?.name).toBe('b');
  expect(highest([], () => 1)).toBeUndefined();
});
