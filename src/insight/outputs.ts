/** What calls returned, in one run and beside another: only where the user asked for it. */
import type { Problem } from '../common/problem';
import { formatCount } from '../common/units';
import type { OutputArray, OutputRecord } from '../runs/processRecords';

/** What the calls of a site returned, over all processes. */
export interface OutputSummary {
  calls: number;
  /** Calls with a value that is not a number, or not finite. */
  withNan: number;
  withInfinite: number;
  /** By number of the call, from 1; the first process that made it. */
  byCall: { call: number; arrays: OutputArray[] }[];
}

export function summarizeOutputs(records: readonly OutputRecord[], site: number): OutputSummary | null {
  const found = records.filter((record) => record.site === site);
  if (found.length === 0) return null;
  const byCall = new Map<number, OutputArray[]>();
  for (const { call, arrays } of found) if (!byCall.has(call)) byCall.set(call, arrays);
  const having = (pick: (array: OutputArray) => number | undefined): number =>
    found.filter(({ arrays }) => arrays.some((array) => (pick(array) ?? 0) > 0)).length;
  return {
    calls: found.length,
    withNan: having(({ nan }) => nan),
    withInfinite: having(({ infinite }) => infinite),
    byCall: [...byCall].map(([call, arrays]) => ({ call, arrays })).sort((a, b) => a.call - b.call),
  };
}

/** A sentence for a run whose results are no numbers. */
export function outputProblem(callee: string, outputs: OutputSummary): Problem | undefined {
  const { calls, withNan, withInfinite } = outputs;
  if (withNan + withInfinite === 0) return undefined;
  const what = withNan > 0 ? 'NaN' : 'infinite values';
  return {
    message: `${formatCount(Math.max(withNan, withInfinite))} of ${formatCount(calls)} calls of ${callee} that were looked at returned ${what}.`,
    fix: 'Times of a model that computes nonsense say little: look at its input and precision first.',
  };
}

export interface OutputChange {
  /** Calls that both sides have. */
  compared: number;
  /** Of these, those whose results are the same to the byte. */
  same: number;
  /** Of these, those with another shape or type. */
  otherShape: number;
  /** Largest difference of a mean by the spread of its values; null where nothing can be compared. */
  most: number | null;
}

/** The results of two runs of a site, call by call; null where one side has none. */
export function compareOutputs(a: OutputSummary | null, b: OutputSummary | null): OutputChange | null {
  if (!a || !b) return null;
  const theirs = new Map(b.byCall.map(({ call, arrays }) => [call, arrays]));
  const change: OutputChange = { compared: 0, same: 0, otherShape: 0, most: null };
  for (const { call, arrays } of a.byCall) {
    const other = theirs.get(call);
    if (!other) continue;
    change.compared++;
    const alike =
      arrays.length === other.length &&
      arrays.every(
        (array, i) => array.dims.join() === other[i]!.dims.join() && array.dtype === other[i]!.dtype,
      );
    if (!alike) {
      change.otherShape++;
      continue;
    }
    if (arrays.every((array, i) => array.sha256 !== undefined && array.sha256 === other[i]!.sha256))
      change.same++;
    for (const [i, array] of arrays.entries()) {
      const by = difference(array, other[i]!);
      if (by !== null) change.most = Math.max(change.most ?? 0, by);
    }
  }
  return change.compared > 0 ? change : null;
}

function difference(a: OutputArray, b: OutputArray): number | null {
  if (a.mean === undefined || b.mean === undefined) return null;
  const spread = Math.max((a.max ?? a.mean) - (a.min ?? a.mean), Math.abs(a.mean), Number.MIN_VALUE);
  return Math.max(
    ...[a.mean - b.mean, (a.min ?? 0) - (b.min ?? 0), (a.max ?? 0) - (b.max ?? 0)].map(
      (by) => Math.abs(by) / spread,
    ),
  );
}
