import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PathMap } from '../../../src/common/pathMap';
import { targetSites } from '../../../src/launch/targetSites';
import { createSiteFinder, type SiteFinder } from '../../../src/sites/finder';
import { localMachine } from '../../../src/targets/localMachine';
import type { Machine } from '../../../src/targets/machine';
import type { Target } from '../../../src/targets/target';
import { ensureBuilt, python, root } from '../cli/cli';

const model = `import torch

class Net(torch.nn.Module):
    def forward(self, x):
        return x

def main():
    model = Net().eval()
    with torch.no_grad():
        return model(torch.ones(1))
`;

/** What pip writes. */
const script = (module: string): string =>
  `#!${python}\nimport re\nimport sys\nfrom ${module} import main\nif __name__ == '__main__':\n    sys.exit(main())\n`;

let finder: SiteFinder;
let folder: string;

beforeAll(async () => {
  ensureBuilt();
  finder = await createSiteFinder({ wasmDirectory: path.join(root, 'dist') });
  folder = mkdtempSync(path.join(tmpdir(), 'predictscope-target-'));
  const write = (name: string, text: string, mode = 0o644): void => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
    chmodSync(path.join(folder, name), mode);
  };
  write('bin/tell', script('teller.main'), 0o755);
  write('bin/pip', script('pip._internal.cli.main'), 0o755);
  write('bin/torchrun', script('torch.distributed.run'), 0o755);
  write('bin/gone', script('not_installed_here'), 0o755);
  write('bin/notes', 'python', 0o755);
  write('lib/teller/__init__.py', '');
  write('lib/teller/main.py', model);
  write('work/run.py', model);
  write('empty/readme.txt', '');
});
afterAll(() => {
  finder.dispose();
  rmSync(folder, { recursive: true });
});

/** This machine as if it were another one. */
function target(cwd: string): Target {
  const here = localMachine(path.join(folder, 'bin'));
  const environment = { PATH: `${folder}/bin`, PYTHONPATH: `${folder}/lib` };
  const machine: Machine = {
    ...here,
    findExecutable: (word, at) =>
      /^python3?$/.test(word) ? Promise.resolve(python) : here.findExecutable(word, at),
    ask: (words, at) =>
      here.ask(['/usr/bin/env', ...Object.entries(environment).map(([k, v]) => `${k}=${v}`), ...words], at),
  };
  return {
    id: 'container:x',
    cwd: path.join(folder, cwd),
    paths: new PathMap([[path.join(folder, 'lib'), '/usr/lib/there']]),
    machine,
  } as unknown as Target;
}

describe('what the code of a place calls', () => {
  it('is found in the packages of its console scripts, not in tools', async () => {
    const { programs, sites, problems } = await targetSites(target('empty'), finder, []);
    expect(programs.map(({ name, commandLine }) => [name, commandLine])).toEqual([['tell', 'tell']]);
    expect(problems).toEqual([]);
    expect(sites).toMatchObject([
      { callee: 'model', kind: 'predict', there: '/usr/lib/there/teller/main.py', line: 10 },
    ]);
  });

  it('is found in the working directory, if that holds programs, and in what the command runs', async () => {
    const there = await targetSites(target('work'), finder, ['python3', '-m', 'teller.main']);
    expect(there.programs.map(({ commandLine }) => commandLine)).toContain('python3 -m teller.main');
    expect(there.sites.map(({ there: file }) => file).sort()).toEqual([
      path.join(folder, 'work/run.py'),
      '/usr/lib/there/teller/main.py',
    ]);
  });
});
