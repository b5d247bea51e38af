import path from 'node:path';
import { parseArgs } from 'node:util';
import { UserError } from '../common/problem';
import { defaultLogDirectory, prepareLogDirectory } from '../launch/logDirectory';
import { targetSites } from '../launch/targetSites';
import { createSiteFinder } from '../sites/finder';
import { publicSite } from './sitesCommand';

/** `predictscope sites --target T [-- COMMAND…]`: what the code that a container brings along calls. */
export async function targetSitesCommand(args: readonly string[], root: string): Promise<void> {
  const { target: text, logDirectory, endpoint, json, command } = parse(args);
  await prepareLogDirectory(logDirectory);
  const { openTarget } = await import('../targets/containers/openTarget');
  const target = await openTarget(text, {
    endpoint,
    logDirectory,
    pythonPath: path.join(root, 'media', 'python'),
    cwd: process.cwd(),
    gpu: 'none', // nothing runs there but questions
  });
  // Whatever ends us, what we started must go.
  const leave = (): void => void Promise.resolve(target.close?.()).finally(() => process.exit(1));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, leave);
  try {
    const finder = await createSiteFinder({ wasmDirectory: path.join(root, 'dist') });
    const { programs, sites, problems } = await targetSites(target, finder, command);
    if (json) {
      const shown = sites.map((site) => ({
        ...publicSite(site),
        there: site.there,
        programs: site.programs,
      }));
      process.stdout.write(
        `${JSON.stringify({ target: target.id, cwd: target.cwd, programs, sites: shown, problems })}\n`,
      );
      return;
    }
    for (const site of sites) {
      const where = `${site.there}:${site.line}:${site.column}`;
      process.stdout.write(
        `${where}  ${site.callee}  ${site.kind}  ${site.framework}  ${site.confidence}  ${site.reason}\n    ${site.file}\n`,
      );
    }
    if (sites.length === 0) process.stderr.write(`No call of a model was found in ${text}.\n`);
    for (const problem of problems) process.stderr.write(`! ${problem.file}: ${problem.message}\n`);
  } finally {
    await target.close?.();
  }
}

interface Arguments {
  target: string;
  logDirectory: string;
  endpoint: string;
  json: boolean;
  command: string[];
}

function parse(args: readonly string[]): Arguments {
  const dashes = args.includes('--') ? args.indexOf('--') : args.length;
  try {
    const { values } = parseArgs({
      args: args.slice(0, dashes),
      options: {
        target: { type: 'string' },
        'log-dir': { type: 'string' },
        endpoint: { type: 'string', default: '' },
        json: { type: 'boolean', default: false },
      },
    });
    return {
      target: values.target ?? '',
      logDirectory: path.resolve(values['log-dir'] ?? defaultLogDirectory(process.cwd())),
      endpoint: values.endpoint,
      json: values.json,
      command: args.slice(dashes + 1),
    };
  } catch (error) {
    throw new UserError((error as Error).message, { fix: 'See predictscope --help.' });
  }
}
