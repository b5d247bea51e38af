import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { splitCommandLine } from '../../src/launch/commandLine';
import { settingsToHostConfig } from '../../src/targets/containers/containerSettings';
import { readPasted } from '../../src/targets/containers/pasted';
import { engine, execute, keras, runContainer } from './engine';
import { openRecipe, recipeNames } from './recipes/recipe';

let scratch = '';
beforeEach(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'predictscope-recipe-'));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

describe.each(await recipeNames())('%s', (name) => {
  it('says the same in its line and in its fields', async () => {
    const recipe = await openRecipe(name, scratch, '/keras');
    const { kind, name: image, command, settings } = readPasted(splitCommandLine(recipe.lines[0]!));
    expect({ kind, image, command }).toEqual({
      kind: 'image',
      image: recipe.image,
      command: recipe.server ?? recipe.command,
    });
    const { config, hostConfig } = settingsToHostConfig(settings);
    const { Env: env = [], User: user, WorkingDir: workingDir } = config;
    expect({ env, user, workingDir }).toEqual({
      env: recipe.env ?? [],
      user: recipe.user,
      workingDir: recipe.workingDir,
    });
    const { Mounts: mounts = [], ...asked } = hostConfig;
    const binds = mounts.map((each) => `${each.Source}:${each.Target}${each.ReadOnly ? ':ro' : ''}`);
    // Whether it is removed, and who keeps what it prints, is up to who starts it.
    const left = { AutoRemove: recipe.hostConfig.AutoRemove, LogConfig: recipe.hostConfig.LogConfig };
    expect({ ...asked, Binds: binds, ...left }).toEqual(recipe.hostConfig);
  });

  // The line itself is run, and profiled, by profiledRecipes.test.ts.
  const asItIs = process.env.TEST_FULL === '1' ? it : undefined;
  asItIs?.('runs as it is', async () => {
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
