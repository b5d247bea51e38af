// Container engines of our own for the tests: two of Docker, one of Podman. Each lives in namespaces of its own
// (mounts, network, processes), so that it neither sees nor touches an engine of this machine: its bridge, its
// overlays and its containers are nobody else's, and the kernel takes them away with its first process.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inRoot } from './paths.mjs';
import { run } from './run.mjs';

/** Not tmpdir(): that may be memory, and images are gigabytes. */
const TEMPORARY = '/var/tmp';
/** Stands in front of the owner's process number. */
const MARK = 'predictscope-engine-';
const LOG = 'engine.log';
const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 15_000;

/**
 * Without /run of this machine no engine finds another one's containerd, locks or networks. The network that
 * containers get ends in here, too: nothing that a test does depends on what is outside.
 */
const SECLUDE = `
  mount -t tmpfs tmpfs /run
  mount -t tmpfs tmpfs /dev/shm
  ip link set lo up`;

/**
 * Stand-ins for the devices of GPUs that Docker passes by their names. In a /dev of this engine alone, because a
 * /dev/kfd of this machine would be taken for a real one. 106 is the group 'render' of the images.
 */
const STAND_IN_DEVICES = `
  mkdir "$FOLDER/dev"
  mount -t tmpfs tmpfs "$FOLDER/dev"
  for name in null zero full random urandom tty; do cp -a "/dev/$name" "$FOLDER/dev"; done
  ln -s /proc/self/fd "$FOLDER/dev/fd"
  mkdir "$FOLDER/dev/dri" "$FOLDER/dev/shm" "$FOLDER/dev/pts"
  for name in nvidia0 nvidiactl nvidia-uvm; do mknod -m 666 "$FOLDER/dev/$name" c 1 3; done
  for name in kfd dri/renderD128; do
    mknod -m 660 "$FOLDER/dev/$name" c 1 3
    chown 0:106 "$FOLDER/dev/$name"
  done
  mount --move "$FOLDER/dev" /dev`;

/**
 * @typedef {object} Engine
 * @property {string} host what DOCKER_HOST takes
 * @property {() => Promise<void>} halt ends it as its service manager would; what it stored stays
 * @property {() => Promise<void>} cut ends it and all its containers at once, as when their machine loses its power
 * @property {() => Promise<void>} resume starts it again after that
 * @property {(keep?: string) => Promise<void>} stop ends it and all its containers, and removes all that it stored, but
 *   for images that are to be kept in that folder
 *
 * @typedef {object} Kind
 * @property {string} name
 * @property {string} preparation shell commands in the engine's namespaces
 * @property {{ layers: string, records: string[] }} images where it stores them: files that nobody writes to any more,
 *   and folders about them
 * @property {(folder: string) => Promise<{ command: string[], env: NodeJS.ProcessEnv }>} launch
 */

/** @type {Kind} */
const DOCKER = {
  name: 'docker',
  preparation: SECLUDE,
  images: { layers: 'overlay2', records: ['image'] },
  launch: async (folder) => ({ command: dockerd(folder), env: {} }),
};

const STAND_INS = inRoot('test/containers/fake-gpu');

/** @type {Kind} */
const GPU_DOCKER = {
  ...DOCKER,
  name: 'gpu-docker',
  preparation: `${SECLUDE}${STAND_IN_DEVICES}`,
  launch: async (folder) => ({
    command: [
      ...dockerd(folder),
      ...['--add-runtime', `nvidia=${path.join(STAND_INS, 'nvidia-container-runtime')}`],
    ],
    // Docker looks for NVIDIA's hook on its PATH, and only then takes a request for a GPU.
    env: { PATH: `${STAND_INS}${path.delimiter}${process.env.PATH}` },
  }),
};

/**
 * Another system's root folder in place of this one's, and nobody can write to it. The socket, what is stored and what
 * tests mount are in the folders for temporary files.
 */
const OTHER_SYSTEM = `
  mount --bind "$SYSTEM" "$SYSTEM"
  for name in dev proc sys run tmp var/tmp; do mount --rbind "/$name" "$SYSTEM/$name"; done
  mount -o remount,bind,ro "$SYSTEM"
  cd "$SYSTEM"
  pivot_root . mnt
  cd /
  umount --lazy /mnt`;

/**
 * Docker of 25 and later knows CDI.
 *
 * @param {string} system
 * @returns {Kind}
 */
const CDI_DOCKER = (system) => ({
  ...DOCKER,
  name: 'cdi-docker',
  preparation: `${SECLUDE}${OTHER_SYSTEM}`,
  async launch(folder) {
    const specs = path.join(folder, 'cdi');
    await cp(path.join(STAND_INS, 'cdi'), specs, { recursive: true });
    const settings = { features: { cdi: true }, 'cdi-spec-dirs': [specs] };
    await writeFile(path.join(folder, 'daemon.json'), JSON.stringify(settings));
    return { command: dockerd(folder), env: { SYSTEM: system, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } };
  },
});

