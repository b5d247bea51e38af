import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/common/problem';
import {
  activationEnvironment,
  condaPrefix,
  findInterpreter,
  type InterpreterSources,
} from '../../../src/launch/interpreter';
import { defaultLogDirectory, prepareLogDirectory } from '../../../src/launch/logDirectory';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { scratchFolder } from '../runs/callFile';

const scratch = scratchFolder();

function executable(...names: string[]): string {
  const file = path.join(scratch, ...names);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, '#!/bin/sh\nexit 0\n');
  chmodSync(file, 0o755);
  return file;
}

const sources = (given: Partial<InterpreterSources>): InterpreterSources => ({
  pythonExtension: () => Promise.resolve(undefined),
  ...{ setting: '', folder: path.join(scratch, 'plain'), searchPath: '' },
  ...given,
});

async function failure(promise: Promise<unknown>): Promise<UserError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
}

describe('findInterpreter', () => {
  const set = executable('set', 'python3.11');
  const venv = executable('project', '.venv', 'bin', 'python');
  const onPath = executable('onpath', 'python3');
  const all = {
    pythonExtension: () => Promise.resolve('/chosen/python'),
    setting: set,
    folder: path.join(scratch, 'project'),
    searchPath: path.dirname(onPath),
  };

  it('asks the Python extension, then the setting, then the workspace, then the path', async () => {
    const order = [all, { ...all, pythonExtension: sources({}).pythonExtension }];
    order.push(
      { ...order[1]!, setting: '' },
      { ...order[1]!, setting: '', folder: path.join(scratch, 'plain') },
    );
    const found = await Promise.all(order.map((given) => findInterpreter(given)));
    expect(found).toEqual([
      { path: '/chosen/python', source: 'python-extension' },
      { path: set, source: 'setting' },
      { path: venv, source: 'workspace' },
      { path: onPath, source: 'path' },
    ]);
  });

  it('takes a setting relative to the folder, or a name on the path', async () => {
    const relative = sources({ setting: './.venv/bin/python', folder: all.folder });
    expect(await findInterpreter(relative)).toEqual({ path: venv, source: 'setting' });
    const named = sources({ setting: 'python3.11', searchPath: path.dirname(set) });
    expect(await findInterpreter(named)).toEqual({ path: set, source: 'setting' });
  });

  it('takes plain `python` where there is no python3, and `venv` and `env`', async () => {
    const python = executable('only', 'python');
    expect((await findInterpreter(sources({ searchPath: path.dirname(python) }))).path).toBe(python);
    for (const name of ['venv', 'env']) {
      const file = executable(`with-${name}`, name, 'bin', 'python');
      const found = await findInterpreter(sources({ folder: path.join(scratch, `with-${name}`) }));
      expect(found).toEqual({ path: file, source: 'workspace' });
    }
  });

  it.each([['/no/such/python'], ['./set'], ['nonsense']])(
    'says that the setting %s leads nowhere',
    async (setting) => {
      // A folder is no interpreter, though it may be “executed”.
      const error = await failure(
        findInterpreter(sources({ setting, folder: scratch, searchPath: all.searchPath })),
      );
      expect(error.message).toContain(`predictscope.interpreter was not found: ${setting}`);
      expect(error.fix).toContain('Correct the setting');
    },
  );

  it('says where it looked when there is none', async () => {
    const error = await failure(findInterpreter(sources({})));
    for (const place of ['Python extension', 'predictscope.interpreter', 'virtual environment', 'PATH']) {
      expect(error.message).toContain(place);
    }
    expect(error.fix).toContain('Set predictscope.interpreter');
  });
});

describe('conda environments', () => {
  const prefix = path.join(scratch, 'conda', 'envs', 'splice');
  const python = executable('conda', 'envs', 'splice', 'bin', 'python');
  mkdirSync(path.join(prefix, 'conda-meta'));
  const base = { PATH: process.env.PATH, KEPT: 'same', CHANGED: 'before' };

  /** Stands in for conda: `run --no-capture-output -p PREFIX PYTHON -c CODE` with an activation of its own. */
  const standIn = (code: string): string => {
    const file = executable('conda', 'condabin', 'conda');
    writeFileSync(file, `#!/bin/sh\n${code}\n`);
    return file;
  };

  it('are told by their conda-meta', () => {
    expect(condaPrefix(python)).toBe(prefix);
    expect(condaPrefix(executable('project', '.venv', 'bin', 'python'))).toBeUndefined();
  });

  it('give what their activation changes, whatever their scripts print', async () => {
    standIn(
      'echo "hello from activate.d"\n[ "$1 $2 $3" = "run --no-capture-output -p" ] || exit 9\n' +
        'export CONDA_PREFIX="$4" CHANGED=after LD_LIBRARY_PATH="/cuda lib"\nshift 5\nexec python3 "$@"',
    );
    const active = await activationEnvironment(python, base);
    expect(active).toMatchObject({ CONDA_PREFIX: prefix, CHANGED: 'after', LD_LIBRARY_PATH: '/cuda lib' });
    expect(active).not.toHaveProperty('KEPT');
  });

  it('are left alone when active, and other interpreters always', async () => {
    standIn('exit 9');
    expect(await activationEnvironment(python, { ...base, CONDA_PREFIX: prefix })).toEqual({});
    expect(await activationEnvironment('/usr/bin/python3', base)).toEqual({});
  });

  it('that cannot be activated name the command to try', async () => {
    standIn('echo "CondaValueError: broken" >&2; exit 3');
    const error = await failure(activationEnvironment(python, base));
    expect(error.message).toContain('broken');
    expect(error.fix).toContain(`conda run -p ${prefix}`);
  });

  it('without a conda say so', async () => {
    const lonely = executable('lonely', 'a', 'b', 'bin', 'python');
    mkdirSync(path.join(scratch, 'lonely', 'a', 'b', 'conda-meta'));
    const error = await failure(activationEnvironment(lonely, { PATH: path.join(scratch, 'nothing') }));
    expect(error.message).toContain('conda was not found');
    expect(error.fix).toContain('Put conda on PATH');
  });
});

describe('the log directory', () => {
  it('is made, with a .gitignore where the folder is ours, and left without a trace', async () => {
    const directory = defaultLogDirectory(path.join(scratch, 'made'));
    await prepareLogDirectory(directory);
    await prepareLogDirectory(directory);
    expect(readdirSync(directory)).toEqual([]);
    const ignore = path.join(scratch, 'made', '.predictscope', '.gitignore');
    expect(readFileSync(ignore, 'utf8')).toBe('*\n');
    const other = path.join(scratch, 'made', 'logs');
    await prepareLogDirectory(other);
    expect(readdirSync(other)).toEqual([]);
    expect(existsSync(path.join(scratch, 'made', '.gitignore'))).toBe(false);
  });

  it('keeps a .gitignore of the user’s own', async () => {
    const folder = path.join(scratch, 'own', '.predictscope');
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, '.gitignore'), 'runs/*/trace-*\n');
    await prepareLogDirectory(path.join(folder, 'runs'));
    expect(readFileSync(path.join(folder, '.gitignore'), 'utf8')).toBe('runs/*/trace-*\n');
  });

  it('that cannot be written names the option and the setting', async () => {
    const file = path.join(scratch, 'a-file');
    writeFileSync(file, '');
    const error = await failure(prepareLogDirectory(path.join(file, 'runs')));
    expect(error.message).toContain(path.join(file, 'runs'));
    expect(error.fix).toMatch(/--log-dir.*predictscope\.logDirectory/);
  });
});
