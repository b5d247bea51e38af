/** What stands before the engine's name: prompts, `sudo`, `NAME=value`, `env`, `time` … */
export interface PastedStart {
  /** Index of the word that names the engine. */
  at: number;
  assignments: Record<string, string>;
  ignored: string[];
}

/** sudo's options that take the next word (sudo(8)). */
const sudoValues =
  /^(-[ugpCrtTUDRh]|--(user|group|prompt|close-from|role|type|command-timeout|chdir|chroot|host))$/;
const envValues = /^(-[uC]|--unset|--chdir)$/;

export function readStart(words: readonly string[]): PastedStart {
  const start: PastedStart = { at: 0, assignments: {}, ignored: [] };
  for (;;) {
    const word = words[start.at] ?? '';
    const assignment = /^([A-Za-z_]\w*)=(.*)$/s.exec(word);
    const tool = baseName(word);
    if (assignment) {
      start.assignments[assignment[1]!] = assignment[2]!;
      start.at++;
    } else if (word === '$' || word === '%') {
      start.at++; // a prompt that was copied along
    } else if (tool === 'sudo' || tool === 'doas') {
      start.at = pastOptions(words, start.at + 1, sudoValues);
      start.ignored.push(`${tool} is left out: the engine is asked as the user that you are.`);
    } else if (tool === 'env') {
      start.at = pastOptions(words, start.at + 1, envValues);
    } else if (['nohup', 'time', 'exec', 'command', 'winpty'].includes(tool)) {
      start.at = pastOptions(words, start.at + 1, /^$/);
    } else {
      return start;
    }
  }
}

function pastOptions(words: readonly string[], from: number, valued: RegExp): number {
  let i = from;
  while (words[i]?.startsWith('-')) i += valued.test(words[i]!) ? 2 : 1;
  return i;
}

export function baseName(word: string | undefined): string {
  return (word ?? '').replace(/^.*[\\/]/, '').replace(/\.exe$/i, '');
}

/** The words, when they only open a shell: `bash`, `/bin/sh -l`; not `bash -c …`, and no script. */
export function onlyShell(command: readonly string[]): string[] | undefined {
  const [shell, ...rest] = command;
  if (!/^(?:(?:ba|z|da|a|k|fi|c|tc)?sh|pwsh)$/.test(baseName(shell))) return undefined;
  const script = rest.some((word) => !word.startsWith('-') || /^-[a-z]*c/.test(word));
  return script ? undefined : [...command];
}
