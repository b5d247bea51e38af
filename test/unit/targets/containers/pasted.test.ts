import { describe, expect, it } from 'vitest';
import { splitCommandLine } from '../../../../src/launch/commandLine';
import { asTarget, readPasted, type Pasted } from '../../../../src/targets/containers/pasted';
import { fillInVariables } from '../../../../src/targets/containers/shellVariables';
import { noSettings, type ContainerSettings } from '../../../../src/targets/containers/containerSettings';

function read(line: string): Pasted {
  return readPasted(splitCommandLine(line));
}

function settings(some: Partial<ContainerSettings>): ContainerSettings {
  return { ...noSettings(), ...some };
}

describe('a pasted docker run', () => {
  it('is read whole', () => {
    const pasted = read(
      'docker run --gpus all -it --rm --name spliceai --ipc=host --shm-size 16g -u 1000:1000 \\\n' +
        '  -v /data/genomes:/data:ro -v ./work:/work -v cache:/root/.cache -w /work \\\n' +
        '  -e TF_CPP_MIN_LOG_LEVEL=2 -e HF_TOKEN --env-file gpu.env --ulimit memlock=-1 --network host \\\n' +
        '  -p 8888:8888 --cap-add=SYS_PTRACE --security-opt seccomp=unconfined --platform linux/amd64 \\\n' +
        '  tensorflow/tensorflow:2.15.0-gpu python -u predict.py --batch 64',
    );
    expect(pasted).toMatchObject({
      engine: 'docker',
      kind: 'image',
      name: 'tensorflow/tensorflow:2.15.0-gpu',
      command: ['python', '-u', 'predict.py', '--batch', '64'],
    });
    expect(pasted.settings).toEqual(
      settings({
        gpus: 'all',
        tty: true,
        interactive: true,
        ipc: 'host',
        shmSizeBytes: 16 * 2 ** 30,
        user: '1000:1000',
        mounts: [
          { type: 'bind', source: '/data/genomes', target: '/data', readOnly: true, options: [] },
          { type: 'bind', source: './work', target: '/work', readOnly: false, options: [] },
          { type: 'volume', source: 'cache', target: '/root/.cache', readOnly: false, options: [] },
        ],
        workdir: '/work',
        env: { TF_CPP_MIN_LOG_LEVEL: '2' },
        envNames: ['HF_TOKEN'],
        envFiles: ['gpu.env'],
        ulimits: ['memlock=-1'],
        network: 'host',
        ports: ['8888:8888'],
        capAdd: ['SYS_PTRACE'],
        securityOpt: ['seccomp=unconfined'],
        platform: 'linux/amd64',
      }),
    );
    expect(pasted.ignored).toEqual([
      '--name spliceai is left out: the container lasts as long as the run, and is ours to name and to remove.',
    ]);
    expect(asTarget(pasted)).toBe('image:tensorflow/tensorflow:2.15.0-gpu');
  });

  it.each([
    ['docker run -itv /a:/b -p8080:80 -eA=1 -e=B=2 -uroot img ls', 'img'],
    ['docker run --rm=true --interactive=false --tty -m 8g --cpus=2.5 img:1 ls', 'img:1'],
    ['docker container run --detach --restart always --pull never --log-driver none img ls', 'img'],
    ['docker run --device=/dev/kfd --device /dev/dri --group-add video --group-add 109 img ls', 'img'],
    ['docker run --mount type=bind,src=/a,dst=/b,readonly --tmpfs /tmp:size=1g img ls', 'img'],
    ['docker run --dns 1.1.1.1 --add-host=h:1.2.3.4 --cpuset-cpus 0-3 --init --read-only -- img ls', 'img'],
    ['docker --context far --debug run img ls', 'img'],
    ['sudo -E -u bob docker run img ls', 'img'],
    ['$ docker run img ls', 'img'],
    ['/usr/bin/docker run --new-thing=7 img ls', 'img'],
  ])('finds the image and the command: %s', (line, image) => {
    expect(read(line)).toMatchObject({ kind: 'image', name: image, command: ['ls'] });
  });

  it('reads combined letters and attached values', () => {
    expect(read('docker run -itv /a:/b -p8080:80 -eA=1 -e=B=2 -uroot img ls').settings).toEqual(
      settings({
        interactive: true,
        tty: true,
        mounts: [{ type: 'bind', source: '/a', target: '/b', readOnly: false, options: [] }],
        ports: ['8080:80'],
        env: { A: '1', B: '2' },
        user: 'root',
      }),
    );
    expect(read('docker run --interactive=false -t=false img').settings).toEqual(settings({}));
  });

  it('keeps limits, since they are part of how fast it is', () => {
    expect(
      read('docker run -m 8g --cpus=2.5 --cpuset-cpus 0-3 --init --read-only --pid host img').settings,
    ).toEqual(
      settings({
        memoryBytes: 8 * 2 ** 30,
        cpus: 2.5,
        cpusetCpus: '0-3',
        init: true,
        readOnlyRoot: true,
        pid: 'host',
      }),
    );
  });

  it.each([
    ['--gpus all', 'all'],
    ['--gpus=2', '2'],
    [`--gpus '"device=0,1"'`, '"device=0,1"'],
    ['--gpus device=0', 'device=0'],
    ['--gpus all,capabilities=utility', 'all,capabilities=utility'],
  ])('takes %s', (words, gpus) => {
    expect(read(`docker run ${words} img python a.py`).settings.gpus).toBe(gpus);
  });

  it('takes the legacy runtime and CDI names', () => {
    expect(read('docker run --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=0 img a').settings).toEqual(
      settings({ runtime: 'nvidia', env: { NVIDIA_VISIBLE_DEVICES: '0' } }),
    );
    expect(read('podman run --device nvidia.com/gpu=all img a').settings.devices).toEqual([
      'nvidia.com/gpu=all',
    ]);
  });

  it('gives nvidia-docker the runtime that it stood for', () => {
    expect(read('NV_GPU=1 nvidia-docker run --rm img python a.py')).toMatchObject({
      engine: 'docker',
      settings: { runtime: 'nvidia', env: { NVIDIA_VISIBLE_DEVICES: '1' } },
      ignored: [],
    });
  });

  it('knows where a Windows path ends', () => {
    expect(read(String.raw`docker run -v 'C:\data\x:/data:ro' img a`).settings.mounts).toEqual([
      { type: 'bind', source: String.raw`C:\data\x`, target: '/data', readOnly: true, options: [] },
    ]);
  });

  it('tells a shell from a command', () => {
    expect(read('docker run -it img bash')).toMatchObject({ command: [], shell: ['bash'] });
    expect(read('docker run -it img /bin/bash -il')).toMatchObject({
      command: [],
      shell: ['/bin/bash', '-il'],
    });
    expect(read('docker run -it --entrypoint bash img')).toMatchObject({ command: [], shell: ['bash'] });
    expect(read('docker run --entrypoint bash img -c "python a.py"')).toMatchObject({
      command: ['-c', 'python a.py'],
      settings: { entrypoint: 'bash' },
    });
    expect(read('docker run img bash run.sh')).not.toHaveProperty('shell');
    expect(read('docker run img')).not.toHaveProperty('shell');
  });
});

