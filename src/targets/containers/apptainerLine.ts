import { existsSync } from 'node:fs';
import path from 'node:path';
import type { PathPair } from '../../common/pathMap';
import type { ContainerMount } from './containerSettings';
import { commaFields } from './gpusFlag';
import { baseName } from './pastedWords';

/** What starts a program in an image: `apptainer -q exec --nv IMAGE`, in its parts. */
export interface ApptainerLine {
  /** `apptainer` or `singularity`, or a path of one. */
  tool: string;
  /** Options of the tool itself. */
  globals: readonly string[];
  verb: 'exec' | 'run';
  options: readonly string[];
  /** A file, a folder or an address. */
  image: string;
}

/** The parts of a line that readApptainer understood; `prefix`: its words up to the image. */
export function apptainerLine(prefix: readonly string[]): ApptainerLine {
  const words = prefix.slice(1, -1);
  let verb = 0;
  for (; words[verb]?.startsWith('-'); verb++) if (/^(-c|--config)$/.test(words[verb]!)) verb++;
  const options = words.slice(verb + 1);
  // What is added goes behind the line's own options.
  if (options.at(-1) === '--') options.pop();
  return {
    tool: prefix[0]!,
    globals: words.slice(0, verb),
    verb: words[verb] === 'run' ? 'run' : 'exec',
    options,
    image: prefix.at(-1)!,
  };
}

/** All words that start a command in the image. `more`: options of ours. */
export function apptainerWords(
  { tool, globals, verb, options, image }: ApptainerLine,
  command: readonly string[],
  more: readonly string[] = [],
): string[] {
  return [tool, ...globals, verb, ...options, ...more, image, ...command];
}

/** Whether the image lies elsewhere: `docker://…`, `library://…`, `instance://…`. */
export function isAddress(image: string): boolean {
  return /^[a-z]+:\/\//.test(image);
}

/** A folder of this machine, under its own name in the image. */
export function bindOption(folder: string, readOnly: boolean): string[] {
  if (!/[,:\\]/.test(folder)) return ['--bind', `${folder}:${folder}${readOnly ? ':ro' : ''}`];
  // --bind knows no such names; --mount (1.0, Singularity 3.9) reads quoted fields.
  const field = (name: string): string => `"${name}=${folder.replaceAll('"', '""')}"`;
  return ['--mount', `type=bind,${field('source')},${field('destination')}${readOnly ? ',ro' : ''}`];
}

/** Folders that the line, or the environment, shows under another name. `asked`: APPTAINER_BIND as it is inside. */
export function apptainerBinds(
  { options }: ApptainerLine,
  mounts: readonly ContainerMount[],
  asked: string,
  cwd: string,
): PathPair[] {
  const pairs: [string, string][] = mounts
    .filter(({ type }) => type === 'bind')
    .map(({ source, target }) => [source, target]);
  for (const one of asked.split(',')) {
    const [source = '', target] = one.split(':');
    pairs.push([source, target || source]);
  }
  options.forEach((word, index) => {
    const [, name, attached] = /^(--mount|--home|-H)(?:=(.*))?$/s.exec(word) ?? [];
    const value = attached ?? options[index + 1] ?? '';
    if (name === '--mount') pairs.push(mountPair(value));
    else if (name !== undefined && value.includes(':')) pairs.push(value.split(':') as [string, string]);
  });
  const found = new Map<string, PathPair>();
  for (const [source, target] of pairs) {
    const here = path.resolve(cwd, source);
    if (source && target.startsWith('/') && existsSync(here)) found.set(target, [here, target]);
  }
  return [...found.values()];
}

function mountPair(text: string): [string, string] {
  const pair: [string, string] = ['', ''];
  for (const field of commaFields(text)) {
    const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(field) ?? [];
    if (/^(source|src)$/.test(key)) pair[0] = value;
    if (/^(target|dst|destination)$/.test(key)) pair[1] = value;
  }
  return pair;
}

/** How variables get into the image: in the tool's own environment, and as options where those would win over it. */
export interface InjectedVariables {
  environment: Record<string, string>;
  options: string[];
}

/**
 * Variables with these very values, also where the image sets others or the line clears the environment. Every
 * version takes them by prefix; the line's own --env and --env-file win over that, and lose to a later --env.
 */
export function injectVariables(
  { tool, options }: ApptainerLine,
  variables: Readonly<Record<string, string>>,
  host: NodeJS.ProcessEnv,
): InjectedVariables {
  const verbatim =
    options.some((word) => /^--(no-eval|compat|oci)(=(true|1|t))?$/.test(word)) ||
    ['APPTAINER', 'SINGULARITY'].some((name) => /^(1|t|true)$/i.test(host[`${name}_NO_EVAL`] ?? ''));
  // Singularity knows only its own prefix, and may be Apptainer by another name, which knows both.
  const prefixes = baseName(tool).includes('singularity')
    ? ['APPTAINERENV_', 'SINGULARITYENV_']
    : ['APPTAINERENV_'];
  const byOption = options.some((word) => /^--env(-file)?(=|$)/.test(word));
  const injected: InjectedVariables = { environment: {}, options: [] };
  for (const [name, plain] of Object.entries(variables)) {
    // The tool's own shell evaluates a value once, in double quotes that it sees to itself.
    const value = verbatim ? plain : plain.replace(/[\\$`]/g, '\\$&');
    for (const prefix of prefixes) injected.environment[prefix + name] = value;
    if (byOption) injected.options.push('--env', envField(`${name}=${value}`));
  }
  return injected;
}

/** With a second `=` it is read as comma-separated fields. */
function envField(text: string): string {
  return /[,"]|=.*=/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
