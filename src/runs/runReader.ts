import path from 'node:path';
import { PathMap } from '../common/pathMap';
import { isAlive } from '../targets/localProcess';
import type { Files } from '../targets/target';
import { checkRun, type Integrity } from './integrity';
import { ProcessReader } from './processReader';

import { readRunConfig, readRunRecord, type RunConfig, type RunRecord } from './runRecord';
import { UsageReader } from './usageReader';

const lossGraceMs = 2000;

/** A run directory, read little by little. */
export class RunReader {
  record: RunRecord | undefined;
  config: RunConfig | undefined;
  /** From the paths of the program's machine to ours. */
  paths = new PathMap([]);
  readonly processes: ProcessReader[] = [];
  /** What devices and processes used meanwhile, as the host saw it. */
  readonly usage: UsageReader;
  /** Changes whenever `poll` found something. */
  version = 0;
  /** What is not as the run left it; undefined while it lives. */
  integrity: Integrity | undefined;
  readonly #known = new Set<string>();
  #recordText = '';
  #checked = '';
  #deadSinceMs: number | undefined;

  constructor(
    readonly directory: string,
    private readonly files: Files,
  ) {
    this.usage = new UsageReader(path.join(directory, 'usage.jsonl'), files);
  }

  get name(): string {
    return path.basename(this.directory);
  }

  /** Reads what is new; true when anything changed. */
  async poll(): Promise<boolean> {
    let changed = false;
    this.config ??= this.#here(await readRunConfig(this.directory));
    const record = await readRunRecord(this.directory);
    const text = JSON.stringify(record);
    if (record && text !== this.#recordText) {
      this.#recordText = text;
      this.record = record;
      changed = true;
    }
    changed = this.#noticeLoss() || changed;
    for (const entry of await this.files.list(this.directory)) {
      if (!entry.directory || this.#known.has(entry.name) || !/-\d+-\d+$/.test(entry.name)) continue;
      this.#known.add(entry.name);
      this.processes.push(
        new ProcessReader(path.join(this.directory, entry.name), entry.name, this.files, (file) =>
          this.paths.toHost(file),
        ),
      );
      changed = true;
    }
    for (const process of this.processes) changed = (await process.poll()) || changed;
    changed = (await this.usage.poll()) || changed;
    changed = (await this.#check()) || changed;
    if (changed) this.version++;
    return changed;
  }

  /** Once the run has ended, whether all is as it was left. A run without run.json was made or copied elsewhere. */
  async #check(): Promise<boolean> {
    const state = this.record?.state;
    if (state === 'starting' || state === 'running') return false;
    const noted = this.record?.filesCrc32;
    const version = `${state} ${noted}`;
    if (this.#checked === version) return false;
    this.#checked = version;
    this.integrity = await checkRun(this.directory, noted);
    return this.integrity.problems.length > 0;
  }

  /** The configuration with the files of this machine. */
  #here(config: RunConfig | undefined): RunConfig | undefined {
    if (!config?.paths) return config;
    this.paths = new PathMap(config.paths);
    return {
      ...config,
      files: config.files.map((file) => ({ ...file, file: this.paths.toHost(file.file) })),
      ...(config.root ? { root: this.paths.toHost(config.root) } : {}),
    };
  }

  /** Like `poll`, and waits long enough to tell a run that has just ended from one that was lost. */
  async settle(): Promise<void> {
    await this.poll();
    if (this.#deadSinceMs === undefined) return;
    await new Promise((done) => setTimeout(done, lossGraceMs));
    await this.poll();
  }

  /**
   * A run whose program is gone while run.json still says that it runs: its watcher was killed (a closed
   * terminal, a crash). The end of the program and the last writing of run.json lie some time apart.
   */
  #noticeLoss(): boolean {
    const { record } = this;
    const gone = record?.state === 'running' && record.ref !== undefined && !isAlive(record.ref);
    if (!gone) {
      this.#deadSinceMs = undefined;
      return false;
    }
    this.#deadSinceMs ??= Date.now();
    if (Date.now() - this.#deadSinceMs < lossGraceMs) return false;
    this.record = { ...record, state: 'lost' };
    this.#deadSinceMs = undefined;
    return true;
  }
}
