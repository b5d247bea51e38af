import { notebookProgram } from '../sites/notebook';

/**
 * A cell as Python of the same length, so that edits of one are edits of the other: what only IPython
 * understands becomes a number and a comment. A cell magic becomes a string, since nothing may be put above
 * it, and a file's docstring is what nothing is put above.
 */
export function plainCell(code: string): string {
  const plain = notebookProgram([{ code }]).text.split('\n');
  let index = 0;
  return code.replace(/[^\r\n]*(?:\r\n|\r|\n|$)/g, (line) => {
    const end = /[\r\n]*$/.exec(line)![0];
    const text = line.slice(0, line.length - end.length);
    const other = plain[index++];
    if (text === other || text.trim() === '') return line;
    const indent = /^\s*/.exec(text)![0];
    const length = text.length - indent.length;
    const cellMagic = text.startsWith('%%');
    return (
      indent +
      (cellMagic ? `"${'#'.repeat(length - 2)}"` : `0${'#'.repeat(length - 1)}`).slice(0, length) +
      end
    );
  });
}
