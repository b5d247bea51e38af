export interface SandboxOptions {
  /** Where its processes may write; home and temporary folder are made in it. */
  temporaryFolder: string;
  /** Where extensions are installed; writable until `seal`. */
  extensionsFolder: string;
  /** Further folders that they may write to. They and the two above become the user's. */
  writable: string[];
  /** Folders that they must be able to read, even below one that is closed to others, say /root. */
  visible: string[];
  python: string;
}

/** Namespaces without a route, in which all but a few folders is read-only, and an ordinary user in them. */
export interface Sandbox {
  /** Put in front of a command to have it run inside. */
  wrap: string[];
  /** Environment for what runs inside. */
  env: Record<string, string | undefined>;
  /** Number of the user. */
  user: number;
  temporaryFolder: string;
  extensionsFolder: string;
  /** Makes the user the owner of a folder and of all in it. */
  give(folder: string): Promise<void>;
  /** Makes the extensions folder read-only too. */
  seal(): Promise<void>;
  /** Whether something inside answers at this address. */
  answers(address: string): Promise<boolean>;
  /** Runs a command inside to its end; the output holds standard error only when it failed. */
  run(...words: string[]): Promise<{ code: number; output: string }>;
  /** The namespaces go when the last process in them has ended. */
  close(): Promise<void>;
}

/** Throws with a sentence where the machine cannot do it. */
export declare function openSandbox(options: SandboxOptions): Promise<Sandbox>;
