import { failed, type Answers, type FrameworkAnswer } from './answers';
import { notKnown, sentence, type Finding, type Fix } from './finding';
import { driverCuda, frameworkName, hasGpu, shellWord } from './place';

/** Whether each framework can be imported, and uses the GPU that is here. */
export function frameworkFindings(answers: Answers): Finding[] {
  return Object.entries(answers.frameworks).flatMap(([name, answer]) => {
    if (failed(answer)) return [broken(answers, name, answer.failed)];
    return [sees(answers, name, answer), ...cudnn(name, answer), ...untraced(name, answer)];
  });
}

function broken(answers: Answers, name: string, error: string): Finding {
  const id = `${name}-import`;
  if (/did not answer|timed? ?out/i.test(error)) return notKnown(id, frameworkName(name), error);
  return {
    id,
    severity: 'problem',
    title: `${frameworkName(name)} cannot be imported`,
    detail: sentence(error),
    fix: {
      text: 'See all of what it says:',
      command: `${shellWord(answers.python.executable)} -c ${shellWord(`import ${name}`)}`,
    },
  };
}

function sees(answers: Answers, name: string, answer: FrameworkAnswer): Finding {
  const id = `${name}-gpu`;
  const title = `${frameworkName(name)} ${answer.version}`;
  const built = answer.cuda ?? answer.hip;
  const kind = answer.hip ? 'ROCm' : 'CUDA';
  const build = built ? `built for ${kind}${built === 'yes' ? '' : ` ${built}`}` : 'a build for the CPU only';
  if (answer.gpu) {
    const names = [...new Set((answer.devices ?? []).map((device) => device.name))].join(', ');
    return {
      id,
      severity: 'ok',
      title: `${title} sees the GPU`,
      detail: sentence([names, build].filter(Boolean).join('; ')),
    };
  }
  if (!hasGpu(answers)) {
    return {
      id,
      severity: 'ok',
      title: `${title} can be imported`,
      detail: `It is ${build}; there is no GPU here.`,
    };
  }
  if (!built) {
    return {
      id,
      severity: 'problem',
      title: `${title} is a build for the CPU only, and this machine has a GPU`,
      detail: 'Its packages hold no GPU code, so that every call runs on the CPU.',
      fix: gpuBuild(answers, name, answer.version),
    };
  }
  if (answer.gpu === undefined) {
    return {
      ...notKnown(
        id,
        `${title} and the GPU`,
        `It is ${build}; it says which devices it uses only when a model is loaded`,
      ),
    };
  }
  return blind(answers, id, title, build, answer);
}

function blind(answers: Answers, id: string, title: string, build: string, answer: FrameworkAnswer): Finding {
  const supported = driverCuda(answers);
  const finding: Finding = {
    id,
    severity: 'problem',
    title: `${title} does not see the GPU`,
    detail: `It is ${build}. ${answer.gpuError ? sentence(answer.gpuError) : 'It does not say why.'}`,
  };
  const wanted = Number.parseInt(answer.cuda ?? '', 10);
  if (supported !== undefined && wanted > Number.parseInt(supported, 10)) {
    return {
      ...finding,
      detail: `It is ${build}, and the driver runs programs of CUDA ${supported} and older only.`,
      fix: {
        text: `Update the driver of the machine, or install a build for CUDA ${supported.split('.')[0] ?? ''}.`,
      },
    };
  }
  const text =
    'See whether its CUDA libraries load: those of the version that it was built for must be installed or on LD_LIBRARY_PATH.';
  return {
    ...finding,
    fix: { text, command: `${shellWord(answers.python.executable)} -c ${shellWord(question(id))}` },
  };
}

function question(id: string): string {
  if (id.startsWith('torch')) return 'import torch; torch.cuda.init()';
  if (id.startsWith('jax')) return 'import jax; print(jax.devices("gpu"))';
  return 'import tensorflow as tf; print(tf.config.list_physical_devices("GPU"))';
}

/** The same version, with GPU code in it. */
function gpuBuild({ python, container }: Answers, name: string, version: string): Fix {
  const pip = `${shellWord(python.executable)} -m pip`;
  const plain = version.split('+')[0] ?? version;
  const [major = 0, minor = 0] = plain.split('.').map(Number);
  const bundled = major > 2 || (major === 2 && minor >= 14); // tensorflow[and-cuda] is there from 2.14 on
  const commands: Record<string, string> = {
    torch: `${pip} install --force-reinstall --index-url https://pypi.org/simple torch==${plain}`,
    tensorflow: `${pip} uninstall -y tensorflow-cpu && ${pip} install --force-reinstall '${bundled ? 'tensorflow[and-cuda]' : 'tensorflow'}==${plain}'`,
    jax: `${pip} install 'jax[cuda12]==${plain}'`,
    onnxruntime: `${pip} uninstall -y onnxruntime && ${pip} install onnxruntime-gpu==${plain}`,
  };
  const where = container ? ', as a RUN line of the image’s Dockerfile' : '';
  const text = `Install its build for CUDA${where}; for an AMD card or another CUDA, take the line that the framework’s own site gives.`;
  return { text, ...(commands[name] ? { command: commands[name] } : {}) };
}

function cudnn(name: string, answer: FrameworkAnswer): Finding[] {
  const id = `${name}-cudnn`;
  if (answer.cudnnError) {
    return [
      {
        id,
        severity: 'problem',
        title: `${frameworkName(name)} cannot load cuDNN`,
        detail: sentence(answer.cudnnError),
      },
    ];
  }
  if (!answer.cuda || !answer.cudnn) return [];
  return [
    {
      id,
      severity: 'ok',
      title: `cuDNN ${cudnnVersion(answer.cudnn)} for ${frameworkName(name)}`,
      detail: name === 'tensorflow' ? 'The version that TensorFlow was built with.' : 'Loaded.',
    },
  ];
}

/** 90100 is 9.1.0, 8902 is 8.9.2. */
function cudnnVersion(version: string | number): string {
  if (typeof version === 'string') return version;
  const major = version >= 90000 ? 10000 : 1000;
  return [Math.floor(version / major), Math.floor((version % major) / 100), version % 100].join('.');
}

/** A build that computes on the GPU and yet cannot trace it. */
function untraced(name: string, answer: FrameworkAnswer): Finding[] {
  if (answer.gpu !== true || answer.tracesGpu !== false) return [];
  return [
    {
      id: `${name}-kineto`,
      severity: 'warning',
      title: `This ${frameworkName(name)} cannot trace the GPU`,
      detail:
        'It was built without CUPTI (Kineto): traces will hold the host’s side only; call times are right all the same.',
      fix: { text: 'Install the build that its own site offers.' },
    },
  ];
}
