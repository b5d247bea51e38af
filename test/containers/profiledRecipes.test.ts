/** The container recipes of real projects, profiled by the very lines that their users type. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { splitCommandLine } from '../../src/launch/commandLine';
import { openRecipe, recipeNames } from './recipes/recipe';
import { containerIds, endpoints, engine, inContainer, keras, profile, workspace } from './lib';

describe.each(await recipeNames())('%s', (name) => {
  it('is profiled by its own line', async () => {
    const scratch = workspace({});
    const recipe = await openRecipe(name, scratch, keras);
    const { expected } = recipe;
    const host = endpoints.gpu;
    const docker = engine(host);
    const server = recipe.server
      ? await docker.createContainer({
          Image: recipe.image,
          HostConfig: recipe.hostConfig,
          Cmd: recipe.server,
        })
      : undefined;
    try {
      await server?.start();
      const before = await containerIds(host);
      const line = recipe.lines.at(-1)!.replace('{container}', server?.id ?? '');
      const done = await profile({ host, cwd: scratch }, [], splitCommandLine(line));
      expect(done.code, done.stderr).toBe(0);
      expect(done.stdout).toContain(expected.stdout);
      if (expected.writes !== undefined) expect(existsSync(path.join(scratch, expected.writes))).toBe(true);
      for (const { file: given, line: siteLine, calls } of expected.calls) {
        // Byte code names the source that it was compiled from.
        const file = expected.sourceless ? given.replace(/c$/, '') : given;
        const site = done.summary.sites.find(
          (each) => each.line === siteLine && path.basename(each.file) === path.basename(file),
        );
        expect([file, siteLine, site?.calls, site?.errors], done.stderr).toEqual([file, siteLine, calls, 0]);
        // Read here, and told to be there.
        if (!expected.sourceless) expect(existsSync(site!.file)).toBe(true);
      }
      expect(done.summary.sites.filter(({ calls }) => calls > 0).map(({ framework }) => framework)).toContain(
        expected.framework,
      );
      expect(done.summary.hotLines.length).toBeGreaterThan(0);
      expect(await containerIds(host)).toEqual(before);
      if (server) expect(await inContainer(server, ['ls', '-A', '/tmp'])).not.toContain('predictscope');
    } finally {
      await server?.remove({ force: true });
    }
  });
});
