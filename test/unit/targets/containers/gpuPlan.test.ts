import { describe, expect, it } from 'vitest';
import {
  gpuWish,
  planGpu,
  type EngineInfo,
  type GpuQuestion,
} from '../../../../src/targets/containers/gpuPlan';
import { noSettings } from '../../../../src/targets/containers/containerSettings';

/** Answers of engines that were asked, shortened to the fields that are read. */
const plain20: EngineInfo = {
  Runtimes: { runc: { path: 'runc' }, 'io.containerd.runc.v2': { path: 'runc' } },
  OperatingSystem: 'Debian GNU/Linux 12 (bookworm)',
  KernelVersion: '6.1.0-18-amd64',
  SecurityOptions: ['name=seccomp,profile=default'],
};
const nvidia20: EngineInfo = {
  ...plain20,
  Runtimes: { runc: {}, nvidia: { path: 'nvidia-container-runtime' } },
};
const docker28: EngineInfo = {
  ...plain20,
  CDISpecDirs: ['/etc/cdi', '/var/run/cdi'],
  DiscoveredDevices: null,
};
const podman5: EngineInfo = { Runtimes: { crun: {}, kata: {}, krun: {}, runsc: {} }, Rootless: false };

const kfd = { path: '/dev/kfd', gid: 109 };
const render = [
  { path: '/dev/dri/renderD128', gid: 109 },
  { path: '/dev/dri/renderD129', gid: 44 },
];
const all = { DeviceRequests: [{ Driver: '', Count: -1, Capabilities: [['gpu']] }] };

function plan(question: Partial<GpuQuestion>): ReturnType<typeof planGpu> {
  return planGpu({ server: 'docker', version: '20.10.24', info: plain20, wish: 'auto', ...question });
}

function kinds(question: Partial<GpuQuestion>): string[] {
  return plan(question).map(({ kind, reason }) => `${kind} ${reason}`);
}

describe('what is wanted', () => {
  it.each([
    ['auto', undefined, 'auto'],
    ['auto', false, 'auto'],
    ['auto', 'optional', 'auto'],
    ['auto', true, 'required'],
    ['auto', { cores: 1000, memory: '32gb' }, 'required'],
    ['none', true, 'none'],
    ['required', 'optional', 'required'],
  ] as const)('%s with hostRequirements.gpu %s is %s', (wish, gpu, wanted) => {
    expect(gpuWish(wish, gpu === undefined ? {} : { gpu })).toBe(wanted);
  });

  it('none asks for nothing', () => {
    expect(kinds({ wish: 'none', info: nvidia20, asked: { ...noSettings(), gpus: 'all' } })).toEqual([
      'none try',
    ]);
  });

  it('required does not go on without', () => {
    expect(kinds({ wish: 'required' })).toEqual(['device-request try', 'rocm try']);
    expect(kinds({ devcontainer: { gpu: true }, host: { render: [] } })).toEqual(['device-request try']);
  });
});

