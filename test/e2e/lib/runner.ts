import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { launchChromium } from '../../../scripts/lib/chromium.mjs';
import { inRoot, root } from '../../../scripts/lib/paths.mjs';
import { copySample } from '../../../scripts/lib/sample.mjs';
import { Workbench, type Surroundings, type WorkbenchOptions } from './workbench';

const DEFAULT_TEST_LIMIT_MS = 180_000;

export interface EndToEndTest {
  name: string;
  /** 3 minutes by default. */
  limitMs?: number;
  /** Runs with npm test -- --full only. */
  full?: boolean;
  /** Needs the container engine of the tests; left out, and said to be, where there is none. */
  containers?: boolean;
  run: (context: TestContext) => Promise<void>;
}

/** What a test gets; windows and folders that it opens here are closed and removed after it. */
export interface TestContext {
  /** Interpreter with TensorFlow. */
  readonly python: string;
  /** Launcher of the VS Code server. */
  readonly code: string;
  /** Where to leave what a person may want to look at. */
  readonly artifacts: string;
  readonly openWorkbench: (options: WorkbenchOptions) => Promise<Workbench>;
  /** A new empty folder. */
  readonly temporaryFolder: () => Promise<string>;
  /** A copy of test/workspace. */
  readonly sampleWorkspace: () => Promise<string>;
  /** The packed extension, made at the first call. */
  readonly vsix: () => Promise<string>;
  /** Done when the test has ended and its windows are closed, the last one first. */
  readonly afterwards: (work: () => Promise<void>) => void;
}

/** Gives the functions in the list their types. */
export const defineTests = (tests: EndToEndTest[]): EndToEndTest[] => tests;

export interface TestFile {
  file: string;
  tests: readonly EndToEndTest[];
}

type Outcome = { outcome: 'passed' } | { outcome: 'failed'; message: string };

/** Runs everything, one after the other, and writes one line of JSON a test. */
export async function main(files: readonly TestFile[]): Promise<void> {
  const grep = process.env.TEST_GREP ?? '';
  const full = process.env.TEST_FULL === '1';
  const surroundings: Surroundings = {
    browser: await launchChromium(),
    code: required('TEST_CODE'),
    artifacts: required('TEST_ARTIFACTS'),
  };
  let failed = false;
  for (const { file, tests } of files) {
    for (const test of tests) {
      const name = `${file}: ${test.name}`;
      if (!name.includes(grep) || (test.full === true && !full)) continue;
      if (test.containers === true && !process.env.PREDICTSCOPE_TEST_DOCKER) {
        const left = { name, seconds: 0, outcome: 'skipped', message: 'no container engine' };
        console.log(`  skipped  ${name}  no container engine`);
        await appendFile(required('TEST_RESULTS'), `${JSON.stringify(left)}\n`);
        continue;
      }
      const begin = performance.now();
      const result = await runTest(name, test, surroundings);
      const seconds = (performance.now() - begin) / 1000;
      console.log(`  ${result.outcome}  ${name}  ${seconds.toFixed(1)} s`);
      await appendFile(required('TEST_RESULTS'), `${JSON.stringify({ name, seconds, ...result })}\n`);
      failed ||= result.outcome === 'failed';
    }
  }
  await surroundings.browser.close();
  process.exitCode = failed ? 1 : 0;
}

async function runTest(name: string, test: EndToEndTest, surroundings: Surroundings): Promise<Outcome> {
  const workbenches: Workbench[] = [];
  const folders: string[] = [];
  const cleanUps: (() => Promise<void>)[] = [];
  const temporaryFolder = async (): Promise<string> => {
    const folder = await mkdtemp(path.join(tmpdir(), 'predictscope-e2e-'));
    folders.push(folder);
    return folder;
  };
  const context: TestContext = {
    python: required('TEST_PYTHON'),
    code: surroundings.code,
    artifacts: surroundings.artifacts,
    openWorkbench: (options) => Workbench.open(surroundings, options, (opened) => workbenches.push(opened)),
    temporaryFolder,
    sampleWorkspace: async () => {
      const folder = await temporaryFolder();
      await copySample(folder);
      return folder;
    },
    vsix: packedExtension,
    afterwards: (work) => cleanUps.unshift(work),
  };
  let result: Outcome;
  try {
    await withLimit(test.run(context), test.limitMs ?? DEFAULT_TEST_LIMIT_MS);
    result = { outcome: 'passed' };
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    result = { outcome: 'failed', message: stripVTControlCharacters(message) };
    const folder = name.replaceAll(/[^\w.-]+/g, '-');
    for (const [index, workbench] of workbenches.entries()) {
      await workbench.saveEvidence(index === 0 ? folder : `${folder}-${index + 1}`);
    }
  }
  for (const workbench of workbenches) await workbench.close();
  for (const cleanUp of cleanUps) await cleanUp();
  for (const folder of folders)
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  return result;
}

async function withLimit(work: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error(`The test took longer than ${limitMs / 1000} s`)), limitMs);
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

let packed: Promise<string> | undefined;

function packedExtension(): Promise<string> {
  packed ??= (async () => {
    await promisify(execFile)(process.execPath, [inRoot('scripts/package.mjs')], { cwd: root });
    const { version } = JSON.parse(await readFile(inRoot('package.json'), 'utf8')) as { version: string };
    return inRoot(`predictscope-${version}.vsix`);
  })();
  return packed;
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; start these tests with npm test -- --ring e2e`);
  return value;
}
