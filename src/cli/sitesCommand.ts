import path from 'node:path';
import { parseArgs } from 'node:util';
import { UserError } from '../common/problem';
import { createSiteFinder } from '../sites/finder';
import type { Site } from '../sites/site';

/** `predictscope sites PATH… [--json]`. */
export async function sitesCommand(args: readonly string[], root: string): Promise<void> {
  const { values, positionals } = parse(args);
  if (positionals.length === 0)
    throw new UserError('sites needs a file or a folder.', { fix: 'See predictscope --help.' });
  const finder = await createSiteFinder({ wasmDirectory: path.join(root, 'dist') });
  const result = await finder.findInFiles(positionals.map((p) => path.resolve(p)));
  if (values.json) {
    const problems = result.problems.map(({ file, cell, line, message }) => ({ file, cell, line, message }));
    process.stdout.write(`${JSON.stringify({ sites: result.sites.map(publicSite), problems })}\n`);
    return;
  }
  for (const site of result.sites) {
    // Cells are counted from 0, as in the JSON.
    const cell = site.cell === undefined ? '' : `#${site.cell}`;
    const where = `${path.relative(process.cwd(), site.file)}${cell}:${site.line}:${site.column}`;
    process.stdout.write(
      `${where}  ${site.callee}  ${site.kind}  ${site.framework}  ${site.confidence}  ${site.reason}\n`,
    );
  }
  for (const problem of result.problems) {
    process.stderr.write(`! ${problem.file}${problem.line ? `:${problem.line}` : ''}: ${problem.message}\n`);
  }
}

function parse(args: readonly string[]): { values: { json?: boolean | undefined }; positionals: string[] } {
  try {
    return parseArgs({ args: [...args], options: { json: { type: 'boolean' } }, allowPositionals: true });
  } catch (error) {
    throw new UserError((error as Error).message);
  }
}

/** Exactly the names that the command line promises, in their order. */
const publicNames = [
  'id',
  'file',
  'cell',
  'line',
  'column',
  'endLine',
  'endColumn',
  'callee',
  'framework',
  'kind',
  'inLoop',
  'inProfiler',
  'confidence',
  'reason',
] as const satisfies readonly (keyof Site)[];

export function publicSite(site: Site): object {
  return Object.fromEntries(publicNames.map((name) => [name, site[name]]));
}
