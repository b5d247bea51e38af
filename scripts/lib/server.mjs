// Starts the VS Code server of vscode.mjs on a free loopback port, with state of its own.
import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync, readdirSync, rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './run.mjs';

/** A quiet window that looks the same every time: no AI, no welcome, no gallery, no look-ups. */
const SETTINGS = {
  'chat.agentHost.enabled': false,
  'chat.disableAIFeatures': true,
  'editor.minimap.enabled': false,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': 'off',
  'extensions.ignoreRecommendations': true,
  'files.simpleDialog.enable': true,
  'git.enabled': false,
  'security.workspace.trust.startupPrompt': 'never',
  'telemetry.telemetryLevel': 'off',
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
};

/** Everything below the server inherits this, which is how stop() finds what it must end. */
const MARK = 'PREDICTSCOPE_SERVER_STATE';
const START_LIMIT_MS = 30_000;
const GRACE_MS = 3000;

/** @typedef {import('./server.d.mts').ServerOptions} ServerOptions */
/** @typedef {import('./server.d.mts').VsCodeServer} VsCodeServer */

/**
 * @param {ServerOptions} options
 * @returns {Promise<VsCodeServer>}
 */
export async function startServer(options) {
  const { sandbox } = options;
  const state = await mkdtemp(path.join(sandbox?.temporaryFolder ?? tmpdir(), 'predictscope-vscode-'));
  const extensions = sandbox?.extensionsFolder ?? path.join(state, 'extensions');
  await mkdir(extensions, { recursive: true });
  // A new extensions folder is scanned at the first start, so what is put in now counts as installed.
  for (const [index, folder] of (options.extensions ?? []).entries()) {
    await cp(folder, path.join(extensions, `installed-${index}`), {
      recursive: true,
      verbatimSymlinks: true,
    });
  }
  // Not through links inside of a folder: the host knows whose code calls it by the real path.
  if (options.linked) await symlink(options.linked, path.join(extensions, 'linked'));
  const folders = [
    ...['--server-data-dir', state],
    ...['--user-data-dir', path.join(state, 'data')],
    ...['--extensions-dir', extensions],
  ];
  const settings = settingsFiles(state);
  await settings.begin({ ...SETTINGS, ...options.settings });
  const env = { ...process.env, ...options.env, ...sandbox?.env, [MARK]: state };
  const [command = '', ...words] = [...(sandbox?.wrap ?? []), options.code, ...folders];
  await sandbox?.give(state);
  for (const file of options.vsix ?? []) {
    await run(command, [...words, '--install-extension', file], { env });
  }
  await sandbox?.seal();

  const port = options.port ?? (await freePort());
  const child = spawn(command, [...words, '--port', String(port), ...(options.args ?? [])], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // A terminal's Ctrl+C is ours to handle.
  });
  let failure = '';
  child.once('error', (error) => (failure = error.message));
  const log = createWriteStream(path.join(state, 'server.log'));
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });

  const end = () => {
    killMarked(state, 'SIGKILL');
    rmSync(state, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  process.once('exit', end);
  exitOnSignals();

  const address = `http://127.0.0.1:${port}`;
  const up = sandbox ? () => sandbox.answers(`${address}/version`) : () => answers(address);
  for (const limit = Date.now() + START_LIMIT_MS; !(await up()); await sleep(50)) {
    if (child.exitCode === null && failure === '' && Date.now() < limit) continue;
    const output = await readFile(path.join(state, 'server.log'), 'utf8').catch(() => '');
    throw new Error(`VS Code's server did not start on port ${port}. ${failure}\n${output}`);
  }

  /** @param {string} file */
  const uri = (file) => `vscode-remote://127.0.0.1:${port}${file}`;
  return {
    port,
    state,
    uri,
    url: ({ folder, payload = [] }) => {
      const query = new URLSearchParams(folder === undefined ? { ew: 'true' } : { folder });
      if (payload.length > 0) query.set('payload', JSON.stringify(payload));
      return `${address}/?${query.toString()}`;
    },
    changeSettings: (changes) => settings.change(changes),
    async stop() {
      process.off('exit', end);
      killMarked(state, 'SIGTERM');
      for (const limit = Date.now() + GRACE_MS; Date.now() < limit && marked(state).length > 0;)
        await sleep(50);
      end();
    },
  };
}

/**
 * The server keeps the user's settings on its side, but the window reads that file only once. It
 * watches the machine's settings, from which alone settings of machine scope count.
 *
 * @param {string} state
 */
function settingsFiles(state) {
  /** @type {Record<string, unknown>} */
  let machine = {};
  /** @param {string} scope @param {Record<string, unknown>} values */
  const write = async (scope, values) => {
    const folder = path.join(state, 'data', scope);
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'settings.json'), JSON.stringify(values, undefined, 2));
  };
  return {
    /** @param {Record<string, unknown>} values */
    async begin(values) {
      machine = Object.fromEntries(Object.entries(values).filter(([key]) => key.startsWith('predictscope.')));
      await Promise.all([write('User', values), write('Machine', machine)]);
    },
    /** @param {Record<string, unknown>} changes */
    async change(changes) {
      machine = { ...machine, ...changes };
      await write('Machine', machine);
    },
  };
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
      probe.close(() => done(port));
    });
  });
}

/** @param {string} address */
const answers = (address) =>
  fetch(`${address}/version`).then(
    (response) => response.ok,
    () => false,
  );

/**
 * Terminals are sessions of their own and runs may outlive their window, so neither the process
 * group nor the tree finds them all; what they inherited does.
 *
 * @param {string} state
 * @returns {number[]}
 */
function marked(state) {
  const wanted = `${MARK}=${state}\0`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(wanted);
      } catch {
        return false; // Ended meanwhile, or of another user.
      }
    })
    .map(Number);
}

/** @param {string} state @param {NodeJS.Signals} signal */
function killMarked(state, signal) {
  for (const pid of marked(state)) {
    try {
      process.kill(pid, signal);
    } catch {
      // Ended meanwhile.
    }
  }
}

let exiting = false;

/** Node ends without its exit handlers on these signals unless someone listens. */
function exitOnSignals() {
  if (exiting) return;
  exiting = true;
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
}
