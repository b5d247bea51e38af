import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  baseImage,
  findDevcontainers,
  findDockerfiles,
  insertSetting,
  readDevcontainer,
} from '../../../../src/targets/containers/devcontainerFile';

const file = path.resolve('/lab/.devcontainer/devcontainer.json');

describe('a devcontainer.json', () => {
  it('is read with comments and trailing commas', () => {
    const text = `// For the GPU box
{
  "name": "Splice",
  /* pinned */ "image": "tensorflow/tensorflow:2.15.0-gpu", // CUDA 12
  "hostRequirements": { "gpu": "optional" },
  "runArgs": ["--ipc=host", "--gpus", "all",],
  "workspaceFolder": "/work",
}`;
    expect(readDevcontainer(text, file)).toEqual({
      devcontainer: {
        file,
        name: 'Splice',
        image: 'tensorflow/tensorflow:2.15.0-gpu',
        gpu: 'optional',
        runArgs: ['--ipc=host', '--gpus', 'all'],
        workspaceFolder: '/work',
      },
    });
  });

  it.each([
    ['{"build": {"dockerfile": "../Dockerfile"}}', { dockerfile: path.resolve('/lab/Dockerfile') }],
    ['{"dockerFile": "Dockerfile"}', { dockerfile: path.resolve('/lab/.devcontainer/Dockerfile') }],
    [
      '{"dockerComposeFile": ["../a.yml", "b.yml"], "service": "app"}',
      {
        compose: {
          files: [path.resolve('/lab/a.yml'), path.resolve('/lab/.devcontainer/b.yml')],
          service: 'app',
        },
      },
    ],
    ['{"dockerComposeFile": "a.yml"}', { compose: { files: [path.resolve('/lab/.devcontainer/a.yml')] } }],
    ['{"hostRequirements": {"gpu": true}}', { gpu: true }],
    [
      '{"hostRequirements": {"gpu": {"cores": 1000, "memory": "32gb"}}}',
      { gpu: { cores: 1000, memory: '32gb' } },
    ],
    ['{"hostRequirements": {"gpu": 7}, "runArgs": "no", "image": 3, "name": ""}', { runArgs: ['no'] }],
  ])('%s', (text, some) => {
    expect(readDevcontainer(text, file)).toEqual({
      devcontainer: { file, name: 'lab', runArgs: [], ...some },
    });
  });

  it('with a mistake says where, and gives what can be read', () => {
    const text = '{\n  "name": "é",\n  "image": "x"\n  "runArgs": []\n}';
    const { devcontainer, problem } = readDevcontainer(text, file);
    expect(devcontainer).toMatchObject({ name: 'é', image: 'x' });
    expect(problem).toEqual({
      message: `${file} has a mistake in line 4: comma expected.`,
      offset: Buffer.from(text).indexOf('"runArgs"'),
    });
    expect(readDevcontainer('', file).devcontainer).toBeUndefined();
    expect(readDevcontainer('[]', file)).toEqual({
      problem: { message: `${file} holds no object.`, offset: 0 },
    });
  });

  it('is named after its place when it has no name', () => {
    const named = (place: string): string | undefined =>
      readDevcontainer('{}', path.resolve(place)).devcontainer?.name;
    expect(named('/lab/.devcontainer.json')).toBe('lab');
    expect(named('/lab/.devcontainer/gpu/devcontainer.json')).toBe('gpu');
  });
});