describe('Docker', () => {
  it('is asked, since no field proves that it has no hook', () => {
    expect(kinds({})).toEqual(['device-request try', 'none try']);
    expect(plan({})[0]!.hostConfig).toEqual(all);
  });

  it('with the nvidia runtime has two ways', () => {
    expect(kinds({ info: nvidia20 })).toEqual(['device-request seen', 'nvidia-runtime seen', 'none try']);
    expect(plan({ info: nvidia20 })[1]).toMatchObject({
      hostConfig: { Runtime: 'nvidia' },
      env: { NVIDIA_VISIBLE_DEVICES: 'all', NVIDIA_DRIVER_CAPABILITIES: 'compute,utility' },
    });
  });

  it('that found CDI devices is asked for them first', () => {
    const ids = ['nvidia.com/gpu=0', 'nvidia.com/gpu=GPU-5f1c', 'nvidia.com/gpu=all'];
    const DiscoveredDevices = ids.map((ID) => ({ Source: 'cdi', ID }));
    const attempts = plan({ info: { ...docker28, DiscoveredDevices }, version: '28.5.2' });
    expect(attempts.map(({ kind }) => kind)).toEqual(['cdi', 'device-request', 'none']);
    expect(attempts[0]).toEqual({
      kind: 'cdi',
      hostConfig: { DeviceRequests: [{ Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=all'] }] },
      env: {},
      reason: 'seen',
      why: 'The engine found nvidia.com/gpu=all in its CDI files.',
    });
  });

  it('without a device named all is asked for each card once', () => {
    const ids = ['amd.com/gpu=0', 'amd.com/gpu=1', 'amd.com/gpu=0x1a2b', 'vendor.org/net=eth0'];
    const DiscoveredDevices = ids.map((ID) => ({ Source: 'cdi', ID }));
    expect(plan({ info: { ...docker28, DiscoveredDevices } })[0]!.hostConfig).toEqual({
      DeviceRequests: [{ Driver: 'cdi', DeviceIDs: ['amd.com/gpu=0', 'amd.com/gpu=1'] }],
    });
  });

  it('that reads CDI files without saying what it found is asked late', () => {
    const info = { ...plain20, CDISpecDirs: ['/etc/cdi'] };
    expect(kinds({ info, version: '26.1.5' })).toEqual(['device-request try', 'cdi try', 'none try']);
    expect(kinds({ info: { ...plain20, CDISpecDirs: [] } })).toEqual(['device-request try', 'none try']);
    expect(kinds({ info: docker28 })).toEqual(['device-request try', 'none try']);
  });

  it('next to an AMD card gets its nodes and their groups by number, and no more rights', () => {
    const attempts = plan({ host: { kfd, render } });
    expect(attempts.map(({ kind }) => kind)).toEqual(['device-request', 'rocm', 'none']);
    expect(attempts[1]!.hostConfig).toEqual({
      Devices: ['/dev/kfd', '/dev/dri/renderD128', '/dev/dri/renderD129'].map((path) => ({
        PathOnHost: path,
        PathInContainer: path,
        CgroupPermissions: 'rwm',
      })),
      GroupAdd: ['109', '44'],
    });
    const ofRoot = { kfd: { ...kfd, gid: 0 }, render: [] };
    expect(plan({ host: ofRoot })[1]!.hostConfig).not.toHaveProperty('GroupAdd');
    const rootless = { ...plain20, SecurityOptions: ['name=rootless'] };
    expect(plan({ host: { kfd, render }, info: rootless })[1]!.hostConfig).not.toHaveProperty('GroupAdd');
  });

  it('on WSL is worth asking, and has no AMD nodes', () => {
    const info = {
      ...plain20,
      OperatingSystem: 'Docker Desktop',
      KernelVersion: '5.15.167.4-microsoft-standard-WSL2',
    };
    expect(kinds({ info })).toEqual(['device-request seen', 'none try']);
    expect(kinds({ info, wish: 'required' })).toEqual(['device-request seen']);
  });

  it('in a virtual machine without a GPU is asked only where one is required', () => {
    const info = { ...plain20, OperatingSystem: 'Docker Desktop', KernelVersion: '6.10.14-linuxkit' };
    expect(plan({ info })).toEqual([
      {
        kind: 'none',
        hostConfig: {},
        env: {},
        reason: 'try',
        why: 'Docker Desktop on this system runs containers in a virtual machine that has no GPU.',
      },
    ]);
    expect(kinds({ info, wish: 'required' })[0]).toBe('device-request try');
  });
});

describe('Podman', () => {
  it('is asked for CDI only: it says OK to the rest and does nothing', () => {
    expect(kinds({ server: 'podman', version: '5.4.2', info: podman5 })).toEqual(['cdi try', 'none try']);
    expect(plan({ server: 'podman', version: '4.3.1', info: podman5 })[0]!.why).toContain('4.3.1 may start');
    const info = { ...podman5, Runtimes: { nvidia: {} } };
    expect(kinds({ server: 'podman', version: '5.4.2', info })).toEqual(['cdi try', 'none try']);
  });

  it('without root keeps the groups of its user', () => {
    const info = { ...podman5, Rootless: true };
    const attempts = plan({ server: 'podman', version: '5.4.2', info, host: { kfd, render } });
    expect(attempts.map(({ kind }) => kind)).toEqual(['rocm', 'cdi', 'none']);
    expect(attempts[0]!.hostConfig.GroupAdd).toEqual(['keep-groups']);
  });
});

describe('what somebody wrote', () => {
  it('comes first, and its like only once', () => {
    const attempts = plan({ info: nvidia20, devcontainer: { runArgs: ['--gpus', 'all', '--ipc=host'] } });
    expect(attempts.map(({ kind }) => kind)).toEqual(['device-request', 'nvidia-runtime', 'none']);
    expect(attempts[0]).toEqual({
      kind: 'device-request',
      hostConfig: all,
      env: {},
      reason: 'asked',
      why: 'devcontainer.json (runArgs) asks for --gpus all.',
    });
  });

  it('may be the legacy runtime, a CDI name or AMD nodes', () => {
    const runtime = plan({ devcontainer: { runArgs: ['--runtime=nvidia'] } });
    expect(runtime[0]).toMatchObject({
      kind: 'nvidia-runtime',
      hostConfig: { Runtime: 'nvidia' },
      env: { NVIDIA_VISIBLE_DEVICES: 'all' },
    });
    // An engine of today does not know that runtime any more, and has other ways.
    expect(runtime.map(({ kind }) => kind)).toEqual(['nvidia-runtime', 'device-request', 'none']);
    expect(plan({ devcontainer: { runArgs: ['--device', 'nvidia.com/gpu=0'] } })[0]).toMatchObject({
      kind: 'cdi',
      hostConfig: { DeviceRequests: [{ Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=0'] }] },
    });
    const rocm = ['--device=/dev/kfd', '--device=/dev/dri', '--security-opt', 'seccomp=unconfined'];
    expect(plan({ devcontainer: { runArgs: rocm }, host: { kfd, render } })[0]).toMatchObject({
      kind: 'rocm',
      hostConfig: { GroupAdd: ['109', '44'] },
    });
    expect(
      plan({ devcontainer: { runArgs: [...rocm, '--group-add', 'video'] }, host: { kfd, render } })[0]!
        .hostConfig.GroupAdd,
    ).toEqual(['video']);
  });

  it('is all that is tried where cards are named: others would not be those', () => {
    const reads = { ...plain20, CDISpecDirs: ['/etc/cdi'] };
    const requests = (asked: object): unknown =>
      plan({ info: reads, host: { render: [] }, wish: 'required', asked: { ...noSettings(), ...asked } }).map(
        ({ hostConfig }) => hostConfig.DeviceRequests?.[0],
      );
    expect(requests({ devices: ['nvidia.com/gpu=9'] })).toEqual([
      { Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=9'] },
    ]);
    expect(requests({ gpus: 'device=1' })).toEqual([
      { Driver: '', DeviceIDs: ['1'], Capabilities: [['gpu']] },
      { Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=1'] },
    ]);
    expect(requests({ gpus: '1' })).toEqual([
      { Driver: '', Count: 1, Capabilities: [['gpu']] },
      { Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=0'] },
    ]);
    expect(requests({ devices: ['nvidia.com/gpu=all'] })).toEqual([
      { Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=all'] },
      all.DeviceRequests[0],
    ]);
  });

  it('is said to Podman in its own words', () => {
    const podman = { server: 'podman', version: '5.4.2', info: podman5 } as const;
    const ids = (gpus: string): unknown =>
      plan({ ...podman, asked: { ...noSettings(), gpus } })[0]!.hostConfig.DeviceRequests;
    expect(ids('all')).toEqual([{ Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=all'] }]);
    expect(ids('device=1')).toEqual([{ Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=1'] }]);
    expect(ids('2')).toEqual([{ Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=0', 'nvidia.com/gpu=1'] }]);
  });

  it('about other things asks for no GPU', () => {
    const runArgs = ['--device', '/dev/ttyUSB0', '--runtime', 'runc', '--gpus-please'];
    expect(kinds({ devcontainer: { runArgs } })).toEqual(['device-request try', 'none try']);
    expect(kinds({ devcontainer: { runArgs: runArgs.slice(0, 4) } })).toEqual([
      'device-request try',
      'none try',
    ]);
  });
});
