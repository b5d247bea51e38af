/** Text edits: what an insertion or a removal is, before anyone applies it. */

/** UTF-16 offsets into the original text. In a list they are sorted and do not overlap. */
export interface TextEdit {
  start: number;
  end: number;
  text: string;
}

/** The text after the edits. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const edit of edits) {
    parts.push(text.slice(at, edit.start), edit.text);
    at = edit.end;
  }
  parts.push(text.slice(at));
  return parts.join('');
}

/** Sorts edits and joins those that touch; of two that delete the same text, the longer one counts. */
export function tidyEdits(edits: readonly TextEdit[]): TextEdit[] {
  const sorted = edits
    .map((edit, order) => ({ edit, order }))
    .sort((a, b) => a.edit.start - b.edit.start || a.order - b.order);
  const tidy: TextEdit[] = [];
  for (const { edit } of sorted) {
    const last = tidy.at(-1);
    if (last && edit.start <= last.end && (last.end > last.start || edit.start === last.start)) {
      last.end = Math.max(last.end, edit.end);
      last.text += edit.text;
    } else tidy.push({ ...edit });
  }
  return tidy;
}

/** Moves edits of a text without its byte order mark to the text with it. */
export function shiftEdits(edits: readonly TextEdit[], by: number): TextEdit[] {
  return edits.map(({ start, end, text }) => ({ start: start + by, end: end + by, text }));
}
