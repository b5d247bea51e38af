// What the container tests run against: engines of our own with images in them.
import path from 'node:path';
import { startCdiDocker, startDocker, startGpuDocker, startPodman } from './engines.mjs';
import { ensureImages } from './images.mjs';
import { step } from './run.mjs';
import { ensureDebian, MissingSystemPackage, which } from './system.mjs';

/**
 * Program → package of Debian. Only what is not there is installed: the package docker.io would put out another Docker.
 * catatonit is what Podman takes for --init; docker-compose what `devcontainer up` takes for several services.
 */
const PROGRAMS = {
  docker: 'docker.io',
  dockerd: 'docker.io',
  iptables: 'iptables',
  podman: 'podman',
  catatonit: 'catatonit',
  'docker-compose': 'docker-compose',
  mmdebstrap: 'mmdebstrap',
  ip: 'iproute2',
};
const WHY = 'The container tests start container engines of their own.';

/** The engines' programs, and the images. @returns {Promise<string>} the images' folder, for startContainers() */
export async function ensureContainers() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Error(`${WHY} That takes Linux and root; npm test -- --skip containers leaves them out.`);
  }
  const missing = Object.entries(PROGRAMS).filter(([program]) => !which(program));
  const packages = [...new Set(missing.map(([, name]) => name))];
  if (missing.length > 0 && !which('dpkg-query')) {
    const programs = missing.map(([program]) => program).join(', ');
    throw new MissingSystemPackage(
      `${WHY} There is no ${programs} on PATH.`,
      `your system's package manager (Debian: ${packages.join(' ')})`,
    );
  }
  await step('container engines', () => ensureDebian(packages, WHY));
  return ensureImages();
}

/**
 * @typedef {object} Containers
 * @property {Record<string, string>} environment what the tests read
 * @property {() => Promise<void>} stop
 */

/**
 * @param {string} images of ensureContainers()
 * @param {string} keras of ensureKeras()
 * @param {string} [newer] of ensureNewerDocker()
 * @returns {Promise<Containers>}
 */
export async function startContainers(images, keras, newer) {
  const started = await Promise.allSettled([
    startDocker(path.join(images, 'docker')),
    startGpuDocker(path.join(images, 'docker')),
    startPodman(path.join(images, 'podman')),
    ...(newer ? [startCdiDocker(newer, path.join(images, 'docker'))] : []),
  ]);
  const engines = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const stop = async () => {
    await Promise.all(engines.map((engine) => engine.stop()));
  };
  try {
    for (const result of started) if (result.status === 'rejected') throw result.reason;
    const [docker, gpuDocker, podman, cdiDocker] = engines;
    const environment = {
      PREDICTSCOPE_TEST_DOCKER: docker.host,
      PREDICTSCOPE_TEST_GPU_DOCKER: gpuDocker.host,
      PREDICTSCOPE_TEST_PODMAN: podman.host,
      ...(cdiDocker ? { PREDICTSCOPE_TEST_CDI_DOCKER: cdiDocker.host } : {}),
      PREDICTSCOPE_TEST_KERAS: keras,
      // For engines that a test starts itself.
      PREDICTSCOPE_TEST_IMAGES: path.join(images, 'docker'),
    };
    return { environment, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
