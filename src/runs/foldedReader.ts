import type { Files } from '../targets/target';
import { decodeFolded, type FoldedCalls } from '../trace/formats/folded';

const mostBytes = 1 << 17;

/** Calls that a process only counted, by site: its records had reached their limit. */
export class FoldedReader {
  readonly calls = new Map<number, FoldedCalls>();
  readonly #paths = new Map<number, string>();

  constructor(
    private readonly directory: string,
    private readonly source: Files,
  ) {}

  /** A file that the process has named. */
  add(site: number, name: string): void {
    this.#paths.set(site, `${this.directory}/${name}`);
  }

  /** The files are small and change in place, so they are read anew; true when one did. */
  async poll(): Promise<boolean> {
    let changed = false;
    for (const [site, path] of this.#paths) {
      const found = decodeFolded(await this.source.read(path, 0, mostBytes));
      if (!found || found.calls === this.calls.get(site)?.calls) continue;
      this.calls.set(site, found);
      changed = true;
    }
    return changed;
  }
}
