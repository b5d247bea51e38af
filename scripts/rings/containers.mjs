// vitest over test/containers, with container engines of our own that live as long as it runs.
import { startContainers } from '../lib/containers.mjs';
import { ensureKeras, ensureNewerDocker } from '../lib/images.mjs';
import { ensureMuslPython, muslContext } from '../lib/muslPython.mjs';
import { step } from '../lib/run.mjs';
import { testEnvironment } from './ring.mjs';
import { runVitest } from './vitest.mjs';

/** @type {import('./ring.mjs').Ring} */
export const containers = {
  name: 'containers',
  needs: ['build', 'python', 'containers'],
  async run(prepared) {
    const keras = await ensureKeras(prepared.python);
    const newer = prepared.full ? await ensureNewerDocker() : undefined;
    const musl = prepared.full ? { PREDICTSCOPE_TEST_MUSL: await muslContext(await ensureMuslPython()) } : {};
    const { environment, stop } = await step('container engines with images', () =>
      startContainers(prepared.containers, keras, newer),
    );
    try {
      return await runVitest({
        ring: 'containers',
        env: { ...testEnvironment(prepared), ...environment, ...musl },
        grep: prepared.grep,
        config: 'test/containers/vitest.config.mjs',
      });
    } finally {
      await step('end of the container engines', stop);
    }
  },
};
