import { failed, type Answers } from './answers';
import { notKnown, sentence, type Finding } from './finding';
import { environment, hasNvidia, inContainer, nvidiaCards, placePart } from './place';

type Card = Readonly<Record<string, string>>;

/** What holds the GPU back or shares it, at this moment. */
export function gpuStateFindings(answers: Answers): Finding[] {
  const variables = blocking(answers);
  if (!hasNvidia(answers)) return [...variables, ...profilersFinding(answers)];
  const cards = nvidiaCards(answers);
  const each = cards.flatMap((card) => [power(card), clocks(card), ...persistence(card), ...mig(card)]);
  return [
    ...each,
    ...(cards.length > 0 ? [company(answers, cards)] : []),
    ...profilersFinding(answers),
    ...variables,
  ];
}

const number = (card: Card, field: string): number => Number(card[field] ?? NaN);
const indexOf = (card: Card): string => card.index ?? '0';

function power(card: Card): Finding {
  const id = `gpu-${indexOf(card)}-power`;
  const limit = number(card, 'power.limit');
  const usual = number(card, 'power.default_limit');
  if (!(limit > 0) || !(usual > 0)) {
    return notKnown(id, `Power limit of GPU ${indexOf(card)}`, 'nvidia-smi does not say');
  }
  if (limit >= usual * 0.99) {
    return {
      id,
      severity: 'ok',
      title: `GPU ${indexOf(card)} may draw its full ${Math.round(limit)} W`,
      detail: 'Its power limit is the default.',
    };
  }
  return {
    id,
    severity: 'warning',
    title: `GPU ${indexOf(card)} is held to ${Math.round(limit)} of ${Math.round(usual)} W`,
    detail:
      'Long kernels run at lower clocks than the card is built for; times do not compare with those of other machines.',
    fix: {
      text: 'On the machine itself, if its owner agrees:',
      command: `sudo nvidia-smi -i ${indexOf(card)} -pl ${Math.round(usual)}`,
    },
  };
}

/** Bits of nvmlClocksEventReasons. Idle (1), application clocks (2), sync boost (0x10) and display clocks (0x100) hold nothing back. */
const reasons: readonly (readonly [bit: number, text: string])[] = [
  [0x04, 'its power limit'],
  [0x08, 'a slowdown by the hardware'],
  [0x20, 'its temperature (by the driver)'],
  [0x40, 'its temperature (by the hardware)'],
  [0x80, 'the power supply’s brake'],
];

const hot = 84;

function clocks(card: Card): Finding {
  const id = `gpu-${indexOf(card)}-clocks`;
  const text = card['clocks_event_reasons.active'] ?? card['clocks_throttle_reasons.active'];
  const temperature = number(card, 'temperature.gpu');
  const degrees = Number.isFinite(temperature) ? `${temperature} °C` : 'temperature not said';
  if (text === undefined || !/^0x[\da-f]+$/i.test(text)) {
    return notKnown(
      id,
      `Clocks of GPU ${indexOf(card)}`,
      `nvidia-smi does not say what holds them down (${degrees})`,
    );
  }
  const mask = BigInt(text);
  const active = reasons.filter(([bit]) => (mask & BigInt(bit)) !== 0n).map(([, reason]) => reason);
  if (active.length === 0 && !(temperature >= hot)) {
    return {
      id,
      severity: 'ok',
      title: `Nothing holds GPU ${indexOf(card)} back`,
      detail: `${degrees}; no throttling at this moment.`,
    };
  }
  return {
    id,
    severity: 'warning',
    title:
      active.length > 0
        ? `GPU ${indexOf(card)} is slowed down by ${active.join(' and ')}`
        : `GPU ${indexOf(card)} is hot: ${degrees}`,
    detail: `${degrees}. Times that are measured now are longer than those of a cool card.`,
    fix: {
      text: 'Watch it while the program runs:',
      command: `nvidia-smi -i ${indexOf(card)} -q -d PERFORMANCE,TEMPERATURE,POWER`,
    },
  };
}

function persistence(card: Card): Finding[] {
  if (card.persistence_mode !== 'Disabled') return [];
  return [
    {
      id: `gpu-${indexOf(card)}-persistence`,
      severity: 'note',
      title: `The driver of GPU ${indexOf(card)} is unloaded between programs`,
      detail:
        'Persistence mode is off: the first call of each program waits until the card is initialised, a second or more.',
      fix: { text: 'On the machine itself:', command: `sudo nvidia-smi -i ${indexOf(card)} -pm 1` },
    },
  ];
}

function mig(card: Card): Finding[] {
  if (card['mig.mode.current'] !== 'Enabled') return [];
  return [
    {
      id: `gpu-${indexOf(card)}-mig`,
      severity: 'note',
      title: `GPU ${indexOf(card)} is divided (MIG)`,
      detail: 'A program gets a part of the card only; nvidia-smi does not give the use of a part.',
    },
  ];
}

