import path from 'node:path';
import { parseArgs } from 'node:util';
import { UserError, describeProblem } from '../common/problem';

/** `predictscope targets [--root DIR | --no-root] [--endpoint E] [--json]`: where a program can run. */
export async function targetsCommand(args: readonly string[]): Promise<void> {
  const { root, endpoint, json } = parse(args);
  const { listTargets } = await import('../targets/containers/openTarget');
  const list = await listTargets({ root, endpoint, searchPath: process.env.PATH ?? '' });
  if (json) {
    process.stdout.write(`${JSON.stringify(list)}\n`);
    return;
  }
  const width = Math.max(...list.targets.map(({ id }) => id.length));
  for (const { id, detail, problem } of list.targets) {
    process.stdout.write(`${id.padEnd(width)}  ${detail}${problem ? `  ! ${problem.message}` : ''}\n`);
  }
  for (const problem of list.problems) process.stderr.write(`! ${describeProblem(problem)}\n`);
}

function parse(args: readonly string[]): { root: string | undefined; endpoint: string; json: boolean } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        root: { type: 'string' },
        // A window without a folder.
        'no-root': { type: 'boolean', default: false },
        endpoint: { type: 'string', default: '' },
        json: { type: 'boolean', default: false },
      },
    });
    const root = values['no-root'] ? undefined : path.resolve(values.root ?? process.cwd());
    return { root, endpoint: values.endpoint, json: values.json };
  } catch (error) {
    throw new UserError((error as Error).message, { fix: 'See predictscope --help.' });
  }
}
