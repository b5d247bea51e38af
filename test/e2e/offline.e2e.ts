import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, copyFile, lstat, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { launchChromium } from '../../scripts/lib/chromium.mjs';
import { openSandbox, type Sandbox } from '../../scripts/lib/sandbox.mjs';
import { findBrowser } from '../../scripts/lib/system.mjs';
import { defineTests } from './lib/runner';
import { answerProgram, lensWith } from './lib/steps';
import { until } from './lib/until';

const execute = promisify(execFile);

const MAX_PACKAGE_BYTES = 3e6;

/** The lens of the finished run; a machine under load needs seconds for a call. */
const FIGURES = /^30 calls · p50 [\d.]+ m?s · p95 [\d.]+ m?s · [\d.]+ % of run$/;

/** What .vscodeignore lets through, and what vsce writes itself. */
const PACKAGED = [
  /^\[Content_Types\]\.xml$/,
  /^extension\.vsixmanifest$/,
  /^extension\/(package(\.nls)?\.json|readme\.md|changelog\.md|LICENSE\.txt)$/i,
  /^extension\/dist\/[\w.-]+\.(js|wasm)$/,
  /^extension\/dist\/webview\/[\w.-]+\.(js|css)$/,
  /^extension\/dist\/devcontainer\/(package\.json|scripts\/updateUID\.Dockerfile|dist\/spec-node\/devContainersSpecCLI\.js)$/,
  /^extension\/l10n\/[\w.-]+\.json$/,
  /^extension\/media\/icons\/[\w.-]+\.(svg|png)$/,
  /^extension\/media\/python\/([\w-]+\/)*[\w-]+\.py$/,
];

const REQUIRED = [
  ...['package.json', 'package.nls.json', 'readme.md', 'changelog.md', 'LICENSE.txt'],
  ...['dist/extension.js', 'dist/cli.js', 'dist/traceWorker.js', 'dist/webview/timeline.js'],
  ...['media/icons/predictscope.png', 'media/icons/predictscope.svg', 'media/python/sitecustomize.py'],
];

/** Folders in which a process of the namespace must not be able to write. */
const CLOSED = ['/', '/tmp', '/var/tmp', '/dev/shm', '/etc'];

/** The interpreter's own folder, and that of the Python from which its environment was made. */
async function pythonFolders(python: string): Promise<string[]> {
  const { stdout } = await execute(python, [
    '-c',
    'import sys; print(sys.prefix, sys.base_prefix, sep="\\n")',
  ]);
  return [...new Set(stdout.trim().split('\n'))];
}

/** Chromium inside: Playwright makes its profile out here, where the user inside may not write. */
async function chromiumScript(sandbox: Sandbox, folder: string): Promise<string> {
  const file = path.join(folder, 'chromium');
  const assignments = Object.entries(sandbox.env).map(([name, value]) =>
    value === undefined ? `unset ${name}` : `export ${name}='${value}'`,
  );
  const profile = path.join(sandbox.temporaryFolder, 'browser');
  await writeFile(
    file,
    [
      '#!/bin/sh',
      ...assignments,
      `exec ${sandbox.wrap.join(' ')} '${findBrowser() ?? ''}' "$@" '--user-data-dir=${profile}'`,
      '',
    ].join('\n'),
  );
  await chmod(file, 0o755);
  return file;
}

/** The namespace is what the test says it is. */
async function assertShut(sandbox: Sandbox, workspace: string, open: readonly string[]): Promise<void> {
  const said = async (...words: string[]): Promise<string> => {
    const { code, output } = await sandbox.run(...words);
    assert.equal(code, 0, `${words.join(' ')}: ${output}`);
    return output.trim();
  };
  assert.equal(await said('id', '-u'), String(sandbox.user));
  assert.notEqual(sandbox.user, 0);
  assert.match(await said('cat', '/proc/self/status'), /^CapEff:\t0+$/m);

  const routes = (await said('cat', '/proc/self/net/route')).split('\n');
  assert.equal(routes.length, 1, routes.join('\n')); // Its heading.
  const interfaces = (await said('cat', '/proc/self/net/dev')).split('\n').slice(2);
  assert.deepEqual(
    interfaces.map((line) => line.trim().split(':')[0]),
    ['lo'],
  );

  // Of mounts on the same point only the last one can be reached.
  const mounts = new Map<string, string>();
  for (const line of (await said('cat', '/proc/self/mountinfo')).split('\n')) {
    const fields = line.split(' ');
    mounts.set(fields[4]!, fields[5]!);
  }
  const writable = [...mounts].filter(
    ([point, options]) => !options.split(',').includes('ro') && !/^\/proc(\/|$)/.test(point),
  );
  assert.deepEqual(writable.map(([point]) => point).sort(), [...open].sort());

  for (const folder of [...CLOSED, workspace, sandbox.extensionsFolder]) {
    const { code, output } = await sandbox.run('touch', path.join(folder, 'written'));
    assert.notEqual(code, 0, `${folder} can be written`);
    assert.match(output, /Read-only file system|Permission denied/);
  }
  for (const folder of open) {
    await said('touch', path.join(folder, 'written'));
    await said('rm', path.join(folder, 'written'));
  }
}

