import { describe, expect, it } from 'vitest';
import { Disposables, Emitter } from '../../../src/common/disposables';
import { UserError, describeProblem, errorText } from '../../../src/common/problem';

describe('Disposables', () => {
  it('disposes each item once, the last one first, and what comes late at once', () => {
    const gone: string[] = [];
    const item = (name: string) => ({ dispose: () => void gone.push(name) });
    const owned = new Disposables();
    owned.add(item('a'));
    expect(owned.add(item('b')).dispose).toBeTypeOf('function');
    expect(owned.disposed).toBe(false);
    owned.dispose();
    owned.dispose();
    expect(gone).toEqual(['b', 'a']);
    expect(owned.disposed).toBe(true);
    owned.add(item('late'));
    expect(gone).toEqual(['b', 'a', 'late']);
  });
});

describe('Emitter', () => {
  it('tells every listener that is there, also when one leaves meanwhile, and none after disposal', () => {
    const heard: string[] = [];
    const emitter = new Emitter<number>();
    const first = emitter.event((n) => {
      heard.push(`first ${n}`);
      first.dispose();
    });
    emitter.event((n) => heard.push(`second ${n}`));
    emitter.fire(1);
    emitter.fire(2);
    emitter.dispose();
    emitter.fire(3);
    expect(heard).toEqual(['first 1', 'second 1', 'second 2']);
  });
});

describe('problems', () => {
  it('says message and fix in one line', () => {
    expect(describeProblem({ message: 'It broke.' })).toBe('It broke.');
    expect(describeProblem({ message: 'It broke.', fix: 'Mend it.' })).toBe('It broke. Mend it.');
  });

  it('keeps fix and cause of an error, and the text of anything thrown', () => {
    const cause = new Error('deep');
    const error = new UserError('No.', { fix: 'Yes.', cause });
    expect([error.message, error.fix, error.cause]).toEqual(['No.', 'Yes.', cause]);
    expect(errorText(error)).toBe('No.');
    expect(errorText('words')).toBe('words');
  });
});