describe('a setting that is put in', () => {
  it('goes into a file with comments, which stay', () => {
    const text = `{
  // the image of the lab
  "image": "lab", /* pinned */
  "runArgs": [
    "--ipc=host" // for the loaders
  ]
}
`;
    expect(insertSetting(text, ['runArgs'], ['--gpus', 'all'])).toBe(`{
  // the image of the lab
  "image": "lab", /* pinned */
  "runArgs": [
    "--ipc=host",
    "--gpus",
    "all" // for the loaders
  ]
}
`);
    expect(insertSetting(text, ['hostRequirements', 'gpu'], true)).toContain('// the image of the lab');
  });

  it.each([
    ['{}', '{\n    "runArgs": [\n        "--gpus",\n        "all"\n    ]\n}'],
    ['{"runArgs": []}', '{"runArgs": ["--gpus","all"]}'],
    ['{"runArgs": ["--gpus", "all", "--rm"]}', '{"runArgs": ["--gpus", "all", "--rm"]}'],
  ])('adds to a list: %s', (text, edited) => {
    const result = insertSetting(text, ['runArgs'], ['--gpus', 'all']);
    expect(JSON.parse(result)).toEqual(JSON.parse(edited));
    if (text === edited) expect(result).toBe(text);
  });

  it('adds behind a trailing comma', () => {
    const edited = insertSetting('{\n\t"runArgs": ["--rm",],\n}', ['runArgs'], ['--gpus', 'all']);
    const { devcontainer, problem } = readDevcontainer(edited, file);
    expect(problem).toBeUndefined();
    expect(devcontainer?.runArgs).toEqual(['--rm', '--gpus', 'all']);
    const setting = insertSetting('{\n\t"image": "x",\n}', ['hostRequirements'], { gpu: true });
    expect(readDevcontainer(setting, file)).toMatchObject({ devcontainer: { image: 'x', gpu: true } });
    expect(setting).toContain('\n\t"hostRequirements"');
  });

  it('keeps the ends of lines, and the mark of the encoding', () => {
    expect(insertSetting('\uFEFF{}', ['init'], true)).toMatch(/^\uFEFF\{\s+"init": true\s+\}$/);
    expect(insertSetting('{\r\n  "image": "x"\r\n}\r\n', ['init'], true)).toBe(
      '{\r\n  "image": "x",\r\n  "init": true\r\n}\r\n',
    );
  });

  it('does not touch what is no JSON', () => {
    expect(() => insertSetting('{ "a": ', ['init'], true)).toThrow('The file has a mistake in line 1');
    expect(() => insertSetting('[]', ['init'], true)).toThrow('The file holds no JSON object.');
  });
});

describe('a folder', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'predictscope-devcontainer-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function put(name: string, text: string): Promise<void> {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }

  it('is searched where the specification says', async () => {
    await put('.devcontainer/devcontainer.json', '{"name": "a"}');
    await put('.devcontainer.json', '{"name": "b"}');
    await put('.devcontainer/cuda/devcontainer.json', '{"image": "c"}');
    await put('.devcontainer/broken/devcontainer.json', '{');
    await put('.devcontainer/deep/er/devcontainer.json', '{"name": "no"}');
    const { devcontainers, problems } = await findDevcontainers(folder);
    expect(devcontainers.map(({ name }) => name)).toEqual(['a', 'b', 'broken', 'cuda']);
    expect(problems).toHaveLength(1);
    expect(problems[0]!.message).toContain('close brace expected');
    expect(await findDevcontainers(path.join(folder, 'none'))).toEqual({ devcontainers: [], problems: [] });
  });

  it('shows its Dockerfiles, nearest first', async () => {
    await put('docker/gpu.Dockerfile', 'FROM a\n');
    await put('Dockerfile', 'ARG V=1\nFROM --platform=linux/amd64 python:3.11 AS base\nFROM base\nRUN x\n');
    await put('Dockerfile.rocm', 'FROM rocm/pytorch:${V}\n');
    await put('Dockerfile.dockerignore', 'x\n');
    await put('node_modules/x/Dockerfile', 'FROM a\n');
    await put('.git/Dockerfile', 'FROM a\n');
    await put('.devcontainer/Containerfile', 'from b as c');
    const found = await findDockerfiles(folder);
    expect(found.map((one) => ({ ...one, file: path.relative(folder, one.file) }))).toEqual([
      { file: 'Dockerfile', base: 'python:3.11' },
      { file: 'Dockerfile.rocm' },
      { file: path.join('.devcontainer', 'Containerfile'), base: 'b' },
      { file: path.join('docker', 'gpu.Dockerfile'), base: 'a' },
    ]);
    expect(await findDockerfiles(folder, 0)).toHaveLength(2);
  });
});

describe('the base of a Dockerfile', () => {
  it.each([
    ['FROM a\nFROM b', 'b'],
    ['FROM a AS one\nFROM b AS two\nFROM ONE', 'a'],
    ['# FROM x\nRUN y', undefined],
    ['FROM $BASE', undefined],
  ])('%j', (text, base) => {
    expect(baseImage(text)).toBe(base);
  });
});
