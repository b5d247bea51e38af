/** Python literals in pure ASCII, because the file may be in any encoding; and back. */

/** A string in double quotes. */
export function pythonString(text: string): string {
  let out = '"';
  for (const letter of text) {
    const code = letter.codePointAt(0)!;
    if (letter === '"' || letter === '\\') out += `\\${letter}`;
    else if (letter === '\n') out += '\\n';
    else if (code >= 0x20 && code < 0x7f) out += letter;
    else if (code > 0xffff) out += `\\U${code.toString(16).padStart(8, '0')}`;
    else out += `\\u${code.toString(16).padStart(4, '0')}`;
  }
  return `${out}"`;
}

/** Strings, numbers, lists and records of them. */
export function pythonLiteral(value: PythonValue): string {
  if (typeof value === 'string') return pythonString(value);
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(', ')}]`;
  const entries = Object.entries(value).map(([key, each]) => `${key}: ${pythonLiteral(each)}`);
  return `{${entries.join(', ')}}`;
}

/** A record's keys are numbers, as Python's `dict` has them. */
export type PythonValue = string | number | PythonValue[] | { [key: number]: PythonValue };

/** The text of a string that `pythonString` wrote, without its quotes; other escapes stay as they are. */
export function unescapePython(content: string): string {
  return content.replace(
    /\\(?:U([0-9a-fA-F]{8})|u([0-9a-fA-F]{4})|(n)|([\\"']))/g,
    (_, wide?: string, narrow?: string, line?: string, letter?: string) => {
      const code = wide ?? narrow;
      if (code !== undefined) return String.fromCodePoint(parseInt(code, 16));
      return line === undefined ? letter! : '\n';
    },
  );
}
