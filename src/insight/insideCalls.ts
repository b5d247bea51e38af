/** Whose functions a call's time is spent in, from the calls that ran under Python's function profiler. */
import type { Nanoseconds } from '../common/units';
import type { CallTable } from '../runs/callTable';
import { callFlags } from '../trace/formats/calls';
import type { FunctionProfile } from '../trace/formats/functions';
import { collector, ownerOfFile, ownerOfNative, yours, type Owner } from './owners';
import { percentile } from './statistics';
import type { UserFiles } from './userLines';

/** Time of one owner in one language; times are summed over the recorded calls. */
export interface OwnerTime extends Owner {
  /** Without what the profiler itself took. */
  ns: Nanoseconds;
  /** As the profiler measured it, which makes Python look larger than it is; collections lie within the others. */
  profiledNs: Nanoseconds;
}

export interface FunctionTime {
  file: string;
  /** First line of the function. */
  line: number;
  name: string;
  owner: string;
  calls: number;
  selfNs: Nanoseconds;
  totalNs: Nanoseconds;
}

/** What is inside the calls of a site. */
export interface InsideCalls {
  calls: number;
  /** Wall time of these calls without what the profiler took: the sum of `owners`. */
  totalNs: Nanoseconds;
  /** Their wall time as it was. */
  profiledNs: Nanoseconds;
  owners: OwnerTime[];
  /** Functions in Python by self time, without what the profiler took; at most 20. */
  functions: FunctionTime[];
}

const mostFunctions = 20;
const ourFile = /[\\/]predictscope[\\/]\w+(?:[\\/]\w+)?\.py$/;

/**
 * Splits the wall time of the recorded calls by owner: a partition. The self times of all functions add up to what
 * the profiler saw of a call; the rest, the user's own expression around it, is the user's. What the profiler takes
 * is charged by it to the function that makes a call (Modules/_lsprof.c reads the clock last on enter and first
 * on leave), so that much is taken off there; and where it slows Python down as such (3.10 and 3.11), what is left of
 * a function in Python is made shorter by that. undefined when none of the calls is known any more.
 */
export function insideCalls(
  profile: FunctionProfile,
  calls: CallTable,
  files: UserFiles,
): InsideCalls | undefined {
  const durations = durationsOf(calls, profile.slots);
  if (durations.length === 0 || durations.length < profile.slots.length) return undefined;
  const profiledNs = durations.reduce((a, b) => a + b, 0);
  const owners = profile.codes.map(({ file }) => ownerOf(profile.files[file], files));
  const groups = new Map<string, OwnerTime>();
  /** Of the groups' times, what Python's own code took: the profiler slows that down, and nothing in C. */
  const slowed = new Map<OwnerTime, Nanoseconds>();
  const add = ({ owner, language }: Owner, measured: number, overhead: number, own = false): number => {
    const key = `${language} ${owner}`;
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { owner, language, ns: 0, profiledNs: 0 }));
    const ns = Math.max(0, measured - overhead);
    group.ns += ns;
    group.profiledNs += measured;
    if (own) slowed.set(group, (slowed.get(group) ?? 0) + ns);
    return ns;
  };
  const perCallNs = profile.perCallNs + profile.perBitNs * entropyOf(profile);
  const functions: FunctionTime[] = [];
  /** Time of functions in C that some function in Python called. */
  const nativeNs = new Map<number, number>();
  const garbage = new Map(profile.garbage.map(({ code, ns }) => [code, ns]));
  let garbageNs = 0;
  let seen = 0;
  for (const row of profile.functions) {
    const code = profile.codes[row.code]!;
    const owner = owners[row.code];
    if (owner === undefined) continue; // in C, told with its callers below; or ours
    const called = row.callees.reduce((sum, callee) => sum + callee.calls, 0);
    // What the collector took of it is nobody's, and what exceeds it was taken of what it called in C.
    let collected = garbage.get(row.code) ?? 0;
    const ownGarbage = Math.min(collected, row.selfNs);
    collected -= ownGarbage;
    garbageNs += ownGarbage;
    const ns = add({ owner, language: 'python' }, row.selfNs, ownGarbage + called * perCallNs, true);
    seen += row.selfNs;
    functions.push({
      file: profile.files[code.file]!,
      line: code.line,
      name: code.name,
      owner,
      calls: row.calls,
      selfNs: ns,
      totalNs: row.totalNs,
    });
    for (const callee of row.callees) {
      const native = profile.codes[callee.code]!;
      if (native.file >= 0) continue;
      const nativeGarbage = Math.min(collected, callee.selfNs);
      collected -= nativeGarbage;
      garbageNs += nativeGarbage;
      add(ownerOfNative(native.name, owner), callee.selfNs, nativeGarbage);
      seen += callee.selfNs;
      nativeNs.set(callee.code, (nativeNs.get(callee.code) ?? 0) + callee.selfNs);
    }
  }
  for (const row of profile.functions) {
    const code = profile.codes[row.code]!;
    if (code.file >= 0) continue;
    const rest = row.selfNs - (nativeNs.get(row.code) ?? 0);
    // Called from nowhere that was seen: from the user's line, or by what we do around the call.
    if (rest <= 0 || ownWork.test(code.name)) continue;
    const owner = ownerOfNative(code.name, yours);
    add(owner.language === 'python' ? { owner: yours, language: 'python' } : owner, rest, 0);
    seen += rest;
  }
  add({ owner: yours, language: 'python' }, Math.max(0, profiledNs - seen), 0, true);
  if (garbageNs > 0) {
    groups.set(collector, { owner: collector, language: 'native', ns: garbageNs, profiledNs: 0 });
  }
  const owned = [...groups.values()].filter(({ ns, profiledNs }) => ns + profiledNs > 0);
  const all = owned.reduce((sum, { ns }) => sum + ns, 0);
  const own = [...slowed.values()].reduce((sum, ns) => sum + ns, 0);
  const slowdown = slowdownOf(profile.slowdown, own, plainNs(profile, calls), all - own);
  for (const [group, ns] of slowed) group.ns -= ns - ns / slowdown;
  for (const one of functions) one.selfNs /= slowdown;
  return {
    calls: durations.length,
    totalNs: owned.reduce((sum, { ns }) => sum + ns, 0),
    profiledNs,
    owners: owned.sort((a, b) => b.ns - a.ns),
    functions: functions
      .sort((a, b) => b.selfNs - a.selfNs)
      .slice(0, mostFunctions)
      .filter(({ selfNs }) => selfNs > 0),
  };
}

