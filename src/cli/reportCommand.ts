import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { UserError } from '../common/problem';
import { runReport, type ReportFormat } from '../launch/reports/runReport';

const formats: Readonly<Record<string, ReportFormat>> = {
  '.html': 'html',
  '.md': 'markdown',
  '.json': 'json',
};

/** `predictscope report RUN [--output FILE] [--without-paths]`. */
export async function reportCommand(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { output: { type: 'string', short: 'o' }, 'without-paths': { type: 'boolean' } },
    allowPositionals: true,
  });
  if (positionals.length !== 1) throw new UserError('report needs one run directory.');
  const { output } = values;
  const format = output === undefined ? 'markdown' : formats[path.extname(output).toLowerCase()];
  if (!format) {
    throw new UserError(`${output} has an ending that no report has.`, {
      fix: 'Name it FILE.html, FILE.md or FILE.json.',
    });
  }
  const text = await runReport(path.resolve(positionals[0]!), {
    format,
    anonymous: values['without-paths'] ?? false,
  });
  if (output === undefined) process.stdout.write(text);
  else await writeFile(output, text);
}
