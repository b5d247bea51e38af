/**
 * The only decoder of `functions-SITE.json`: a few calls of a site under Python's function profiler. Layout:
 * "functions-SITE.json" in docs/run-directory.md; the one writer is media/python/predictscope/functions.py.
 */
import { UserError } from '../../common/problem';

/** A function; one in C has no file (-1) and line 0. */
export interface ProfiledCode {
  file: number;
  line: number;
  name: string;
}

/** What a function called, and how long that took from there, ns. */
export interface ProfiledCallee {
  code: number;
  calls: number;
  selfNs: number;
  totalNs: number;
}

export interface ProfiledFunction extends ProfiledCallee {
  callees: ProfiledCallee[];
}

export interface FunctionProfile {
  site: number;
  /** Slot numbers of the calls that were recorded. */
  slots: number[];
  /**
   * What the profiler adds to a call, ns; charged to the function that makes it. It is `perBitNs` more by bit of the
   * entropy of the functions that are called.
   */
  perCallNs: number;
  perBitNs: number;
  /** Time of Python's own code under the profiler as a multiple of its time without, 1 or more. */
  slowdown: number;
  files: string[];
  codes: ProfiledCode[];
  functions: ProfiledFunction[];
  /** Time of garbage collections, by the function that they stopped; part of its times above, or of its callees'. */
  garbage: { code: number; ns: number }[];
}

/** Decodes the file's text. Throws a UserError when it is damaged or of another format. */
export function decodeFunctions(text: string, file: string): FunctionProfile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged(file, 'it is cut off or no JSON', error);
  }
  if (!isRecord(value) || value.format !== 'predictscope.functions/1')
    throw damaged(file, 'it is of another format');
  const { site, slots, perCallNs, perBitNs = 0, slowdown = 1, files, codes, rows } = value;
  if (!isCount(site) || !isCounts(slots) || !isTime(perCallNs) || !Array.isArray(files))
    throw damaged(file, 'its head');
  if (!isTime(perBitNs) || !isTime(slowdown) || slowdown < 1) throw damaged(file, 'its head');
  if (!Array.isArray(codes) || !Array.isArray(rows)) throw damaged(file, 'its tables');
  const known = codes.map((row: unknown, index): ProfiledCode => {
    if (!Array.isArray(row) || !Number.isInteger(row[0]) || !isCount(row[1]) || typeof row[2] !== 'string')
      throw damaged(file, `function ${index}`);
    const index_ = row[0] as number;
    if (index_ >= files.length) throw damaged(file, `function ${index}`);
    return { file: index_, line: row[1], name: row[2] };
  });
  const callee = (row: unknown, index: number): ProfiledCallee => {
    if (!Array.isArray(row) || !isCount(row[0]) || row[0] >= known.length || !isCount(row[1]))
      throw damaged(file, `row ${index}`);
    if (!Number.isFinite(row[2]) || !Number.isFinite(row[3])) throw damaged(file, `row ${index}`);
    return { code: row[0], calls: row[1], selfNs: row[2] as number, totalNs: row[3] as number };
  };
  const garbage = value.garbage ?? [];
  if (!Array.isArray(garbage)) throw damaged(file, 'its collections');
  return {
    garbage: garbage.map((row: unknown, index) => {
      if (!Array.isArray(row) || !isCount(row[0]) || row[0] >= known.length || !isTime(row[1]))
        throw damaged(file, `collection ${index}`);
      return { code: row[0], ns: row[1] };
    }),
    site,
    slots,
    perCallNs,
    perBitNs,
    slowdown,
    files: files.map(String),
    codes: known,
    functions: rows.map((row: unknown, index) => {
      const callees: unknown = Array.isArray(row) ? row[4] : undefined;
      return {
        ...callee(row, index),
        callees: Array.isArray(callees) ? callees.map((each: unknown) => callee(each, index)) : [],
      };
    }),
  };
}

function damaged(file: string, what: string, cause?: unknown): UserError {
  return new UserError(`${file} is damaged (${what}).`, {
    fix: 'What it says of Python’s functions is left out; all else is shown.',
    cause,
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isCount);
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
