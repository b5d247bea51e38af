// npm run test:versions: the stacks of test/versions/stacks.json, from TensorFlow 1.15 on Python 3.7 to today's.
//   --only TEXT   only stacks with this in their name (may be repeated)
//
// Environments are made on demand in the user's cache folder, 14 GB for all. Interpreters are looked for on PATH
// and below ~/.pyenv; a stack without one, or that cannot be installed, is named with the reason.
import { access, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { cached } from './lib/cache.mjs';
import { artifacts, inRoot, root } from './lib/paths.mjs';
import { ensureVenv, interpreterOf } from './lib/python.mjs';
import { run, runLive, step } from './lib/run.mjs';

/**
 * `base: main`: on top of the environment of test/python, or that itself where nothing is to be added.
 *
 * @typedef {{ name: string, python: string, base?: 'main', pins?: string[], cudaStubs?: boolean }} Stack
 * @typedef {{ python: string } | { problem: string }} Found
 */

const { values } = parseArgs({ options: { only: { type: 'string', multiple: true, default: [''] } } });
/** @type {Stack[]} */
const all = JSON.parse(await readFile(inRoot('test/versions/stacks.json'), 'utf8'));
const stacks = all.filter(({ name }) => values.only.some((text) => name.includes(text)));

await run(process.execPath, ['esbuild.mjs'], { cwd: root });
const main = await ensureVenv({ frameworks: true });
/** @type {Record<string, Found>} */
const found = {};
for (const stack of stacks) {
  found[stack.name] = await environment(stack).then(
    (python) => ({ python }),
    (error) => ({ problem: lastLine(error.message) }),
  );
}

const folder = path.join(artifacts, 'versions');
await mkdir(folder, { recursive: true });
const file = path.join(folder, 'stacks.json');
await writeFile(file, JSON.stringify(found));
await rm(`${file}.rows`, { force: true });
process.exitCode = await runLive(
  main,
  ['-m', 'pytest', 'test/versions', '-q', '-rs', '--disable-warnings', '-p', 'no:cacheprovider'],
  { cwd: root, env: { PREDICTSCOPE_STACKS: file } },
);
console.log(table((await readFile(`${file}.rows`, 'utf8').catch(() => '')).split('\n').filter(Boolean)));

/** @param {Stack} stack @returns {Promise<string>} its interpreter */
async function environment({ name, python, base, cudaStubs }) {
  const requirements = inRoot(`test/versions/requirements/${name}.txt`);
  const pins = await readFile(requirements, 'utf8').catch(() => '');
  if (base === 'main' && pins === '') return main;
  const executable = base === 'main' ? main : await interpreter(python);
  const stubs = inRoot('test/versions/cuda_stubs.py');
  const key = [executable, pins, cudaStubs ? await readFile(stubs, 'utf8') : ''].join('\n');
  const made = await cached(
    `stack-${name}`,
    key,
    (target) =>
      step(`Python environment ${name}`, async () => {
        const venv = base === 'main' ? ['--system-site-packages'] : [];
        await run(executable, ['-m', 'venv', ...venv, target]);
        const its = interpreterOf(target);
        const options = ['--no-deps', '--disable-pip-version-check'];
        await run(its, ['-m', 'pip', 'install', ...options, '-r', requirements]);
        if (base === 'main') await seeThrough(its);
        if (cudaStubs) await run(main, [stubs, path.join(await packages(its), 'torch/lib')]);
      }),
    { movable: false },
  );
  return interpreterOf(made);
}

/**
 * An environment made from another one sees the packages of the interpreter below both; it shall see the other's.
 *
 * @param {string} python
 */
async function seeThrough(python) {
  await writeFile(path.join(await packages(python), 'main.pth'), `${await packages(main)}\n`);
}

/** @param {string} python @returns {Promise<string>} */
async function packages(python) {
  return (await run(python, ['-c', 'import sysconfig; print(sysconfig.get_paths()["purelib"])'])).trim();
}

/** @param {string} version such as 3.7 @returns {Promise<string>} */
async function interpreter(version) {
  const pyenv = path.join(homedir(), '.pyenv/versions');
  const installed = (await readdir(pyenv).catch(() => [])).filter((name) => name.startsWith(`${version}.`));
  const folders = [
    ...installed.map((name) => path.join(pyenv, name, 'bin')),
    ...(process.env.PATH ?? '').split(path.delimiter),
  ];
  for (const folder of folders) {
    const executable = path.join(folder, `python${version}`);
    const there = await access(executable)
      .then(
        () => run(executable, ['-c', 'import venv']).then(() => true), // a shim may lead nowhere
        () => false,
      )
      .catch(() => false);
    if (there) return executable;
  }
  throw new Error(`no Python ${version} on PATH or below ${pyenv}`);
}

/** @param {string} text */
function lastLine(text) {
  return text.trim().split('\n').at(-1) ?? '';
}

/** What test/bench/RESULTS.md shows. @param {string[]} rows JSON, as the tests left them */
function table(rows) {
  const lines = rows.map((row) => {
    const { stack, python, version, calls, traces, events, parts, seconds, outcome } = JSON.parse(row);
    const names = Object.entries(version ?? {}).map(([name, number]) => `${name} ${number}`);
    const cells = [
      stack,
      python,
      names.join(', '),
      calls,
      traces,
      events,
      Object.keys(parts ?? {}).join(', '),
    ];
    return `| ${[...cells, seconds, outcome].map((cell) => cell ?? '').join(' | ')} |`;
  });
  const head = ['stack', 'Python', 'versions', 'calls', 'traces', 'events', 'parts', 's', 'outcome'];
  return [
    `| ${head.join(' | ')} |`,
    `| --- | --- | --- | --: | --: | --: | --- | --: | --- |`,
    ...lines,
  ].join('\n');
}
