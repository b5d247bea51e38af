import path from 'node:path';
import { parseArgs } from 'node:util';
import { UserError, describeProblem, errorText } from '../common/problem';
import { createInstrumenter, type Instrumenter, type InstrumentedLanguage } from '../instrument/instrument';
import { markedSites, sitesAtLine } from '../launch/chooseSites';
import { defaultLogDirectory, prepareLogDirectory } from '../launch/logDirectory';
import { createSiteFinder, type SiteFinder } from '../sites/finder';
import { isConfidentPredict, type Site } from '../sites/site';
import { openSourceFile } from './sourceFile';

/** What was done to one file; lines are those that it had before. */
interface EditedFile {
  file: string;
  changed: boolean;
  inserted?: { id: string; line: number; callee: string }[];
  refused?: { id: string; line: number; callee: string; reason: string }[];
  removed?: number;
  left?: { line: number; message: string }[];
}

interface Problem {
  file: string;
  message: string;
  fix?: string;
}

interface Edit {
  plain: boolean;
  logDirectory: string;
  instrumenter: Instrumenter;
  finder: SiteFinder;
}

/** `predictscope insert|remove FILE[:LINE]… [--plain] [--log-dir DIR] [--json]`: edits the files in place. */
export async function editCommand(
  command: 'insert' | 'remove',
  args: readonly string[],
  root: string,
): Promise<void> {
  const { values, places } = parse(command, args);
  const wasmDirectory = path.join(root, 'dist');
  const edit: Edit = {
    plain: values.plain ?? false,
    logDirectory: path.resolve(values['log-dir'] ?? defaultLogDirectory(process.cwd())),
    instrumenter: await createInstrumenter({ wasmDirectory }),
    finder: await createSiteFinder({ wasmDirectory }),
  };
  const files: EditedFile[] = [];
  const problems: Problem[] = [];
  for (const [file, lines] of places) {
    try {
      files.push(await (command === 'insert' ? insert : remove)(edit, file, lines));
    } catch (error) {
      // The other files are edited all the same.
      const fix = error instanceof UserError ? error.fix : undefined;
      problems.push({ file, message: errorText(error), ...(fix ? { fix } : {}) });
    }
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ files, problems })}\n`);
  else report(files, problems);
  const incomplete = files.some(
    ({ file, inserted, refused, removed, left }) =>
      (refused?.length ?? 0) + (left?.length ?? 0) > 0 ||
      inserted?.length === 0 ||
      // What was asked for by its line is not there.
      (removed === 0 && places.get(file)!.length > 0),
  );
  process.exitCode = problems.length > 0 ? 125 : incomplete ? 1 : 0;
}

async function insert(edit: Edit, file: string, lines: readonly number[]): Promise<EditedFile> {
  const language = languageOf(file);
  const source = await openSourceFile(file);
  const sites = await sitesOf(edit.finder, file, source.text, lines);
  const { logDirectory, plain } = edit;
  const form = plain ? 'plain' : 'compact';
  const result = edit.instrumenter.insert({ text: source.text, language, sites, form, logDirectory, file });
  const changed = result.edits.length > 0;
  if (changed) {
    // For its .gitignore; the program may well run where we cannot write.
    await prepareLogDirectory(logDirectory).catch(() => undefined);
    await source.write(result.text);
  }
  const name = ({ id, line, callee }: Site): { id: string; line: number; callee: string } => ({
    id,
    line,
    callee,
  });
  return {
    file,
    changed,
    inserted: result.inserted.map(name),
    refused: result.refused.map(({ site, reason }) => ({ ...name(site), reason })),
  };
}

async function sitesOf(
  finder: SiteFinder,
  file: string,
  text: string,
  lines: readonly number[],
): Promise<Site[]> {
  if (lines.length === 0) return (await markedSites(finder, file, text)).filter(isConfidentPredict);
  await finder.prepare(file);
  const sites: Site[] = [];
  for (const line of lines) sites.push(...(await sitesAtLine(finder, file, text, { file, line })));
  return [...new Map(sites.map((site) => [site.id, site])).values()];
}

async function remove(edit: Edit, file: string, lines: readonly number[]): Promise<EditedFile> {
  const language = languageOf(file);
  const source = await openSourceFile(file);
  const wanted = lines.length > 0 ? new Set(lines) : undefined;
  const { edits, text, removed, left } = edit.instrumenter.remove(source.text, language, wanted);
  if (edits.length > 0) await source.write(text);
  return { file, changed: edits.length > 0, removed, left };
}

function report(files: readonly EditedFile[], problems: readonly Problem[]): void {
  const say = (line: string): boolean => process.stdout.write(`${line}\n`);
  for (const { file, inserted, refused, removed, left } of files) {
    const name = path.relative(process.cwd(), file);
    for (const { line, callee } of inserted ?? []) say(`${name}:${line}  ${callee}  inserted`);
    for (const { line, callee, reason } of refused ?? [])
      say(`${name}:${line}  ${callee}  refused: ${reason}`);
    if (inserted?.length === 0 && refused?.length === 0) say(`${name}  no predict call`);
    if (removed !== undefined) say(`${name}  ${removed} removed`);
    for (const { line, message } of left ?? []) say(`${name}:${line}  left: ${message}`);
  }
  for (const problem of problems) process.stderr.write(`predictscope: ${describeProblem(problem)}\n`);
}

const languages: Record<string, InstrumentedLanguage> = {
  '.py': 'python',
  '.pyw': 'python',
  '.js': 'javascript',
  '.jsx': 'javascript',
  '.mjs': 'javascript',
  '.cjs': 'javascript',
  '.ts': 'typescript',
  '.mts': 'typescript',
  '.cts': 'typescript',
  '.tsx': 'tsx',
};

function languageOf(file: string): InstrumentedLanguage {
  const ending = path.extname(file).toLowerCase();
  if (ending === '.ipynb') {
    throw new UserError(`${file} is a notebook, which is edited in VS Code only.`, {
      fix: 'Open it there and use “Insert Profiler Calls” or “Remove Profiler Calls”.',
    });
  }
  // A script without an ending is as likely a Python program as anything that is named here.
  return languages[ending] ?? 'python';
}

interface Values {
  plain?: boolean | undefined;
  'log-dir'?: string | undefined;
  json?: boolean | undefined;
}

/** Files by absolute path, each with the lines that were asked for. */
function parse(
  command: 'insert' | 'remove',
  args: readonly string[],
): { values: Values; places: Map<string, number[]> } {
  let parsed: { values: Values; positionals: string[] };
  try {
    parsed = parseArgs({
      args: [...args],
      options: {
        plain: { type: 'boolean' },
        'log-dir': { type: 'string' },
        json: { type: 'boolean' },
      },
      allowPositionals: true,
    });
  } catch (error) {
    throw new UserError((error as Error).message, { fix: 'See predictscope --help.' });
  }
  const { values, positionals } = parsed;
  if (command === 'remove' && (values.plain !== undefined || values['log-dir'] !== undefined)) {
    throw new UserError('--plain and --log-dir say how calls are inserted; remove takes out all forms.');
  }
  if (positionals.length === 0) {
    throw new UserError(`${command} needs a file.`, {
      fix: `For example: predictscope ${command} scorer.py:47`,
    });
  }
  const places = new Map<string, number[]>();
  for (const text of positionals) {
    const match = /^(.+):(\d+)$/.exec(text);
    const file = path.resolve(match?.[1] ?? text);
    const lines = places.get(file) ?? [];
    if (match) lines.push(Number(match[2]));
    places.set(file, lines);
  }
  // A file that is named both with and without a line is meant as a whole.
  for (const text of positionals) if (!/:\d+$/.test(text)) places.set(path.resolve(text), []);
  return { values, places };
}
