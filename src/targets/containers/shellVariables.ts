/** What the shell would have put into a pasted line. Values that are not known are left out. */
export interface ShellValues {
  PWD?: string;
  HOME?: string;
  USER?: string;
  /** Numeric ids of whoever pasted it. */
  uid?: number;
  gid?: number;
}

/**
 * Puts in what nearly every pasted `docker run` has: `$PWD`, `$(pwd)`, `$HOME`, `$USER`, `$UID`, `~/`,
 * `$(id -u)`, `$(id -g)`. Everything else that only a shell understands stays for splitCommandLine to
 * refuse. Nothing is run; within single quotes nothing is put in.
 */
export function fillInVariables(text: string, values: ShellValues): string {
  const known: Record<string, string | undefined> = {
    PWD: values.PWD,
    HOME: values.HOME,
    USER: values.USER,
    UID: values.uid === undefined ? undefined : String(values.uid),
    pwd: values.PWD,
    'id -u': values.uid === undefined ? undefined : String(values.uid),
    'id -g': values.gid === undefined ? undefined : String(values.gid),
    'id -un': values.USER,
    whoami: values.USER,
  };
  const pattern =
    /\\[^]|'|"|\$(?:\{(\w+)\}|(PWD|HOME|USER|UID)(?!\w)|\(\s*([a-z]+(?: -[a-z]+)?)\s*\))|`([a-z]+(?: -[a-z]+)?)`|(?<=^|[\s:=])~(?=[/\s:]|$)/g;
  let quote = '';
  return text.replace(
    pattern,
    (found: string, braced?: string, plain?: string, run?: string, tick?: string) => {
      if (found === "'" || found === '"') {
        if (quote === '') quote = found;
        else if (quote === found) quote = '';
        return found;
      }
      if (found.startsWith('\\') || quote === "'") return found;
      const name = found === '~' ? 'HOME' : (braced ?? plain ?? run ?? tick ?? '');
      if (found === '~' && quote !== '') return found;
      const value = Object.hasOwn(known, name) ? known[name] : undefined;
      if (value === undefined) return found;
      return quote === '"'
        ? value.replaceAll(/[\\"$`]/g, String.raw`\$&`)
        : value.replaceAll(/[^\w@%+=:,./-]/g, String.raw`\$&`);
    },
  );
}
