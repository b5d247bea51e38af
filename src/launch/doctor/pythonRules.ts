import { failed, type Answers } from './answers';
import { notKnown, type Finding } from './finding';
import { probePart } from './place';

/** The interpreter, its C library, and what is installed in it. */
export function pythonFindings(answers: Answers): Finding[] {
  const findings = [pythonFinding(answers)];
  if (findings[0]?.severity === 'problem') return findings;
  return [...findings, libcFinding(answers), packagesFinding(answers)];
}

function pythonFinding({ python }: Answers): Finding {
  const [major, minor] = python.version;
  const version = python.version.join('.');
  if (major > 3 || (major === 3 && minor >= 7)) {
    return { id: 'python', severity: 'ok', title: `Python ${version}`, detail: python.executable };
  }
  return {
    id: 'python',
    severity: 'problem',
    title: `Python ${version} is too old to record calls`,
    detail: `${python.executable} is Python ${version}; programs run in it as before, but nothing is recorded below 3.7.`,
    fix: {
      text: 'Run the program with Python 3.7 or newer. TensorFlow 1.15 and PyTorch 1.0 run on 3.7.',
      command: 'predictscope doctor -- python3',
    },
  };
}

function libcFinding(answers: Answers): Finding {
  const facts = probePart(answers, 'python');
  if (failed(facts)) return notKnown('libc', 'C library', facts.failed);
  const { libc, libcVersion, system } = facts;
  if (libc === null) return notKnown('libc', 'C library', 'The system does not say');
  if (libc !== 'musl') {
    return {
      id: 'libc',
      severity: 'ok',
      title: `C library: ${libc} ${libcVersion ?? ''}`.trim(),
      detail: system ?? '',
    };
  }
  return {
    id: 'libc',
    severity: 'warning',
    title: 'This is a musl system (Alpine)',
    detail: 'TensorFlow, JAX and NVIDIA’s CUDA libraries are built for glibc only and do not load here.',
    fix: { text: 'Build the image from a Debian or Ubuntu base, such as python:3.11-slim.' },
  };
}

const known = ['torch', 'tensorflow', 'jax', 'keras', 'onnxruntime', 'tf-nightly'];

function packagesFinding(answers: Answers): Finding {
  const packages = probePart(answers, 'packages');
  if (failed(packages)) return notKnown('packages', 'Frameworks', packages.failed);
  const list = Object.entries(packages);
  const text = list.map(([name, version]) => `${name} ${version}`).join(', ');
  if (list.some(([name]) => known.some((each) => name === each || name.startsWith(`${each}-`)))) {
    return { id: 'packages', severity: 'ok', title: 'Frameworks are installed', detail: text };
  }
  return {
    id: 'packages',
    severity: 'warning',
    title: 'No framework in this interpreter',
    detail: `None of PyTorch, TensorFlow, JAX, Keras and ONNX Runtime is installed for ${answers.python.executable}.`,
    fix: {
      text: 'Name the interpreter that your program runs with after --, or set predictscope.interpreter.',
    },
  };
}