describe('a pasted docker exec', () => {
  it('is read with what sudo and the flags say', () => {
    expect(read(`sudo docker exec -it -w /app -e A=1 -u 1000 web bash -c 'cd x && python a.py'`)).toEqual({
      engine: 'docker',
      kind: 'container',
      name: 'web',
      command: ['bash', '-c', 'cd x && python a.py'],
      settings: settings({ tty: true, interactive: true, workdir: '/app', env: { A: '1' }, user: '1000' }),
      prefix: 'sudo docker exec -it -w /app -e A=1 -u 1000 web'.split(' '),
      ignored: ['sudo is left out: the engine is asked as the user that you are.'],
    });
  });

  it('with a shell alone has no command', () => {
    const pasted = read('docker exec -it web bash');
    expect(pasted).toMatchObject({ name: 'web', command: [], shell: ['bash'] });
    expect(asTarget(pasted)).toBe('container:web');
  });

  it('says which engine the line asks', () => {
    expect(read('docker -H tcp://box:2375 exec web ls').endpoint).toEqual({ host: 'tcp://box:2375' });
    expect(read('DOCKER_HOST=ssh://box docker exec web ls').endpoint).toEqual({ host: 'ssh://box' });
    expect(read('docker --context=box container exec web ls').endpoint).toEqual({ context: 'box' });
    expect(read('podman --url unix:///x.sock exec web ls')).toMatchObject({
      engine: 'podman',
      endpoint: { host: 'unix:///x.sock' },
    });
  });

  it('says what does not reach the container', () => {
    expect(read('CUDA_VISIBLE_DEVICES=0 docker exec web python a.py').ignored).toEqual([
      'CUDA_VISIBLE_DEVICES=0 stands before docker: it does not reach the container (-e CUDA_VISIBLE_DEVICES=… does).',
    ]);
    expect(read('A=1 docker exec -e A web python a.py')).toMatchObject({
      settings: { env: { A: '1' }, envNames: [] },
      ignored: [],
    });
  });
});

describe('a pasted compose line', () => {
  it.each(['docker compose', 'docker-compose'])('of %s names the service', (tool) => {
    const pasted = read(`${tool} -f a.yml --file=b.yml -p lab exec -T --index 2 -e A=1 worker python a.py`);
    expect(pasted).toMatchObject({
      engine: 'docker',
      kind: 'compose',
      name: 'worker',
      command: ['python', 'a.py'],
      compose: { verb: 'exec', files: ['a.yml', 'b.yml'], project: 'lab', profiles: [] },
      settings: { env: { A: '1' }, tty: false },
      ignored: ['--index 2 is left out.'],
    });
    expect(asTarget(pasted)).toBe('compose:worker');
  });

  it('may be a run', () => {
    expect(read('docker compose --profile gpu run --rm --no-deps -v /a:/b worker')).toMatchObject({
      name: 'worker',
      command: [],
      compose: { verb: 'run', profiles: ['gpu'] },
    });
  });
});

