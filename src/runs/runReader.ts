import path from 'node:path';
import type { Files } from '../targets/target';
import { ProcessReader } from './processReader';
import { readRunConfig, readRunRecord, type RunConfig, type RunRecord } from './runRecord';

/** A run directory, read little by little. */
export class RunReader {
  record: RunRecord | undefined;
  config: RunConfig | undefined;
  readonly processes: ProcessReader[] = [];
  /** Changes whenever `poll` found something. */
  version = 0;
  readonly #known = new Set<string>();
  #recordText = '';

  constructor(
    readonly directory: string,
    private readonly files: Files,
  ) {}

  get name(): string {
    return path.basename(this.directory);
  }

  /** Reads what is new; true when anything changed. */
  async poll(): Promise<boolean> {
    let changed = false;
    this.config ??= await readRunConfig(this.directory);
    const record = await readRunRecord(this.directory);
    const text = JSON.stringify(record);
    if (record && text !== this.#recordText) {
      this.#recordText = text;
      this.record = record;
      changed = true;
    }
    for (const entry of await this.files.list(this.directory)) {
      if (!entry.directory || this.#known.has(entry.name) || !/-\d+-\d+$/.test(entry.name)) continue;
      this.#known.add(entry.name);
      this.processes.push(new ProcessReader(path.join(this.directory, entry.name), entry.name, this.files));
      changed = true;
    }
    for (const process of this.processes) changed = (await process.poll()) || changed;
    if (changed) this.version++;
    return changed;
  }
}
