import { thatImage, type RefusalRule } from './refusalRule';

const configure =
  'Install nvidia-container-toolkit where the engine runs, then: sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker.';
const generate = 'sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml';
const checkDriver = 'Run nvidia-smi where the engine runs: it must list the GPU.';

/**
 * The engine, its hooks and the drivers, about GPUs. nvidia-container-cli's texts are libnvidia-container's;
 * they come at the end of the engine's own "OCI runtime create failed: … error running hook".
 */
export const gpuRefusals: readonly RefusalRule[] = [
  {
    kind: 'gpu-cdi-off',
    pattern: /could not select device driver "?cdi"? with capabilities/,
    say: () => ({
      message: 'This Docker does not read CDI files, so it cannot give the GPU by its CDI name.',
      fix: 'Use --gpus all instead; or, from Docker 25 on, put {"features": {"cdi": true}} into /etc/docker/daemon.json and restart docker.',
    }),
  },
  {
    kind: 'gpu-no-toolkit',
    pattern: /could not select device driver "?([^"]*?)"? with capabilities/,
    say: (driver) =>
      driver === 'amd'
        ? {
            message: 'Docker has no driver for AMD GPUs.',
            fix: 'Give the devices instead: --device /dev/kfd --device /dev/dri (in devcontainer.json: "runArgs": ["--device=/dev/kfd", "--device=/dev/dri"]).',
          }
        : {
            message: 'Docker has no NVIDIA container toolkit, so it cannot give a GPU to a container.',
            fix: `${configure} (Docker from snap does not find it.)`,
          },
  },
  {
    kind: 'gpu-cdi-unresolved',
    pattern: /unresolvable CDI devices ([^\n:]*[^\n: ])/,
    say: (devices) => ({
      message: `No CDI file describes ${devices}.`,
      fix: devices.startsWith('amd.com')
        ? 'Run sudo amd-ctk cdi generate --output=/etc/cdi/amd.json where the engine runs, and ask for a name that amd-ctk cdi list shows.'
        : `Run ${generate} where the engine runs, and ask for a name that nvidia-ctk cdi list shows.`,
    }),
  },
  {
    kind: 'gpu-request',
    pattern: /unexpected count in CDI device request/,
    say: () => ({
      message: 'A GPU was asked for by its CDI name and by a number of GPUs at once.',
      fix: 'Keep one: --device nvidia.com/gpu=all, or --gpus all.',
    }),
  },
  {
    kind: 'gpu-request',
    pattern: /cannot set both Count and DeviceIDs on device request/,
    say: () => ({
      message: 'The list of GPUs lost its quotes.',
      fix: `Write --gpus '"device=0,1"' in a shell, "runArgs": ["--gpus", "\\"device=0,1\\""] in devcontainer.json.`,
    }),
  },
  {
    kind: 'gpu-runtime-unknown',
    pattern:
      /(?:Unknown runtime specified|unknown or invalid runtime name:?|OCI runtime)\s*"?(nvidia[\w-]*)"?(?: not found)?/i,
    say: (runtime) => ({
      message: `The engine has no runtime named ${runtime}; it is the form of nvidia-docker 2.`,
      fix: `Replace --runtime=${runtime} by --gpus all (in devcontainer.json: "runArgs": ["--gpus", "all"]), or register it: sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker.`,
    }),
  },
  {
    kind: 'gpu-hook',
    pattern:
      /exec: "?nvidia-container-runtime-hook"?: executable file not found|fork\/exec \S*nvidia-container-runtime\S*: no such file|nvidia-container-runtime\S*: (?:executable file not found|no such file)/,
    say: () => ({
      message: 'The engine is set up for NVIDIA’s runtime, whose program is not installed.',
      fix: configure,
    }),
  },
  {
    kind: 'gpu-driver-missing',
    pattern: /WSL environment detected but no adapters were found/,
    say: () => ({
      message: 'Windows gives WSL no GPU.',
      fix: 'Install NVIDIA’s driver in Windows (not in WSL), then run wsl --update and wsl --shutdown in Windows. WSL 1 has no GPU.',
    }),
  },
  {
    kind: 'gpu-driver-mismatch',
    pattern: /[Dd]river\/library version mismatch/,
    say: () => ({
      message: 'The NVIDIA driver was updated, and the kernel still runs the old one.',
      fix: 'Restart the machine that the engine runs on.',
    }),
  },
  {
    kind: 'gpu-driver-missing',
    pattern:
      /nvml error: driver not loaded|load library failed: libnvidia-ml\.so|libcuda\.so\.1: cannot open shared object|couldn't communicate with the NVIDIA driver|nvidia-container-cli: detection error: driver/,
    say: () => ({
      message: 'The NVIDIA driver is not loaded where the engine runs.',
      fix: `${checkDriver} If it does not, install the driver, or restart after an update of the kernel.`,
    }),
  },
  {
    kind: 'gpu-driver-old',
    pattern: /unsatisfied condition: (cuda\s*>=\s*[\d.]*\d)/,
    say: (condition, place) => ({
      message: `${thatImage(place)} needs a newer NVIDIA driver (${condition.replaceAll(' ', '')}).`,
      fix: 'Update the driver where the engine runs, or use an image with an older CUDA. nvidia-smi shows the newest CUDA that the driver can run.',
    }),
  },
  {
    kind: 'gpu-driver-old',
    pattern: /CUDA driver version is insufficient for CUDA runtime version/,
    say: () => ({
      message: 'The NVIDIA driver is older than the CUDA of the program.',
      fix: 'Update the driver where the engine runs, or use an image with an older CUDA.',
    }),
  },
  {
    kind: 'gpu-hook',
    pattern: /nvidia-container-cli: mount error: file creation failed: (\S*?): file exists/,
    say: (file, place) => ({
      message: `${thatImage(place)} holds files of a driver (${file.replace(/^.*\/merged/, '')}), which stand in the way of the host’s own.`,
      fix: 'Remove libcuda.so* and libnvidia-*.so* in the Dockerfile: RUN rm -f /usr/lib/x86_64-linux-gnu/libcuda.so* /usr/lib/x86_64-linux-gnu/libnvidia-*.so*.',
    }),
  },
  {
    kind: 'gpu-hook',
    pattern: /failed to add device rules|bpf_prog_query|cgroup subsystem devices not found/,
    say: () => ({
      message: 'NVIDIA’s toolkit may not change the control groups of the container, as without root.',
      fix: 'Update nvidia-container-toolkit; or, for a rootless engine: sudo nvidia-ctk config --set nvidia-container-cli.no-cgroups --in-place.',
    }),
  },
  {
    kind: 'gpu-request',
    pattern: /nvidia-container-cli: device error: (.*?)(?:$|\n)/,
    say: (what) => ({
      message: `There is no such GPU where the engine runs (${what.replace(/: unknown$/, '')}).`,
      fix: 'Ask for one that nvidia-smi -L lists, or for all: --gpus all.',
    }),
  },
  {
    kind: 'gpu-hook',
    pattern: /ldcache error: open failed: (\S+): no such file/,
    say: (file) => ({
      message: `NVIDIA’s toolkit looks for ${file}, which this system has elsewhere.`,
      fix: 'Put ldconfig = "@/sbin/ldconfig" into /etc/nvidia-container-runtime/config.toml.',
    }),
  },
  {
    kind: 'gpu-hook',
    pattern: /nvidia-container-cli(?:\.real)?: ([^\n]+)/,
    say: (what) => ({
      message: `NVIDIA’s toolkit could not give the GPU to the container: ${what}.`,
      fix: `${checkDriver} Then see nvidia-container-cli info.`,
    }),
  },
  {
    kind: 'gpu-node-missing',
    pattern:
      /(?:gathering device information while adding custom device "?|stat |device node "?)(\/dev\/(?:kfd|dri)[\w/]*)"?:? ?(?:no such file|not found)/,
    say: (node) => ({
      message: `The machine that the engine runs on has no ${node}: the driver amdgpu is not loaded there, or it has no AMD GPU.`,
      fix: 'Load the driver (sudo modprobe amdgpu; ls /dev/kfd /dev/dri), or take --device out of the command line or of "runArgs".',
    }),
  },
  {
    kind: 'gpu-node-missing',
    pattern:
      /(?:gathering device information while adding custom device "?|stat |device node "?)(\/dev\/(?:nvidia|dxg)[\w/-]*)"?:? ?(?:no such file|not found)/,
    say: (node) => ({
      message: `The machine that the engine runs on has no ${node}: the NVIDIA driver is not loaded there.`,
      fix: checkDriver,
    }),
  },
  {
    kind: 'gpu-node-denied',
    pattern: /Unable to open (\/dev\/kfd) read-write: Permission denied|(\/dev\/dri\/\w+): Permission denied/,
    say: (node) => ({
      message: `The user in the container may not open ${node}.`,
      fix: `Add the group that owns it, by number: --group-add $(stat -c %g ${node}) (Podman without root: --group-add keep-groups).`,
    }),
  },
  {
    kind: 'gpu-node-missing',
    pattern: /Unable to open (\/dev\/kfd) read-write: No such file/,
    say: () => ({
      message: 'The container was started without /dev/kfd.',
      fix: 'Start it with --device /dev/kfd --device /dev/dri.',
    }),
  },
  {
    kind: 'gpu-group-missing',
    pattern: /unable to find group "?(render|video)"?/i,
    say: (group, place) => ({
      message: `${thatImage(place)} has no group named ${group}.`,
      fix: 'Give the number instead: --group-add $(stat -c %g /dev/kfd).',
    }),
  },
  {
    kind: 'gpu-lost',
    pattern: /Failed to initialize NVML: Unknown Error/,
    say: () => ({
      message: 'The container has lost its GPU, as happens when the host reloads systemd.',
      fix: 'Make the container anew (docker rm, docker run). Giving the nodes keeps it from happening: --device /dev/nvidia0 --device /dev/nvidiactl --device /dev/nvidia-uvm.',
    }),
  },
  {
    kind: 'gpu-node-denied',
    pattern: /Failed to initialize NVML: Insufficient Permissions/,
    say: () => ({
      message: 'The user in the container may not open the GPU’s devices.',
      fix: 'Podman without root: --group-add keep-groups with the runtime crun, and --security-opt label=disable under SELinux.',
    }),
  },
  {
    kind: 'gpu-unsupported',
    pattern:
      /no kernel image is available for execution on the device|not compatible with the current PyTorch/,
    say: () => ({
      message: 'The program’s libraries were not built for this GPU.',
      fix: 'Install a build of the framework whose CUDA knows this GPU.',
    }),
  },
  {
    // Counters only: tracing, which is all that a timeline needs, is open to every user since CUDA 10.2.
    kind: 'gpu-counters',
    pattern: /ERR_NVGPUCTRPERM|CUPTI_ERROR_INSUFFICIENT_PRIVILEGES|NVPA_STATUS_INSUFFICIENT_PRIVILEGE/,
    say: () => ({
      message: 'The driver gives the GPU’s counters only to administrators. A timeline needs none.',
      fix: 'For the counters: --cap-add=PERFMON (driver 565 or newer), or options nvidia NVreg_RestrictProfilingToAdminUsers=0 in /etc/modprobe.d, update-initramfs -u and a restart.',
    }),
  },
];
