import type { Sandbox } from './sandbox.mjs';

export interface ServerOptions {
  /** The launcher that ensureVsCode() returned. */
  code: string;
  /** Added to quiet defaults; those of `predictscope.` also as settings of the machine. */
  settings?: Record<string, unknown>;
  /** Further arguments of the server. */
  args?: string[];
  /** Added to our environment, for the server and all below it. */
  env?: Record<string, string | undefined>;
  /** Unpacked extensions to have installed. */
  extensions?: string[];
  /**
   * A checkout to have installed as a link: a rebuild is live after a reload of the window. A
   * development path in the address would need the server's test driver, and with that VS Code
   * shows no notifications and no dialogs.
   */
  linked?: string;
  /** Packed extensions to install before the start. */
  vsix?: string[];
  /** Runs the server in there, and keeps its state and extensions where it says. */
  sandbox?: Sandbox;
  /** A free one by default. */
  port?: number;
}

export interface VsCodeServer {
  port: number;
  /** Temporary folder with everything that the server writes. */
  state: string;
  /** How the window names a file of this machine. */
  uri(file: string): string;
  /** Address that opens a folder, or an empty window; payload only with --enable-smoke-test-driver. */
  url(options: { folder?: string; payload?: [key: string, value: string][] }): string;
  /** Merged into the machine's settings, which the window watches. */
  changeSettings(changes: Record<string, unknown>): Promise<void>;
  /** Ends the server and all it started, and removes its state. */
  stop(): Promise<void>;
}

export declare function startServer(options: ServerOptions): Promise<VsCodeServer>;
