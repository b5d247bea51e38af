import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/common/problem';
import {
  quoteCommandLine,
  recognise,
  remoteNotSupported,
  splitAssignments,
  splitCommandLine,
} from '../../../src/launch/commandLine';
import { random } from '../trace/helpers';

/** The words that a real shell makes of each line; one shell for all of them. */
function shellWords(shell: string, lines: readonly string[]): string[][] {
  const script = [
    `f() { for w; do printf '%s\\0' "$w"; done; printf 'END\\0'; }`,
    ...lines.map((line) => `f ${line}\n`),
  ];
  const words = execFileSync(shell, ['-c', script.join('\n')], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);
  const found: string[][] = [];
  for (let from = 0, at; (at = words.indexOf('END', from)) >= 0; from = at + 1)
    found.push(words.slice(from, at));
  return found;
}

const shells = ['sh', 'bash'];
const alphabet = ['a', 'Z', '9', ' ', '\t', '\n', "'", '"', '\\', '$', '`', '!', '*', '?', '~', '#', '|', '&', ';', '<', '>', '(', ')', '[', ']', '{', '}', '=', '-', '/', '.', 'ü', '語', '😀', '\u00a0', '%', '^', ',']; // prettier-ignore

describe.each(shells)('in %s', (shell) => {
  it('what is quoted is read back unchanged, by the shell and by us', () => {
    const next = random(7);
    const made = Array.from({ length: 400 }, () =>
      Array.from({ length: 1 + Math.floor(next() * 4) }, () =>
        Array.from(
          { length: Math.floor(next() * 7) },
          () => alphabet[Math.floor(next() * alphabet.length)]!,
        ).join(''),
      ),
    );
    // A function is called in front, so that an assignment-like first word is a word.
    const lines = made.map(quoteCommandLine);
    expect(shellWords(shell, lines)).toEqual(made);
    for (const [i, line] of lines.entries()) expect(splitCommandLine(line)).toEqual(made[i]);
  });

  it('what we accept is split as the shell splits it', () => {
    const next = random(11);
    const pieces = ['a', 'b=c', ' ', '  ', '\t', "'x y'", '"x y"', '""', "''", '\\ ', "\\'", '\\"', '"\\""', '"a\\b"', '"\\\\"', '\\\\', '\\$x', '"\\$x"', "'$x'", '\\\n', '"a\\\nb"', "'a\\\nb'", '#', ' #', '$', '"$"', '~', ' ~', '*', '$(x)', '>', 'ü', '!', '[0]', '{a}', '\\*', '%', '\\~']; // prettier-ignore
    const accepted: string[] = [];
    while (accepted.length < 400) {
      const line = Array.from({ length: 1 + Math.floor(next() * 6) }, () => pieces[Math.floor(next() * pieces.length)]!).join(''); // prettier-ignore
      try {
        splitCommandLine(line);
        // A comment of its own ends the shell's line, and so our call of f.
        if (!/^\s*#.*\n/.test(line)) accepted.push(line);
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
      }
    }
    const expected = shellWords(shell, accepted);
    expect(expected.length).toBe(accepted.length);
    for (const [i, line] of accepted.entries()) expect(splitCommandLine(line), line).toEqual(expected[i]);
  });
});

describe('splitCommandLine', () => {
  it.each([
    ['python a.py | tee log', '|'],
    ['python a.py && echo', '&'],
    ['python a.py; echo', ';'],
    ['python a.py > out', '>'],
    ['python a.py < in', '<'],
    ['(python a.py)', '('],
    ['python `which x`', '`'],
    ['python "$HOME/a.py"', '$'],
    ['python $HOME/a.py', '$'],
    ['python ${HOME}', '$'],
    ['python $(pwd)', '$'],
    ['python "$@"', '$'],
    ["python $'a\\n'", '$'],
    ['python "`pwd`"', '`'],
    ['python a.py *.vcf', '*'],
    ['python a?.py', '?'],
    ['~/venv/bin/python a.py', '~'],
    ['cd /w\npython a.py', 'a second line'],
    ['cd /w # there\npython a.py', 'a second line'],
  ])('refuses %s and names %s', (line, character) => {
    expect(() => splitCommandLine(line)).toThrow(UserError);
    expect(() => splitCommandLine(line)).toThrow(`holds ${character},`);
  });

  it('tells which quote is open', () => {
    expect(() => splitCommandLine(`python 'a`)).toThrow('inside a single quote');
    expect(() => splitCommandLine('python "a')).toThrow('inside a double quote');
  });

  it('joins continued lines, of Windows as well, and drops comments', () => {
    expect(splitCommandLine('python a.py \\\r\n  --x 1 # and so on')).toEqual(['python', 'a.py', '--x', '1']);
    expect(splitCommandLine('# first\n\npython a.py\n\n')).toEqual(['python', 'a.py']);
    expect(splitCommandLine('   ')).toEqual([]);
    expect(splitCommandLine("python a.py --name 'it'\\''s'")).toEqual(['python', 'a.py', '--name', "it's"]);
  });
});

describe('recognise', () => {
  it.each([
    ['docker exec -it box python a.py', 'docker exec (a container)'],
    ['sudo docker exec -it box python a.py', 'sudo docker exec (a container)'],
    ['sudo -E -u me docker run x', 'sudo docker run (a container)'],
    ['/usr/bin/podman run --rm image python a.py', 'podman run (a container)'],
    ['docker --context gpu container exec box python', 'docker --context gpu container exec (a container)'],
    ['docker compose -f a.yml run app python a.py', 'docker compose -f a.yml run (a container)'],
    ['docker-compose exec app python a.py', 'docker-compose exec (a container)'],
    ['apptainer exec --nv image.sif python a.py', 'apptainer exec (a container)'],
    ['singularity run image.sif', 'singularity run (a container)'],
    ['srun --gres=gpu:1 python a.py', 'srun (Slurm)'],
    ['sbatch job.sh', 'sbatch (Slurm)'],
    ['condor_submit job.sub', 'condor_submit (HTCondor)'],
    ['kubectl -n ml exec pod -- python a.py', 'kubectl -n ml exec (Kubernetes)'],
    ['ssh box python a.py', 'ssh (another machine)'],
    ['env A=b nohup srun python a.py', 'srun (Slurm)'],
  ])('%s runs elsewhere', (line, remote) => {
    expect(recognise(splitCommandLine(line)).remote).toBe(remote);
    const error = remoteNotSupported(remote);
    expect(error.message).toContain(remote);
    expect(error.fix).toContain('Copy Profiling Command');
  });

  it.each([
    'python a.py docker exec',
    'docker ps',
    'docker build run',
    'ssh-keygen -t rsa',
    'ssh.py',
    './srun.py',
    'srun_local',
    'kubectl get pods exec',
    'dockerize run',
    'python conda.py run -n x',
  ])('%s does not', (line) => {
    expect(recognise(splitCommandLine(line)).remote).toBeUndefined();
  });

  it.each([
    ['conda run -n x python a.py', 'conda run', 'python'],
    ['conda run --no-capture-output -p /envs/x --cwd /w python a.py', 'conda run', 'python'],
    ['/opt/conda/bin/mamba run -n x spliceai -I a', 'mamba run', 'spliceai'],
    ['uv run --with numpy --python 3.11 python a.py', 'uv run', 'python'],
    ['uv run -- python a.py', 'uv run', 'python'],
    ['poetry run spliceai', 'poetry run', 'spliceai'],
    ['A=b uv run python', 'uv run', 'python'],
  ])('%s is looked through', (line, wrapper, program) => {
    const words = splitCommandLine(line);
    const found = recognise(words);
    expect([found.wrapper, words[found.start]]).toEqual([wrapper, program]);
  });

  it.each([
    'conda.py run x',
    './conda.py run',
    'conda activate x',
    'uvicorn run',
    'python conda run',
    'poetry',
  ])('%s is no wrapper', (line) => {
    const found = recognise(splitCommandLine(line));
    expect([found.wrapper, found.start]).toEqual([undefined, 0]);
  });

  it('collects assignments, and passes by env and its options', () => {
    const words = splitCommandLine("A=b C='d e' env -u X -i F=g=h python a.py Z=1");
    expect(recognise(words)).toEqual({
      environment: { A: 'b', C: 'd e', F: 'g=h' },
      start: words.indexOf('python'),
    });
    expect(recognise([])).toEqual({ environment: {}, start: 0 });
  });
});

describe('splitAssignments', () => {
  it.each([
    [['A=b', 'python', 'C=d'], { A: 'b' }, ['python', 'C=d']],
    [['env', 'A=b', 'PYTHONPATH=src', 'python'], { A: 'b', PYTHONPATH: 'src' }, ['python']],
    [['env', '-u', 'X', 'python'], {}, ['env', '-u', 'X', 'python']],
    [['python', 'A=b'], {}, ['python', 'A=b']],
    [[], {}, []],
  ])('%j', (words, environment, command) => {
    expect(splitAssignments(words)).toEqual({ environment, command });
  });
});
