import { UserError, errorText, type Problem } from '../common/problem';
import type { Files } from '../targets/target';
import { SampleTable, decodeSamplesHeader, type SamplesHeader } from '../trace/formats/samples';

const chunkBytes = 1 << 20;

/** Reads the line samples of one process as they are written. */
export class SampleReader {
  table = new SampleTable();
  header: SamplesHeader | undefined;
  readonly #path: string;
  #next = 0;
  #broken = false;

  constructor(
    directory: string,
    private readonly source: Files,
    private readonly problems: Problem[],
  ) {
    this.#path = `${directory}/samples-0.bin`;
  }

  /** Drops what was read, and reads no more. */
  forget(): void {
    this.table = new SampleTable();
    this.#broken = true;
  }

  /** Reads what is new; true when anything changed. */
  async poll(): Promise<boolean> {
    if (this.#broken) return false;
    const before = this.table.version;
    try {
      if (!this.header) {
        const bytes = await this.source.read(this.#path, 0, 64);
        this.header = decodeSamplesHeader(bytes, this.#path);
        if (!this.header) return false;
        this.#next = this.header.headerBytes;
      }
      for (let length = chunkBytes; ;) {
        const bytes = await this.source.read(this.#path, this.#next, length);
        const used = this.table.decode(bytes, this.#path, this.#next);
        this.#next += used;
        if (bytes.length < length) break;
        if (used === 0) length *= 2; // a block longer than what was read
      }
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#broken = true;
      this.problems.push({ message: errorText(error), ...(error.fix ? { fix: error.fix } : {}) });
    }
    return this.table.version !== before;
  }
}
