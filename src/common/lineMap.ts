import { diffArrays } from 'diff';

/** An edit that replaces a file by another is not worth minutes of comparing: then no line is known. */
const timeoutMs = 500;

/**
 * Where the lines of an earlier text are in a later one: by line number from 1, found by what stands in them. A line
 * that was changed or taken out is not in it. Blanks at the end of a line do not count.
 */
export function mapLines(then: string, now: string): Map<number, number> {
  const [before, after] = [linesOf(then), linesOf(now)];
  const found = new Map<number, number>();
  const parts = diffArrays(before, after, { timeout: timeoutMs });
  if (!parts) return found;
  let from = 1;
  let to = 1;
  for (const { added, removed, value } of parts) {
    if (!added && !removed) value.forEach((_, i) => found.set(from + i, to + i));
    if (!added) from += value.length;
    if (!removed) to += value.length;
  }
  return found;
}

function linesOf(text: string): string[] {
  return text.split(/\r\n|\r|\n/).map((line) => line.trimEnd());
}
