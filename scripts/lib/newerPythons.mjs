// Pythons that are newer than the machine's, for the tests of each interpreter: Debian's own packages of its next
// release, laid out beside the C library that they are built for. Nothing of it is installed.
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cached } from './cache.mjs';
import { run, step } from './run.mjs';
import { debianMain, ensureDebian } from './system.mjs';

const VERSIONS = ['3.14', '3.15'];
const LIBRARIES = ['libc6', 'libexpat1', 'zlib1g', 'libffi8', 'libbz2-1.0', 'liblzma5', 'libssl3t64'];
LIBRARIES.push('libsqlite3-0', 'libuuid1', 'libzstd1');
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** @returns {Promise<string>} a folder for PATH, with python3.14 and python3.15 */
export async function ensureNewerPythons() {
  const packages = VERSIONS.map((version) => [
    `python${version}-minimal`,
    `libpython${version}-minimal`,
    `libpython${version}-stdlib`,
    ...LIBRARIES,
  ]);
  const folder = await cached(
    'pythons',
    JSON.stringify(packages),
    (target) =>
      step('Python 3.14 and 3.15', async () => {
        if (process.arch !== 'x64') throw new Error('Newer Pythons are only laid out for x86-64.');
        await ensureDebian(['patchelf'], 'Newer Pythons are taken from packages.');
        await download(target, [...new Set(packages.flat())]);
        await mkdir(path.join(target, 'bin'));
        for (const [i, version] of VERSIONS.entries()) await layOut(target, version, packages[i] ?? []);
        for (const file of await readdir(target)) {
          if (file.endsWith('.deb')) await rm(path.join(target, file));
        }
      }),
    { movable: false }, // the interpreters name the folder of their C library
  );
  return path.join(folder, 'bin');
}

/** @param {string} target @param {string[]} packages */
async function download(target, packages) {
  const lists = path.join(target, 'lists');
  await mkdir(path.join(lists, 'partial'), { recursive: true });
  const sources = path.join(target, 'sources.list');
  const [site] = (await debianMain()).split(' ');
  await writeFile(sources, `deb [signed-by=${KEYRING}] ${site} sid main\n`);
  const options = [
    `Dir::Etc::sourcelist=${sources}`,
    'Dir::Etc::sourceparts=-',
    `Dir::State::lists=${lists}`,
    `Dir::Cache::pkgcache=`,
    `Dir::Cache::srcpkgcache=`,
    'Acquire::Languages=none',
  ];
  const apt = options.flatMap((option) => ['-o', option]);
  await run('apt-get', [...apt, 'update', '-q'], { cwd: lists });
  await run('apt-get', [...apt, 'download', '-q', ...packages], { cwd: target });
  await rm(lists, { recursive: true });
}

/** @param {string} target @param {string} version @param {string[]} packages */
async function layOut(target, version, packages) {
  const root = path.join(target, version);
  for (const file of await readdir(target)) {
    if (!packages.some((name) => file.startsWith(`${name}_`))) continue;
    await run('dpkg-deb', ['-x', path.join(target, file), root]);
  }
  const libraries = path.join(root, 'usr/lib/x86_64-linux-gnu');
  const python = path.join(root, `usr/bin/python${version}`);
  const loader = path.join(libraries, 'ld-linux-x86-64.so.2');
  await run('patchelf', ['--set-interpreter', loader, '--force-rpath', '--set-rpath', libraries, python]);
  // The libraries of the standard library's modules are found by the program's own path.
  await run(python, ['-c', 'import ctypes, json, lzma, multiprocessing, sqlite3, ssl, zlib']);
  await symlink(python, path.join(target, 'bin', `python${version}`));
}
