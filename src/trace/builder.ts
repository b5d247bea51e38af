/** What the readers write into, one per file; `table.ts` merges the files into one table. */
import type { Problem } from '../common/problem';
import { float64Column, uint32Column, type Strings } from './columns';

export type TraceFormat = 'xplane' | 'chrome-json';

/** What a track shows: derived ones (XLA Modules, Steps …) repeat other tracks' time and must not be added to it. */
export type TrackKind = 'thread' | 'stream' | 'derived' | 'async';

export type StatValue = string | number | bigint;

/** Looks up what a reader left in the file. `locator` is what it gave to `add`. */
export interface EventSource {
  stats(locator: number): Map<string, StatValue>;
}

export interface RawTrack {
  process: string;
  thread: string;
  /** As in the file: process id or plane name, thread or line id. */
  processId: string;
  threadId: string;
  kind: TrackKind;
  /** Order asked for by the file; ties by name. */
  sort: number;
  source: EventSource;
}

const psPerUs = 1_000_000;
const problemLimit = 20;

/**
 * Events of one file. A time is whole microseconds and a remainder of 0 to 999,999 ps, because
 * microseconds since 1970 fit a double exactly and picoseconds do not.
 */
export class TraceBuilder {
  readonly tracks: RawTrack[] = [];
  readonly problems: Problem[] = [];
  readonly metadata = new Map<string, unknown>();
  /** Unix time of the file's zero, ns. Undefined when the file does not say. */
  baseUnixNs: bigint | undefined;
  /** Read and left out of the rows because they have no duration of their own. */
  readonly other = { counters: 0, flows: 0, aggregated: 0 };

  readonly startUs = float64Column();
  readonly startPs = uint32Column();
  readonly endUs = float64Column();
  readonly endPs = uint32Column();
  readonly name = uint32Column();
  readonly category = uint32Column();
  readonly track = uint32Column();
  readonly locator = float64Column();
  #problemsLeftOut = 0;

  constructor(readonly strings: Strings) {}

  addTrack(track: RawTrack): number {
    return this.tracks.push(track) - 1;
  }

  /** Adds an event; start and duration as (µs, ps) pairs, the ps part of either may exceed a microsecond. */
  add(
    track: number,
    name: number,
    category: number,
    startUs: number,
    startPs: number,
    durationUs: number,
    durationPs: number,
    locator: number,
  ): number {
    const carry = Math.floor(startPs / psPerUs);
    const us = startUs + carry;
    const ps = startPs - carry * psPerUs;
    const endPs = ps + durationPs;
    const endCarry = Math.floor(endPs / psPerUs);
    this.startUs.push(us);
    this.startPs.push(ps);
    this.endUs.push(us + durationUs + endCarry);
    this.endPs.push(endPs - endCarry * psPerUs);
    this.name.push(name);
    this.category.push(category);
    this.track.push(track);
    this.locator.push(locator);
    return this.name.length - 1;
  }

  /** Part of the file could not be read: what is left is shown, but adds up to nothing. */
  damaged = false;

  /** Reports damage: what the events say in sum is no figure any more. */
  damage(message: string, offset?: number): void {
    this.damaged = true;
    this.problem(message, offset);
  }

  /** Reports a problem; a broken file can have one per event, so only the first ones are kept. */
  problem(message: string, offset?: number): void {
    if (this.problems.length >= problemLimit) {
      this.#problemsLeftOut++;
      return;
    }
    this.problems.push(offset === undefined ? { message } : { message, offset });
  }

  allProblems(): Problem[] {
    if (this.#problemsLeftOut === 0) return this.problems;
    return [...this.problems, { message: `${this.#problemsLeftOut} more problems of this kind.` }];
  }
}

/** How a reader reports progress and lets a cancellation in. */
export interface ReadContext {
  /** Call every few thousand events; `fraction` is 0 to 1 of the file. Throws when cancelled. */
  pulse(fraction: number): Promise<void>;
}
