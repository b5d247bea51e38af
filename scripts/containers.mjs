// node scripts/containers.mjs: the engines of the container tests, until Ctrl+C. Prints what the tests read, so that
// they can be run one by one meanwhile:
//   PREDICTSCOPE_TEST_DOCKER=… npx vitest run --config test/containers/vitest.config.mjs -t NAME
import { ensureContainers, startContainers } from './lib/containers.mjs';
import { ensureKeras } from './lib/images.mjs';
import { ensureVenv } from './lib/python.mjs';
import { step } from './lib/run.mjs';

try {
  const [images, python] = await Promise.all([ensureContainers(), ensureVenv({ frameworks: true })]);
  const keras = await ensureKeras(python);
  const { environment } = await step('container engines with images', () => startContainers(images, keras));
  for (const [name, value] of Object.entries(environment)) console.log(`${name}=${value}`);
  setInterval(() => undefined, 2 ** 30); // The engines' own handlers end us.
} catch (error) {
  console.error(`\n${/** @type {Error} */ (error).message}`);
  process.exitCode = 1;
}
