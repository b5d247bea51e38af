/** The real doctor on the machine of the tests, whatever that is: what it says is held to what Node says. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Finding } from '../../../src/launch/doctor/finding';
import { ensureBuilt, predictscope, python, start } from './cli';

let folder: string;
beforeAll(ensureBuilt);
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'doctor-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function findings(args: string[]): Promise<Map<string, Finding>> {
  const { code, stdout, stderr } = await predictscope(['doctor', '--json', ...args], folder);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const report = JSON.parse(stdout) as { target: string; findings: Finding[] };
  expect(report.target).toBe('local');
  return new Map(report.findings.map((finding) => [finding.id, finding]));
}

it('examines this machine, and leaves nothing in the folder', async () => {
  const found = await findings(['--', python]);
  expect(found.get('python')).toMatchObject({ severity: 'ok', detail: python });
  expect(found.get('log-directory')).toMatchObject({
    severity: 'ok',
    detail: path.join(folder, '.predictscope/runs'),
  });
  expect(found.has('engine')).toBe(false);
  expect(await readdir(folder)).toEqual([]);
  for (const { id, severity, unknown, detail } of found.values()) {
    if (unknown)
      expect({ id, severity, said: detail.length > 5 }).toEqual({ id, severity: 'note', said: true });
  }
});

it.runIf(process.platform === 'linux')('measures what this machine has', async () => {
  const found = await findings(['--', python]);
  expect(found.get('clock')?.detail).toMatch(/^One reading takes [\d.]+ ns/);
  expect(found.get('shm')?.title).toMatch(/Shared memory/);
  const limited = found.get('cpu')!;
  if (limited.severity === 'ok') expect(limited.title).toBe(`${availableParallelism()} processors`);
});

it('prints the worst first, with commands on lines of their own', async () => {
  const { code, stdout } = await predictscope(['doctor', '--', python], folder);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Profiling environment of local\n/);
  const headings = stdout
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line))
    .slice(1);
  const order = ['Problems', 'Warnings', 'Notes', 'Not known', 'All right'];
  expect(headings).toEqual(order.filter((each) => headings.includes(each)));
  expect(stdout).toContain(`✓ Python ${python ? '3.' : ''}`);
});

it('is not misled by modules of the working directory', async () => {
  for (const name of ['json', 're', 'subprocess'])
    await writeFile(path.join(folder, `${name}.py`), 'raise SystemExit(3)\n');
  const found = await findings(['--', python]);
  expect(found.get('libc')?.unknown).toBeUndefined();
  expect(found.get('cpu')?.unknown).toBeUndefined();
});

it('tells a log directory that is a file', async () => {
  await mkdir(path.join(folder, 'logs'));
  await writeFile(path.join(folder, 'logs', 'runs'), '');
  const found = await findings(['--log-dir', path.join(folder, 'logs', 'runs'), '--', python]);
  expect(found.get('log-directory')?.severity).toBe('problem');
});

it('ends with 125 where nothing can be asked, and says why', async () => {
  expect(await predictscope(['doctor', '--', './no-such-python'], folder)).toMatchObject({
    code: 125,
    stdout: '',
    stderr: expect.stringContaining('No Python answers there: ./no-such-python was not found.') as string,
  });
  expect(await predictscope(['doctor', '--target', 'nowhere:x'], folder)).toMatchObject({
    code: 125,
    stderr: expect.stringContaining('nowhere:x is not one that this version knows') as string,
  });
  const missing = ['doctor', '--endpoint', 'unix:///no/such.sock', '--target', 'container:x'];
  expect(await predictscope(missing, folder)).toMatchObject({
    code: 125,
    stderr: expect.stringContaining('No container engine answers. Tried: unix:///no/such.sock') as string,
  });
  expect((await predictscope(['doctor', '--', 'a', 'b'], folder)).code).toBe(125);
});

it.runIf(process.platform !== 'win32')('ends at once when it is stopped, also while it asks', async () => {
  const slow = path.join(folder, 'slow');
  await writeFile(slow, '#!/bin/sh\nexec sleep 30\n', { mode: 0o755 });
  const { child, ended } = start(['doctor', '--editor', '--', slow], folder);
  const begin = performance.now();
  child.stderr!.once('data', () => child.kill('SIGTERM'));
  expect((await ended).code).toBe(125);
  expect(performance.now() - begin).toBeLessThan(5000);
});
