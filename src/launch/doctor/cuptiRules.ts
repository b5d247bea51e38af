import { failed, type Answers } from './answers';
import { devcontainerLine, notKnown, sentence, type Finding } from './finding';
import {
  driverVersion,
  frameworkName,
  gpuNodes,
  hasNvidia,
  probePart,
  shellWord,
  workingFrameworks,
} from './place';

/** Whether the GPU can be traced, and its counters be read. */
export function cuptiFindings(answers: Answers): Finding[] {
  if (hasNvidia(answers)) return [library(answers), ...counters(answers)];
  return gpuNodes(answers).length > 0 ? [roctracer(answers)] : [];
}

function library(answers: Answers): Finding {
  const id = 'cupti';
  const loaded = workingFrameworks(answers).flatMap(([name, { libraries }]) =>
    libraries
      .filter((file) => file.includes('/libcupti.so'))
      .map((file) => `${frameworkName(name)} loaded ${file}`),
  );
  if (loaded.length > 0) {
    return {
      id,
      severity: 'ok',
      title: 'CUPTI loads: kernels can be traced',
      detail: sentence(loaded.join('; ')),
    };
  }
  const libraries = probePart(answers, 'libraries');
  if (failed(libraries)) return notKnown(id, 'CUPTI', libraries.failed);
  const loadable = libraries.cupti.find((each) => each.loaded);
  if (loadable) {
    return {
      id,
      severity: 'ok',
      title: 'CUPTI loads: kernels can be traced',
      detail: sentence(loadable.library),
    };
  }
  const broken = libraries.cupti.find((each) => !each.loaded);
  return {
    id,
    severity: 'warning',
    title: 'CUPTI does not load: traces will hold no kernels',
    detail: `${sentence(broken ? `${broken.library}: ${broken.error ?? 'no reason given'}` : 'No libcupti.so was found')} Call times and the host’s side of traces are recorded all the same.`,
    fix: {
      text: 'Install CUPTI of the CUDA that your framework was built for, or put its folder on LD_LIBRARY_PATH; PyTorch and tensorflow[and-cuda] bring their own.',
      command: `${shellWord(answers.python.executable)} -m pip install ${cuptiPackage(answers)}`,
    },
  };
}

function cuptiPackage(answers: Answers): string {
  const builds = workingFrameworks(answers).flatMap(([, { cuda }]) =>
    cuda ? [Number.parseInt(cuda, 10)] : [],
  );
  const major = builds.find((each) => each >= 11) ?? 12;
  return major >= 13 ? 'nvidia-cuda-cupti' : `nvidia-cuda-cupti-cu${major}`;
}

const sysAdmin = 21n;
const perfmon = 38n;

/** Counters are not what a timeline is made of: nobody should grant a privilege for one. */
function counters(answers: Answers): Finding[] {
  const id = 'gpu-counters';
  const nvidia = probePart(answers, 'nvidia');
  if (failed(nvidia)) return [notKnown(id, 'Permission for GPU counters', nvidia.failed)];
  if (nvidia.countersForAdminOnly === null) {
    return [
      notKnown(
        id,
        'Permission for GPU counters',
        'The driver’s parameter RmProfilingAdminOnly could not be read',
      ),
    ];
  }
  if (!nvidia.countersForAdminOnly) {
    return [
      {
        id,
        severity: 'ok',
        title: 'GPU counters are open to every user',
        detail: 'RmProfilingAdminOnly is 0.',
      },
    ];
  }
  const user = probePart(answers, 'user');
  const held = BigInt(`0x${failed(user) ? '0' : (user.capabilities ?? '0')}`);
  if (has(held, sysAdmin) || (has(held, perfmon) && driverMajor(answers) >= 565)) {
    return [
      {
        id,
        severity: 'ok',
        title: 'GPU counters may be read here',
        detail: 'RmProfilingAdminOnly is 1, and this process has the capability.',
      },
    ];
  }
  return [
    {
      id,
      severity: 'note',
      title: 'GPU counters are for administrators only; tracing works without them',
      detail:
        'RmProfilingAdminOnly is 1. Timelines, kernels and copies are traced all the same; only counters (occupancy, memory throughput, as Nsight Compute shows them) are refused with ERR_NVGPUCTRPERM.',
      fix: {
        text: 'Nothing needs to be done for Predictscope. If you want counters: on the machine itself, then restart it (a container would need SYS_ADMIN, which gives it far more).',
        command:
          'echo "options nvidia NVreg_RestrictProfilingToAdminUsers=0" | sudo tee /etc/modprobe.d/nvidia-counters.conf && sudo update-initramfs -u',
      },
    },
  ];
}

function driverMajor(answers: Answers): number {
  return Number.parseInt(driverVersion(answers) ?? '0', 10);
}

function has(mask: bigint, bit: bigint): boolean {
  return ((mask >> bit) & 1n) === 1n;
}

function roctracer(answers: Answers): Finding {
  const id = 'roctracer';
  const loaded = workingFrameworks(answers).flatMap(([, { libraries }]) =>
    libraries.filter((f) => /roctracer|rocprofiler/.test(f)),
  );
  if (loaded.length > 0) {
    return {
      id,
      severity: 'ok',
      title: 'ROCm’s tracer loads: kernels can be traced',
      detail: sentence(loaded.join(', ')),
    };
  }
  return {
    ...notKnown(
      id,
      'ROCm’s tracer',
      'No framework that was asked had loaded libroctracer64 or librocprofiler',
    ),
    fix: {
      text: 'A container may need its seccomp filter off for AMD’s tools.',
      command: '--security-opt=seccomp=unconfined',
      devcontainer: devcontainerLine(['runArgs'], ['--security-opt=seccomp=unconfined']),
    },
  };
}
