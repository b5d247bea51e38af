/**
 * Chrome trace events, as torch (Kineto), TensorFlow, JAX and Chrome write them: an object with
 * `traceEvents` or a bare array. Every complete event is kept, whatever is broken around it.
 */
import { UserError } from '../../common/problem';
import type { EventSource, ReadContext, StatValue, TraceBuilder } from '../builder';
import { ByteStrings } from '../columns';
import { addPairs, type Mark } from './chromePairs';
import { ChromeTracks } from './chromeTracks';
import { JsonScanner, parseMicroseconds, type Scan } from './json';

/** Longest believable event, µs: a CUPTI counter that overflowed gives years (as HTA has it, 7 days). */
const longestUs = 7 * 86_400 * 1e6;
/** torch's own marks can lie years away from the recording and would squeeze it to nothing. */
const strayMark = /^(Record Window End|Iteration Start)/;
/** µs since 1970 in 2001: a time above it is on the Unix clock. */
const earliestUnixUs = 1e15;

interface Span {
  from: number;
  to: number;
}

/** The members of one event that we know, as ranges in the file; `to` 0 = absent. */
class Members {
  readonly ph: Span = { from: 0, to: 0 };
  readonly ts: Span = { from: 0, to: 0 };
  readonly dur: Span = { from: 0, to: 0 };
  readonly pid: Span = { from: 0, to: 0 };
  readonly tid: Span = { from: 0, to: 0 };
  readonly cat: Span = { from: 0, to: 0 };
  readonly name: Span = { from: 0, to: 0 };
  readonly args: Span = { from: 0, to: 0 };
  readonly id: Span = { from: 0, to: 0 };
  readonly #all = [this.ph, this.ts, this.dur, this.pid, this.tid, this.cat, this.name, this.args, this.id];

  clear(): void {
    for (const span of this.#all) span.to = 0;
  }

  /** The member that a key names, told by its first bytes. */
  of(bytes: Uint8Array, from: number, to: number): Span | undefined {
    const a = bytes[from];
    const b = bytes[from + 1];
    switch (to - from) {
      case 2:
        if (a === 0x70) return b === 0x68 ? this.ph : undefined;
        if (a === 0x74) return b === 0x73 ? this.ts : undefined;
        return a === 0x69 && b === 0x64 ? this.id : undefined;
      case 3:
        if (a === 0x64) return b === 0x75 ? this.dur : undefined;
        if (a === 0x70) return b === 0x69 ? this.pid : undefined;
        if (a === 0x74) return b === 0x69 ? this.tid : undefined;
        if (a === 0x69) return b === 0x64 ? this.id : undefined;
        return a === 0x63 && b === 0x61 ? this.cat : undefined;
      case 4:
        if (a === 0x6e) return b === 0x61 ? this.name : undefined;
        return a === 0x61 && b === 0x72 ? this.args : undefined;
      default:
        return undefined;
    }
  }
}

class ChromeReader implements EventSource {
  readonly #bytes: Uint8Array;
  readonly #scanner: JsonScanner;
  readonly #builder: TraceBuilder;
  readonly #members = new Members();
  readonly #text: ByteStrings;
  readonly #tracks: ChromeTracks;
  readonly #spans: Mark[] = [];
  readonly #async: Mark[] = [];
  /** Arguments of the end event, by where the begin event is. */
  readonly #ends = new Map<number, number>();
  #timeless = 0;
  #damaged = 0;
  #firstDamaged = 0;
  #overlong = 0;
  /** Marks that may lie outside of the recording; added at the end if they do not. */
  readonly #marks: {
    track: number;
    name: number;
    category: number;
    us: number;
    ps: number;
    locator: number;
  }[] = [];
  #firstUs = Infinity;
  #lastUs = -Infinity;
  #lastPs = 0;

  constructor(bytes: Uint8Array, builder: TraceBuilder) {
    this.#bytes = bytes;
    this.#builder = builder;
    this.#scanner = new JsonScanner(bytes);
    this.#text = new ByteStrings(bytes, builder.strings, (from, to) => this.#scanner.text(from, to));
    this.#tracks = new ChromeTracks(builder, this);
  }

