/** Begin and end events of a Chrome trace, matched into one row each after the whole file is read. */
import type { TraceBuilder } from '../builder';

export interface Mark {
  kind: 'begin' | 'end' | 'instant';
  /** Marks match within one track and, when async, one id. */
  track: number;
  key: number;
  name: number;
  category: number;
  us: number;
  ps: number;
  locator: number;
}

/** Result of the matching, for the problems list. */
export interface Unmatched {
  begins: number;
  ends: number;
}

/**
 * Adds one event for each begin. An end closes the latest open begin of its name, else the latest;
 * a begin without an end lasts until `last`. `onPair` learns where the arguments of the end are.
 */
export function addPairs(
  builder: TraceBuilder,
  marks: Mark[],
  last: { us: number; ps: number },
  onPair: (begin: number, end: number) => void,
): Unmatched {
  // Writers with several threads do not sort; equal times keep the order of the file.
  marks.sort(
    (a, b) => a.track - b.track || a.key - b.key || a.us - b.us || a.ps - b.ps || a.locator - b.locator,
  );
  const unmatched: Unmatched = { begins: 0, ends: 0 };
  let open: Mark[] = [];
  const close = (begin: Mark, end: { us: number; ps: number }): void => {
    const us = end.us - begin.us;
    const ps = end.ps - begin.ps;
    const negative = us < 0 || (us === 0 && ps < 0);
    const borrow = ps < 0 ? 1 : 0;
    builder.add(
      begin.track,
      begin.name,
      begin.category,
      begin.us,
      begin.ps,
      negative ? 0 : us - borrow,
      negative ? 0 : ps + borrow * 1_000_000,
      begin.locator,
    );
  };
  const closeAll = (): void => {
    for (const begin of open) close(begin, last);
    unmatched.begins += open.length;
    open = [];
  };
  let previous: Mark | undefined;
  for (const mark of marks) {
    if (previous && (previous.track !== mark.track || previous.key !== mark.key)) closeAll();
    previous = mark;
    if (mark.kind === 'begin') open.push(mark);
    else if (mark.kind === 'instant') close(mark, mark);
    else {
      let at = open.length - 1;
      // Only a few levels down: a hostile file must not make this quadratic.
      const floor = Math.max(0, open.length - 64);
      if (mark.name !== 0) while (at >= floor && open[at]!.name !== mark.name) at--;
      if (at < floor) at = open.length - 1;
      const begin = open[at];
      if (!begin) {
        unmatched.ends++;
        continue;
      }
      for (const inner of open.splice(at + 1)) {
        close(inner, mark);
        unmatched.begins++;
      }
      open.pop();
      close(begin, mark);
      onPair(begin.locator, mark.locator);
    }
  }
  closeAll();
  return unmatched;
}
