import { UserError } from '../common/problem';

/**
 * Splits a pasted command line into words as a POSIX shell would, without running one. Supports
 * quotes, escapes and line continuations; refuses what only a shell can do, and says which part.
 */
export function splitCommandLine(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  const source = text.replaceAll('\r\n', '\n');
  for (let i = 0; i < source.length; i++) {
    const c = source[i]!;
    const next = source[i + 1] ?? '';
    if (quote === "'") {
      if (c === "'") quote = '';
      else word = `${word ?? ''}${c}`;
    } else if (c === '\\' && next === '\n') {
      i++; // a continued line: the shell joins them without a blank
    } else if (quote === '"') {
      if (c === '"') quote = '';
      else if (c === '\\' && /["\\$`]/.test(next)) word = `${word ?? ''}${source[++i]!}`;
      else if (c === '`' || (c === '$' && /[\w({@*#?$!-]/.test(next))) throw shellOnly(c);
      else word = `${word ?? ''}${c}`;
    } else if (c === "'" || c === '"') {
      quote = c;
      word ??= '';
    } else if (c === '\\') {
      word = `${word ?? ''}${next || c}`;
      i++;
    } else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      if (c === '\n' && words.length > 0 && source.slice(i).trim()) throw shellOnly('a second line');
    } else if (c === '#' && word === undefined) {
      while (i + 1 < source.length && source[i + 1] !== '\n') i++; // a comment
    } else if (
      /[|&;<>()`*?]/.test(c) ||
      (c === '~' && word === undefined) ||
      (c === '$' && /[\w({@*#?$!'"-]/.test(next))
    ) {
      throw shellOnly(c);
    } else {
      word = `${word ?? ''}${c}`;
    }
  }
  if (quote)
    throw new UserError(`The command line ends inside a ${quote === '"' ? 'double' : 'single'} quote.`);
  if (word !== undefined) words.push(word);
  return words;
}

function shellOnly(character: string): UserError {
  return new UserError(`The command line holds ${character}, which only a shell understands.`, {
    fix: /[*?~]/.test(character)
      ? "Write the path out, put it in quotes if it is meant as it stands, or give it as: sh -c '…'."
      : `Put it into a script, or give it as: sh -c '…'.`,
  });
}

/** Words as one line that a POSIX shell reads back unchanged; for display and for copying. */
export function quoteCommandLine(words: readonly string[]): string {
  return words.map((w) => (/^[\w@%+=:,./-]+$/.test(w) ? w : `'${w.replaceAll("'", `'\\''`)}'`)).join(' ');
}

/** What starts the program, as far as the words tell. */
export interface Recognised {
  /** Environment assignments that came before the command. */
  environment: Record<string, string>;
  /** `conda run`, `uv run` …: starts the program on this machine with the environment that it got. */
  wrapper?: string;
  /** `docker exec`, `srun` …: starts it elsewhere, where our runtime is not. */
  remote?: string;
  /** Index of the program's own first word. */
  start: number;
}

/** A tool's own options before its subcommand, some with a value: kubectl -n ml exec … */
const options = String.raw`(?: -\S+(?: (?!(?:exec|run|debug|shell)(?: |$))[^- ]\S*)?)*`;

const remotes: readonly (readonly [words: RegExp, name: string])[] = [
  [
    new RegExp(`^(docker|podman|nerdctl|nvidia-docker2?)${options}( container)? (exec|run)(?= |$)`),
    'a container',
  ],
  [new RegExp(`^docker[- ]compose${options} (exec|run)(?= |$)`), 'a container'],
  [new RegExp(`^(apptainer|singularity)${options} (exec|run|shell)(?= |$)`), 'a container'],
  [/^(srun|sbatch|salloc)(?= |$)/, 'Slurm'],
  [/^condor_(submit|run)(?= |$)/, 'HTCondor'],
  [new RegExp(`^kubectl${options} (exec|run|debug)(?= |$)`), 'Kubernetes'],
  [/^ssh(?= |$)/, 'another machine'],
];

const wrappers: readonly (readonly [word: string, second: string])[] = [
  ['conda', 'run'],
  ['mamba', 'run'],
  ['micromamba', 'run'],
  ['uv', 'run'],
  ['poetry', 'run'],
  ['pipenv', 'run'],
  ['hatch', 'run'],
  ['pixi', 'run'],
];

/** Options of the wrappers that take a value of their own. */
const valued = new Set([
  '-n',
  '--name',
  '-p',
  '--prefix',
  '--cwd',
  '--with',
  '--python',
  '--project',
  '--directory',
  '--env-file',
  '--extra',
  '--group',
  '-e',
  '--environment',
]);

/** Looks through `A=b`, `env`, `nohup` and the wrappers; says where else the program would run. */
export function recognise(words: readonly string[]): Recognised {
  const found: Recognised = { environment: {}, start: 0 };
  let i = 0;
  const assignments = (): void => {
    for (let m; (m = /^([A-Za-z_]\w*)=(.*)$/s.exec(words[i] ?? '')); i++) found.environment[m[1]!] = m[2]!;
  };
  assignments();
  while (['env', 'nohup', 'exec', 'command'].includes(base(words[i]))) {
    i++;
    while (/^-./.test(words[i] ?? '')) i += /^-[uC]$/.test(words[i]!) ? 2 : 1;
    assignments();
  }
  const remote = remoteStart(words.slice(i));
  if (remote) return { ...found, start: i, remote };
  for (const [word, second] of wrappers) {
    if (base(words[i]) !== word || words[i + 1] !== second) continue;
    found.wrapper = `${word} ${second}`;
    i += 2;
    while (words[i]?.startsWith('-')) {
      const option = words[i]!;
      i += option === '--' ? 1 : valued.has(option) ? 2 : 1;
      if (option === '--') break;
    }
    break;
  }
  return { ...found, start: i };
}

/** Whether the words start the program in a container by a command line that we know how to follow. */
export function startsContainer(words: readonly string[]): boolean {
  return recognise(words).remote?.endsWith('(a container)') ?? false;
}

/** `docker exec (a container)` when the words start the program somewhere else. */
function remoteStart(words: readonly string[]): string | undefined {
  let i = 0;
  if (base(words[0]) === 'sudo') {
    i++;
    while (words[i]?.startsWith('-')) i += /^-[ugh]$/.test(words[i]!) ? 2 : 1;
  }
  const line = [base(words[i]), ...words.slice(i + 1)].join(' ');
  for (const [pattern, name] of remotes) {
    const match = pattern.exec(line);
    if (match) return `${i > 0 ? 'sudo ' : ''}${match[0]} (${name})`;
  }
  return undefined;
}

/** Environment assignments at the head of a command (`A=b python …`, `env A=b python …`), and what they are for. */
export function splitAssignments(words: readonly string[]): {
  environment: Record<string, string>;
  command: readonly string[];
} {
  const environment: Record<string, string> = {};
  const assignment = /^([A-Za-z_]\w*)=(.*)$/s;
  let i = base(words[0]) === 'env' && assignment.test(words[1] ?? '') ? 1 : 0;
  for (let m; (m = assignment.exec(words[i] ?? '')); i++) environment[m[1]!] = m[2]!;
  return { environment, command: words.slice(i) };
}

function base(word: string | undefined): string {
  return (word ?? '').replace(/^.*[\\/]/, '').replace(/\.exe$/i, '');
}

/** The sentence for a program that would run where we cannot put the runtime yet. */
export function remoteNotSupported(remote: string): UserError {
  return new UserError(
    `This command starts the program through ${remote}. Profiling there is not supported yet.`,
    {
      fix: 'Open the folder inside that environment (Dev Containers, Remote - SSH) and profile there, or use “Copy Profiling Command” and run the line inside.',
    },
  );
}