export const tests = defineTests([
  {
    name: 'the package is small and holds only what is shipped',
    run: async ({ vsix, python }) => {
      const file = await vsix();
      const { size } = await stat(file);
      assert.ok(size <= MAX_PACKAGE_BYTES, `${size} bytes`);
      const { stdout } = await execute(python, [
        ...['-c', 'import sys, zipfile; print("\\n".join(zipfile.ZipFile(sys.argv[1]).namelist()))'],
        file,
      ]);
      const names = stdout.trim().split('\n');
      assert.deepEqual(
        names.filter((name) => !PACKAGED.some((pattern) => pattern.test(name))),
        [],
      );
      assert.deepEqual(
        REQUIRED.filter((name) => !names.includes(`extension/${name}`)),
        [],
      );
    },
  },
  {
    name: 'installs from a file and profiles without a network, as a user, on read-only folders',
    limitMs: 300_000,
    run: async ({ openWorkbench, sampleWorkspace, temporaryFolder, vsix, python, code, afterwards }) => {
      const workspace = await sampleWorkspace();
      await chmod(workspace, 0o755);
      const logDirectory = path.join(workspace, '.predictscope/runs');
      await mkdir(logDirectory, { recursive: true });
      const temporary = await temporaryFolder();
      const extensions = await temporaryFolder();
      const packed = path.join(temporary, 'predictscope.vsix');
      await copyFile(await vsix(), packed);
      const sandbox = await openSandbox({
        temporaryFolder: temporary,
        extensionsFolder: extensions,
        writable: [logDirectory],
        visible: [...(await pythonFolders(python)), path.dirname(code), workspace],
        python,
      });
      afterwards(() => sandbox.close());
      const browser = await launchChromium(await chromiumScript(sandbox, await temporaryFolder()));
      afterwards(() => browser.close());
      // Of the user, so that it is the mount and not the owner that keeps it from being written.
      await sandbox.give(workspace);
      const workbench = await openWorkbench({
        workspace,
        extension: { vsix: packed },
        settings: { 'predictscope.interpreter': python },
        sandbox: { server: sandbox, browser },
      });
      await assertShut(sandbox, workspace, [temporary, logDirectory]);
      const installed = (await readdir(extensions)).filter((name) =>
        name.startsWith('predictscope.predictscope-'),
      );
      assert.equal(installed.length, 1);

      await workbench.openFile('quick.py');
      await lensWith(workbench, /^Profile predict$/);
      await workbench.clickLens('Profile predict');
      await answerProgram(workbench, /python quick\.py/);
      await lensWith(workbench, FIGURES, 120_000);
      await until('the run with its call site and timeline', async () => {
        const rows = await workbench.runsTree();
        const site = rows.find((row) => row.label === 'quick.py:22');
        return (
          site?.description.includes('30 calls') === true &&
          rows.some((row) => row.label === 'Timeline: steady calls')
        );
      });
      await workbench.runsRow('Timeline: steady calls').click();
      const frame = await workbench.webviewFrame('html[data-state="ready"]');
      assert.ok(Number(await frame.locator('html').getAttribute('data-events')) > 1000);
      await workbench.screenshot('offline');

      // The user inside has written it all.
      const [run] = await readdir(logDirectory);
      assert.equal((await lstat(path.join(logDirectory, run!, 'run.json'))).uid, sandbox.user);
      // And the workspace holds nothing that was not there before.
      const left = (await readdir(workspace, { recursive: true })).filter(
        (name) =>
          name.includes('__pycache__') ||
          (name.startsWith('.predictscope') &&
            !name.startsWith('.predictscope/runs') &&
            name !== '.predictscope'),
      );
      assert.deepEqual(left, []);
      const log = await workbench.extensionLog();
      assert.ok(log.includes(`Interpreter: ${python}`), log);
      assert.doesNotMatch(log, /\[error\]/);
      assert.deepEqual(
        workbench.consoleErrors.filter((text) => /predictscope/i.test(text)),
        [],
      );
    },
  },
]);
