// A Python that is linked with musl, as Alpine's is: no registry is asked for an image, so Debian's source is built
// with Debian's musl-gcc. About two minutes on two cores, once.
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cached } from './cache.mjs';
import { run, step } from './run.mjs';
import { debianMain, ensureDebian } from './system.mjs';

/** What needs libraries that are there for glibc only. The recorder needs none of them. */
const WITHOUT =
  '_ctypes _ssl _hashlib zlib _bz2 _lzma _uuid _crypt nis _curses _curses_panel _sqlite3 readline _gdbm _dbm _tkinter spwd ossaudiodev';

/** Debian names its own triplet, musl or not, and Python's configure does not believe it. */
const COMPILER = `#!/bin/sh
case "$*" in *--print-multiarch*) echo "$(uname -m)-linux-musl";; *) exec musl-gcc "$@";; esac
`;

const BUILD = `
  cd source
  CC=../compiler ./configure --prefix=/opt/musl-python --without-ensurepip --disable-test-modules
  # Shared modules would be looked for and linked as glibc's are.
  sed -E 's/^\\*(shared|static)\\*|^@MODULE_BUILDTYPE@/*static*/; /^(_test|_ctypes_test|xx|_xxtestfuzz)/d' Modules/Setup.stdlib > Modules/Setup.local
  for name in ${WITHOUT}; do sed -i -E "/^$name /d" Modules/Setup.local; done
  sed -i -E 's/^binascii .*/binascii binascii.c -UUSE_ZLIB_CRC32/' Modules/Setup.local
  printf '\\n*disabled*\\n${WITHOUT}\\n' >> Modules/Setup.local
  make -j2
  make install DESTDIR="$PWD/../image"
  mkdir -p ../image/lib
  cp -L /lib/ld-musl-*.so.1 ../image/lib
  cd .. && rm -rf source lists sources.list python3.11_*`;

/** @returns {Promise<string>} a folder that is laid over an image: /opt/musl-python and musl itself */
export async function ensureMuslPython() {
  const folder = await cached('container-musl', BUILD + COMPILER, (target) =>
    step('a Python with musl', async () => {
      await ensureDebian(['musl-tools', 'gcc', 'make'], 'A Python for containers with musl is built.');
      await fetchSource(target);
      await writeFile(path.join(target, 'compiler'), COMPILER, { mode: 0o755 });
      await run('sh', ['-e', '-c', BUILD], { cwd: target });
    }),
  );
  return path.join(folder, 'image');
}

/** Debian's source of the Python that the images have, by a list of its own. @param {string} target */
async function fetchSource(target) {
  const lists = path.join(target, 'lists');
  await mkdir(path.join(lists, 'partial'), { recursive: true });
  const sources = path.join(target, 'sources.list'); // apt clears the other folder
  await writeFile(sources, `deb-src ${await debianMain()} main\n`);
  const options = [
    `Dir::Etc::sourcelist=${sources}`,
    'Dir::Etc::sourceparts=-',
    `Dir::State::lists=${lists}`,
  ];
  const apt = options.flatMap((option) => ['-o', option]);
  await run('apt-get', [...apt, 'update', '-q'], { cwd: lists });
  await run('apt-get', [...apt, 'source', '--download-only', 'python3.11'], { cwd: target });
  const archive = (await readdir(target)).find((name) => /\.orig\.tar\.\w+$/.test(name));
  if (!archive) throw new Error('apt-get source brought no archive of Python.');
  await mkdir(path.join(target, 'source'));
  await run('tar', [
    '-xf',
    path.join(target, archive),
    '-C',
    path.join(target, 'source'),
    '--strip-components=1',
  ]);
}

/** The image's Dockerfile beside its files, for `docker build`. @param {string} image of ensureMuslPython() */
export async function muslContext(image) {
  await copyFile(
    new URL('../../test/containers/images/musl/Dockerfile', import.meta.url),
    path.join(image, 'Dockerfile'),
  );
  return image;
}