/** @type {Kind} */
const PODMAN = {
  name: 'podman',
  preparation: SECLUDE,
  images: { layers: 'overlay', records: ['overlay-images', 'overlay-layers'] },
  async launch(folder) {
    const settings = path.join(folder, 'containers.conf');
    // Its defaults ask for more processes and files than this machine may be allowed to give.
    await writeFile(
      settings,
      '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n' +
        `[network]\nnetwork_config_dir = "${path.join(folder, 'networks')}"\n`,
    );
    return {
      command: [
        // What is to be forgotten at its end is in /run, which is its own.
        ...['podman', '--root', path.join(folder, 'data')],
        ...['--cgroup-manager=cgroupfs', '--events-backend=file'],
        ...['system', 'service', '--time=0', `unix://${path.join(folder, 'engine.sock')}`],
      ],
      env: { CONTAINERS_CONF: settings },
    };
  },
};

/** @param {string} [images] a folder that an engine of its kind kept */
export const startDocker = (images) => start(DOCKER, images);

/**
 * Docker on a machine that has, as far as it can tell, GPUs: see test/containers/fake-gpu.
 *
 * @param {string} [images]
 */
export const startGpuDocker = (images) => start(GPU_DOCKER, images);

/**
 * A newer Docker that reads the stand-in of a CDI file in test/containers/fake-gpu/cdi.
 *
 * @param {string} system of ensureNewerDocker()
 * @param {string} [images] of an older one, which it takes over
 */
export const startCdiDocker = (system, images) => start(CDI_DOCKER(system), images);

/** @param {string} [images] */
export const startPodman = (images) => start(PODMAN, images);

/**
 * The `docker` command on one of the engines; on Podman too, which understands it.
 *
 * @param {Engine} engine
 * @param {...string} args
 */
export const docker = ({ host }, ...args) =>
  run('docker', ['--host', host, ...args], {
    // Nothing of the user's own settings; and the builder that needs no plugin and no registry.
    env: {
      DOCKER_CONFIG: path.join(path.dirname(host.slice('unix://'.length)), 'client'),
      DOCKER_BUILDKIT: '0',
    },
  });

/** @param {string} folder */
const dockerd = (folder) => [
  ...['dockerd', '--config-file', path.join(folder, 'daemon.json')],
  ...['--data-root', path.join(folder, 'data'), '--exec-root', path.join(folder, 'exec')],
  ...['--pidfile', path.join(folder, 'engine.pid'), '--host', `unix://${path.join(folder, 'engine.sock')}`],
  // systemd would be told the numbers that processes have in here.
  ...['--exec-opt', 'native.cgroupdriver=cgroupfs', '--shutdown-timeout', '1'],
];

/**
 * @param {Kind} kind
 * @param {string | undefined} images
 * @returns {Promise<Engine>}
 */
async function start(kind, images) {
  await removeAbandoned();
  const folder = await mkdtemp(path.join(TEMPORARY, `${MARK}${process.pid}-${kind.name}-`));
  const completely = { recursive: true, force: true, maxRetries: 20, retryDelay: 100 };
  let program = await furnish(kind, folder, images)
    .then(() => secluded(kind, folder))
    .catch(async (error) => {
      await rm(folder, completely);
      throw error;
    });
  const end = () => {
    void program.kill();
    rmSync(folder, completely);
  };
  process.once('exit', end);
  const socket = path.join(folder, 'engine.sock');
  /** @type {Promise<void> | undefined} */
  let stopping;
  /** @type {Engine} */
  const engine = {
    host: `unix://${socket}`,
    halt: () => program.terminate(),
    cut: async () => {
      await program.kill();
      // What lies in /run and would not be there after a start.
      for (const name of ['exec', 'engine.pid', 'engine.sock'])
        await rm(path.join(folder, name), { recursive: true, force: true });
    },
    resume: async () => {
      program = await secluded(kind, folder);
      await answering();
    },
    stop: (keep) =>
      (stopping ??= (async () => {
        if (!program.over()) {
          await removeContainers(engine).catch(() => undefined); // They go anyhow, but then leave control groups.
          await program.terminate();
        }
        if (keep) await copyImages(kind, path.join(folder, 'data'), keep);
        await rm(folder, completely);
        process.off('exit', end);
        running.delete(engine);
      })()),
  };
  running.add(engine);
  stopOnSignals();

  const answering = async () => {
    for (const limit = Date.now() + START_LIMIT_MS; !(await answers(socket)); await sleep(50)) {
      if (!program.over() && Date.now() < limit) continue;
      const output = await readFile(path.join(folder, LOG), 'utf8').catch(() => '');
      await engine.stop();
      throw new Error(
        `The test engine ${kind.name} did not start.\n${output.trim().split('\n').slice(-15).join('\n')}`,
      );
    }
  };
  await answering();
  return engine;
}

