/**
 * XSpace (`*.xplane.pb`), TensorFlow's and JAX's profile, read by hand: tsl/profiler/protobuf/xplane.proto.
 * Ids are 64-bit patterns; start of an event = line.timestamp_ns * 1000 + offset_ps.
 */
import type { EventSource, ReadContext, StatValue, TraceBuilder, TrackKind } from '../builder';
import { Fields } from './protobuf';
import { decodeStat } from './xplaneStats';
import { categorize, trackKind } from './xplaneNames';

type Id = number | bigint;
/** A message in the file: [from, to). */
type Range = readonly [from: number, to: number];

interface EventMetadata {
  name: number;
  category: number;
  stats: Range[];
}

class Plane implements EventSource {
  name = '';
  readonly lines: Range[] = [];
  readonly statRanges: Range[] = [];
  readonly events = new Map<Id, EventMetadata>();
  readonly statNames = new Map<Id, string>();
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Stats of the event whose length prefix is at `locator`; its own override those of its metadata. */
  stats(locator: number): Map<string, StatValue> {
    const result = new Map<string, StatValue>();
    const event = lengthPrefixed(this.#bytes, locator);
    const own: Range[] = [];
    let metadata: EventMetadata | undefined;
    while (event.next()) {
      if (event.field === 1 && event.wire === 0) metadata = this.events.get(event.key);
      else if (event.field === 4 && event.wire === 2) own.push([event.from, event.to]);
    }
    for (const range of metadata?.stats ?? []) this.#stat(range, result);
    for (const range of own) this.#stat(range, result);
    return result;
  }

  planeStats(): Map<string, StatValue> {
    const result = new Map<string, StatValue>();
    for (const range of this.statRanges) this.#stat(range, result);
    return result;
  }

  #stat([from, to]: Range, into: Map<string, StatValue>): void {
    const stat = decodeStat(new Fields(this.#bytes, from, to), this.statNames);
    if (stat) into.set(stat.name, stat.value);
  }
}

function lengthPrefixed(bytes: Uint8Array, at: number): Fields {
  let length = 0;
  let scale = 1;
  let byte: number;
  do {
    byte = bytes[at++] ?? 0;
    length += (byte & 0x7f) * scale;
    scale *= 128;
  } while (byte >= 0x80);
  return new Fields(bytes, at, Math.min(bytes.length, at + length));
}

/** Reads a whole XSpace. What is cut off or broken is reported and everything before it kept. */
export async function readXplane(
  bytes: Uint8Array,
  builder: TraceBuilder,
  context: ReadContext,
): Promise<void> {
  const space = new Fields(bytes);
  const planes: Plane[] = [];
  const hostnames: string[] = [];
  let broken = -1;
  while (space.next()) {
    if (space.wire !== 2) continue;
    if (space.field === 1) {
      const { plane, broken: at } = readPlane(bytes, space.from, space.to, builder);
      planes.push(plane);
      if (at >= 0 && broken < 0) broken = at;
    } else if (space.field === 2) builder.damage(`The profiler reported an error: ${space.text}`);
    else if (space.field === 3) builder.problem(`The profiler warned: ${space.text}`);
    else if (space.field === 4) hostnames.push(space.text);
  }
  if (hostnames.length > 0) builder.metadata.set('hostnames', hostnames);

  let firstNs: bigint | undefined;
  for (const plane of planes) {
    for (const [name, value] of plane.planeStats()) builder.metadata.set(name, value);
    for (const line of plane.lines) {
      const result = await readLine(bytes, plane, line, builder, context);
      if (result.broken >= 0 && broken < 0) broken = result.broken;
      if (firstNs === undefined || result.timestampNs < firstNs) firstNs = result.timestampNs;
    }
  }
  if (space.broken >= 0 && broken < 0) broken = space.broken;
  if (broken >= 0) {
    builder.damage('The file is cut off or damaged here; everything that could be read is shown.', broken);
  }
  builder.baseUnixNs = unixBase(builder, planes, firstNs ?? 0n);
}

/** 2001 as ns since 1970: a line that starts later than this carries Unix time itself. */
const earliestUnixNs = 1_000_000_000_000_000_000n;

/** Unix time of the file's zero: none if lines are absolute, profile_start_time, else the `unix_ns` of our own spans. */
function unixBase(builder: TraceBuilder, planes: Plane[], firstNs: bigint): bigint | undefined {
  if (firstNs > earliestUnixNs) return 0n;
  const start = builder.metadata.get('profile_start_time');
  if (typeof start === 'number' || typeof start === 'bigint') return BigInt(start);
  // TF <= 2.11 writes no wall clock; the runtime's spans carry one (a few µs early: the minimum is the best).
  const clocked = new Set(planes.filter((plane) => [...plane.statNames.values()].includes('unix_ns')));
  if (clocked.size === 0) return undefined;
  let base: bigint | undefined;
  const tracks = builder.track.view();
  const locators = builder.locator.view();
  for (let i = 0; i < tracks.length; i++) {
    const { source } = builder.tracks[tracks[i]!]!;
    if (!(source instanceof Plane) || !clocked.has(source)) continue;
    const unix = source.stats(locators[i]!).get('unix_ns');
    if (typeof unix !== 'number' && typeof unix !== 'bigint') continue;
    const own = BigInt(builder.startUs.view()[i]!) * 1000n + BigInt(builder.startPs.view()[i]!) / 1000n;
    const difference = BigInt(unix) - own;
    if (base === undefined || difference > base) base = difference;
  }
  return base;
}

function readPlane(
  bytes: Uint8Array,
  from: number,
  to: number,
  builder: TraceBuilder,
): { plane: Plane; broken: number } {
  const plane = new Plane(bytes);
  const fields = new Fields(bytes, from, to);
  const eventEntries: Range[] = [];
  const inner = new Fields(bytes);
  while (fields.next()) {
    if (fields.wire !== 2) continue;
    const range: Range = [fields.from, fields.to];
    if (fields.field === 2) plane.name = fields.text;
    else if (fields.field === 3) plane.lines.push(range);
    else if (fields.field === 4) eventEntries.push(range);
    else if (fields.field === 5) {
      const { key, value } = mapEntry(inner.reset(...range));
      const metadata = new Fields(bytes, ...value);
      while (metadata.next()) {
        if (metadata.field === 2 && metadata.wire === 2) plane.statNames.set(key, metadata.text);
      }
    } else if (fields.field === 6) plane.statRanges.push(range);
  }
  for (const range of eventEntries) {
    const { key, value } = mapEntry(inner.reset(...range));
    let name = '';
    const stats: Range[] = [];
    const metadata = new Fields(bytes, ...value);
    while (metadata.next()) {
      if (metadata.wire !== 2) continue;
      if (metadata.field === 2) name = metadata.text;
      else if (metadata.field === 4 && name === '') name = metadata.text;
      else if (metadata.field === 5) stats.push([metadata.from, metadata.to]);
    }
    plane.events.set(key, {
      name: builder.strings.id(name || `#${key}`),
      category: builder.strings.id(categorize(name, plane.name)),
      stats,
    });
  }
  return { plane, broken: fields.broken };
}

function mapEntry(entry: Fields): { key: Id; value: Range } {
  let key: Id = 0;
  let value: Range = [0, 0];
  while (entry.next()) {
    if (entry.field === 1 && entry.wire === 0) key = entry.key;
    else if (entry.field === 2 && entry.wire === 2) value = [entry.from, entry.to];
  }
  return { key, value };
}

interface LineHeader {
  id: Id;
  displayId: Id;
  name: string;
  timestampNs: bigint;
}

function readHeader(bytes: Uint8Array, [from, to]: Range): LineHeader {
  const header: LineHeader = { id: 0, displayId: 0, name: '', timestampNs: 0n };
  let displayName = '';
  const line = new Fields(bytes, from, to);
  while (line.next()) {
    if (line.wire === 0) {
      if (line.field === 1) header.id = line.signed;
      else if (line.field === 3) header.timestampNs = BigInt(line.signed);
      else if (line.field === 10) header.displayId = line.signed;
    } else if (line.wire === 2) {
      if (line.field === 2) header.name = line.text;
      else if (line.field === 11) displayName = line.text;
    }
  }
  header.name = displayName || header.name;
  return header;
}

async function readLine(
  bytes: Uint8Array,
  plane: Plane,
  range: Range,
  builder: TraceBuilder,
  context: ReadContext,
): Promise<{ timestampNs: bigint; broken: number }> {
  const header = readHeader(bytes, range);
  const kind = trackKind(plane.name, header.name);
  const track = lineTrack(builder, plane, header, kind);
  const baseUs = Number(header.timestampNs / 1000n);
  const basePs = Number(header.timestampNs % 1000n) * 1000;
  const forced =
    kind === 'derived'
      ? builder.strings.id('derived')
      : header.name === ''
        ? builder.strings.id('python')
        : 0;
  const step = builder.strings.id('step');
  let stepStat: Id | undefined;
  for (const [id, name] of plane.statNames) if (name === 'step_num') stepStat = id;

  const line = new Fields(bytes, ...range);
  const event = new Fields(bytes);
  let broken = -1;
  let seen = 0;
  while (line.next()) {
    if (line.field !== 4 || line.wire !== 2) continue;
    if (line.broken >= 0) break; // the last event is cut off
    if ((++seen & 0x3fff) === 0) await context.pulse(line.from / bytes.length);
    const parsed = readEvent(event.reset(line.from, line.to), bytes, stepStat);
    if (!parsed) {
      if (broken < 0) broken = line.from;
      continue;
    }
    if (parsed.aggregated) {
      builder.other.aggregated++;
      continue;
    }
    const metadata = plane.events.get(parsed.metadata);
    const name = metadata?.name ?? builder.strings.id(`#${parsed.metadata}`);
    const category = forced || (parsed.step ? step : (metadata?.category ?? builder.strings.id('runtime')));
    const locator = line.from - varintSize(line.to - line.from);
    const [startUs, startPs] = parsed.offset;
    const [durationUs, durationPs] = parsed.duration;
    builder.add(track, name, category, baseUs + startUs, basePs + startPs, durationUs, durationPs, locator);
  }
  if (broken < 0) broken = line.broken;
  return { timestampNs: header.timestampNs, broken };
}

/** Lines with one display id (or id) are one track; a Python tracer's line of its own has no name. */
function lineTrack(builder: TraceBuilder, plane: Plane, header: LineHeader, kind: TrackKind): number {
  const id = String(header.displayId || header.id);
  const known = builder.tracks.findIndex((track) => track.source === plane && track.threadId === id);
  if (known >= 0) return known;
  return builder.addTrack({
    process: plane.name || 'unnamed plane',
    thread: header.name || 'Python frames',
    processId: plane.name,
    threadId: id,
    kind,
    sort: kind === 'derived' ? 1 : 0,
    source: plane,
  });
}

interface ParsedEvent {
  metadata: Id;
  offset: readonly [us: number, ps: number];
  duration: readonly [us: number, ps: number];
  aggregated: boolean;
  step: boolean;
}

const zero = [0, 0] as const;

/** One XEvent, or undefined when its bytes make no sense. */
function readEvent(event: Fields, bytes: Uint8Array, stepStat: Id | undefined): ParsedEvent | undefined {
  const parsed: ParsedEvent = { metadata: 0, offset: zero, duration: zero, aggregated: false, step: false };
  while (event.next()) {
    if (event.wire === 0) {
      if (event.field === 1) parsed.metadata = event.key;
      else if (event.field === 2) parsed.offset = split(event.signed);
      else if (event.field === 3) {
        parsed.duration = split(event.signed);
        // A negative duration is a counter that wrapped; the event still happened.
        if (parsed.duration[0] < 0) parsed.duration = zero;
      } else if (event.field === 5) parsed.aggregated = true;
    } else if (event.field === 4 && event.wire === 2 && stepStat !== undefined && !parsed.step) {
      parsed.step = statId(bytes, event.from, event.to) === stepStat;
    }
  }
  return event.broken >= 0 ? undefined : parsed;
}

/** Picoseconds as (µs, ps), exact over the whole int64. */
function split(ps: number | bigint): readonly [us: number, ps: number] {
  if (typeof ps === 'number') {
    const us = Math.floor(ps / 1e6);
    return [us, ps - us * 1e6];
  }
  const rest = ((ps % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return [Number((ps - rest) / 1_000_000n), Number(rest)];
}

/** Metadata id of a stat; one byte is by far the most common. */
function statId(bytes: Uint8Array, from: number, to: number): Id | undefined {
  if (bytes[from] === 8 && from + 1 < to && bytes[from + 1]! < 0x80) return bytes[from + 1];
  const fields = new Fields(bytes, from, to);
  while (fields.next()) if (fields.field === 1 && fields.wire === 0) return fields.key;
  return undefined;
}

function varintSize(value: number): number {
  let size = 1;
  while (value >= 128) {
    value = Math.floor(value / 128);
    size++;
  }
  return size;
}
