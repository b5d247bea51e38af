import { kernelOrigin } from '../../targets/containers/kernelOrigin';
import type { Answers, FrameworkAnswer } from './answers';
import { notKnown, type Finding } from './finding';
import { frameworkName, hasGpu, nvidiaCards, workingFrameworks } from './place';

/** Whether each framework holds machine code for the card that is here. */
export function kernelFindings(answers: Answers): Finding[] {
  if (!hasGpu(answers)) return [];
  return workingFrameworks(answers).flatMap(([name, answer]) => {
    if (!answer.cuda && !answer.hip) return []; // said already
    return answer.hip ? rocm(name, answer) : cuda(answers, name, answer);
  });
}

/** Frameworks whose kernels the driver compiles when they are first used. */
export function compiledOnTheSpot(answers: Answers): string[] {
  return workingFrameworks(answers)
    .filter(([, answer]) =>
      capabilities(answers, answer).some((each) => origin(answer, each) === 'compiled-at-first-use'),
    )
    .map(([name]) => name);
}

function origin(answer: FrameworkAnswer, capability: string): ReturnType<typeof kernelOrigin> {
  return answer.cuda && answer.builtFor ? kernelOrigin(answer.builtFor, capability) : undefined;
}

/** Of the cards that the framework sees, else of those that nvidia-smi lists. */
function capabilities(answers: Answers, { devices = [] }: FrameworkAnswer): string[] {
  const seen = devices.map(({ capability }) => capability).filter(Boolean);
  const listed = nvidiaCards(answers).flatMap(({ compute_cap: capability }) =>
    capability ? [capability] : [],
  );
  return [...new Set(seen.length > 0 ? seen : listed)];
}

function cuda(answers: Answers, name: string, answer: FrameworkAnswer): Finding[] {
  const id = `${name}-kernels`;
  const title = `Kernels of ${frameworkName(name)}`;
  if (name === 'jax') {
    return [
      {
        id,
        severity: 'note',
        title: `${title} are compiled for the card`,
        detail:
          'XLA compiles every function for the card that is here at its first call; that call is slow by nature.',
      },
    ];
  }
  const found = capabilities(answers, answer);
  if (!answer.builtFor?.length)
    return [notKnown(id, title, 'This version does not say for which cards it was built')];
  if (found.length === 0) return [notKnown(id, title, 'The compute capability of the card was not said')];
  return found.map((capability) => verdict(id, name, answer, capability));
}

function verdict(id: string, name: string, answer: FrameworkAnswer, capability: string): Finding {
  const framework = `${frameworkName(name)} ${answer.version}`;
  const list = answer.builtFor?.join(' ') ?? '';
  const made = origin(answer, capability);
  if (made === undefined) return notKnown(id, `Kernels of ${framework}`, `${list} is not understood`);
  if (made === 'native') {
    return {
      id,
      severity: 'ok',
      title: `${framework} was built for this card`,
      detail: `The card has compute capability ${capability}; the build has ${list}.`,
    };
  }
  const fix = {
    text: `Install a version of ${frameworkName(name)} that was built for ${smName(capability)}.`,
  };
  if (made === 'compiled-at-first-use') {
    return {
      id,
      severity: 'warning',
      title: `${framework} was not built for this card: the driver compiles its kernels at first use`,
      detail: `The card has compute capability ${capability}; the build has ${list}. The driver makes machine code from its PTX, which takes minutes for all kernels once, and does not use what is new in the card.`,
      fix,
    };
  }
  return {
    id,
    severity: 'problem',
    title: `${framework} has no code for this card`,
    detail: `The card has compute capability ${capability}; the build has ${list}. Its kernels fail with “no kernel image is available for execution on the device”.`,
    fix,
  };
}

function smName(capability: string): string {
  return `sm_${capability.replace('.', '')}`;
}

function rocm(name: string, answer: FrameworkAnswer): Finding[] {
  const id = `${name}-kernels`;
  const framework = `${frameworkName(name)} ${answer.version}`;
  const cards = [...new Set((answer.devices ?? []).map(({ gfx }) => gfx.split(':')[0] ?? ''))].filter(
    Boolean,
  );
  const built = answer.builtFor;
  if (!built || cards.length === 0) {
    return [
      notKnown(
        id,
        `Kernels of ${frameworkName(name)}`,
        'It does not say for which cards it was built, or which card it sees',
      ),
    ];
  }
  return cards.map((card): Finding => {
    const detail = `The card is ${card}; built for: ${built.join(' ')}.`;
    if (kernelOrigin(built, card) === 'native') {
      return { id, severity: 'ok', title: `${framework} was built for this card`, detail };
    }
    return {
      id,
      severity: 'problem',
      title: `${framework} has no code for this card`,
      detail,
      fix: {
        text: 'Install a version that was built for it, or let it use the code of a close relative, which AMD does not support.',
        ...(card.startsWith('gfx103') ? { command: 'export HSA_OVERRIDE_GFX_VERSION=10.3.0' } : {}),
      },
    };
  });
}
