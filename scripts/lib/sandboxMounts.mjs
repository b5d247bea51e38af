// Inside the namespaces of sandbox.mjs, as root: brings up the loopback, makes everything read-only but
// what is named, and keeps the namespaces alive until its standard input ends.
//   node sandboxMounts.mjs '{ "python", "accounts", "visible": [], "writable": [] }'
import { execFileSync } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** @type {{ python: string, accounts: string, visible: string[], writable: string[] }} */
const { python, accounts, visible, writable } = JSON.parse(process.argv[2] ?? '{}');

/** @param {string} command @param {string[]} args */
const call = (command, ...args) => execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });

// Not every system has iproute2. 0x8914 is SIOCSIFFLAGS, 65 is IFF_UP | IFF_RUNNING.
const LOOPBACK =
  'import fcntl, socket, struct; ' +
  'fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sH22x", b"lo", 65))';

/** The topmost folder above a file that other users may not enter. @param {string} file */
function closedFolder(file) {
  const parts = path.dirname(file).split(path.sep).filter(Boolean);
  return parts
    .map((_, index) => `/${parts.slice(0, index + 1).join('/')}`)
    .find((folder) => (statSync(folder).mode & 0o001) === 0);
}

/** Puts an open folder over a closed one (say /root), with only what is needed in it. */
function openClosedFolders() {
  /** @type {Map<string, string[]>} */
  const wanted = new Map();
  for (const folder of visible) {
    const closed = closedFolder(folder);
    if (closed !== undefined) wanted.set(closed, [...(wanted.get(closed) ?? []), folder]);
  }
  for (const [closed, folders] of wanted) {
    // What is covered stays within reach of an open file.
    const below = `/proc/${process.pid}/fd/${openSync(closed, 'r')}`;
    call('mount', '-t', 'tmpfs', '-o', 'mode=755,size=1m', 'none', closed);
    for (const folder of folders) {
      mkdirSync(folder, { recursive: true });
      call('mount', '--no-canonicalize', '--rbind', path.join(below, path.relative(closed, folder)), folder);
    }
  }
}

function makeReadOnly() {
  // Blanks in a mount point are written as octal numbers.
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) =>
      (line.split(' ')[4] ?? '').replaceAll(/\\([0-7]{3})/g, (_, code) =>
        String.fromCharCode(parseInt(code, 8)),
      ),
    );
  // /proc is the processes themselves, not a place to keep anything.
  const kept = (/** @type {string} */ point) =>
    writable.includes(point) || point === '/proc' || point.startsWith('/proc/');
  for (const point of new Set(points)) if (!kept(point)) call('mount', '-o', 'remount,bind,ro', point);
}

try {
  call(python, '-c', LOOPBACK);
  openClosedFolders();
  for (const folder of writable) call('mount', '--bind', folder, folder);
  call('mount', '--bind', accounts, '/etc/passwd');
  makeReadOnly();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
console.log('ready');
process.stdin.resume().once('end', () => process.exit());
