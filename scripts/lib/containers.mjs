// What the container tests run against: engines of our own with images in them.
import { existsSync } from 'node:fs';
import { startDocker, startGpuDocker, startPodman } from './engines.mjs';
import { ensureImages, loadImages } from './images.mjs';
import { step } from './run.mjs';
import { ensureDebian, which } from './system.mjs';

const PROGRAMS = ['docker', 'dockerd', 'podman', 'docker-compose', 'mmdebstrap', 'ip', 'setpriv', 'unshare'];
/** catatonit is what Podman needs for --init; docker-compose what `devcontainer up` needs for several services. */
const DEBIAN_PACKAGES = [
  'docker.io',
  'iptables',
  'podman',
  'catatonit',
  'docker-compose',
  'mmdebstrap',
  'iproute2',
];
const WHY = 'The container tests start container engines of their own.';

/** The engines' programs, and the images. @returns {Promise<string>} the images' archive, for startContainers() */
export async function ensureContainers() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Error(`${WHY} That takes Linux and root; npm test -- --skip containers leaves them out.`);
  }
  if (existsSync('/usr/bin/dpkg-query')) {
    await step('container engines', () => ensureDebian(DEBIAN_PACKAGES, WHY));
  }
  const missing = PROGRAMS.filter((name) => !which(name));
  if (missing.length > 0) {
    throw new Error(`${WHY} Install what has ${missing.join(', ')} (Debian: ${DEBIAN_PACKAGES.join(' ')}).`);
  }
  return ensureImages();
}

/**
 * @typedef {object} Containers
 * @property {Record<string, string>} environment what the tests read
 * @property {() => Promise<void>} stop
 */

/**
 * @param {string} images of ensureContainers()
 * @returns {Promise<Containers>}
 */
export async function startContainers(images) {
  const started = await Promise.allSettled([startDocker(), startGpuDocker(), startPodman()]);
  const engines = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const stop = async () => {
    await Promise.all(engines.map((engine) => engine.stop()));
  };
  try {
    for (const result of started) if (result.status === 'rejected') throw result.reason;
    await Promise.all(engines.map((engine) => loadImages(engine, images)));
    const [docker, gpuDocker, podman] = engines;
    const environment = {
      PREDICTSCOPE_TEST_DOCKER: docker.host,
      PREDICTSCOPE_TEST_GPU_DOCKER: gpuDocker.host,
      PREDICTSCOPE_TEST_PODMAN: podman.host,
    };
    return { environment, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
