import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../common/problem';
import type { Engine } from './engine';
import { execIn, type ExecOptions, type ExecResult } from './exec';

/** What a container's own Python says of it. */
export interface Facts {
  executable: string;
  version: [major: number, minor: number, micro: number];
  uid: number;
  gid: number;
  cwd: string;
  /** A folder that may be written; null where there is none. */
  temporary: string | null;
  environment: Readonly<Record<string, string>>;
  /** Variables that only the container's first process was given, by whoever gives the GPU. */
  given: Readonly<Record<string, string>>;
}

/**
 * How commands are started in a container: as which user, with what environment, where. Values may name what the
 * container has by `${containerEnv:NAME}`, as devcontainer.json's remoteEnv does.
 */
export interface Surroundings {
  user?: string;
  environment: Readonly<Record<string, string>>;
  cwd?: string;
}

/** What is tried where nothing names the interpreter. */
export const usualPythons = [
  'python3',
  'python',
  '/usr/bin/python3',
  '/usr/local/bin/python3',
  '/opt/conda/bin/python',
];

/**
 * Asks a running container by its own Python (media/python/predictscope/inside.py, given as text), which works where no
 * shell is, as the user that the program will have, and on mounts that the engine's copying does not see.
 */
export class Inside {
  private constructor(
    readonly engine: Engine,
    readonly id: string,
    readonly surroundings: Surroundings,
    private readonly script: string,
    readonly facts: Facts,
  ) {}

  /** Throws a UserError where the container has no Python 3.7 or newer. `wanted`: the program's interpreter. */
  static async open(
    engine: Engine,
    id: string,
    surroundings: Surroundings,
    pythonPath: string,
    wanted?: string,
  ): Promise<Inside> {
    const script = await readFile(path.join(pythonPath, 'predictscope', 'inside.py'), 'utf8');
    let last = '';
    for (const python of new Set([...(wanted ? [wanted] : []), ...usualPythons])) {
      const result = await execIn(
        engine.docker,
        id,
        [python, '-I', '-S', '-c', script, 'facts'],
        surroundings,
      );
      const text = result.stdout.toString();
      if (result.exitCode === 0 && text.startsWith('{')) {
        const facts = JSON.parse(text) as Facts;
        const environment = withContainerEnv(surroundings.environment, facts.environment);
        return new Inside(engine, id, { ...surroundings, environment }, script, facts);
      }
      last ||= `${text}${result.stderr.toString()}`.trim().split('\n').pop() ?? '';
    }
    throw new UserError(`There is no Python 3.7 or newer in this container (${last}).`, {
      fix: 'Choose the container that has your framework, or name its interpreter by its full path in the command.',
    });
  }

  exec(command: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    return execIn(this.engine.docker, this.id, command, { ...this.surroundings, ...options });
  }

  /** Words of a command that does one of the actions of inside.py. */
  words(action: string, ...args: string[]): string[] {
    return [this.facts.executable, '-I', '-S', '-c', this.script, action, ...args];
  }

  /** Does an action; its answer. Throws with what it printed when it fails. */
  async bytes(action: string, args: readonly string[], options: ExecOptions = {}): Promise<Buffer> {
    const { exitCode, stdout, stderr } = await this.exec(this.words(action, ...args), options);
    if (exitCode !== 0) {
      const said =
        `${stderr.toString()}${exitCode === 126 || exitCode === 127 ? stdout.toString() : ''}`.trim();
      throw new Error(said.split('\n').pop() || `${action} ended with ${exitCode}`);
    }
    return stdout;
  }

  async ask<T>(action: string, ...args: string[]): Promise<T> {
    return JSON.parse((await this.bytes(action, args)).toString()) as T;
  }
}

function withContainerEnv(
  wanted: Readonly<Record<string, string>>,
  there: Readonly<Record<string, string>>,
): Record<string, string> {
  const reference = /\$\{containerEnv:([^:}]+)(?::([^}]*))?\}/g;
  return Object.fromEntries(
    Object.entries(wanted).map(([name, value]) => [
      name,
      value.replace(
        reference,
        (_, known: string, otherwise: string | undefined) => there[known] ?? otherwise ?? '',
      ),
    ]),
  );
}
