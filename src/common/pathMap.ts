/** A folder of this machine and the same folder as the program's machine names it. */
export type PathPair = readonly [host: string, target: string];

/**
 * Paths of two machines that share folders (bind mounts, copies). The longest folder that holds a path decides; a
 * path that no pair holds stays as it is. Both sides are POSIX paths.
 */
export class PathMap {
  readonly #byHost: readonly PathPair[];
  readonly #byTarget: readonly PathPair[];

  constructor(readonly pairs: readonly PathPair[]) {
    this.#byHost = pairs.toSorted((a, b) => b[0].length - a[0].length);
    this.#byTarget = pairs.toSorted((a, b) => b[1].length - a[1].length);
  }

  toTarget(path: string): string {
    return replaced(path, this.#byHost, 0, 1) ?? path;
  }

  toHost(path: string): string {
    return replaced(path, this.#byTarget, 1, 0) ?? path;
  }

  /** Whether this machine's path lies in a folder that both have. */
  hasHost(path: string): boolean {
    return replaced(path, this.#byHost, 0, 1) !== undefined;
  }

  hasTarget(path: string): boolean {
    return replaced(path, this.#byTarget, 1, 0) !== undefined;
  }
}

function replaced(path: string, pairs: readonly PathPair[], from: 0 | 1, to: 0 | 1): string | undefined {
  for (const pair of pairs) {
    const folder = pair[from].replace(/\/+$/, '');
    if (path !== folder && !path.startsWith(`${folder}/`)) continue;
    const rest = path.slice(folder.length);
    return `${pair[to].replace(/\/+$/, '')}${rest}` || '/';
  }
  return undefined;
}
