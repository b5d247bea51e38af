/**
 * What `run` starts, where the image's runscript only starts something: what a Dockerfile said
 * (ENTRYPOINT and CMD), or one line `exec WORDS "$@"`. Undefined where it does more than that.
 */
export function runscriptCommand(text: string, given: readonly string[]): string[] | undefined {
  const entry = ociWords(text, 'OCI_ENTRYPOINT');
  const usual = ociWords(text, 'OCI_CMD');
  if (entry && usual) return [...entry, ...(given.length > 0 ? given : usual)];
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.length !== 1) return undefined;
  const [, words, rest] = /^(?:exec\s+)?(.*?)(\s+(?:"\$@"|\$@|\$\*))?$/s.exec(lines[0]!) ?? [];
  const command = words === undefined ? undefined : plainWords(words);
  // Without "$@" the script drops what the line gives it, and so would we.
  return command && command.length > 0 ? [...command, ...(rest ? given : [])] : undefined;
}

function ociWords(text: string, name: string): string[] | undefined {
  const quoted = new RegExp(`^${name}='(.*)'$`, 'm').exec(text)?.[1];
  return quoted === undefined ? undefined : plainWords(quoted);
}

/** Words of which a shell would make nothing else; undefined where it would. */
function plainWords(text: string): string[] | undefined {
  const word = /\s*(?:"((?:[^"\\$`]|\\["\\$`])*)"|'([^']*)'|([\w@%+=:,./-]+))(?=\s|$)/y;
  const words: string[] = [];
  while (word.lastIndex < text.trimEnd().length) {
    const match = word.exec(text);
    if (!match) return undefined;
    words.push(match[1]?.replace(/\\(["\\$`])/g, '$1') ?? match[2] ?? match[3]!);
  }
  return words;
}
