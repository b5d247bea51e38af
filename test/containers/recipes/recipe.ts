import { existsSync } from 'node:fs';
import { chown, cp, mkdir, readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { HostConfig } from 'dockerode';
import type { EngineName } from '../engine';

/** How a project starts its program in a container, and what profiling it must find. */
export interface Recipe {
  name: string;
  /** The project, and what about it is hard. */
  source: string;
  /** What its user types; `{container}` is the container of the line before. */
  lines: string[];
  /** The same, as the engine's API takes it. */
  engine: EngineName;
  image: string;
  hostConfig: HostConfig;
  user?: string;
  workingDir?: string;
  env?: string[];
  /** What the container is there for, where the command is executed in it; else the command is its own. */
  server?: string[];
  command: string[];
  expected: RecipeOutcome;
}

export interface RecipeOutcome {
  /** A line of the program's output. */
  stdout: string;
  /** A file below the scratch folder that is there in the end. */
  writes?: string;
  /** What the container has of (stand-ins for) GPUs. */
  devices: string[];
  /** How many processes run models. */
  processes: number;
  framework: string;
  /** No source is there for the program; the line is that of the source that was compiled. */
  sourceless?: boolean;
  /** Calls that run a model, in all processes together; files are paths in the container. */
  calls: { file: string; line: number; calls: number }[];
}

const folder = import.meta.dirname;

export async function recipeNames(): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** The recipe with its program and data in the scratch folder, which must be empty and outlive its containers. */
export async function openRecipe(name: string, scratch: string, keras: string): Promise<Recipe> {
  const text = await readFile(path.join(folder, name, 'recipe.json'), 'utf8');
  const { owner, ...recipe } = JSON.parse(
    text.replaceAll('{scratch}', scratch).replaceAll('{keras}', keras),
  ) as Recipe & { owner?: number };
  for (const part of ['program', 'data', 'logs', 'tmp']) {
    const target = path.join(scratch, part);
    await mkdir(target);
    const source = path.join(folder, name, part);
    if (existsSync(source)) await cp(source, target, { recursive: true });
    if (owner !== undefined) await give(target, owner);
  }
  return recipe;
}

async function give(file: string, owner: number): Promise<void> {
  await chown(file, owner, owner);
  const entries = await readdir(file, { recursive: true });
  for (const entry of entries) await chown(path.join(file, entry), owner, owner);
}
