// A real VS Code for tests and for machines without a desktop: the server inside code-server's npm
// package, without code-server's own wrapper and without compiling anything.
//  - lib/vscode/out/server-main.js is a whole server, and only it takes --enable-smoke-test-driver.
//  - code-server's install scripts would compile sqlite3, kerberos, spdlog and more for minutes. What
//    the server imports to run is a few packages; those with native parts that it cannot do without
//    carry binaries, and three small ones have JavaScript twins in scripts/stubs.
import { chmod, cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cached } from './cache.mjs';
import { npm } from './npm.mjs';
import { inRoot } from './paths.mjs';
import { run, step } from './run.mjs';

const CODE_SERVER = '4.139.1';
/** VS Code 1.139 wants Node 24. The platform's npm package of Node is the bare binary, no script. */
const NODE = '24.21.0';
/** Raise when the recipe below changes. */
const RECIPE = 1;

const QUIET = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];

/** Built-in extensions that cost start-up time and 90 MB, and that nothing here uses. */
const UNUSED_EXTENSIONS = [
  'copilot',
  'emmet',
  'github',
  'github-authentication',
  'grunt',
  'gulp',
  'jake',
  'mermaid-markdown-features',
  'microsoft-authentication',
  'ms-vscode.js-debug',
  'ms-vscode.js-debug-companion',
  'ms-vscode.vscode-js-profile-table',
  'npm',
  'php-language-features',
  'tunnel-forwarding',
];

/** What the server imports, at the versions of VS Code's own shrinkwrap. */
const PACKAGES = [
  ...['cookie', 'minimist', 'ws', 'yauzl', 'yazl', 'jschardet', 'tas-client', 'node-pty'],
  ...['http-proxy-agent', 'https-proxy-agent', '@vscode/proxy-agent', '@vscode/deviceid'],
  ...['@parcel/watcher', `@parcel/watcher-linux-${process.arch}-glibc`],
  ...['@vscode/ripgrep-universal', '@vscode/iconv-lite-umd', '@vscode/tree-sitter-wasm'],
  ...['@vscode/vscode-languagedetection', '@microsoft/1ds-core-js', '@microsoft/1ds-post-js'],
  ...['vscode-regexpp', 'vscode-oniguruma', 'vscode-textmate'],
  ...['headless', 'xterm'].map((name) => `@xterm/${name}`),
  ...['clipboard', 'image', 'ligatures', 'progress', 'search', 'serialize', 'unicode11', 'webgl'].map(
    (name) => `@xterm/addon-${name}`,
  ),
];

/** @returns {Promise<string>} the launcher of the server, in the user's cache */
export async function ensureVsCode() {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    throw new Error(
      `The bundled VS Code server runs on Linux (x64, arm64); this is ${process.platform} ${process.arch}. ` +
        'Install VS Code with its "code" command on PATH to use npm start.',
    );
  }
  const key = `code-server ${CODE_SERVER}, node ${NODE} ${process.arch}, recipe ${RECIPE}`;
  const folder = await cached('vscode', key, (target) => step('VS Code server', () => install(target)));
  return path.join(folder, 'code');
}

/** @param {string} folder */
async function install(folder) {
  await npm(['pack', `code-server@${CODE_SERVER}`, ...QUIET], folder);
  const tarball = path.join(folder, `code-server-${CODE_SERVER}.tgz`);
  await run('tar', ['-xzf', tarball, '-C', folder, '--strip-components=2', 'package/lib/vscode']);
  await rm(tarball);
  const server = path.join(folder, 'vscode');
  for (const name of UNUSED_EXTENSIONS) {
    await rm(path.join(server, 'extensions', name), { recursive: true, force: true });
  }

  // npm ci with that shrinkwrap fails (it misses an entry), so the versions are read out of it.
  const shrinkwrap = JSON.parse(await readFile(path.join(server, 'npm-shrinkwrap.json'), 'utf8'));
  const node = `node-linux-${process.arch}`;
  const dependencies = Object.fromEntries(
    PACKAGES.map((name) => [name, shrinkwrap.packages[`node_modules/${name}`].version]),
  );
  const packages = path.join(folder, 'packages');
  await mkdir(packages);
  await writeFile(
    path.join(packages, 'package.json'),
    JSON.stringify({ private: true, dependencies: { ...dependencies, [node]: NODE } }),
  );
  await npm(['install', ...QUIET], packages);
  await cp(inRoot('scripts/stubs'), path.join(packages, 'node_modules/@vscode'), { recursive: true });
  await symlink('../packages/node_modules', path.join(server, 'node_modules'));
  await symlink('code-linux.sh', path.join(server, 'bin/remote-cli/code-server')).catch(() => undefined);

  const launcher = path.join(folder, 'code');
  await writeFile(launcher, launcherScript(node));
  await chmod(launcher, 0o755);
}

/**
 * VSCODE_* of a terminal inside another VS Code would redirect the command line to that window.
 * @param {string} node
 */
const launcherScript = (node) => `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
unset VSCODE_IPC_HOOK_CLI VSCODE_INJECTION
exec "$here/packages/node_modules/${node}/bin/node" "$here/vscode/out/server-main.js" \\
  --accept-server-license-terms --without-connection-token --host 127.0.0.1 --telemetry-level off "$@"
`;