describe('a pasted apptainer line', () => {
  it('is read, and its words kept', () => {
    const pasted = read(
      'CUDA_VISIBLE_DEVICES=0 apptainer -q exec --nv --cleanenv -B /data:/d:ro,/scratch --env A=1,B=2 --pwd /d tf.sif python a.py',
    );
    expect(pasted).toMatchObject({
      engine: 'apptainer',
      kind: 'sif',
      name: 'tf.sif',
      command: ['python', 'a.py'],
      settings: {
        gpus: 'all',
        env: { A: '1', B: '2', CUDA_VISIBLE_DEVICES: '0' },
        workdir: '/d',
        mounts: [
          { type: 'bind', source: '/data', target: '/d', readOnly: true },
          { type: 'bind', source: '/scratch', target: '/scratch', readOnly: false },
        ],
      },
      ignored: [],
    });
    expect(pasted.prefix).toEqual(
      'apptainer -q exec --nv --cleanenv -B /data:/d:ro,/scratch --env A=1,B=2 --pwd /d tf.sif'.split(' '),
    );
    expect(asTarget(pasted)).toBe('apptainer:tf.sif');
  });

  it('knows ROCm, shells and images of a registry', () => {
    expect(read('singularity run --rocm docker://rocm/pytorch python a.py')).toMatchObject({
      name: 'docker://rocm/pytorch',
      settings: { devices: ['/dev/kfd', '/dev/dri'] },
    });
    expect(read('apptainer shell --nv tf.sif')).toMatchObject({ command: [], shell: ['sh'] });
    expect(read('SINGULARITYENV_A=1 singularity exec x.sif python a.py').settings.env).toEqual({ A: '1' });
  });
});

describe('what is not understood', () => {
  it.each([
    ['', 'The line names no program that starts a container.'],
    ['python a.py', '“python” starts no container that is known here.'],
    ['nerdctl run img', '“nerdctl” starts no container that is known here.'],
    ['docker', 'Nothing stands after docker.'],
    ['docker build -t x .', 'docker build runs no command in a container.'],
    ['docker compose up', 'docker compose up runs no command in a container.'],
    ['apptainer build a.sif b.def', 'apptainer build runs no command in a container.'],
    ['docker run --frobnicate img', 'The option --frobnicate of docker run is not known here.'],
    ['docker run -Z img', 'The option -Z of docker run is not known here.'],
    ['docker --frob run img', 'The option --frob of docker is not known here.'],
    ['docker exec --gpus all web ls', 'The option --gpus of docker exec is not known here.'],
    ['docker run --rm -it', 'The line ends before the name of the image.'],
    ['docker exec -it', 'The line ends before the name of the container.'],
    ['docker run -v', 'docker run: nothing stands after -v.'],
    ['docker run -v /a:/b:ro:x img', '“/a:/b:ro:x” of -v is not understood.'],
    ['docker run --mount type=bind,frob=1 img', '“frob=1” of --mount is not understood.'],
    ['docker run --mount type=bind,src=/a img', '“type=bind,src=/a” of --mount names no target.'],
    ['docker run --shm-size lots img', '“lots” of --shm-size is no size.'],
    ['docker run --cpus many img', '“many” of --cpus is no number.'],
    ['docker run --constructor img', 'The option --constructor of docker run is not known here.'],
  ])('%s', (line, message) => {
    expect(() => read(line)).toThrow(message);
  });

  it('comes with what to paste instead', () => {
    expect(() => read('docker ps')).toThrow(
      expect.objectContaining({
        name: 'UserError',
        fix: 'Paste the line that starts the program: docker run … or docker exec ….',
      }),
    );
  });
});

describe('what the shell would have put in', () => {
  const values = { PWD: '/home/u/my lab', HOME: '/home/u', USER: 'u', uid: 1000, gid: 100 };

  it.each([
    ['docker run -v $PWD:/w -u $(id -u):$(id -g) img', ['-v', '/home/u/my lab:/w', '-u', '1000:100', 'img']],
    [
      'docker run -v "$(pwd)":/w -v `pwd`/x:/x img',
      ['-v', '/home/u/my lab:/w', '-v', '/home/u/my lab/x:/x', 'img'],
    ],
    ['docker run -v ${PWD}:/w -v ~/data:/d img', ['-v', '/home/u/my lab:/w', '-v', '/home/u/data:/d', 'img']],
    ["docker run img sh -c 'echo $PWD ~'", ['img', 'sh', '-c', 'echo $PWD ~']],
    ['docker run img echo \\$PWD "\\$PWD"', ['img', 'echo', '$PWD', '$PWD']],
  ])('%s', (line, words) => {
    expect(splitCommandLine(fillInVariables(line, values)).slice(2)).toEqual(words);
  });

  it('leaves the rest to be refused', () => {
    expect(fillInVariables('docker run -v $DATA:/d $(cat x) img', values)).toBe(
      'docker run -v $DATA:/d $(cat x) img',
    );
    expect(fillInVariables('-v $PWDX:/d ${constructor} $PWD', {})).toBe('-v $PWDX:/d ${constructor} $PWD');
  });
});
