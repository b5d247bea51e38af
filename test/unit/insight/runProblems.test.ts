import { describe, expect, it } from 'vitest';
import { findRunProblems } from '../../../src/insight/runProblems';
import type { Problem } from '../../../src/common/problem';
import type { FileRecord, FrameworkRecord } from '../../../src/runs/processRecords';
import type { RunRecord } from '../../../src/runs/runRecord';
import { handProcess, handRun } from './handProcess';

const problems = (...args: Parameters<typeof handRun>): Problem[] => findRunProblems(handRun(...args), false);
const called = [{ begin: 0, end: 5 }];
const loaded = (record: Partial<FileRecord> = {}): FileRecord => ({
  ...{
    t: 'file',
    file: '/w/scorer.py',
    ran: '/w/scorer.py',
    match: 'path',
    same: true,
    sites: [0],
    missing: [],
  },
  ...record,
});

it('finds nothing wrong with a run that called its site', () => {
  expect(problems([handProcess(called, { exit: 10 })])).toEqual([]);
});

describe('nothing was recorded', () => {
  it.each([
    [['python', '-I', 'main.py'], '-I', 'ignore PYTHONPATH', '-I'],
    [['/usr/bin/python3.11', '-uE', '-m', 'pkg'], '-uE', 'ignore PYTHONPATH', '-E'],
    [['python3', '-X', 'dev', '-S', 'main.py'], '-S', 'import no sitecustomize', '-S'],
    [['uv', 'run', 'python', '-W', 'error', '-IS', '-c', 'pass'], '-IS', 'ignore PYTHONPATH', '-I'],
  ])('%j names %s', (command, word, effect, flag) => {
    const [problem, ...others] = problems([], { command });
    expect(problem!.message).toContain(`Python was started with ${word}, which makes it ${effect}`);
    expect(problem!.fix).toBe(`Start it without ${flag}.`);
    expect(others).toEqual([]);
  });

  it.each([
    [['python', 'main.py', '-I', '-Euler', '-S']], // the program's own options
    [['python', '-Werror', '-X', 'IES', 'main.py']],
    [['python', '-mIES', '-S']],
    [['python', '-c', '-I']],
    [['tar', '-xIf', 'a']],
    [['./run.sh', '-E']],
  ])('%j is not blamed for its options', (command) => {
    const [problem] = problems([], { command });
    expect(problem!.message).toContain('no Python process of this program loaded the recorder');
    expect(problem!.fix).toContain('Python 3.7 or newer');
  });

  it('says nothing of it while the program runs, nor when it never started', () => {
    expect(findRunProblems(handRun([], { state: 'running' }), true)).toEqual([]);
    const failed = problems([], { state: 'failed', error: 'pyhton was not found.' });
    expect(failed).toEqual([{ message: 'pyhton was not found.' }]);
  });
});

describe('how it ended', () => {
  it.each([
    ['SIGKILL', 'memory'],
    ['SIGSEGV', 'without profiling'],
    ['SIGABRT', 'output'],
  ])('%s comes with its usual cause', (signal, hint) => {
    const [problem] = problems([handProcess(called)], { signal });
    expect(problem!.message).toContain(`ended by ${signal}`);
    expect(problem!.fix).toContain(hint);
  });

  it('another signal is named', () => {
    expect(problems([handProcess(called)], { signal: 'SIGTERM' })[0]!.message).toContain('SIGTERM');
  });

  it.each([
    ["No module named 'tensorflow'", 'pip install tensorflow'],
    ["No module named 'cv2.aruco'", 'pip install opencv-python'],
    ["No module named 'sklearn'", 'pip install scikit-learn'],
  ])('%s names the package and the setting', (message, fix) => {
    const process = handProcess(called);
    process.exception = ['ModuleNotFoundError', message];
    const [problem] = problems([process]);
    expect(problem!.message).toContain(message);
    expect(problem!.fix).toContain(fix);
    expect(problem!.fix).toContain('predictscope.interpreter');
  });

  it('any other exception is told in its own words, once for all processes', () => {
    const processes = [handProcess(called), handProcess(called)];
    for (const process of processes) process.exception = ['ValueError', 'no batch'];
    expect(problems(processes)).toEqual([{ message: 'The program ended with ValueError: no batch' }]);
  });

  it('what host and runtime noted comes along', () => {
    const process = handProcess(called);
    process.problems.push({ message: 'The disk is full.', fix: 'Free some space.' });
    const record: Partial<RunRecord> = {
      problems: [{ message: 'libcudnn.so.9 failed.', fix: 'Install it.' }],
    };
    expect(problems([process], record)).toEqual([...record.problems!, ...process.problems]);
  });
});