/**
 * What it finds in its folder at its first start.
 *
 * @param {Kind} kind
 * @param {string} folder
 * @param {string | undefined} images
 */
async function furnish(kind, folder, images) {
  await mkdir(path.join(folder, 'client'));
  await writeFile(path.join(folder, 'daemon.json'), '{}\n');
  if (images) await copyImages(kind, images, path.join(folder, 'data'));
}

/**
 * The engine's process, in its namespaces.
 *
 * @param {Kind} kind
 * @param {string} folder
 */
async function secluded(kind, folder) {
  const { command, env } = await kind.launch(folder);
  const log = openSync(path.join(folder, LOG), 'a');
  // Should we be killed: this kills unshare, which kills the first process of the namespace and so all in it.
  const words = ['--pdeathsig', 'KILL', 'unshare', '--mount', '--net', '--pid', '--fork', '--kill-child'];
  const child = spawn(
    'setpriv',
    [...words, '--mount-proc', 'sh', '-ec', `${kind.preparation}\n  exec "$@"`, 'sh', ...command],
    {
      env: { ...process.env, ...env, FOLDER: folder },
      stdio: ['ignore', log, log],
      detached: true, // A terminal's Ctrl+C is ours to handle.
    },
  );
  let ended = false;
  const gone = new Promise((/** @type {(value?: unknown) => void} */ done) => {
    child.once('exit', done);
    child.once('error', (error) => {
      writeFileSync(path.join(folder, LOG), error.message);
      done();
    });
  }).then(() => (ended = true));
  closeSync(log);
  return {
    over: () => ended,
    kill() {
      child.kill('SIGKILL');
      return gone;
    },
    async terminate() {
      terminateFirstBelow(child.pid);
      await Promise.race([gone, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/**
 * Layers are never written to again, so a second name for each file is as good as a copy, and takes no time.
 *
 * @param {Kind} kind
 * @param {string} from
 * @param {string} to
 */
async function copyImages({ images: { layers, records } }, from, to) {
  await mkdir(to, { recursive: true });
  await run('cp', ['--archive', ...records.map((name) => path.join(from, name)), to]);
  const source = path.join(from, layers);
  await run('cp', ['--archive', '--link', source, to]).catch(async () => {
    await rm(path.join(to, layers), { recursive: true, force: true }); // Another file system.
    await run('cp', ['--archive', source, to]);
  });
}

/** Folders of engines that the kernel ended because their owner was killed. */
async function removeAbandoned() {
  for (const entry of await readdir(TEMPORARY)) {
    const owner = entry.startsWith(MARK) ? Number.parseInt(entry.slice(MARK.length), 10) : 0;
    if (owner > 0 && !existsSync(`/proc/${owner}`)) {
      await rm(path.join(TEMPORARY, entry), { recursive: true, force: true, maxRetries: 5 });
    }
  }
}

/** @param {Engine} engine */
async function removeContainers(engine) {
  /** @param {...string} options */
  const ids = async (...options) =>
    (await docker(engine, 'ps', '--quiet', ...options)).split('\n').filter(Boolean);
  // Podman's rm would first ask them to end, for ten seconds each.
  const living = await ids();
  if (living.length > 0) await docker(engine, 'kill', ...living).catch(() => undefined);
  const all = await ids('--all');
  if (all.length > 0) await docker(engine, 'rm', '--force', ...all);
}

/**
 * unshare itself lets the signal pass by; its child is the engine.
 *
 * @param {number | undefined} pid
 */
function terminateFirstBelow(pid) {
  try {
    const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0]);
    if (child > 0) process.kill(child, 'SIGTERM');
  } catch {
    // Ended meanwhile.
  }
}

/** @param {string} socketPath @returns {Promise<boolean>} */
function answers(socketPath) {
  return new Promise((done) => {
    const asked = request({ socketPath, path: '/_ping', timeout: 2000 }, (response) => {
      response.resume();
      done(response.statusCode === 200);
    });
    asked.once('error', () => done(false));
    asked.once('timeout', () => asked.destroy());
    asked.end();
  });
}

/** @type {Set<Engine>} */
const running = new Set();
let listening = false;

/** Node ends without its exit handlers on these signals unless someone listens. */
function stopOnSignals() {
  if (listening) return;
  listening = true;
  for (const [signal, number] of /** @type {const} */ ([
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ])) {
    process.on(signal, () => {
      void Promise.allSettled([...running].map((engine) => engine.stop())).then(() =>
        process.exit(128 + number),
      );
    });
  }
}
