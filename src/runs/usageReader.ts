import type { Files } from '../targets/target';
import { parseUsage, type DeviceUse, type ProcessUse } from '../targets/usage/records';

const chunkBytes = 1 << 20;

/** Reads `usage.jsonl` of a run little by little. */
export class UsageReader {
  readonly devices: DeviceUse[] = [];
  readonly processes: ProcessUse[] = [];
  #bytes = 0;
  #rest = '';
  readonly #decoder = new TextDecoder();

  constructor(
    private readonly path: string,
    private readonly files: Files,
  ) {}

  /** Reads what is new; true when there was any. */
  async poll(): Promise<boolean> {
    let changed = false;
    for (;;) {
      const bytes = await this.files.read(this.path, this.#bytes, chunkBytes);
      if (bytes.length === 0) return changed;
      changed = true;
      this.#bytes += bytes.length;
      const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const text of lines) {
        const line = parseUsage(text);
        if (line?.t === 'device') this.devices.push(line);
        else if (line) this.processes.push(line);
      }
    }
  }
}