describe('CPU although there is a GPU', () => {
  const cpu: FrameworkRecord = {
    ...{ t: 'framework', name: 'tensorflow', version: '2.21.0' },
    devices: [{ name: '/device:CPU:0', type: 'CPU' }],
    gpuNodes: ['/dev/nvidia0'],
  };
  const withFramework = (framework: FrameworkRecord): Problem[] => {
    const process = handProcess(called);
    process.frameworks.push(framework);
    return problems([process]);
  };

  it('names the build without GPU support and the one to install', () => {
    const [problem] = withFramework({ ...cpu, build: { is_cuda_build: false } });
    expect(problem!.message).toContain('/dev/nvidia0');
    expect(problem!.message).toContain('tensorflow 2.21.0 registered only CPU');
    expect(problem!.fix).toContain("'tensorflow[and-cuda]'");
  });

  it('names the libraries that the build wants', () => {
    const build = { is_cuda_build: true, cuda_version: '12.5', cudnn_version: '9' };
    expect(withFramework({ ...cpu, build })[0]!.fix).toContain('CUDA 12.5 and cuDNN 9');
  });

  it('has something to try also where the build tells nothing', () => {
    expect(withFramework(cpu)[0]!.fix).toContain('CUDA_VISIBLE_DEVICES');
  });

  it('is silent without a GPU, with one in use, and before devices are known', () => {
    const gpu = { name: '/device:GPU:0', type: 'GPU' };
    expect(withFramework({ ...cpu, gpuNodes: [] })).toEqual([]);
    expect(withFramework({ ...cpu, devices: [...cpu.devices, gpu] })).toEqual([]);
    expect(withFramework({ ...cpu, devices: [] })).toEqual([]);
  });
});

describe('sites that were not called', () => {
  it('file never loaded', () => {
    const [problem, ...others] = problems([handProcess([])]);
    expect(problem!.message).toBe(
      'The program never loaded scorer.py, so model.predict in line 10 was never called.',
    );
    expect(problem!.fix).toContain('a copy elsewhere');
    expect(others).toEqual([]);
  });

  it('line not reached', () => {
    const process = handProcess([]);
    process.files.push(loaded());
    const [problem] = problems([process]);
    expect(problem!.message).toBe('The program ended without calling model.predict (scorer.py:10).');
    expect(problem!.fix).toContain('this line was not reached');
  });

  it('site not in the copy that ran', () => {
    const process = handProcess([]);
    process.files.push(
      loaded({ ran: '/venv/site-packages/scorer.py', match: 'module', sites: [], missing: [0] }),
    );
    const [problem] = problems([process]);
    expect(problem!.message).toBe('model.predict (scorer.py:10) is not in the copy that ran: /venv/site-packages/scorer.py.'); // prettier-ignore
    expect(problem!.fix).toContain('pip install .');
  });

  it('speaks of the one that was asked for, not of others, when some site was called', () => {
    const process = handProcess([{ begin: 0, end: 1, site: 1 }]);
    process.files.push(loaded({ sites: [0, 1] }));
    const sites = [{}, { line: 11 }];
    expect(problems([process], {}, sites)).toEqual([]);
    expect(problems([process], { leadingSite: 0 }, sites).map((p) => p.message)).toEqual([
      'The program ended without calling model.predict (scorer.py:10).',
    ]);
  });

  it('names the site that was asked for where its file was never loaded', () => {
    const [problem] = problems([handProcess([])], { leadingSite: 1 }, [
      {},
      { line: 11, callee: 'other.predict' },
    ]);
    expect(problem!.message).toContain('so other.predict in line 11 was never called');
  });

  it('claims nothing about what came after the recording was stopped', () => {
    const process = handProcess([]);
    process.files.push(loaded());
    process.stopped = true;
    expect(problems([process])).toEqual([]);
  });

  it('waits until the program has ended', () => {
    expect(findRunProblems(handRun([handProcess([])]), true)).toEqual([]);
  });
});
