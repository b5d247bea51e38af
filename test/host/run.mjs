// Runs the mocha suite of test/host/suite inside a real extension host.
//   node test/host/run.mjs trusted|restricted [--grep TEXT] [--verbose]
//
// The server's window takes extensionDevelopmentPath and extensionTestsPath from its address when it
// was started with --enable-smoke-test-driver. The host then calls run() of the suite and the window
// calls codeAutomationExit(code) once that settles. What the host prints reaches the window garbled,
// so the results go through a file.
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { format, parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../../scripts/lib/chromium.mjs';
import { artifacts, inRoot, root } from '../../scripts/lib/paths.mjs';
import { ensureVenv } from '../../scripts/lib/python.mjs';
import { copySample } from '../../scripts/lib/sample.mjs';
import { startServer } from '../../scripts/lib/server.mjs';
import { ensureVsCode } from '../../scripts/lib/vscode.mjs';

const LIMIT_MS = 10 * 60_000;

/** @typedef {import('../../scripts/rings/ring.mjs').TestResult} TestResult */

/**
 * @param {object} options
 * @param {'trusted' | 'restricted'} options.trust which of the suite's files run, and in what window
 * @param {string} options.code launcher of the VS Code server
 * @param {string} options.python interpreter that the sample project runs with
 * @param {string} [options.grep]
 * @param {boolean} [options.verbose] also print what the window's console says
 * @returns {Promise<TestResult[]>}
 */
export async function runHostSuite({ trust, code, python, grep = '', verbose = false }) {
  const workspace = await mkdtemp(path.join(tmpdir(), 'predictscope-workspace-'));
  await copySample(workspace);
  const server = await startServer({
    code,
    args: ['--enable-smoke-test-driver', ...(trust === 'trusted' ? ['--disable-workspace-trust'] : [])],
    extensions: [inRoot('test/host/fake-ms-python')],
    env: { FAKE_PYTHON: python },
  });
  const results = path.join(server.state, 'results.jsonl');
  const browser = await launchChromium();
  /** @type {string | undefined} */
  let problem;
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    /** @type {Promise<number>} */
    const exit = new Promise((done, fail) => {
      void page.exposeFunction('codeAutomationExit', done);
      void page.exposeFunction(
        'codeAutomationLog',
        (/** @type {string} */ type, /** @type {unknown[]} */ args) => {
          if (verbose) console.log(`[${type}]`, format(...args));
        },
      );
      page.once('crash', () => fail(new Error('the window crashed')));
      setTimeout(() => fail(new Error(`no end after ${LIMIT_MS / 1000} s`)), LIMIT_MS).unref();
    });
    await page.goto(
      server.url({
        folder: workspace,
        payload: [
          ['extensionDevelopmentPath', server.uri(root)],
          ['extensionTestsPath', server.uri(inRoot('out/host/index.js'))],
          [
            'extensionEnvironment',
            JSON.stringify({
              HOST_SUITE: trust,
              HOST_RESULTS: results,
              HOST_GREP: grep,
              TEST_PYTHON: python,
            }),
          ],
        ],
      }),
    );
    const exitCode = await exit.catch(async (/** @type {Error} */ error) => {
      await mkdir(path.join(artifacts, 'host'), { recursive: true });
      await page.screenshot({ path: path.join(artifacts, 'host', `${trust}.png`) }).catch(() => undefined);
      throw error;
    });
    if (exitCode !== 0) problem = `the suite ended with ${exitCode}`;
  } catch (error) {
    problem = /** @type {Error} */ (error).message;
  } finally {
    await cp(path.join(server.state, 'data/logs'), path.join(artifacts, 'host', `${trust}-logs`), {
      recursive: true,
    }).catch(() => undefined);
  }
  const tests = await readResults(results);
  await browser.close();
  await server.stop();
  await rm(workspace, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  // A suite that stops half-way must not pass for the half that it ran.
  if (problem && !tests.some(({ outcome }) => outcome === 'failed')) {
    tests.push({ name: `${trust} suite`, outcome: 'failed', seconds: 0, message: problem });
  }
  return tests;
}

/** @param {string} file @returns {Promise<TestResult[]>} */
async function readResults(file) {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { grep: { type: 'string' }, verbose: { type: 'boolean' } },
  });
  const trust = positionals[0] === 'restricted' ? 'restricted' : 'trusted';
  const tests = await runHostSuite({
    ...values,
    trust,
    code: await ensureVsCode(),
    python: await ensureVenv({ frameworks: true }),
  });
  for (const { name, outcome, message } of tests)
    console.log(`${outcome}  ${name}${message ? `\n${message}` : ''}`);
  process.exitCode = tests.length > 0 && tests.every(({ outcome }) => outcome !== 'failed') ? 0 : 1;
}
