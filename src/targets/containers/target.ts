import { randomBytes } from 'node:crypto';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { imageNameFile } from '../../common/codeCopy';
import type { PathMap } from '../../common/pathMap';
import { type PathPair } from '../../common/pathMap';
import { UserError, errorText, type Problem } from '../../common/problem';
import { localFiles } from '../localFiles';
import { startTicks } from '../localProcess';
import type { ContainerRef, Files, Plan, Prepared, RunHandle, RunState, Target } from '../target';
import { packFolder } from './archive';
import { CopyOut } from './copyOut';
import type { Engine } from './engine';
import type { Inside } from './inside';
import { ownerText } from './keeper';
import { ContainerMachine } from './machine';
import { startExec } from './program';
import { passRequests } from './requests';

export interface ContainerPlace {
  /** `container:NAME` or `image:NAME`. */
  id: string;
  inside: Inside;
  mounts: readonly PathPair[];
  /** Folder of this machine for copies of code that only the container has. */
  copies: string;
  /** We started the container: it goes when the run has ended. */
  ours: boolean;
  /** Put before the command: an image's entrypoint. */
  entrypoint: readonly string[];
  cwd: string;
  problems: Problem[];
  /** Removes the container, or leaves it as it was. */
  release: () => Promise<void>;
}

/**
 * A program in a running container. Our runtime is copied into a folder of its own there and removed at the end. The
 * run directory is the host's own where the container has it mounted and writes as this user; else it lies in that
 * folder, and is copied out while the program runs and when it has ended.
 */
export class ContainerTarget implements Target {
  readonly id: string;
  readonly files: Files = localFiles;
  readonly machine: ContainerMachine;
  readonly problems: readonly Problem[];
  readonly cwd: string;
  readonly #folder: string;
  #run = '';
  #directory = '';
  #copyOut: CopyOut | undefined;
  #placed = false;

  constructor(private readonly place: ContainerPlace) {
    this.id = place.id;
    this.machine = new ContainerMachine(place.inside, place.mounts, place.copies);
    this.problems = place.problems;
    this.cwd = place.cwd;
    this.#folder = `${place.inside.facts.temporary ?? ''}/predictscope-${randomBytes(6).toString('hex')}`;
  }

  /** Where it runs, for who asks the engine itself. */
  get container(): { engine: Engine; id: string } {
    return { engine: this.place.inside.engine, id: this.place.inside.id };
  }

  get paths(): PathMap {
    return this.machine.paths;
  }

  async prepare(plan: Plan): Promise<Prepared> {
    const { inside } = this.place;
    if (inside.facts.temporary === null) {
      throw new UserError('No folder of this container may be written, so the recorder has no place there.', {
        fix: 'Start it with --tmpfs /tmp (devcontainer.json: "runArgs": ["--tmpfs", "/tmp"]).',
      });
    }
    this.#placed = true;
    const runtime = `${this.#folder}/python`;
    try {
      await inside.bytes('unpack', [runtime], { input: await packFolder(plan.pythonPath) });
      this.#run = await this.#placeRun(plan.runDirectory);
    } catch (error) {
      throw new UserError(`The recorder could not be put into the container: ${errorText(error)}.`, {
        fix: `Free some space in ${inside.facts.temporary} there, or name another folder with TMPDIR.`,
        cause: error,
      });
    }
    const before =
      plan.environment.PYTHONPATH ??
      inside.surroundings.environment.PYTHONPATH ??
      inside.facts.environment.PYTHONPATH;
    return {
      command: [...this.place.entrypoint, ...(await plan.command(`${runtime}/launch.py`))],
      cwd: plan.cwd,
      environment: {
        // As if it were the container's own program, which `docker run` would have made it.
        ...(this.place.ours ? inside.facts.given : {}),
        ...plan.environment,
        PREDICTSCOPE_RUN: this.#run,
        PYTHONPATH: before ? `${runtime}:${before}` : runtime,
      },
    };
  }

  /** Where the program writes: the host's folder itself if what it makes there is this user's. */
  async #placeRun(directory: string): Promise<string> {
    const { inside } = this.place;
    if (this.paths.hasHost(directory)) {
      const there = this.paths.toTarget(directory);
      const trial = path.join(directory, '.owner');
      const made = await inside.ask<true | string>('owner', `${there}/.owner`).catch(() => false);
      const owner = await stat(trial).catch(() => undefined);
      await rm(trial, { force: true }).catch(() => undefined);
      if (made === true && owner?.uid === process.getuid?.()) return there;
    }
    const run = `${this.#folder}/run`;
    await inside.bytes('unpack', [run], { input: await packFolder(directory, ['config.json']) });
    this.#directory = directory;
    this.#copyOut = new CopyOut(inside, run, directory);
    return run;
  }

  async start(prepared: Prepared, onState: (state: RunState) => void): Promise<RunHandle> {
    const { inside, ours } = this.place;
    const container: ContainerRef = {
      endpoint: inside.engine.endpoint.host,
      id: inside.id,
      owner: ownerText(),
      ours,
      folder: this.#folder,
      run: this.#run,
      apart: this.#copyOut !== undefined,
      ...(inside.surroundings.user ? { user: inside.surroundings.user } : {}),
    };
    const program = await startExec(inside, prepared, `${this.#folder}/pid`);
    onState({ kind: 'running' });
    this.#copyOut?.begin();
    const over = new AbortController();
    if (this.#copyOut) void passRequests(inside, this.#directory, this.#run, over.signal);
    const problems: Problem[] = [];
    const ended = program.ended.then(async (state) => {
      over.abort();
      await inside.ask<number>('sweep', this.#run).catch(() => 0);
      const lost = await this.#copyOut?.finish();
      if (lost) problems.push(lost);
      else container.apart = false;
      // The next start tries again, which needs the record of this run to say so.
      if (lost || !(ours || (await this.#takeAway()))) container.left = true;
      onState(state);
      return state;
    });
    const ticks = startTicks(process.pid);
    return {
      ref: { target: this.id, pid: process.pid, ...(ticks ? { startTicks: ticks } : {}), container },
      ended,
      problems,
      stop: () => program.stop(this.#run),
      signal: (signal) => program.signal(signal),
    };
  }

  attach(): RunHandle | undefined {
    return undefined; // who watches it is the command line that started it
  }

  /** Our folder. False where that could not be done now. */
  async #takeAway(): Promise<boolean> {
    if (!this.#placed) return true;
    return this.place.inside.ask('remove', this.#folder).then(
      () => !(this.#placed = false),
      () => false,
    );
  }

  async close(): Promise<void> {
    await this.#takeAway();
    await this.place.release();
  }
}

/** Where copies of an image's code are kept: below the log directory, so that they go with it. */
export async function copiesFolder(logDirectory: string, image: string, name: string): Promise<string> {
  const digest = image.replace(/^sha256:/, '').slice(0, 12);
  const folder = path.join(logDirectory, '.code', digest);
  await mkdir(folder, { recursive: true });
  // Who sees a file of it wants to know whose it is.
  await writeFile(path.join(folder, imageNameFile), `${name.replace(/:latest$/, '')}\n`);
  return folder;
}
