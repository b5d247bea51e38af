/** What can be asked on the machine where a program will run, before it runs. */
export interface Machine {
  /** The file that a shell there would start for this word; undefined where there is none. */
  findExecutable(word: string, cwd: string): Promise<string | undefined>;
  /** A script's text and where its symbolic links lead; undefined for what does not begin with `#!` or cannot be read. */
  readScript(file: string): Promise<{ text: string; real: string } | undefined>;
  /** What a command prints on its standard output. Rejects when it fails, or takes longer than half a minute or so. */
  ask(command: readonly string[], cwd: string, timeoutMs?: number): Promise<string>;
  /** Where this machine can read a file or folder of that one: itself, the same by a mount, or a copy made now. */
  bring(path: string): Promise<string>;
}
