import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError, type Problem } from '../../common/problem';
import type { PathPair } from '../../common/pathMap';
import { findExecutable } from '../localMachine';
import type { Target } from '../target';
import { checkApptainerGpu, gpuOptions } from './apptainerGpu';
import { openInside, type ApptainerHost } from './apptainerInside';
import { apptainerBinds, apptainerLine, isAddress, type ApptainerLine } from './apptainerLine';
import { runscriptCommand } from './apptainerRunscript';
import { apptainerTarget } from './apptainerTarget';
import type { ContainerMount } from './containerSettings';
import { hostGpu } from './hostDevices';
import { ContainerMachine } from './machine';
import type { OpenOptions } from './open';
import type { Pasted } from './pasted';
import { copiesFolder } from './target';

/** What a run in an Apptainer image asks for. */
export interface ApptainerRequest {
  line: ApptainerLine;
  mounts: readonly ContainerMount[];
  /** `NAME=value` before the tool: its own environment. */
  assignments: Readonly<Record<string, string>>;
  /** What the line gives the image to run. */
  command: readonly string[];
}

export interface ApptainerTarget {
  target: Target;
  command: readonly string[];
}

/** `apptainer:IMAGE`, by whichever tool is here. */
export async function openApptainerImage(image: string, options: OpenOptions): Promise<Target> {
  const { cwd } = options;
  const tools = await Promise.all(['apptainer', 'singularity'].map((tool) => onPath(tool, cwd)));
  const tool = ['apptainer', 'singularity'].find((_, index) => tools[index]) ?? 'apptainer';
  const name = isAddress(image) ? image : path.resolve(cwd, image);
  const line: ApptainerLine = { tool, globals: [], verb: 'exec', options: [], image: name };
  const request = { line, mounts: [], assignments: {}, command: [] };
  return (await openApptainer(request, options)).target;
}

/** What `apptainer exec|run …` would start. */
export function openApptainerLine(
  pasted: Pasted,
  assignments: Readonly<Record<string, string>>,
  options: OpenOptions,
): Promise<ApptainerTarget> {
  const line = apptainerLine(pasted.prefix);
  return openApptainer(
    { line, mounts: pasted.settings.mounts, assignments, command: pasted.command },
    options,
  );
}

/**
 * A program in an Apptainer or Singularity image. The tool is a program of this machine that runs as this user and
 * shares most folders with it: this is the local target with another command. Throws a UserError where it cannot run.
 */
export async function openApptainer(
  request: ApptainerRequest,
  options: OpenOptions,
  gpu: ReturnType<typeof hostGpu> = hostGpu(),
): Promise<ApptainerTarget> {
  const { cwd, pythonPath } = options;
  const { tool, image } = request.line;
  if (!(await onPath(tool, cwd))) throw noTool(tool);
  const state = await imageState(image, cwd);
  const wanted = gpuOptions(request.line.options, options.gpu, gpu);
  const line: ApptainerLine = { ...request.line, options: wanted.options };
  const host: ApptainerHost = { cwd, environment: { ...process.env, ...request.assignments } };
  // A run that this one is part of has nothing to say to it.
  delete host.environment.PREDICTSCOPE_RUN;
  delete host.environment.PREDICTSCOPE_LOG;
  const inside = await openInside(line, host, pythonPath, options.interpreter);
  const { facts } = inside;
  const asked = facts.environment.APPTAINER_BIND ?? facts.environment.SINGULARITY_BIND ?? '';
  const pairs: PathPair[] = [
    // A folder that has two names there has the one where the program starts.
    ...(facts.cwd === cwd ? [[cwd, cwd] as const] : []),
    ...apptainerBinds(line, request.mounts, asked, cwd),
  ];
  const digest = createHash('sha256').update(state).digest('hex');
  const copies = await copiesFolder(options.logDirectory, digest, path.basename(image));
  const machine = new ContainerMachine(inside, pairs, copies);
  const problems = [
    ...wanted.problems,
    ...(wanted.asked ? await checkApptainerGpu(inside, { wish: options.gpu, gpu, pythonPath }) : []),
    ...lostFolder(line.options, cwd, facts.cwd),
  ];
  const run = request.line.verb === 'run' ? await machine.readScript('/.singularity.d/runscript') : undefined;
  const started = run && runscriptCommand(run.text, request.command);
  const target = apptainerTarget({
    id: `apptainer:${isAddress(image) ? image : path.resolve(cwd, image)}`,
    line: started ? { ...line, verb: 'exec' } : line,
    host,
    inside,
    machine,
    problems,
  });
  return { target, command: started ?? request.command };
}

function onPath(tool: string, cwd: string): Promise<string | undefined> {
  return findExecutable(tool, cwd, process.env.PATH ?? '');
}

function noTool(tool: string): UserError {
  return new UserError(`${tool} was not found: it is what starts a program in an Apptainer image.`, {
    fix: 'On a cluster: module load apptainer (or singularity), then start VS Code or predictscope from that shell. Else install it: https://apptainer.org/docs/admin/main/installation.html',
  });
}

/** What tells one state of an image from another. Throws a UserError where there is no such file. */
async function imageState(image: string, cwd: string): Promise<string> {
  if (isAddress(image)) return image;
  const file = path.resolve(cwd, image);
  try {
    const { size, mtimeMs } = await stat(file);
    return `${file} ${size} ${mtimeMs}`;
  } catch (error) {
    throw new UserError(`There is no image ${file}.`, {
      fix: 'Give its path, or build it first: apptainer build NAME.sif docker://IMAGE',
      cause: error,
    });
  }
}

/** The program starts elsewhere than the line was typed, and nobody asked for that. */
function lostFolder(options: readonly string[], here: string, there: string): Problem[] {
  if (there === here || options.some((word) => /^--(pwd|cwd)(=|$)/.test(word))) return [];
  return [
    {
      message: `The image does not show the working directory ${here}: the program starts in ${there}.`,
      fix: `Add --bind ${here} --pwd ${here} to the line that starts it.`,
    },
  ];
}
