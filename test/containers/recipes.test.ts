import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engine, execute, keras, runContainer } from './engine';
import { openRecipe, recipeNames } from './recipes/recipe';

let scratch = '';
beforeEach(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'predictscope-recipe-'));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

describe.each(await recipeNames())('%s', (name) => {
  it('runs as it is', async () => {
    const { expected, ...recipe } = await openRecipe(name, scratch, keras());
    const docker = engine(recipe.engine);
    const options = {
      Image: recipe.image,
      HostConfig: recipe.hostConfig,
      ...(recipe.user === undefined ? {} : { User: recipe.user }),
      ...(recipe.workingDir === undefined ? {} : { WorkingDir: recipe.workingDir }),
      ...(recipe.env === undefined ? {} : { Env: recipe.env }),
    };
    if (recipe.server) {
      const container = await docker.createContainer({ ...options, Cmd: recipe.server });
      try {
        await container.start();
        const ended = await execute(docker, container, recipe.command);
        expect(ended, ended.stderr).toMatchObject({
          exitCode: 0,
          stdout: expect.stringContaining(expected.stdout),
        });
        expect((await execute(docker, container, ['ls', ...expected.devices])).exitCode).toBe(0);
      } finally {
        await container.remove({ force: true });
      }
    } else {
      const ended = await runContainer(docker, { ...options, Cmd: recipe.command });
      expect(ended, ended.stderr).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining(expected.stdout),
      });
      const look = await runContainer(docker, { ...options, Cmd: ['ls', ...expected.devices] });
      expect(look.exitCode, look.stderr).toBe(0);
    }
    if (expected.writes !== undefined) expect(existsSync(path.join(scratch, expected.writes))).toBe(true);
  });
});
