/** A container whose Python is linked with musl, as in Alpine (TEST_FULL: it is built from source). */
import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { endpoint, endpoints, hotLine, profile, program, siteLine, workspace } from './lib';

const full = process.env.TEST_FULL === '1';

describe.runIf(full)('a container with musl', () => {
  beforeAll(() => {
    const context = endpoint('PREDICTSCOPE_TEST_MUSL');
    const environment = { ...process.env, DOCKER_HOST: endpoints.docker };
    execFileSync('docker', ['build', '-q', '-t', 'predictscope-test/musl', context], { env: environment });
  });

  it('is profiled like any other', async () => {
    const folder = workspace({ 'main.py': `import sys\nprint(open("/proc/self/maps").read().count("musl") > 0, file=sys.stderr)\n${program}` }); // prettier-ignore
    const line = ['docker', 'run', '-v', `${folder}:/work:ro`, '-w', '/work', 'predictscope-test/musl', 'python3', 'main.py']; // prettier-ignore
    const done = await profile(
      { host: endpoints.docker, cwd: folder, site: `main.py:${siteLine + 2}` },
      [],
      line,
    );
    expect(done.code, done.stderr).toBe(0);
    expect(done.stderr).toMatch(/^True\nerr\n/);
    expect(done.stdout).toBe('out 1000\n');
    expect(done.summary.sites[0]).toMatchObject({ calls: 40, errors: 0 });
    expect(done.summary.hotLines[0]).toMatchObject({ line: hotLine + 2 });
  });
});
