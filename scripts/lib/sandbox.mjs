// Processes that see no network but the loopback and may write nowhere but where they are told, as an
// ordinary user. Made with namespaces, which takes Linux and root.
import { execFile, spawn } from 'node:child_process';
import { chown, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { run } from './run.mjs';
import { which } from './system.mjs';

const MOUNTS = path.join(import.meta.dirname, 'sandboxMounts.mjs');
const TOOLS = ['unshare', 'nsenter', 'setpriv', 'mount'];
const ACCOUNT = 'predictscope';

/** @typedef {import('./sandbox.d.mts').SandboxOptions} SandboxOptions */
/** @typedef {import('./sandbox.d.mts').Sandbox} Sandbox */

/**
 * @param {SandboxOptions} options
 * @returns {Promise<Sandbox>}
 */
export async function openSandbox({ temporaryFolder, extensionsFolder, writable, visible, python }) {
  requireNamespaces();
  const accounts = await readFile('/etc/passwd', 'utf8');
  const id = freeId(accounts);
  const home = path.join(temporaryFolder, 'home');
  const scratch = path.join(temporaryFolder, 'tmp');
  await mkdir(home);
  await mkdir(scratch);
  const accountsFile = path.join(temporaryFolder, 'passwd');
  await writeFile(accountsFile, `${accounts.trimEnd()}\n${ACCOUNT}:x:${id}:${id}::${home}:/bin/sh\n`);
  const folders = [temporaryFolder, extensionsFolder, ...writable];
  for (const folder of folders) await give(folder, id);

  const holder = spawn(
    'unshare',
    [
      ...['--net', '--mount', '--propagation', 'private', process.execPath, MOUNTS],
      JSON.stringify({
        python,
        accounts: accountsFile,
        visible: [...visible, ...folders],
        writable: folders,
      }),
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  await ready(holder);
  const enter = ['nsenter', '--target', String(holder.pid), '--net', '--mount', '--'];
  const identity = ['--reuid', String(id), '--regid', String(id), '--clear-groups', '--no-new-privs'];
  const wrap = [...enter, 'setpriv', ...identity, '--inh-caps=-all', '--bounding-set=-all', '--'];
  const env = {
    HOME: home,
    TMPDIR: scratch,
    USER: ACCOUNT,
    LOGNAME: ACCOUNT,
    XDG_CACHE_HOME: undefined,
    XDG_CONFIG_HOME: undefined,
    XDG_DATA_HOME: undefined,
    XDG_RUNTIME_DIR: undefined,
  };
  const [first = '', ...rest] = wrap;
  return {
    wrap,
    env,
    user: id,
    temporaryFolder: scratch,
    extensionsFolder,
    give: (folder) => give(folder, id),
    seal: async () => {
      const [command = '', ...args] = enter;
      await run(command, [...args, 'mount', '-o', 'remount,bind,ro', extensionsFolder]);
    },
    // Through the network namespace only, so that our own Node does it wherever it lies.
    answers: (address) =>
      run('nsenter', [
        ...['--target', String(holder.pid), '--net', '--', process.execPath, '-e'],
        'fetch(process.argv[1]).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))',
        address,
      ]).then(
        () => true,
        () => false,
      ),
    async run(...words) {
      return promisify(execFile)(first, [...rest, ...words], {
        env: { ...process.env, ...env },
      }).then(
        ({ stdout }) => ({ code: 0, output: stdout }),
        (error) => ({ code: error.code, output: `${error.stdout}${error.stderr}` }),
      );
    },
    async close() {
      holder.stdin.end();
      await new Promise((done) => (holder.exitCode === null ? holder.once('exit', done) : done(undefined)));
    },
  };
}

function requireNamespaces() {
  const missing = TOOLS.filter((tool) => !which(tool));
  const reason =
    process.platform !== 'linux'
      ? `this is ${process.platform}`
      : process.getuid?.() !== 0
        ? 'this is not root'
        : missing.length > 0
          ? `${missing.join(', ')} of util-linux is missing`
          : '';
  if (reason)
    throw new Error(
      `Namespaces need Linux, root and util-linux, and ${reason}. --skip e2e leaves this test out.`,
    );
}

/** A user number that nobody has. @param {string} accounts content of /etc/passwd */
function freeId(accounts) {
  const taken = new Set(accounts.split('\n').map((line) => Number(line.split(':')[2])));
  let id = 1000;
  while (taken.has(id)) id++;
  return id;
}

/** @param {string} folder @param {number} id */
async function give(folder, id) {
  await chown(folder, id, id);
  for (const entry of await readdir(folder, { recursive: true }))
    await chown(path.join(folder, entry), id, id);
}

/** @param {import('node:child_process').ChildProcessWithoutNullStreams} holder */
function ready(holder) {
  let errors = '';
  holder.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
  return new Promise((done, fail) => {
    holder.stdout.setEncoding('utf8').once('data', done);
    holder.once('error', fail);
    holder.once('close', () =>
      fail(
        new Error(
          `This machine does not let root make namespaces. --skip e2e leaves this test out.\n${errors}`,
        ),
      ),
    );
  });
}