/**
 * By how much Python's own code ran slower in the recorded calls: as measured, but no more than makes them (`own` and
 * `others`, in C) as long as the calls without the profiler (`plain`, where there are any). For what an operator does
 * in C (`a @ b`) is part of a Python function's time, and is not slowed down.
 */
function slowdownOf(
  measured: number,
  own: Nanoseconds,
  plain: Nanoseconds | undefined,
  others: Nanoseconds,
): number {
  if (plain === undefined || measured <= 1) return measured;
  const left = plain - others;
  return left * measured <= own ? measured : Math.max(1, own / left);
}

/** How the calls are spread over functions, bits: what the profiler's search tree costs grows with it. */
function entropyOf({ functions }: FunctionProfile): number {
  const all = functions.reduce((sum, { calls }) => sum + calls, 0);
  return functions.reduce(
    (bits, { calls }) => (calls > 0 ? bits - (calls / all) * Math.log2(calls / all) : bits),
    0,
  );
}

/** Fewer calls than these say little of how long the others would have been. */
const fewestPlain = 3;
const notPlain = callFlags.raised | callFlags.traced | callFlags.warmUp | callFlags.functions;

/** What as many calls of the same shapes take without any profiler, by their median. */
function plainNs(profile: FunctionProfile, calls: CallTable): Nanoseconds | undefined {
  const recorded = new Set(profile.slots);
  const shapes: number[] = [];
  const byShape = new Map<number, number[]>();
  for (let row = 0; row < calls.length; row++) {
    if (calls.site[row] !== profile.site) continue;
    const shape = calls.shape[row]!;
    const duration = calls.end[row]! - calls.begin[row]!;
    if (recorded.has(calls.slot[row]!)) shapes.push(shape);
    else if ((calls.flags[row]! & notPlain) === 0 && Number.isFinite(duration)) {
      const known = byShape.get(shape);
      if (known) known.push(duration);
      else byShape.set(shape, [duration]);
    }
  }
  let sum = 0;
  for (const shape of shapes) {
    const durations = byShape.get(shape) ?? [];
    if (durations.length < fewestPlain) return undefined;
    sum += percentile(Float64Array.from(durations).sort(), 0.5);
  }
  return sum;
}

/** What our functions call after the profiler is on and before it is off. */
const ownWork = /perf_counter_ns|pack_into|_lsprof|disable/;

/** undefined for a function in C, and for ours. */
function ownerOf(file: string | undefined, files: UserFiles): string | undefined {
  if (file === undefined || ourFile.test(file)) return undefined;
  return files.shown({ path: file, real: file }) === undefined ? ownerOfFile(file) : yours;
}

function durationsOf(calls: CallTable, slots: readonly number[]): Nanoseconds[] {
  const wanted = new Set(slots);
  const found: Nanoseconds[] = [];
  for (let row = 0; row < calls.length; row++) {
    const duration = calls.end[row]! - calls.begin[row]!;
    if (wanted.has(calls.slot[row]!) && Number.isFinite(duration)) found.push(duration);
  }
  return found;
}

/** Several processes, or several sites of one line, as one. */
export function mergeInside(all: readonly InsideCalls[]): InsideCalls | undefined {
  if (all.length < 2) return all[0];
  const owners = new Map<string, OwnerTime>();
  for (const one of all.flatMap((each) => each.owners)) {
    const key = `${one.language} ${one.owner}`;
    const known = owners.get(key);
    if (known) {
      known.ns += one.ns;
      known.profiledNs += one.profiledNs;
    } else owners.set(key, { ...one });
  }
  const functions = new Map<string, FunctionTime>();
  for (const one of all.flatMap((each) => each.functions)) {
    const key = `${one.file}:${one.line}:${one.name}`;
    const known = functions.get(key);
    if (known) {
      known.calls += one.calls;
      known.selfNs += one.selfNs;
      known.totalNs += one.totalNs;
    } else functions.set(key, { ...one });
  }
  const sum = (pick: (each: InsideCalls) => number): number => all.reduce((ns, each) => ns + pick(each), 0);
  return {
    calls: sum(({ calls }) => calls),
    totalNs: sum(({ totalNs }) => totalNs),
    profiledNs: sum(({ profiledNs }) => profiledNs),
    owners: [...owners.values()].sort((a, b) => b.ns - a.ns),
    functions: [...functions.values()].sort((a, b) => b.selfNs - a.selfNs).slice(0, mostFunctions),
  };
}