/** Who else computes on the cards. A container does not see the processes of others, but it sees that the card is busy. */
function company(answers: Answers, cards: readonly Card[]): Finding {
  const id = 'gpu-processes';
  const title = 'Other programs on the GPU';
  const processes = placePart(answers, 'gpuProcesses');
  if (failed(processes)) return notKnown(id, title, processes.failed);
  const busy = cards.filter((card) => number(card, 'utilization.gpu') >= 10);
  const use = cards
    .map(
      (card) =>
        `GPU ${indexOf(card)}: ${card['utilization.gpu'] ?? '?'} % busy, ${card['memory.used'] ?? '?'} MiB in use`,
    )
    .join('; ');
  if (processes.length > 0) {
    const names = processes.map(
      ({ pid, name, memoryMib }) => `${name} (${pid}${memoryMib === null ? '' : `, ${memoryMib} MiB`})`,
    );
    return {
      id,
      severity: busy.length > 0 ? 'warning' : 'note',
      title:
        processes.length === 1
          ? 'Another program is on the GPU'
          : `${processes.length} other programs are on the GPU`,
      detail: `${names.join(', ')}. ${sentence(use)} They take turns with yours.`,
      fix: {
        text: 'Profile when they have ended, or on another card.',
        command: `export CUDA_VISIBLE_DEVICES=${idle(cards)}`,
      },
    };
  }
  if (busy.length > 0) {
    return {
      id,
      severity: 'warning',
      title: 'The GPU is busy, and by whom is not seen from here',
      detail: `${sentence(use)} ${inContainer(answers) ? 'A container does not see processes outside of it.' : 'nvidia-smi lists no process.'}`,
      fix: { text: 'See on the machine itself who it is:', command: 'nvidia-smi pmon -c 1' },
    };
  }
  const limits = inContainer(answers) ? ' Processes outside of the container are not listed here.' : '';
  return {
    id,
    severity: 'ok',
    title: 'Nobody else computes on the GPU',
    detail: `${sentence(use)}${limits}`,
  };
}

function idle(cards: readonly Card[]): string {
  const calm = cards.toSorted((a, b) => number(a, 'utilization.gpu') - number(b, 'utilization.gpu'));
  return calm[0]?.index ?? '0';
}

/** Profilers that are seen from here, and those that a variable loads into every program. */
function profilersFinding(answers: Answers): Finding[] {
  const set = environment(answers);
  const injected = [
    'CUDA_INJECTION64_PATH',
    'NVTX_INJECTION64_PATH',
    'ROCP_TOOL_LIB',
    'HSA_TOOLS_LIB',
  ].filter((name) => set[name]);
  const loads = injected.map((name): Finding => ({
    id: 'profiler-injected',
    severity: 'warning',
    title: `${name} loads another profiler into every program`,
    detail: `It is ${set[name] ?? ''}. Only one profiler of a process gets the GPU’s events.`,
    fix: { text: 'Clear it where the program is started.', command: `unset ${name}` },
  }));
  const running = placePart(answers, 'profilers');
  if (running === null || failed(running)) {
    const why = running === null ? 'No processes are seen from here' : running.failed;
    return [...loads, notKnown('profilers', 'Other profilers', why)];
  }
  if (running.length === 0) {
    return [
      ...loads,
      { id: 'profilers', severity: 'ok', title: 'No other profiler runs', detail: seen(answers) },
    ];
  }
  const list = running.map(({ pid, name }) => `${name} (${pid})`).join(', ');
  const watcher = running.every(({ name }) => name === 'DCGM');
  return [
    ...loads,
    {
      id: 'profilers',
      severity: watcher ? 'note' : 'warning',
      title: watcher ? 'DCGM watches the GPUs' : 'Another profiler runs',
      detail: watcher
        ? `${list}. Its own metrics keep counters from others; timelines are traced all the same.`
        : `${list}. It slows down what it watches, and takes the GPU’s events of a program that it was attached to.`,
    },
  ];
}

function seen(answers: Answers): string {
  return inContainer(answers)
    ? 'Among the processes of the container; those outside of it are not seen.'
    : 'Among the processes of this machine: Nsight, nvprof, DCGM, rocprof, perf, py-spy, Austin.';
}

function blocking(answers: Answers): Finding[] {
  if (environment(answers).CUDA_LAUNCH_BLOCKING !== '1') return [];
  return [
    {
      id: 'launch-blocking',
      severity: 'warning',
      title: 'CUDA_LAUNCH_BLOCKING makes every kernel wait for the one before',
      detail: 'It is 1: calls take longer than they do without it, and nothing overlaps in the timeline.',
      fix: { text: 'Clear it, unless you look for an error.', command: 'unset CUDA_LAUNCH_BLOCKING' },
    },
  ];
}
