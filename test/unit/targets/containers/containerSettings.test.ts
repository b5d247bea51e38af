import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { splitCommandLine } from '../../../../src/launch/commandLine';
import { settingsToHostConfig, type CreateParts } from '../../../../src/targets/containers/containerSettings';
import { parseGpus } from '../../../../src/targets/containers/gpusFlag';
import { readRunArguments } from '../../../../src/targets/containers/runFlags';
import { parseBytes } from '../../../../src/targets/containers/sizes';

function parts(line: string, cwd?: string): CreateParts {
  return settingsToHostConfig(readRunArguments(splitCommandLine(line)).settings, cwd);
}

describe('settings as a create request', () => {
  it('hold nothing that nobody asked for', () => {
    expect(parts('')).toEqual({ config: {}, hostConfig: {} });
    expect(parts('-it --rm')).toEqual({ config: {}, hostConfig: {} });
  });

  it('hold all that was asked for', () => {
    expect(
      parts(
        '-e A=1 -u 1000:1000 -w /w --entrypoint "" --hostname box --runtime nvidia --group-add 109 --cap-add PERFMON ' +
          '--cap-drop ALL --security-opt seccomp=unconfined --privileged --ulimit memlock=-1 --ulimit nofile=1024:2048 ' +
          '--shm-size 1g -m 2g --cpus 1.5 --cpuset-cpus 0,2 --ipc host --pid host --userns host --network none ' +
          '--add-host a:1.2.3.4 --tmpfs /t:size=1m --read-only --init --platform linux/arm64',
      ),
    ).toEqual({
      config: { Env: ['A=1'], User: '1000:1000', WorkingDir: '/w', Entrypoint: [''], Hostname: 'box' },
      hostConfig: {
        Runtime: 'nvidia',
        GroupAdd: ['109'],
        CapAdd: ['PERFMON'],
        CapDrop: ['ALL'],
        SecurityOpt: ['seccomp=unconfined'],
        Privileged: true,
        Ulimits: [
          { Name: 'memlock', Soft: -1, Hard: -1 },
          { Name: 'nofile', Soft: 1024, Hard: 2048 },
        ],
        ShmSize: 2 ** 30,
        Memory: 2 ** 31,
        NanoCpus: 1.5e9,
        CpusetCpus: '0,2',
        IpcMode: 'host',
        PidMode: 'host',
        UsernsMode: 'host',
        NetworkMode: 'none',
        ExtraHosts: ['a:1.2.3.4'],
        Tmpfs: { '/t': 'size=1m' },
        ReadonlyRootfs: true,
        Init: true,
      },
      platform: 'linux/arm64',
    });
  });

  it('mount folders in the form that fails when they are missing', () => {
    expect(parts('-v ./a:/a:ro -v vol:/v:cached -v /anonymous', '/home/u')).toEqual({
      config: { Volumes: { '/anonymous': {} } },
      hostConfig: {
        Mounts: [
          { Type: 'bind', Source: path.resolve('/home/u/a'), Target: '/a', ReadOnly: true },
          { Type: 'volume', Source: 'vol', Target: '/v' },
        ],
      },
    });
  });

  it('use the old form only for words that it alone knows', () => {
    expect(parts('-v /a:/b:ro,z -v vol:/v:nocopy').hostConfig).toEqual({
      Binds: ['/a:/b:ro,z', 'vol:/v:nocopy'],
    });
    expect(parts('--mount type=tmpfs,dst=/t,tmpfs-size=64m').hostConfig).toEqual({
      Tmpfs: { '/t': 'size=64m' },
    });
  });

  it('split devices into nodes and CDI names', () => {
    expect(
      parts('--gpus 1 --device nvidia.com/gpu=all --device /dev/kfd --device /dev/a:/dev/b --device /dev/c:r')
        .hostConfig,
    ).toEqual({
      DeviceRequests: [
        { Driver: '', Count: 1, Capabilities: [['gpu']] },
        { Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=all'] },
      ],
      Devices: [
        { PathOnHost: '/dev/kfd', PathInContainer: '/dev/kfd', CgroupPermissions: 'rwm' },
        { PathOnHost: '/dev/a', PathInContainer: '/dev/b', CgroupPermissions: 'rwm' },
        { PathOnHost: '/dev/c', PathInContainer: '/dev/c', CgroupPermissions: 'r' },
      ],
    });
  });

  it.each([
    ['80', { '80/tcp': [{ HostPort: '' }] }],
    ['8080:80', { '80/tcp': [{ HostPort: '8080' }] }],
    ['127.0.0.1:8080:80/udp', { '80/udp': [{ HostIp: '127.0.0.1', HostPort: '8080' }] }],
    ['127.0.0.1::80', { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] }],
    ['[::1]:8080:80', { '80/tcp': [{ HostIp: '::1', HostPort: '8080' }] }],
    ['9000-9001:80-81', { '80/tcp': [{ HostPort: '9000' }], '81/tcp': [{ HostPort: '9001' }] }],
  ])('publish %s', (port, bindings) => {
    expect(parts(`-p '${port}'`)).toEqual({
      config: { ExposedPorts: Object.fromEntries(Object.keys(bindings).map((key) => [key, {}])) },
      hostConfig: { PortBindings: bindings },
    });
  });

  it.each([
    ['-p eighty', '“eighty” of -p is not understood.'],
    ['--ulimit memlock', '“memlock” of --ulimit is not understood.'],
    ['--gpus many', '“many” in --gpus many is no number of GPUs.'],
    ['--gpus frob=1', '“frob=1” in --gpus frob=1 is not understood.'],
  ])('refuse %s', (line, message) => {
    expect(() => parts(line)).toThrow(message);
  });
});

describe('--gpus', () => {
  it.each([
    ['all', { Driver: '', Count: -1, Capabilities: [['gpu']] }],
    ['2', { Driver: '', Count: 2, Capabilities: [['gpu']] }],
    ['device=0', { Driver: '', DeviceIDs: ['0'], Capabilities: [['gpu']] }],
    ['"device=0,1"', { Driver: '', DeviceIDs: ['0', '1'], Capabilities: [['gpu']] }],
    ['device=0,1', { Driver: '', DeviceIDs: ['0', '1'], Capabilities: [['gpu']] }],
    ['all,capabilities=utility', { Driver: '', Count: -1, Capabilities: [['utility', 'gpu']] }],
    [
      'driver=nvidia,count=1,"capabilities=compute,utility"',
      { Driver: 'nvidia', Count: 1, Capabilities: [['compute', 'utility', 'gpu']] },
    ],
    ['capabilities=utility', { Driver: '', Count: 1, Capabilities: [['utility', 'gpu']] }],
  ])('%s', (value, request) => {
    expect(parseGpus(value)).toEqual(request);
  });
});

describe('sizes', () => {
  it.each([
    ['64m', 2 ** 26],
    ['16g', 2 ** 34],
    ['1.5gb', 1.5 * 2 ** 30],
    ['2GiB', 2 ** 31],
    ['1048576', 2 ** 20],
    ['512b', 512],
  ])('%s', (text, bytes) => {
    expect(parseBytes(text, '--memory')).toBe(bytes);
  });
});
