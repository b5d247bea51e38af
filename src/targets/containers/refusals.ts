import { UserError, errorText } from '../../common/problem';
import { commandRefusals } from './refusalsOfCommands';
import { engineRefusals } from './refusalsOfEngine';
import { gpuRefusals } from './refusalsOfGpu';
import { imageRefusals } from './refusalsOfImages';
import { settingRefusals } from './refusalsOfSettings';
import {
  engineName,
  type Refusal,
  type RefusalKind,
  type RefusalPlace,
  type RefusalRule,
  type RefusalStep,
} from './refusalRule';

/**
 * The first that fits counts. GPUs come first: their refusals are long chains ("failed to create shim
 * task: … error running hook #0 …") that end in what matters, and whose links others would take.
 */
const rules: readonly RefusalRule[] = [
  ...gpuRefusals,
  ...engineRefusals,
  ...imageRefusals,
  ...settingRefusals,
  ...commandRefusals,
];

/**
 * What an engine's error text means, and what to do about it. The texts are those of Docker 20.10, 26.1,
 * 28.5 and Podman 4.3, 5.4, with or without what dockerode or the docker command put before them.
 * Never undefined: a text that is not known is shown as it is.
 */
export function explainRefusal(text: string, step: RefusalStep, place: RefusalPlace): Refusal {
  const cleaned = engineText(text);
  for (const { kind, pattern, steps, say } of rules) {
    if (steps && !steps.includes(step)) continue;
    const match = pattern.exec(cleaned);
    if (!match) continue;
    const [, ...groups] = match;
    // Without the mark that ends the sentence or the clause.
    const found = (groups.find(Boolean) ?? '').replace(/[:,.;]+$/, '');
    return { kind, ...say(found, place, match) };
  }
  return { kind: 'unknown', ...unknown(cleaned, step, place) };
}

/** The refusal as an error for the user, with the engine's own as its cause. */
export function refusalError(error: unknown, step: RefusalStep, place: RefusalPlace): UserError {
  const { message, fix } = explainRefusal(errorText(error), step, place);
  return new UserError(message, { fix, cause: error });
}

/** Whether asking for the GPU in another way, or for none, may help. */
export function isGpuRefusal(kind: RefusalKind): boolean {
  return kind.startsWith('gpu-');
}

/** The engine's own words: without dockerode's `(HTTP code 500) server error - ` and the command's `docker: `. */
export function engineText(text: string): string {
  let cleaned = text.trim();
  const prefixes = [
    /^\(HTTP code \d+\) [^-]* - /,
    /^(docker|podman|Error): /i,
    /^Error response from daemon: /,
  ];
  for (let before = ''; before !== cleaned;) {
    before = cleaned;
    for (const prefix of prefixes) cleaned = cleaned.replace(prefix, '').trim();
  }
  return cleaned.replace(/\s*See 'docker [\w ]*--help'\.?\s*$/, '').replace(/: unknown\.?$/, '');
}

const doing: Record<RefusalStep, string> = {
  connect: 'could not be reached',
  pull: 'could not fetch the image',
  create: 'did not make the container',
  start: 'did not start the container',
  exec: 'did not run the command',
  copy: 'did not copy the files',
  inside: 'runs a program that says',
};

function unknown(text: string, step: RefusalStep, place: RefusalPlace): { message: string; fix: string } {
  const { server, image = 'IMAGE', container = 'CONTAINER' } = place;
  const trials: Record<RefusalStep, string> = {
    connect: `${server} info`,
    pull: `${server} pull ${image}`,
    create: `${server} run --rm ${image} true`,
    start: `${server} run --rm ${image} true`,
    exec: `${server} exec ${container} true`,
    copy: `${server} cp ${container}:/etc/os-release .`,
    inside: `${server} exec ${container} true`,
  };
  return {
    message: `${engineName(place)} ${doing[step]}: ${text || 'it gave no reason'}.`.replace(/\.\.$/, '.'),
    fix: `See what ${trials[step]} says in a terminal.`,
  };
}
