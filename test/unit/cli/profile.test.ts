import { chmodSync, mkdirSync, readFileSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { scratchFolder } from '../runs/callFile';
import { ensureBuilt, predictscope, python, start, type Ended } from './cli';

const scratch = realpathSync(scratchFolder());
const project = path.join(scratch, 'project');
const program = `import os, signal, sys, time
class Model:
    def predict(self, x):
        if x is None:
            raise ValueError("nothing")
        return x
model = Model()
for _ in range(4):
    model.predict(1)
how = sys.argv[1] if len(sys.argv) > 1 else ""
if how == "read":
    print(sys.stdin.read().upper(), end="")
if how == "raise":
    model.predict(None)
if how == "wait":
    model.predict((print(os.getpid(), flush=True), time.sleep(60)))
if how == "kill":
    os.kill(os.getpid(), getattr(signal, sys.argv[2]))
sys.exit(int(sys.argv[2]) if how == "exit" else 0)
`;
const site = ['--site', 'main.py:9'];

beforeAll(() => {
  ensureBuilt();
  mkdirSync(project);
  writeFileSync(path.join(project, 'main.py'), program);
});

const profile = (options: string[], command: string[], input = ''): Promise<Ended> =>
  predictscope(['profile', ...options, '--', ...command], project, input);

describe('profile', () => {
  it('passes standard input, output and the exit code, and writes the promised names to --json', async () => {
    const { code, stdout, stderr } = await profile(
      [...site, '--json', 'out.json'],
      [python, 'main.py', 'read'],
      'straße\n',
    );
    expect([code, stdout]).toEqual([0, 'STRASSE\n']);
    expect(stderr).toMatch(/main\.py:9 +model\.predict +4 /);
    const summary = JSON.parse(readFileSync(path.join(project, 'out.json'), 'utf8')) as {
      run: Record<string, unknown>;
      sites: Record<string, unknown>[];
    };
    const has = (value: object, names: string): void => {
      for (const name of names.split(' ')) expect(Object.keys(value), name).toContain(name);
    };
    has(summary, 'run sites hotLines traces problems');
    has(
      summary.run,
      'id directory command startedAt wallNs exitCode signal target python frameworks devices',
    );
    expect(summary.run).toMatchObject({ command: [python, 'main.py', 'read'], exitCode: 0, signal: null, target: 'local', frameworks: {}, devices: [] }); // prettier-ignore
    const [only] = summary.sites;
    has(only!, 'id file line ranFile callee framework calls errors firstNs p50Ns p95Ns maxNs totalNs shareOfRun batchShapes parts'); // prettier-ignore
    expect(only).toMatchObject({
      line: 9,
      calls: 4,
      errors: 0,
      parts: {},
      ranFile: path.join(project, 'main.py'),
    });
    const directory = summary.run.directory as string;
    expect(path.dirname(directory)).toBe(path.join(project, '.predictscope', 'runs'));
    expect(JSON.parse(readFileSync(path.join(directory, 'run.json'), 'utf8'))).toMatchObject({
      state: 'ended',
      exitCode: 0,
    });
    expect(readFileSync(path.join(project, '.predictscope', '.gitignore'), 'utf8')).toBe('*\n');
  });

  it('ends with the program’s exit code, also when the program raised', async () => {
    const [exit, raise] = await Promise.all([
      profile(site, [python, 'main.py', 'exit', '37']),
      profile(site, [python, 'main.py', 'raise']),
    ]);
    expect(exit.code).toBe(37);
    expect(raise.code).toBe(1);
    expect(raise.stderr).toContain('ended with ValueError: nothing');
  });

  it('ends by the program’s signal', async () => {
    const { code, signal, stderr } = await profile(site, [python, 'main.py', 'kill', 'SIGKILL']);
    expect([code, signal]).toEqual([null, 'SIGKILL']);
    expect(stderr).toContain('ended by SIGKILL');
  });

  it('gives assignments in front of the program to it, and keeps its PYTHONPATH', async () => {
    mkdirSync(path.join(project, 'lib'));
    writeFileSync(path.join(project, 'lib', 'given.py'), 'import os\nprint(os.environ["SEED"])\n');
    const command = ['SEED=4', 'PYTHONPATH=lib', python, '-c', 'import given, main'];
    const { code, stdout, stderr } = await profile(site, command);
    expect([code, stdout]).toEqual([0, '4\n']);
    expect(stderr).toMatch(/main\.py:9 +model\.predict +4 /);
  });

  it('hands SIGTERM on, ends by it, and leaves no process', async () => {
    const { child, ended } = start(
      ['profile', '--site', 'main.py:16', '--', python, 'main.py', 'wait'],
      project,
    );
    const pid = await new Promise<number>((resolve) =>
      child.stdout!.once('data', (text) => resolve(Number(text))),
    );
    expect(pid).toBeGreaterThan(1);
    child.kill('SIGTERM');
    const { code, signal, stderr } = await ended;
    expect([code, signal]).toEqual([null, 'SIGTERM']);
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    expect(stderr).toContain('+1 open'); // the call that it died in
  });
});

describe('what could not be started ends with 125 and a sentence', () => {
  const runs = (): number => readdirSync(path.join(project, '.predictscope', 'runs')).length;
  const blocked = path.join(scratch, 'a-file');
  writeFileSync(blocked, '');
  const data = path.join(scratch, 'data.txt');
  writeFileSync(data, 'text');
  chmodSync(data, 0o644);

  it.each<[string, string[], string[], string]>([
    ['no command', [], [], 'needs -- and the command'],
    ['unknown option', ['--frob'], [python], '--frob'],
    ['program in a pod', site, ['kubectl', 'exec', '-it', 'x', '--', 'python', 'main.py'], 'kubectl exec (Kubernetes)'], // prettier-ignore
    ['another target', [...site, '--target', 'slurm'], [python, 'main.py'], 'The target slurm'],
    [
      'log directory',
      [...site, '--log-dir', path.join(blocked, 'runs')],
      [python, 'main.py'],
      'cannot be written',
    ],
    ['no predict call', ['--root', path.join(scratch, 'nothing')], ['true'], '--site FILE:LINE'],
    [
      'line without a call',
      ['--site', 'main.py:2'],
      [python, 'main.py'],
      'nearest one is ValueError in line 5',
    ],
    ['file of the site', ['--site', 'absent.py:2'], [python, 'main.py'], 'absent.py cannot be read'],
    ['form of --site', ['--site', 'main.py'], [python, 'main.py'], 'is not FILE:LINE'],
    [
      'number of calls',
      [...site, '--calls', 'ten'],
      [python, 'main.py'],
      '--calls ten is not a whole number',
    ],
    ['negative number', [...site, '--warm-up=-1'], [python, 'main.py'], '--warm-up -1 is not a whole number'],
    [
      'number of seconds',
      [...site, '--seconds', 'soon'],
      [python, 'main.py'],
      '--seconds soon is not a number',
    ],
    ['stop after', [...site, '--stop-after', '3m'], [python, 'main.py'], '--stop-after 3m'],
  ])('%s', async (_, options, command, sentence) => {
    const before = runs();
    const { code, stdout, stderr } = await profile(options, command);
    expect(stderr).toContain(sentence);
    expect([code, stdout]).toEqual([125, '']);
    expect(stderr).not.toContain('    at ');
    expect(runs()).toBe(before); // nothing was started and nothing is left
  });

  it.each([
    ['no-such-program', 'no-such-program was not found. Check the spelling'],
    ['/no/such/python3', 'Choose an interpreter'],
    [data, 'chmod +x'],
  ])('%s, and run.json tells', async (command, sentence) => {
    const { code, stderr } = await profile(
      [...site, '--log-dir', path.join(scratch, 'failed')],
      [command, 'main.py'],
    );
    expect(stderr).toContain(sentence);
    expect(code).toBe(125);
    const newest = readdirSync(path.join(scratch, 'failed')).map((name) =>
      path.join(scratch, 'failed', name),
    );
    const records = newest.map(
      (run) => JSON.parse(readFileSync(path.join(run, 'run.json'), 'utf8')) as object,
    );
    expect(records).toContainEqual(expect.objectContaining({ state: 'failed', error: expect.stringContaining(command) })); // prettier-ignore
  });
});