  async read(context: ReadContext): Promise<void> {
    const scanner = this.#scanner;
    if (this.#bytes[0] === 0xef) scanner.at = 3; // byte order mark
    if (scanner.peek() === 0x5b) await this.#readEvents(context, false);
    else await this.#readRoot(context);
    this.#finish();
  }

  stats(locator: number): Map<string, StatValue> {
    const result = new Map<string, StatValue>();
    for (const at of [locator, this.#ends.get(locator)]) {
      if (at === undefined) continue;
      let args = 0;
      const event = new JsonScanner(this.#bytes, at);
      event.scanObject((from, to) => {
        if (this.#members.of(this.#bytes, from, to) === this.#members.args) args = event.from;
      });
      if (this.#bytes[args] !== 0x7b) continue;
      const inner = new JsonScanner(this.#bytes, args);
      inner.scanObject((from, to) => {
        result.set(inner.text(from, to), inner.value());
      });
    }
    return result;
  }

  /** The root object: keys before and after the events, in any order. */
  async #readRoot(context: ReadContext): Promise<void> {
    const scanner = this.#scanner;
    let found = false;
    let state: Scan = scanner.take(0x7b) ? 'ok' : 'bad';
    while (state === 'ok') {
      const next = scanner.peek();
      if (next === 0x7d) return this.#mustHave(found);
      if (next === 0x2c) {
        scanner.at++;
        continue;
      }
      state = next < 0 ? 'end' : next === 0x22 ? scanner.scanString() : 'bad';
      if (state !== 'ok') break;
      const key = scanner.text(scanner.from, scanner.to);
      state = scanner.take(0x3a) ? 'ok' : 'bad';
      if (state !== 'ok') break;
      if (key === 'traceEvents' && scanner.peek() === 0x5b) {
        found = true;
        if (!(await this.#readEvents(context, true))) return;
      } else {
        state = scanner.scanValue();
        if (state === 'ok') this.#topLevel(key);
      }
    }
    this.#mustHave(found);
    this.#builder.damage(
      state === 'end' ? 'The file is cut off after its events.' : 'The file is damaged after its events.',
      scanner.at,
    );
  }

  #mustHave(found: boolean): void {
    if (found) return;
    throw new UserError(
      'This JSON file holds no "traceEvents" list, or is cut off before it, so there is no trace to show.',
    );
  }

  #topLevel(key: string): void {
    const scanner = this.#scanner;
    if (scanner.to - scanner.from > 65_536) return;
    const value = scanner.value(65_536);
    if (key === 'baseTimeNanoseconds' && /^\d{1,19}$/.test(String(value))) {
      this.#builder.baseUnixNs = BigInt(value);
    }
    this.#builder.metadata.set(key, value);
  }

  /** Reads the list; false when the file ended within it. */
  async #readEvents(context: ReadContext, within: boolean): Promise<boolean> {
    const scanner = this.#scanner;
    const bytes = this.#bytes;
    scanner.at++;
    let pulseAt = scanner.at;
    for (;;) {
      if (scanner.at >= pulseAt) {
        await context.pulse(scanner.at / bytes.length);
        pulseAt = scanner.at + (1 << 20);
      }
      const next = scanner.peek();
      if (next === 0x5d) {
        scanner.at++;
        return true;
      }
      if (next < 0) {
        // An array may be left open by the format's own rule, an object may not.
        if (within) this.#cutOff(scanner.at);
        return false;
      }
      if (next === 0x2c) {
        scanner.at++;
        continue;
      }
      const begin = scanner.at;
      const state = next === 0x7b ? this.#readEvent() : scanner.scanValue();
      const after = state === 'ok' ? scanner.peek() : 0;
      if (state === 'ok' && (after === 0x2c || after === 0x5d || after === 0x7b || after < 0)) continue;
      const resume = this.#nextEvent(begin + 1);
      if (resume < 0) {
        if (state === 'end') this.#cutOff(begin);
        else this.#damage(begin);
        return false;
      }
      this.#damage(begin);
      scanner.at = resume;
    }
  }

  #cutOff(at: number): void {
    this.#builder.damage('The file is cut off here; the events before it are shown.', at);
  }

  #damage(at: number): void {
    if (this.#damaged++ === 0) this.#firstDamaged = at;
  }

  /** Where the next event begins after damage: `}, {"ph"` or another key that only events have. */
  #nextEvent(from: number): number {
    const scanner = new JsonScanner(this.#bytes, from);
    for (;;) {
      scanner.at = this.#bytes.indexOf(0x7d, scanner.at);
      if (scanner.at < 0) return -1;
      scanner.at++;
      if (!scanner.take(0x2c) || scanner.peek() !== 0x7b) continue;
      const begin = scanner.at++;
      if (scanner.peek() !== 0x22 || scanner.scanString() !== 'ok') {
        scanner.at = begin;
        continue;
      }
      if (this.#members.of(this.#bytes, scanner.from, scanner.to)) return begin;
      scanner.at = begin;
    }
  }

  #readEvent(): Scan {
    const scanner = this.#scanner;
    const members = this.#members;
    const begin = scanner.at;
    members.clear();
    const state = scanner.scanObject((from, to) => {
      const member = members.of(this.#bytes, from, to);
      if (!member) return;
      member.from = scanner.from;
      member.to = scanner.to;
    });
    if (state === 'ok' && members.ph.to - members.ph.from === 1)
      this.#event(begin, this.#bytes[members.ph.from]!);
    return state;
  }

  #event(locator: number, phase: number): void {
    const phaseText = String.fromCharCode(phase);
    const { ts, dur, cat, name } = this.#members;
    const builder = this.#builder;
    if (phaseText === 'M') return this.#metadata();
    if (phaseText === 'C') {
      builder.other.counters++;
      return;
    }
    if (phaseText === 's' || phaseText === 't' || phaseText === 'f') {
      builder.other.flows++;
      return;
    }
    if (!'XBEiIRbneSTpF'.includes(phaseText)) return;
    const time = ts.to === 0 ? undefined : parseMicroseconds(this.#bytes, ts.from, ts.to);
    if (!time) {
      this.#timeless++;
      return;
    }
    const nameId = name.to === 0 ? 0 : this.#text.id(name.from, name.to);
    const category = cat.to === 0 ? 0 : this.#text.id(cat.from, cat.to);
    if ('bneSTpF'.includes(phaseText)) {
      const kind =
        phaseText === 'b' || phaseText === 'S'
          ? 'begin'
          : phaseText === 'e' || phaseText === 'F'
            ? 'end'
            : 'instant';
      const track = this.#tracks.async(this.#id('pid'), category);
      this.#async.push({ kind, track, key: this.#id('id'), name: nameId, category, ...time, locator });
      return this.#reach(time.us, time.ps);
    }
    const track = this.#tracks.thread(this.#id('pid'), this.#id('tid'), category);
    if (phaseText === 'B' || phaseText === 'E') {
      const kind = phaseText === 'B' ? 'begin' : 'end';
      this.#spans.push({ kind, track, key: 0, name: nameId, category, ...time, locator });
      return this.#reach(time.us, time.ps);
    }
    if (phase !== 0x58 && strayMark.test(builder.strings.at(nameId))) {
      this.#marks.push({ track, name: nameId, category, ...time, locator });
      return;
    }
    let length = { us: 0, ps: 0 };
    if (phaseText === 'X' && dur.to !== 0) {
      length = parseMicroseconds(this.#bytes, dur.from, dur.to) ?? length;
      if (length.us < 0 || length.us > longestUs) {
        this.#overlong++;
        length = { us: 0, ps: 0 };
      }
    }
    builder.add(track, nameId, category, time.us, time.ps, length.us, length.ps, locator);
    this.#firstUs = Math.min(this.#firstUs, time.us);
    this.#reach(time.us + length.us, time.ps + length.ps);
  }

  #reach(us: number, ps: number): void {
    if (us > this.#lastUs || (us === this.#lastUs && ps > this.#lastPs)) {
      this.#lastUs = us;
      this.#lastPs = ps;
    }
  }

  /** Ids are numbers in one event and strings in the next (torch 1.8): their text is what counts. */
  #id(member: 'pid' | 'tid' | 'id'): number {
    const { from, to } = this.#members[member];
    return to === 0 ? 0 : this.#text.id(from, to);
  }

  #metadata(): void {
    const { name, args } = this.#members;
    if (this.#bytes[args.from] !== 0x7b || args.to === 0) return;
    const what = this.#scanner.text(name.from, name.to);
    const scanner = new JsonScanner(this.#bytes, args.from);
    scanner.scanObject(() => {
      const value = scanner.value(1000);
      if (typeof value !== 'bigint') this.#tracks.describe(what, this.#id('pid'), this.#id('tid'), value);
    });
  }

  /** Adds the marks that lie within the recording, give or take its length; returns how many do not. */
  #addMarks(): number {
    const span = this.#lastUs - this.#firstUs;
    let stray = 0;
    for (const { track, name, category, us, ps, locator } of this.#marks) {
      const outside = us < this.#firstUs - span || us > this.#lastUs + span;
      if (outside && Number.isFinite(span)) stray++;
      else this.#builder.add(track, name, category, us, ps, 0, 0, locator);
    }
    return stray;
  }

  #finish(): void {
    const builder = this.#builder;
    const last = { us: this.#lastUs, ps: this.#lastPs };
    const onPair = (begin: number, end: number): void => void this.#ends.set(begin, end);
    const spans = addPairs(builder, this.#spans, last, onPair);
    const async = addPairs(builder, this.#async, last, onPair);
    const stray = this.#addMarks();
    this.#tracks.finish();
    const problems: [number, string, number?][] = [
      [this.#damaged, 'damaged events were left out; the first is here.', this.#firstDamaged],
      [this.#timeless, 'events without a usable time were left out.'],
      [
        this.#overlong,
        'events had an impossible duration (negative or above 7 days) and are shown as instants.',
      ],
      [stray, "of the profiler's own marks lie far outside of the recording and were left out."],
      [spans.ends + async.ends, 'end events had no begin and were left out.'],
      [
        spans.begins + async.begins,
        'begin events had no end of their own; they are drawn until the next end, or the last event.',
      ],
    ];
    if (this.#damaged + this.#timeless + this.#overlong > 0) builder.damaged = true;
    for (const [count, message, offset] of problems) {
      if (count > 0) builder.problem(`${count} ${message}`, offset);
    }
    if (builder.baseUnixNs === undefined && this.#absolute()) builder.baseUnixNs = 0n;
  }

  /** Whether the times are on the Unix clock already, as torch up to 2.0 writes them. */
  #absolute(): boolean {
    const us = this.#builder.startUs.view();
    if (us.length === 0) return false;
    let least = Infinity;
    for (const value of us) if (value < least) least = value;
    return least > earliestUnixUs;
  }
}

/** Reads Chrome trace JSON (uncompressed text). Throws a `UserError` when there is no list of events in it. */
export async function readChromeJson(
  bytes: Uint8Array,
  builder: TraceBuilder,
  context: ReadContext,
): Promise<void> {
  await new ChromeReader(bytes, builder).read(context);
}
