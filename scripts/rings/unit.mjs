// vitest over test/unit and test/fuzz.
import { testEnvironment } from './ring.mjs';
import { runVitest } from './vitest.mjs';

/** @type {import('./ring.mjs').Ring} */
export const unit = {
  name: 'unit',
  needs: ['build', 'python'],
  wants: ['pythons'],
  run: (prepared) => runVitest({ ring: 'unit', env: testEnvironment(prepared), grep: prepared.grep }),
};
