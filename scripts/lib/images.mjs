// The images of the container tests, made without a registry: Debian's packages, Python packages from the package
// index, and Dockerfiles that build on nothing but those (test/containers/images). What takes long is kept in the
// cache folder, in the end as the engines themselves store it.
import { createHash } from 'node:crypto';
import { readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { cached } from './cache.mjs';
import { docker, startDocker, startPodman } from './engines.mjs';
import { inRoot } from './paths.mjs';
import { findPython, interpreterOf } from './python.mjs';
import { run, step } from './run.mjs';
import { ensureDebian } from './system.mjs';

const SOURCES = inRoot('test/containers/images');
const PACKAGES = '/usr/local/lib/python3.11/dist-packages';
const TORCH_INDEX = 'https://download.pytorch.org/whl/cpu';

/** Each after what it builds on. */
const BUILT = ['bare', 'spliceai', 'torch', 'app', 'swallow', 'ntdemo'];

/**
 * `extract` only unpacks: no maintainer script runs, which takes a fifth of the time and leaves to us what they
 * would have made.
 */
const ROOT_FILES = `
  printf 'root:x:0:0:root:/root:/bin/bash\\nuser:x:1000:1000::/home/user:/bin/bash\\n' > "$1/etc/passwd"
  printf 'root:x:0:\\nvideo:x:44:\\nrender:x:106:\\nuser:x:1000:\\n' > "$1/etc/group"
  mkdir -p "$1/home/user" "$1/usr/local/bin" "$1${PACKAGES}"
  chown 1000:1000 "$1/home/user"
  ln -sf dash "$1/bin/sh"
  ln -sf python3 "$1/usr/bin/python"
  rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*`;
const DEBIAN = [
  ...['--quiet', '--format=tar', '--variant=extract', '--aptopt=Acquire::Languages "none"'],
  ...['doc', 'man', 'locale'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
  '--include=base-files,bash,coreutils,dash,findutils,grep,gzip,libgomp1,libstdc++6,procps,python3,sed,tar',
  `--extract-hook=${ROOT_FILES}`,
  'bookworm',
];
const CONFIGURATION = ['ENV LANG=C.UTF-8', 'ENV PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin'];

/** @returns {Promise<string>} a folder with what `docker` and `podman` are to start with */
export async function ensureImages() {
  const sources = await Promise.all(
    (await readdir(SOURCES, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.pyc'))
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort()
      .map(async (file) => `${path.relative(SOURCES, file)} ${hash(await readFile(file))}`),
  );
  // What an engine stored is for none of another age.
  const versions = [await run('dockerd', ['--version']), await run('podman', ['--version'])];
  const key = JSON.stringify(['stored', DEBIAN, CONFIGURATION, BUILT, versions, sources], undefined, 1);
  return cached('container-images', key, async (target) => {
    const [debian, torch] = await Promise.all([debianPackages(), torchPackages()]);
    await step('container images: build', () => build(debian, torch, target));
  });
}

/**
 * @param {string} debian archive of the root folder
 * @param {string} torch archive of the Python packages
 * @param {string} target
 */
async function build(debian, torch, target) {
  const archive = path.join(target, 'images.tar');
  const engine = await startDocker();
  try {
    const changes = CONFIGURATION.flatMap((change) => ['--change', change]);
    await docker(engine, 'import', ...changes, '--change', 'CMD ["python3"]', debian, tag('python'));
    // What is copied must lie in the context, the Dockerfile itself need not.
    /** @type {Record<string, string>} */
    const contexts = { torch: path.dirname(torch) };
    for (const name of BUILT) {
      const source = path.join(SOURCES, name);
      const context = contexts[name] ?? source;
      await docker(engine, 'build', '--tag', tag(name), '--file', path.join(source, 'Dockerfile'), context);
    }
    await docker(engine, 'save', '--output', archive, ...['python', ...BUILT].map(tag));
    await engine.stop(path.join(target, 'docker'));
  } finally {
    await engine.stop();
  }
  const podman = await startPodman();
  try {
    await docker(podman, 'load', '--input', archive);
    await podman.stop(path.join(target, 'podman'));
  } finally {
    await podman.stop();
  }
  await rm(archive);
}

/** @param {string} name */
const tag = (name) => `predictscope-test/${name}`;

/** A root folder of Debian 12 with Python 3.11. @returns {Promise<string>} its archive */
async function debianPackages() {
  const folder = await cached('container-debian', DEBIAN.join('\n'), (target) =>
    step('container images: Debian', () =>
      run('mmdebstrap', [...DEBIAN, path.join(target, 'root.tar')]).then(() => undefined),
    ),
  );
  return path.join(folder, 'root.tar');
}

/**
 * The Docker of Debian 13 in a root folder of its own.
 *
 * @returns {Promise<string>} the folder, for startCdiDocker()
 */
export async function ensureNewerDocker() {
  const included = 'base-files,coreutils,dash,docker.io,iptables,iproute2,kmod,mount,tini,util-linux';
  const files = `
    ln -sf dash "$1/bin/sh"
    for name in iptables ip6tables; do ln -sf "$name-nft" "$1/usr/sbin/$name"; done
    mkdir -p "$1/mnt" "$1/var/tmp"
    printf 'root:x:0:0:root:/root:/bin/sh\\n' > "$1/etc/passwd"
    printf 'root:x:0:\\ndocker:x:101:\\n' > "$1/etc/group"
    rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*`;
  const options = [
    ...['--quiet', '--format=directory', '--variant=extract', '--aptopt=Acquire::Languages "none"'],
    ...['doc', 'man', 'locale'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
    ...[`--include=${included}`, `--extract-hook=${files}`, 'trixie'],
  ];
  const folder = await cached('container-trixie', options.join('\n'), (target) =>
    step('a newer Docker', () =>
      run('mmdebstrap', [...options, path.join(target, 'root')]).then(() => undefined),
    ),
  );
  return path.join(folder, 'root');
}

/** @returns {Promise<string>} an archive of PyTorch and what it needs, where Debian's Python looks for it */
async function torchPackages() {
  const requirements = path.join(SOURCES, 'torch/requirements.txt');
  const folder = await cached('container-torch', await readFile(requirements, 'utf8'), (target) =>
    step('container images: PyTorch', async () => {
      const site = path.join(target, 'site');
      await installFor311(site, ['--requirement', requirements], target);
      // A fifth of it are headers and tests.
      for (const name of ['include', 'test'])
        await rm(path.join(site, 'torch', name), { recursive: true, force: true });
      await run('tar', [
        ...['--create', '--file', path.join(target, 'site.tar'), '--owner=0', '--group=0'],
        ...['--transform', `s,^\\.,.${PACKAGES},`, '--directory', site, '.'],
      ]);
      await rm(site, { recursive: true });
    }),
  );
  return path.join(folder, 'site.tar');
}

/**
 * A folder with TensorFlow and Keras for the Python of the images, to be mounted: as an image they would take longer
 * than all others together.
 *
 * @param {string} python interpreter of ensureVenv(), which has them too
 */
export async function ensureKeras(python) {
  const question = 'import sys, sysconfig; print(sys.version_info[1], sysconfig.get_paths()["purelib"])';
  const [minor, folder] = (await run(python, ['-c', question])).trim().split(/ (.*)/s);
  if (minor === '11') return folder;
  const requirements = inRoot('test/python/requirements.txt');
  return cached('container-keras', await readFile(requirements, 'utf8'), (target) =>
    step('container images: TensorFlow', () =>
      installFor311(target, ['--requirement', requirements], target),
    ),
  );
}

/**
 * Whatever Python we have here, what it puts there is for 3.11.
 *
 * @param {string} site
 * @param {string[]} what
 * @param {string} scratch
 */
async function installFor311(site, what, scratch) {
  const python = await findPython();
  if (!python.canMakeVenv) {
    await ensureDebian(['python3-venv'], `${python.executable} cannot make virtual environments.`);
  }
  const venv = path.join(scratch, 'venv');
  await run(python.executable, ['-m', 'venv', venv]);
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const options = [
    ...['--no-deps', '--disable-pip-version-check', '--only-binary=:all:', '--target', site],
    ...['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311', '--abi', 'none'],
    ...['_2_28', '_2_27', '_2_17', '2014'].flatMap((version) => [
      '--platform',
      `manylinux${version}_${machine}`,
    ]),
  ];
  const install = (/** @type {string[]} */ ...more) =>
    run(interpreterOf(venv), ['-m', 'pip', 'install', ...options, ...more, ...what]);
  await install().catch(() => install('--extra-index-url', TORCH_INDEX));
  await rm(venv, { recursive: true });
}

/** @param {Buffer} content */
const hash = (content) => createHash('sha256').update(content).digest('hex');
