import { formatBytes } from '../../common/units';
import { failed, type Answers, type ProcessorAnswer } from './answers';
import { devcontainerLine, notKnown, type Finding, type Fix } from './finding';
import { environment, frameworkName, inContainer, placePart, workingFrameworks } from './place';

/** The processors that a program gets, how many threads it makes on them, and what holds them back. */
export function processorFindings(answers: Answers): Finding[] {
  const processor = placePart(answers, 'processor');
  if (failed(processor)) return [notKnown('cpu', 'Processors', processor.failed)];
  return [
    amount(answers, processor),
    ...threads(answers, processor),
    governor(processor),
    ...held(processor),
    ...busy(processor),
    ...memory(processor),
  ];
}

/** How many it may use; undefined where nobody says. */
function usable({ count, allowed, cgroupCpus }: ProcessorAnswer): number | undefined {
  const limits = [count, allowed, cgroupCpus].filter((each): each is number => each !== null);
  return limits.length > 0 ? Math.min(...limits) : undefined;
}

const plain = (value: number): string => String(Math.round(value * 100) / 100);
const processors = (value: number): string => `${plain(value)} ${value === 1 ? 'processor' : 'processors'}`;

function amount(answers: Answers, processor: ProcessorAnswer): Finding {
  const id = 'cpu';
  const here = usable(processor);
  if (here === undefined) return notKnown(id, 'Processors', 'The system does not say how many there are');
  const { count, allowed, cgroupCpus, model } = processor;
  const what = model ?? 'Model not said';
  if (count === null || here >= count) {
    return { id, severity: 'ok', title: processors(here), detail: `${what}; no limit is set.` };
  }
  const limit =
    cgroupCpus === here
      ? `The limit of its control group is ${plain(here)} of ${count}: threads beyond it are halted for parts of every tenth of a second.`
      : `It may run on ${allowed ?? here} of ${count}.`;
  return {
    id,
    severity: here <= 1 ? 'warning' : 'note',
    title: `Limited to ${plain(here)} of ${count} processors`,
    detail: `${limit} ${what}.`,
    ...(inContainer(answers)
      ? {
          fix: {
            text: 'Give the container more, if the machine has them.',
            command: `--cpus=${Math.min(count, 4)}`,
            devcontainer: devcontainerLine(['runArgs'], [`--cpus=${Math.min(count, 4)}`]),
          },
        }
      : {}),
  };
}

/** Frameworks make a thread for every processor of the machine, and know nothing of a control group's limit. */
function threads(answers: Answers, processor: ProcessorAnswer): Finding[] {
  const id = 'threads';
  const here = usable(processor);
  if (here === undefined) return [];
  const whole = Math.max(1, Math.floor(here));
  const text = environment(answers).OMP_NUM_THREADS;
  const set = text === undefined ? NaN : Number.parseInt(text, 10);
  const fix = (why: string): Fix => ({
    text: why,
    command: inContainer(answers) ? `--env=OMP_NUM_THREADS=${whole}` : `export OMP_NUM_THREADS=${whole}`,
    ...(inContainer(answers)
      ? { devcontainer: devcontainerLine(['containerEnv', 'OMP_NUM_THREADS'], String(whole)) }
      : {}),
  });
  if (set > here) {
    return [
      {
        id,
        severity: 'warning',
        title: `OMP_NUM_THREADS is ${set}, for ${processors(here)}`,
        detail: 'More threads than processors wait for each other.',
        fix: fix('Set it to what is there.'),
      },
    ];
  }
  if (set === 1 && whole >= 4) {
    return [
      {
        id,
        severity: 'note',
        title: 'OMP_NUM_THREADS is 1',
        detail: `Parts of a model that run on the CPU use one of ${plain(here)} processors. torchrun and HTCondor set it so.`,
        fix: fix('If that is not meant, set it.'),
      },
    ];
  }
  const eager = workingFrameworks(answers).filter(([, answer]) => (answer.threads ?? 0) > Math.ceil(here));
  const blind = processor.cgroupCpus !== null && (processor.count ?? 0) > Math.ceil(processor.cgroupCpus);
  if (Number.isFinite(set)) {
    return [
      {
        id,
        severity: 'ok',
        title: `OMP_NUM_THREADS is ${set}`,
        detail: `It gets ${processors(here)}.`,
      },
    ];
  }
  if (eager.length > 0 || blind) {
    const counted = eager.map(
      ([name, answer]) => `${frameworkName(name)} makes ${answer.threads ?? 0} threads`,
    );
    return [
      {
        id,
        severity: 'warning',
        title: `Frameworks make more threads than the ${processors(here)} that they get`,
        detail: `${counted.join(', ') || `They count ${processor.count ?? 0} processors`}; OMP_NUM_THREADS is not set.`,
        fix: fix('Tell them how many there are.'),
      },
    ];
  }
  return [
    {
      id,
      severity: 'ok',
      title: 'OMP_NUM_THREADS is not set',
      detail: `Frameworks see the ${processors(here)} that they get.`,
    },
  ];
}

function governor({ governors, driver, virtual }: ProcessorAnswer): Finding {
  const id = 'governor';
  if (governors.length === 0) {
    const why = virtual ? 'A virtual machine leaves clocks to its host' : 'The kernel shows no governor here';
    return notKnown(id, 'Clock governor of the processor', why);
  }
  const list = governors.join(', ');
  if (governors.every((each) => each === 'performance')) {
    return {
      id,
      severity: 'ok',
      title: 'The processor’s clock governor is performance',
      detail: driver ?? '',
    };
  }
  return {
    id,
    severity: 'note',
    title: `The processor’s clock governor is ${list}`,
    detail: `Clocks follow the load${driver ? ` (${driver})` : ''}: short calls after a pause are slower, and times scatter.`,
    fix: {
      text: 'For measurements, on the machine itself:',
      command: 'sudo cpupower frequency-set -g performance',
    },
  };
}

function held({
  turboOff,
  powerLimitMicrowatts: limit,
  powerMaximumMicrowatts: maximum,
}: ProcessorAnswer): Finding[] {
  const findings: Finding[] = [];
  if (turboOff === true) {
    findings.push({
      id: 'turbo',
      severity: 'note',
      title: 'The processor’s turbo is off',
      detail: 'Single threads, such as Python’s, run at the base clock. Times scatter less, and are longer.',
    });
  }
  if (limit !== null && maximum !== null && limit > 0 && limit < maximum * 0.99) {
    findings.push({
      id: 'cpu-power',
      severity: 'note',
      title: `The processor is held to ${Math.round(limit / 1e6)} of ${Math.round(maximum / 1e6)} W`,
      detail: 'Its long-term power limit (RAPL) is below its maximum.',
    });
  }
  return findings;
}

function busy({ load, count }: ProcessorAnswer): Finding[] {
  if (load === null || count === null || load < count * 0.75) return [];
  return [
    {
      id: 'load',
      severity: 'warning',
      title: 'The machine is busy with other work',
      detail: `Its load was ${load.toFixed(1)} over the last minute, on ${count} processors: times are longer and scatter.`,
      fix: { text: 'See who it is:', command: 'ps -eo pcpu,pid,user,args --sort=-pcpu | head' },
    },
  ];
}

const littleMemory = 2 * 2 ** 30;

function memory({ cgroupMemoryBytes: limit }: ProcessorAnswer): Finding[] {
  if (limit === null || limit >= littleMemory) return [];
  return [
    {
      id: 'memory',
      severity: 'note',
      title: `Memory is limited to ${formatBytes(limit)}`,
      detail: 'A program that needs more is killed without a word.',
    },
  ];
}
