import { UserError } from '../common/problem';

/**
 * Splits a pasted command line into words as a POSIX shell would, without running one. Supports
 * quotes, escapes and line continuations; refuses what only a shell can do, and says which part.
 */
export function splitCommandLine(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  const source = text.replace(/\\\r?\n/g, ' ').trim();
  for (let i = 0; i < source.length; i++) {
    const c = source[i]!;
    if (quote === "'") {
      if (c === "'") quote = '';
      else word += c;
    } else if (quote === '"') {
      if (c === '"') quote = '';
      else if (c === '\\' && /["\\$`]/.test(source[i + 1] ?? '')) word += source[++i]!;
      else if (c === '$' || c === '`') throw shellOnly(c);
      else word += c;
    } else if (c === "'" || c === '"') {
      quote = c;
      word ??= '';
    } else if (c === '\\') {
      word = (word ?? '') + (source[++i] ?? '');
    } else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (/[|&;<>()`]/.test(c) || (c === '$' && /[\w({]/.test(source[i + 1] ?? ''))) {
      throw shellOnly(c);
    } else {
      word = (word ?? '') + c;
    }
  }
  if (quote) throw new UserError(`The command line ends inside a ${quote === '"' ? 'double' : 'single'} quote.`);
  if (word !== undefined) words.push(word);
  return words;
}

function shellOnly(character: string): UserError {
  return new UserError(`The command line holds ${character}, which only a shell understands.`, {
    fix: `Put it into a script, or give it as: sh -c '…'.`,
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

const remotes: readonly (readonly [words: RegExp, name: string])[] = [
  [/^(sudo )?(docker|podman|nerdctl)( container)? (exec|run)\b/, 'a container'],
  [/^(sudo )?docker[- ]compose (exec|run)\b/, 'a container'],
  [/^(apptainer|singularity) (exec|run|shell)\b/, 'a container'],
  [/^(srun|sbatch|salloc)\b/, 'Slurm'],
  [/^condor_(submit|run)\b/, 'HTCondor'],
  [/^kubectl (exec|run|debug)\b/, 'Kubernetes'],
  [/^ssh\b/, 'another machine'],
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
const valued = new Set(['-n', '--name', '-p', '--prefix', '--cwd', '--with', '--python', '--project', '--directory', '--env-file', '--extra', '--group', '-e', '--environment']);

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
    assignments();
  }
  const rest = [base(words[i]), ...words.slice(i + 1)].join(' ');
  for (const [pattern, name] of remotes) {
    const match = pattern.exec(rest);
    if (match) return { ...found, start: i, remote: `${match[0]} (${name})` };
  }
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

function base(word: string | undefined): string {
  return (word ?? '').replace(/^.*[\\/]/, '').replace(/\.exe$/i, '');
}

/** The sentence for a program that would run where we cannot put the runtime yet. */
export function remoteNotSupported(remote: string): UserError {
  return new UserError(`This command starts the program through ${remote}. Profiling there is not supported yet.`, {
    fix: 'Open the folder inside that environment (Dev Containers, Remote - SSH) and profile there, or use “Copy Profiling Command” and run the line inside.',
  });
}
