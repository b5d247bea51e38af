// npm start: everything from a fresh checkout to VS Code on the sample project.
//   npm start                            the editor: desktop VS Code, else a server and its address
//   npm start -- --port N                that server on a port of your choice
//   npm start -- --headless              no editor: profiles the sample project on the command line
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { openEditor } from './lib/editor.mjs';
import { ensurePackages, requireNode } from './lib/npm.mjs';
import { inRoot, root } from './lib/paths.mjs';
import { ensureVenv, findPython } from './lib/python.mjs';
import { run, runLive, step } from './lib/run.mjs';

const WORKSPACE = inRoot('test/workspace');

async function main() {
  const { values } = parseArgs({ options: { headless: { type: 'boolean' }, port: { type: 'string' } } });
  requireNode();
  await findPython(); // Before anything takes time: its absence is the likeliest thing to be in the way.
  await ensurePackages();
  await step('build', () => run(process.execPath, ['esbuild.mjs'], { cwd: root }));
  const python = await ensureVenv();
  if (values.headless) process.exitCode = await profileSample(python);
  else await openEditor(WORKSPACE, python, values.port === undefined ? undefined : Number(values.port));
}

/**
 * What to run and which sites is the sample project's own business: its headless.json holds the
 * interpreter's arguments, and `sites` if not every predict site is meant.
 *
 * @param {string} python
 */
async function profileSample(python) {
  const file = inRoot('test/workspace/headless.json');
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new Error(
      `${file} is missing: it says what npm start -- --headless runs, as {"args": ["-m", "package"]}.`,
      {
        cause,
      },
    );
  });
  /** @type {{ args: string[], sites?: string[] }} */
  const { args, sites = [] } = JSON.parse(text);
  return runLive(
    process.execPath,
    [
      inRoot('dist/cli.js'),
      ...['profile', '--root', WORKSPACE],
      ...sites.flatMap((site) => ['--site', site]),
      ...['--', python, ...args],
    ],
    { cwd: WORKSPACE },
  );
}

main().catch((error) => {
  console.error(`\n${error.message}`);
  process.exitCode = 1;
});
