/** Programs in an Apptainer image, by standInApptainer: a stand-in, which says itself what it does. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs'; // prettier-ignore
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeCopy } from '../../../../src/common/codeCopy';
import type { UserError } from '../../../../src/common/problem';
import { openApptainer, openApptainerImage } from '../../../../src/targets/containers/apptainer';
import { apptainerLine } from '../../../../src/targets/containers/apptainerLine';
import type { OpenOptions } from '../../../../src/targets/containers/open';
import { openPasted } from '../../../../src/targets/containers/pastedTarget';
import { isAlive } from '../../../../src/targets/localProcess';
import type { RunHandle, Target } from '../../../../src/targets/target';
import { scratchFolder } from '../../runs/callFile';

const scratch = scratchFolder();
const tools = path.join(scratch, 'tools');
const work = path.join(scratch, 'work');
const runs = path.join(work, '.predictscope', 'runs');
const run = path.join(runs, 'run');
const log = path.join(scratch, 'log');
const pythonPath = path.resolve('media/python');
const namespaces =
  spawnSync('unshare', process.getuid?.() === 0 ? ['-m', 'true'] : ['-Um', 'true']).status === 0;

const before = { ...process.env };

beforeEach(() => {
  mkdirSync(tools, { recursive: true });
  mkdirSync(run, { recursive: true });
  const stand = path.join(tools, 'apptainer');
  if (!existsSync(stand)) {
    copyFileSync(path.join(import.meta.dirname, 'standInApptainer'), stand);
    chmodSync(stand, 0o755);
    symlinkSync(stand, path.join(tools, 'singularity'));
  }
  writeFileSync(log, '');
  Object.assign(process.env, {
    PATH: `${tools}:${before.PATH}`,
    STANDIN_LOG: log,
    PREDICTSCOPE_RUN: '/outer',
  });
});

afterEach(() => {
  process.env = { ...before };
});

const options: OpenOptions = { endpoint: '', logDirectory: runs, pythonPath, cwd: work, gpu: 'none' };

function image(name: string, content: object = {}): string {
  const folder = path.join(scratch, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'stand-in.json'), JSON.stringify(content));
  return folder;
}

function starts(): { arguments: string[]; environment: Record<string, string> }[] {
  return readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line)); // prettier-ignore
}

async function started(target: Target, command: string[], environment = {}): Promise<RunHandle> {
  const plan = {
    command: () => Promise.resolve(command),
    cwd: target.cwd!,
    runDirectory: run,
    environment,
    pythonPath,
  };
  return target.start(await target.prepare(plan), () => undefined);
}

const tell =
  'import json,os,sys; json.dump([dict(os.environ), os.getcwd(), sys.argv], open("told.json", "w"))';

async function told(target: Target, environment = {}): Promise<[Record<string, string>, string]> {
  const handle = await started(target, ['python3', '-c', tell], environment);
  expect(await handle.ended).toEqual({ kind: 'ended', exitCode: 0 });
  return JSON.parse(readFileSync(path.join(work, 'told.json'), 'utf8'));
}

describe.skipIf(!namespaces)('a program in an Apptainer image', () => {
  it('runs with our variables, and with no bind where everything shows by itself', async () => {
    const place = image('plain.sif', { environment: { PYTHONPATH: '/of/image', OWN: '1' } });
    const target = await openApptainerImage('../plain.sif', options);
    expect(target).toMatchObject({ id: `apptainer:${place}`, cwd: work, problems: [] });
    const [variables, cwd] = await told(target, { GIVEN: 'a $b `c` "d"' });
    expect(cwd).toBe(work);
    expect(variables).toMatchObject({ PREDICTSCOPE_RUN: run, PYTHONPATH: `${pythonPath}:/of/image`, OWN: '1', GIVEN: 'a $b `c` "d"' }); // prettier-ignore
    expect(starts().at(-1)!.arguments).toEqual(['exec', place, 'python3', '-c', tell]);
    expect(starts().every(({ environment }) => !('PREDICTSCOPE_RUN' in environment))).toBe(true);
  });

  it('gets the recorder read-only and the run directory by binds where the image hides them', async () => {
    const place = image('apart.sif', { hides: [path.dirname(pythonPath), runs] });
    const target = await openApptainerImage(place, options);
    const [variables] = await told(target);
    expect(variables.PREDICTSCOPE_RUN).toBe(run);
    const binds = ['--bind', `${pythonPath}:${pythonPath}:ro`, '--bind', `${run}:${run}`];
    expect(starts().at(-1)!.arguments).toEqual(['exec', ...binds, place, 'python3', '-c', tell]);
    const write = `import os, sys; sys.stderr = open(os.devnull, "w"); open(os.environ["PREDICTSCOPE_RUN"] + "/x", "w"); open("${pythonPath}/x", "w")`;
    const handle = await started(target, ['python3', '-c', write]);
    expect(await handle.ended).toEqual({ kind: 'ended', exitCode: 1 });
    expect(existsSync(path.join(run, 'x'))).toBe(true);
    expect(existsSync(path.join(pythonPath, 'x'))).toBe(false);
  });

  it('is refused where binds are not allowed and something does not show', async () => {
    const target = await openApptainerImage(
      image('apart.sif', { hides: [path.dirname(pythonPath)] }),
      options,
    );
    process.env.STANDIN_NO_BINDS = '1';
    const again = await openApptainerImage(path.join(scratch, 'apart.sif'), options);
    await expect(started(again, ['true'])).rejects.toMatchObject({
      message: expect.stringContaining(`does not show ${pythonPath} in`),
      fix: expect.stringContaining('user bind control'),
    });
    expect(target.id).toBe(again.id);
  });

  it('keeps the line: its options, its variables, its assignments, and the names of its binds', async () => {
    const place = image('line.sif', { environment: { PYTHONPATH: '/of/image' } });
    mkdirSync(path.join(scratch, 'there'), { recursive: true });
    const words = ['HOST=1', 'SINGULARITYENV_SET=2', 'singularity', '-q', 'exec', '--cleanenv', '--bind', `${work}:${scratch}/there`]; // prettier-ignore
    words.push(
      '--env',
      'PYTHONPATH=/of/line,MORE=3',
      '--pwd',
      `${scratch}/there`,
      place,
      'python3',
      'main.py',
    );
    writeFileSync(path.join(work, 'main.py'), 'pass\n');
    const { target, command } = await openPasted(words, options);
    expect(command).toEqual(['python3', 'main.py']);
    expect(target).toMatchObject({ cwd: `${scratch}/there`, problems: [] });
    expect(target.paths.toTarget(path.join(work, 'main.py'))).toBe(`${scratch}/there/main.py`);
    expect(await target.machine.bring(`${scratch}/there/main.py`)).toBe(path.join(work, 'main.py'));
    const [variables, cwd] = await told(target);
    expect(cwd).toBe(`${scratch}/there`);
    expect(variables).toMatchObject({ SET: '2', PREDICTSCOPE_RUN: run.replace(work, `${scratch}/there`) });
    expect(variables).toMatchObject({ MORE: '3', PYTHONPATH: `${pythonPath}:/of/line` });
    expect(variables).not.toHaveProperty('HOST'); // --cleanenv
    const last = starts().at(-1)!.arguments;
    expect(last.slice(0, 2)).toEqual(['-q', 'exec']);
    expect(last).not.toContain('--mount');
    expect(last.filter((word) => word === '--bind')).toHaveLength(1);
  });

  it('starts the words of run by run', async () => {
    const place = image('run.sif');
    const { target, command } = await openPasted(['apptainer', 'run', place, 'python3', '-c', tell], options);
    await (
      await started(target, [...command])
    ).ended;
    expect(starts().at(-1)!.arguments.slice(0, 3)).toEqual(['run', place, 'python3']);
  });

  it('is told when the image does not show where the line is typed', async () => {
    const target = await openApptainerImage(image('elsewhere.sif', { hides: [scratch] }), options);
    expect(target.cwd).toBe('/');
    expect(target.problems).toMatchObject([{ fix: expect.stringContaining(`--bind ${work} --pwd ${work}`) }]);
  });

  it('has its code brought here, read-only, where only the image has it', async () => {
    const inside = path.join(scratch, 'opt');
    mkdirSync(inside, { recursive: true });
    const place = image('code.sif', { shows: { [inside]: 'opt' } });
    mkdirSync(path.join(place, 'opt/app'), { recursive: true });
    writeFileSync(path.join(place, 'opt/app/predict.py'), 'model.predict(1)\n');
    writeFileSync(path.join(place, 'opt/tool'), '#!/usr/bin/env python3\n', { mode: 0o755 });
    const target = await openApptainerImage(place, options);
    const { machine } = target;
    expect(await machine.findExecutable(`${inside}/tool`, '/')).toBe(`${inside}/tool`);
    expect(await machine.findExecutable('no-such-tool', '/')).toBeUndefined();
    expect(await machine.readScript(`${inside}/tool`)).toMatchObject({ text: '#!/usr/bin/env python3\n' });
    expect(await machine.ask(['ls', 'app'], inside)).toBe('predict.py\n');
    await expect(machine.ask(['false'], inside)).rejects.toThrow('exit code 1');
    const copy = await machine.bring(`${inside}/app`);
    const file = path.join(copy, 'predict.py');
    expect(codeCopy(file)).toEqual({ image: 'code.sif', there: `${inside}/app/predict.py` });
    expect(readFileSync(file, 'utf8')).toBe('model.predict(1)\n');
    expect(statSync(file).mode & 0o222).toBe(0);
    expect(await machine.bring(work)).toBe(work);
    expect(target.id).toBe(`apptainer:${place}`);
  });

  it('ends as the program ends, and is stopped where the tool passes no signal on', async () => {
    const target = await openApptainerImage(image('plain.sif'), options);
    const exit = await started(target, ['sh', '-c', 'exit 7']);
    expect(await exit.ended).toEqual({ kind: 'ended', exitCode: 7 });
    const handle = await started(target, ['sleep', '60']);
    expect(readlinkSync(`/proc/${handle.ref.pid}/exe`)).toMatch(/sleep|coreutils|busybox/);
    expect(handle.ref.target).toBe(target.id);
    const began = Date.now();
    await handle.stop();
    expect(await handle.ended).toEqual({ kind: 'ended', signal: 'SIGINT' });
    expect(Date.now() - began).toBeLessThan(3000);
    expect(isAlive(handle.ref)).toBe(false);
    const passed = await started(target, ['sleep', '60']);
    passed.signal('SIGTERM');
    expect(await passed.ended).toEqual({ kind: 'ended', signal: 'SIGTERM' });
  });

  it('leaves nothing when it is given up while it starts', async () => {
    const target = await openApptainerImage(image('plain.sif'), options);
    const starting = started(target, ['sleep', '60']);
    while (!starts().some(({ arguments: words }) => words.includes('sleep'))) await new Promise((done) => setTimeout(done, 20)); // prettier-ignore
    await target.close!();
    const handle = await starting;
    expect(await handle.ended).toMatchObject({ kind: 'ended', signal: expect.any(String) });
    await target.close!(); // nothing is left to end
  });

  it('asks for this machine’s GPU and looks from inside whether it is there', async () => {
    const line = apptainerLine(['apptainer', 'exec', image('plain.sif')]);
    const request = { line, mounts: [], assignments: {}, command: ['true'] };
    const { target } = await openApptainer(request, { ...options, gpu: 'auto' }, 'nvidia');
    expect(starts()[0]!.arguments).toContain('--nv');
    if (existsSync('/dev/nvidia0')) return;
    expect(target.problems).toHaveLength(1);
    await expect(openApptainer(request, { ...options, gpu: 'required' }, 'nvidia')).rejects.toThrow(
      'A GPU is required.',
    );
  });
});

describe('an Apptainer image that cannot run', () => {
  async function refusal(opening: Promise<unknown>): Promise<UserError> {
    return opening.then(
      () => expect.fail('it was opened'),
      (error: unknown) => error as UserError,
    );
  }

  it('says that the tool is missing', async () => {
    process.env.PATH = '/nowhere';
    const error = await refusal(openApptainerImage(image('plain.sif'), options));
    expect(error.message).toBe('apptainer was not found: it is what starts a program in an Apptainer image.');
    expect(error.fix).toContain('module load apptainer');
    const singularity = await refusal(openPasted(['singularity', 'exec', 'a.sif', 'python3'], options));
    expect(singularity.message).toMatch(/^singularity was not found/);
  });

  it('says that the image is missing', async () => {
    const error = await refusal(openApptainerImage('none.sif', options));
    expect(error.message).toBe(`There is no image ${work}/none.sif.`);
    expect(error.fix).toContain('apptainer build');
  });

  it('says that a required GPU is absent', async () => {
    const request = { line: apptainerLine(['apptainer', 'exec', image('plain.sif')]), mounts: [], assignments: {}, command: [] }; // prettier-ignore
    const error = await refusal(openApptainer(request, { ...options, gpu: 'required' }, undefined));
    expect(error.message).toMatch(/^A GPU is required\. This machine shows no GPU/);
    expect(error.fix).toContain('--gpu none');
    expect(starts).toThrow(); // nothing was started
  });

  it('says what the tool says', async () => {
    process.env.STANDIN_FAILS = 'image is not in an allowed configuration';
    const error = await refusal(openApptainerImage(image('plain.sif'), options));
    expect(error.message).toMatch(/plain\.sif does not start: image is not in an allowed configuration$/);
    expect(error.fix).toMatch(/: apptainer exec \S+plain\.sif true$/);
  });

  it.skipIf(!namespaces)('says that it has no Python', async () => {
    const empty = path.join(scratch, 'empty');
    mkdirSync(empty, { recursive: true });
    const error = await refusal(
      openApptainerImage(
        image('bare.sif', { environment: { PATH: empty }, hides: ['/usr/bin', '/usr/local/bin'] }),
        options,
      ),
    );
    expect(error.message).toMatch(/^There is no Python 3\.7 or newer in \S+bare\.sif/);
  });
});
