// What the extension host calls: runs the files beside this one whose names begin with the kind of
// window (`trusted.` or `restricted.`), and writes one line of JSON a test, as it ends.
import { appendFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';

export async function run(): Promise<void> {
  const suite = required('HOST_SUITE');
  const grep = process.env.HOST_GREP;
  const mocha = new Mocha({
    ui: 'bdd',
    timeout: 60_000,
    reporter: JsonLines,
    ...(grep ? { fgrep: grep } : {}),
  });
  for (const name of readdirSync(__dirname).sort()) {
    if (name.startsWith(`${suite}.`) && name.endsWith('.test.js')) mocha.addFile(path.join(__dirname, name));
  }
  const failures = await new Promise<number>((done) => mocha.run(done));
  if (failures > 0) throw new Error(`${failures} failed`);
}

class JsonLines extends Mocha.reporters.Base {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const suite = required('HOST_SUITE');
    const file = required('HOST_RESULTS');
    const write = (
      test: Mocha.Runnable,
      outcome: 'passed' | 'failed' | 'skipped',
      message?: string,
    ): void => {
      const name = `${suite}: ${test.fullTitle()}`;
      const seconds = (test.duration ?? 0) / 1000;
      appendFileSync(file, `${JSON.stringify({ name, outcome, seconds, message })}\n`);
    };
    runner.on('pass', (test) => write(test, 'passed'));
    runner.on('fail', (test, error: Error) => write(test, 'failed', error.stack ?? error.message));
    runner.on('pending', (test) => write(test, 'skipped'));
  }
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; start the suite with test/host/run.mjs`);
  return value;
}
