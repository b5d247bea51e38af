import { expect, it } from 'vitest';
import { ownerIs, ownerText } from '../../../../src/targets/containers/keeper';

it('only what certainly nobody watches any more is called gone', () => {
  const label = ownerText();
  const changed = (at: number, to: string): string => label.split(' ').with(at, to).join(' ');
  expect(ownerIs(label)).toBe('alive');
  expect(ownerIs(changed(4, '1'))).toBe('gone'); // another process has its number by now
  expect(ownerIs(changed(1, 'an-earlier-boot'))).toBe('gone');
  // Who shares the engine is not to be judged from here, whatever its processes are called.
  expect(ownerIs(changed(0, 'another-machine'))).toBe('elsewhere');
  expect(ownerIs(changed(2, 'pid:[1]'))).toBe('elsewhere');
  expect(ownerIs('')).toBe('elsewhere');
});
