/** A notebook as one Python program: what the finder reads, and what is run up to a cell. */

import type { Site, SitesResult } from './site';

export interface NotebookCell {
  /** Undefined for Markdown, raw text and languages other than Python. */
  code: string | undefined;
}

/** A line that only IPython understands, or a cell that nobody does. */
export interface LeftOut {
  /** Index of the cell, from 0. */
  cell: number;
  /** In the cell, from 1. */
  line: number;
  text: string;
  /** A whole cell that does not parse, even without its magics. */
  broken: boolean;
}

export interface NotebookProgram {
  text: string;
  /** Line of the program on which each cell begins, from 1; of cells after the last one, where they would. */
  cellStart: number[];
  leftOut: LeftOut[];
}

/** Cell magics whose body is Python all the same. */
const pythonCellMagics = /^%%(?:time|timeit|capture|prun|memit|mprun|debug|python3?)\b/;

/** `%cd x`, `!pip install`, `?help`, `name = %magic`, `files = !ls`. */
const lineMagic = /^(\s*)(?:[%!?].*|[\w.]+\?{1,2}\s*|[A-Za-z_][\w.,[\]'" ]*=\s*(?:%\w|!).*)$/;

/**
 * The code cells up to and with `upTo` (all by default), one after the other. Magics become `pass` at the same
 * indent, so that lines keep their place; a cell in another language or one that `isBroken` becomes blank lines.
 */
export function notebookProgram(
  cells: readonly NotebookCell[],
  upTo = cells.length - 1,
  isBroken: (code: string) => boolean = () => false,
): NotebookProgram {
  const lines: string[] = [];
  const cellStart: number[] = [];
  const leftOut: LeftOut[] = [];
  cells.forEach(({ code }, cell) => {
    cellStart.push(lines.length + 1);
    if (code === undefined || cell > upTo) return;
    const plain = withoutMagics(code, cell, leftOut);
    if (plain === undefined || isBroken(plain.join('\n'))) {
      if (plain) {
        const first = plain.findIndex((line) => line.trim() !== '');
        leftOut.push({ cell, line: first + 1, text: plain[first] ?? '', broken: true });
      }
      lines.push(...(plain ?? code.split(/\r\n|\r|\n/)).map(() => ''));
    } else lines.push(...plain);
  });
  return { text: lines.join('\n') + '\n', cellStart, leftOut };
}

/** `%time y = f(x)` runs the statement; what stands for the magic is as long, so that columns stay too. */
const timedStatement = /^(\s*)%(time |timeit )(?!-)(.+)$/;

/** Lines of a cell as Python; undefined for a cell of another language. */
function withoutMagics(code: string, cell: number, leftOut: LeftOut[]): string[] | undefined {
  const lines = code.split(/\r\n|\r|\n/);
  const first = lines.findIndex((line) => line.trim() !== '');
  const cellMagic = first >= 0 && lines[first]!.startsWith('%%');
  if (cellMagic) leftOut.push({ cell, line: first + 1, text: lines[first]!, broken: false });
  if (cellMagic && !pythonCellMagics.test(lines[first]!)) return undefined;
  const strings = new OpenStrings();
  return lines.map((line, index) => {
    const inString = strings.isOpenBefore(line);
    if (cellMagic && index === first) return 'pass';
    if (inString) return line;
    const timed = timedStatement.exec(line);
    if (timed) return `${timed[1]}${timed[2] === 'time ' ? 'if 1: ' : 'if True:'}${timed[3]}`;
    const magic = lineMagic.exec(line);
    if (!magic) return line;
    leftOut.push({ cell, line: index + 1, text: line.trim(), broken: false });
    return `${magic[1]}pass`;
  });
}

/** Whether a line begins inside a triple-quoted string, where `!` and `%` are text. */
class OpenStrings {
  #quote: string | undefined;

  isOpenBefore(line: string): boolean {
    const before = this.#quote !== undefined;
    for (const [found] of line.matchAll(
      /\\.|"""|'''|#.*$|"(?!"")(?:\\.|[^"\\])*"|'(?!'')(?:\\.|[^'\\])*'/g,
    )) {
      if (this.#quote === undefined) {
        if (found === '"""' || found === "'''") this.#quote = found;
      } else if (found.includes(this.#quote)) this.#quote = undefined;
    }
    return before;
  }
}

/** Sites of a program, told as places in the cells of the notebook. */
export function inCells(found: SitesResult, program: NotebookProgram, file: string): SitesResult {
  const cellOf = (line: number): number => {
    let cell = program.cellStart.length - 1;
    // Cells without lines begin where the next one does: the last that begins here has the line.
    while (cell > 0 && program.cellStart[cell]! > line) cell--;
    return cell;
  };
  const sites = found.sites.map((site): Site => {
    const cell = cellOf(site.line);
    const before = program.cellStart[cell]! - 1;
    return { ...site, file, cell, line: site.line - before, endLine: site.endLine - before };
  });
  const problems = found.problems.map((problem) => {
    if (problem.line === undefined) return { ...problem, file };
    const cell = cellOf(problem.line);
    return { ...problem, file, cell, line: problem.line - program.cellStart[cell]! + 1 };
  });
  return { sites, problems };
}

/** Code cells of a notebook file (nbformat 3 and 4). Throws a sentence for what is no notebook. */
export function readNotebook(text: string): NotebookCell[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch {
    throw new Error('This is no notebook: its JSON could not be parsed.');
  }
  const notebook = parsed as {
    cells?: unknown;
    worksheets?: { cells?: unknown }[];
    metadata?: { kernelspec?: { language?: unknown }; language_info?: { name?: unknown } };
  } | null;
  const cells = notebook?.cells ?? notebook?.worksheets?.[0]?.cells;
  if (!Array.isArray(cells)) throw new Error('This is no notebook: it has no list of cells.');
  const language = notebook?.metadata?.language_info?.name ?? notebook?.metadata?.kernelspec?.language;
  const isPython = typeof language !== 'string' || /^i?python\d*$/i.test(language);
  return cells.map((each: unknown): NotebookCell => {
    const cell = each as { cell_type?: unknown; source?: unknown; input?: unknown } | null;
    if (!isPython || cell?.cell_type !== 'code') return { code: undefined };
    const source = cell.source ?? cell.input;
    if (Array.isArray(source)) return { code: source.filter((line) => typeof line === 'string').join('') };
    return { code: typeof source === 'string' ? source : undefined };
  });
}
