import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { splitCommandLine } from '../../../../src/launch/commandLine';
import { gpuOptions } from '../../../../src/targets/containers/apptainerGpu';
import {
  apptainerBinds,
  apptainerLine,
  apptainerWords,
  bindOption,
  injectVariables,
  type ApptainerLine,
} from '../../../../src/targets/containers/apptainerLine';
import { runscriptCommand } from '../../../../src/targets/containers/apptainerRunscript';
import { readPasted } from '../../../../src/targets/containers/pasted';
import { scratchFolder } from '../../runs/callFile';

const scratch = scratchFolder();

function lineOf(text: string): ApptainerLine {
  return apptainerLine(readPasted(splitCommandLine(text)).prefix);
}

describe('the words that start a program in an image', () => {
  it.each([
    'apptainer exec tf.sif python3 main.py',
    'singularity run --nv docker://tensorflow/tensorflow:latest-gpu python main.py --fast',
    '/opt/apptainer/bin/apptainer -q -c /etc/a.conf exec --nv --cleanenv -B /data:/d:ro,/scratch --env A=1,B=2 --pwd /d tf.sif python a.py',
  ])('are those of the line: %s', (text) => {
    const { command } = readPasted(splitCommandLine(text));
    expect(apptainerWords(lineOf(text), command).join(' ')).toBe(text);
  });

  it('have options of ours before the image', () => {
    expect(
      apptainerWords(lineOf('apptainer exec --nv -- tf.sif python a.py'), ['python'], ['--pwd', '/x']),
    ).toEqual(['apptainer', 'exec', '--nv', '--pwd', '/x', 'tf.sif', 'python']);
  });

  it('bind folders, also those whose names --bind cannot say', () => {
    expect(bindOption('/a b', true)).toEqual(['--bind', '/a b:/a b:ro']);
    expect(bindOption('/a', false)).toEqual(['--bind', '/a:/a']);
    expect(bindOption('/a,b', true)).toEqual(['--mount', 'type=bind,"source=/a,b","destination=/a,b",ro']);
  });
});

describe('the folders that a line shows under other names', () => {
  it('are found in its options and its environment, once each, where they are here', () => {
    for (const name of ['data', 'code', 'home', 'more'])
      mkdirSync(path.join(scratch, name), { recursive: true });
    const text = `apptainer exec -B ${scratch}/data:/d:ro,${scratch}/more -B gone:/gone --mount type=bind,src=code,dst=/code -H ${scratch}/home:/home/me tf.sif python a.py`;
    const { settings } = readPasted(splitCommandLine(text));
    const asked = `${scratch}/data:/d:ro,${scratch}/more,${scratch}/code:/from-environment`;
    expect(apptainerBinds(lineOf(text), settings.mounts, asked, scratch)).toEqual([
      [`${scratch}/data`, '/d'],
      [`${scratch}/more`, `${scratch}/more`],
      [`${scratch}/code`, '/from-environment'],
      [`${scratch}/code`, '/code'],
      [`${scratch}/home`, '/home/me'],
    ]);
  });
});

describe('variables', () => {
  const value = { PYTHONPATH: '/r:/a$b\\c' };

  it('go in by the prefix that the tool knows, escaped for its shell', () => {
    expect(injectVariables(lineOf('apptainer exec a.sif x'), value, {})).toEqual({
      environment: { APPTAINERENV_PYTHONPATH: '/r:/a\\$b\\\\c' },
      options: [],
    });
    expect(
      Object.keys(injectVariables(lineOf('/usr/bin/singularity exec a.sif x'), value, {}).environment),
    ).toEqual(['APPTAINERENV_PYTHONPATH', 'SINGULARITYENV_PYTHONPATH']);
  });

  it.each([
    ['apptainer exec --no-eval a.sif x', {}],
    ['apptainer exec --compat a.sif x', {}],
    ['apptainer exec a.sif x', { APPTAINER_NO_EVAL: '1' }],
  ])('stay as they are where the tool takes them so: %s', (text, host) => {
    expect(injectVariables(lineOf(text), value, host).environment.APPTAINERENV_PYTHONPATH).toBe('/r:/a$b\\c');
  });

  it('go in by option as well where the line’s own would win', () => {
    const variables = { PYTHONPATH: '/r', MORE: 'a=b,c' };
    expect(
      injectVariables(lineOf('apptainer exec --env PYTHONPATH=/x a.sif x'), variables, {}).options,
    ).toEqual(['--env', 'PYTHONPATH=/r', '--env', '"MORE=a=b,c"']);
    expect(
      injectVariables(lineOf('apptainer exec --env-file=v a.sif x'), variables, {}).options,
    ).toHaveLength(4);
  });
});

describe('the GPU', () => {
  it.each([
    [[], 'auto', 'nvidia', ['--nv']],
    [[], 'auto', 'amd', ['--rocm']],
    [[], 'auto', undefined, []],
    [[], 'required', 'nvidia', ['--nv']],
    [['--nv'], 'auto', 'nvidia', ['--nv']],
    [['--nvccli', '-e'], 'auto', 'nvidia', ['--nvccli', '-e']],
    [['--rocm'], 'auto', 'nvidia', ['--rocm']], // the line's own, never both
    [['--nv', '-e'], 'none', 'nvidia', ['-e']],
    [['--nv=false'], 'auto', 'nvidia', ['--nv=false']],
  ] as const)('%j, %s on a machine with %s: %j', (given, wish, gpu, options) => {
    expect(gpuOptions(given, wish, gpu).options).toEqual(options);
  });

  it('that is not there is said, and refused where it is required', () => {
    expect(gpuOptions(['--nv'], 'auto', undefined)).toMatchObject({
      asked: false,
      problems: [{ message: expect.stringMatching(/^--nv asks for a GPU\. .* those of the CPU\.$/) }],
    });
    expect(() => gpuOptions([], 'required', undefined)).toThrow(
      /^A GPU is required\. This machine shows no GPU/,
    );
  });
});

describe('what run starts', () => {
  const oci = (entry: string, usual: string): string =>
    `#!/bin/sh\nOCI_ENTRYPOINT='${entry}'\nOCI_CMD='${usual}'\n# When …\nif [ -n "$X" ]; then\n  exec "$@"\nfi\n`;

  it.each([
    [oci('"python3" "/app/main.py"', '"--all it"'), [], ['python3', '/app/main.py', '--all it']],
    [oci('"python3" "/app/main.py"', '"--all"'), ['--one'], ['python3', '/app/main.py', '--one']],
    [oci('', '"/bin/bash"'), ['python', 'a.py'], ['python', 'a.py']],
    ['#!/bin/sh\n\nexec python3 /app/main.py "$@"\n', ['-v'], ['python3', '/app/main.py', '-v']],
    ['#!/bin/sh\npython3 -m tool\n', ['-v'], ['python3', '-m', 'tool']],
    ['#!/bin/sh\nexec "$@"\n', ['python', 'a.py'], undefined],
    ['#!/bin/sh\ncd /app\nexec python3 main.py "$@"\n', [], undefined],
    ['#!/bin/sh\npython3 main.py > log\n', [], undefined],
    [oci('"sh" "-c" "python $X"', ''), [], undefined],
  ])('is read of the runscript where it is plain: %j %j', (text, given, command) => {
    expect(runscriptCommand(text, given)).toEqual(command);
  });
});
